//! What the fuzz targets feed with any bytes.

use crate::call::http::{self, Received};
use crate::call::{Call, Limits, Operation, Reply, grpc, jsonrpc};
use crate::model::{AgentCard, StreamResponse};
use crate::v0_3::{self, Form};
use crate::version::Dialect;
use crate::{card, sse};
use serde_json::Value;

const DIALECTS: [Dialect; 2] = [Dialect::V1_0, Dialect::V0_3];
const FORMS: [Form; 2] = [Form::Schema, Form::Proto];

/// A request of JSON-RPC: what was read is written and read the same.
pub fn jsonrpc_request(data: &[u8]) {
    let limits = Limits::default();
    for dialect in DIALECTS {
        match jsonrpc::read_request(data, dialect, &limits) {
            Ok((id, call)) => {
                let written = jsonrpc::write_request(&id, &call, dialect).expect("it was read in this dialect");
                let again = jsonrpc::read_request(&written, dialect, &limits);
                // Going round the other version can lose words, so only there.
                if dialect == Dialect::V1_0 {
                    assert_eq!(again, Ok((id, call)));
                }
            }
            Err(refused) => drop(jsonrpc::write_error(&refused.id, &refused.error)),
        }
    }
}

/// An event of a stream in both dialects and forms: once 0.3 has said it, it says the same for ever.
pub fn codecs(data: &[u8]) {
    let limits = Limits::default();
    if let Ok(event) = http::read_event(data, Dialect::V1_0, &limits) {
        let written = http::write_event(&event, Dialect::V1_0);
        assert_eq!(http::read_event(&written, Dialect::V1_0, &limits), Ok(event.clone()));
        settles(&event);
    }
    if let Ok(event) = http::read_event(data, Dialect::V0_3, &limits) {
        settles(&event);
    }
    for operation in Operation::ALL {
        for dialect in DIALECTS {
            let _ = http::read_reply(200, data, operation, dialect, &limits);
            let _ = jsonrpc::read_reply(data, &jsonrpc::Id::number(1), operation, dialect, &limits);
        }
    }
    let _ = http::read_reply(500, data, Operation::GetTask, Dialect::V1_0, &limits);
    let _ = crate::task::TaskRecord::from_json(data);
}

fn settles(event: &StreamResponse) {
    for form in FORMS {
        let once = v0_3::read_event(v0_3::write_event(event, form)).expect("what was written is read");
        let written = v0_3::write_event(&once, form);
        let twice = v0_3::read_event(written.clone()).expect("what was written is read");
        assert_eq!(v0_3::write_event(&twice, form), written);
    }
}

/// A request over HTTP: the first byte picks the verb, a line each are path and query, the rest is the body.
pub fn http_request(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let verb = ["GET", "POST", "DELETE", "PUT"][usize::from(first & 3)];
    let mut lines = rest.splitn(3, |byte| *byte == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let (path, query) = (String::from_utf8_lossy(line()), String::from_utf8_lossy(line()));
    let received = Received { verb, path: &path, query: &query, body: line() };
    for dialect in DIALECTS {
        let Ok(call) = http::read_request(&received, dialect, &Limits::default()) else { continue };
        let written = http::write_request(&call, dialect).expect("it was read in this dialect");
        let (path, query) = written.target.split_once('?').unwrap_or((&written.target, ""));
        let body = written.body.as_deref().unwrap_or_default();
        let again =
            http::read_request(&Received { verb: written.verb, path, query, body }, dialect, &Limits::default());
        if dialect == Dialect::V1_0 && !ambiguous(&call) {
            assert_eq!(again, Ok(call));
        }
    }
}

/// A task whose id is a path's last word, or whose tenant is its first, is named by a path that means something else.
fn ambiguous(call: &Call) -> bool {
    call.task_id().contains([':', '/']) || call.tenant() == "tasks" || call.task_id().is_empty()
}

/// A card of either version, what both versions make of it, and its signatures.
pub fn agent_card(data: &[u8]) {
    let Ok((read, _)) = card::read(data, &Limits::default()) else { return };
    for form in [card::Form::Specified, card::Form::WithoutEmpty] {
        let canonical = card::canonical(&read, form).expect("what was read has a canonical form");
        assert!(form == card::Form::WithoutEmpty || serde_json::from_slice::<AgentCard>(&canonical).is_ok());
    }
    let combined = serde_json::to_vec(&v0_3::combined_card(&read)).expect("a card can be written");
    let (again, _) =
        card::read(&combined, &Limits { depth: 127, ..Limits::default() }).expect("a card that was written");
    assert_eq!(again, read);
    let _ = card::verify(data, &[card::Form::Specified], |_, _, _| false);
}

/// The protected header of a signature, in its base64 and without.
pub fn jws_header(data: &[u8]) {
    let plain = String::from_utf8_lossy(data);
    for protected in [plain.clone().into_owned(), crate::wire::bytes::write_url(data)] {
        let signature = serde_json::json!({ "protected": protected, "signature": "AA" });
        let json = serde_json::json!({ "name": "A", "signatures": [signature] }).to_string();
        let verified = card::verify(json.as_bytes(), &[card::Form::Specified], |header, _, _| {
            assert!(!header.alg.is_empty() && !header.alg.eq_ignore_ascii_case("none"));
            true
        });
        drop(verified);
    }
}

/// A stream of events: cut or whole, the same events come out, and no more is held than what is allowed.
pub fn sse_stream(data: &[u8]) {
    let Some((first, rest)) = data.split_first() else { return };
    let most = usize::from(*first) * 4 + 1;
    let whole = sse::Reader::new(most).push(rest);
    let mut reader = sse::Reader::new(most);
    let mut events = Vec::new();
    for piece in rest.chunks(usize::from(first & 7) + 1) {
        match reader.push(piece) {
            Ok(more) => events.extend(more),
            Err(_) => return assert!(whole.is_err()),
        }
    }
    assert_eq!(whole, Ok(events));
    let _: Option<Value> = whole.ok().and_then(|all| serde_json::from_str(&all.first()?.data).ok());
}

/// Answers of both dialects to every operation, for whoever has only the model.
pub fn replies(data: &[u8]) {
    for operation in Operation::ALL {
        if let Ok(reply) = http::read_reply(200, data, operation, Dialect::V1_0, &Limits::default()) {
            let written = http::write_reply(&reply, Dialect::V1_0).expect("1.0 has words for everything");
            let again = http::read_reply(200, &written, operation, Dialect::V1_0, &Limits::default());
            assert_eq!(again, Ok(reply.clone()));
            if !matches!(reply, Reply::Tasks(_) | Reply::Card(_)) {
                assert!(http::write_reply(&reply, Dialect::V0_3).is_some());
            }
        }
    }
}

/// Messages over gRPC: what was read is written and read the same.
pub fn grpc_messages(data: &[u8]) {
    let limits = Limits::default();
    for operation in Operation::ALL {
        if let Ok(call) = grpc::read_request(operation, data, &limits) {
            let (path, written) = grpc::write_request(&call).expect("it came over gRPC");
            assert_eq!(grpc::operation(&path), Ok(operation));
            assert_eq!(grpc::read_request(operation, &written, &limits), Ok(call));
        }
        if let Ok(reply) = grpc::read_reply(operation, data, &limits) {
            let written = grpc::write_reply(&reply).expect("it came over gRPC");
            assert_eq!(grpc::read_reply(operation, &written, &limits), Ok(reply));
        }
    }
    if let Ok(event) = grpc::read_event(data, &limits) {
        let written = grpc::write_event(&event).expect("it came over gRPC");
        assert_eq!(grpc::read_event(&written, &limits), Ok(event));
    }
    let error = grpc::read_status(9, "no", Some(data));
    assert_eq!(grpc::read_status(9, "no", Some(&grpc::write_status(&error))), error);
}
