//! gRPC beside JSON: what goes through one is what goes through the other, and what an independent reader of the protocol's
//! definition makes of both.

use crate::calls::{call, call_of_1_0};
use crate::strategies::{card, event, push, task};
use duologue_a2a::call::grpc;
use duologue_a2a::call::http;
use duologue_a2a::call::{Call, Limits, Operation, Reply};
use duologue_a2a::error::{A2aError, ErrorKind};
use duologue_a2a::model::*;
use duologue_a2a::version::Dialect;
use proptest::prelude::*;
use prost_reflect::prost::Message as _;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use serde_json::{Value, json};
use std::sync::LazyLock;

static POOL: LazyLock<DescriptorPool> = LazyLock::new(|| {
    let proto = concat!(env!("CARGO_MANIFEST_DIR"), "/proto");
    let set = protox::compile(["a2a.proto"], [proto]).expect("the protocol's definition");
    DescriptorPool::from_file_descriptor_set(set).expect("whole")
});

fn descriptor(name: &str) -> MessageDescriptor {
    POOL.get_message_by_name(&format!("lf.a2a.v1.{name}")).expect("a message of the protocol")
}

/// Another's bytes of some JSON of 1.0.
fn encoded(name: &str, json: &impl serde::Serialize) -> Vec<u8> {
    let json = serde_json::to_value(json).expect("JSON");
    DynamicMessage::deserialize(descriptor(name), json).expect("the JSON of the message").encode_to_vec()
}

/// Another's JSON of some bytes.
fn decoded(name: &str, bytes: &[u8]) -> Value {
    let message = DynamicMessage::decode(descriptor(name), bytes).expect("the bytes of the message");
    serde_json::to_value(message).expect("JSON")
}

/// JSON values know one type of numbers over gRPC.
fn numbers(value: &mut Value) {
    match value {
        Value::Number(number) => {
            let float = number.as_f64().expect("a number");
            // As the codec does it: 2^53, and minus zero.
            let is_whole = float.abs() <= 9_007_199_254_740_992.0 && (float as i64 as f64).to_bits() == float.to_bits();
            *value = if is_whole { json!(float as i64) } else { json!(float) };
        }
        Value::Array(all) => all.iter_mut().for_each(numbers),
        Value::Object(map) => map.values_mut().for_each(numbers),
        _ => {}
    }
}

fn normal<T: serde::Serialize + serde::de::DeserializeOwned>(value: &T) -> T {
    let mut json = serde_json::to_value(value).expect("JSON");
    numbers(&mut json);
    serde_json::from_value(json).expect("the same")
}

/// A page size of none and of 0 are the same.
fn normal_call(call: Call) -> Call {
    match call {
        Call::SendMessage(send) => Call::SendMessage(normal(&send)),
        Call::SendStreamingMessage(send) => Call::SendStreamingMessage(normal(&send)),
        Call::CancelTask(cancel) => Call::CancelTask(normal(&cancel)),
        other => other,
    }
}

fn request_name(operation: Operation) -> String {
    match operation {
        Operation::SendStreamingMessage => "SendMessageRequest".into(),
        Operation::CreateTaskPushNotificationConfig => "TaskPushNotificationConfig".into(),
        other => format!("{}Request", other.as_str()),
    }
}

fn checked_reply(name: &str, operation: Operation, reply: &Reply) {
    let bytes = grpc::write_reply(reply).expect("it can be told");
    let read = grpc::read_reply(operation, &bytes, &Limits::default()).expect("it was written here");
    let json = http::write_reply(&read, Dialect::V1_0).expect("1.0 has words for everything");
    // What went through gRPC is what goes through JSON.
    let over_json = http::write_reply(reply, Dialect::V1_0).expect("1.0 has words for everything");
    let mut over_json: Value = serde_json::from_slice(&over_json).expect("JSON");
    numbers(&mut over_json);
    assert_eq!(serde_json::from_slice::<Value>(&json).expect("JSON"), over_json);
    // Another says the same of our bytes, and we of another's.
    let theirs = encoded(name, &over_json);
    assert_eq!(grpc::read_reply(operation, &theirs, &Limits::default()), Ok(read.clone()));
    let of_ours = serde_json::to_vec(&decoded(name, &bytes)).expect("JSON");
    let mut told = http::read_reply(200, &of_ours, operation, Dialect::V1_0, &Limits::default()).expect("a reply");
    if let Reply::Sent(sent) = &mut told {
        **sent = normal(&**sent);
    } else if let Reply::Task(task) = &mut told {
        **task = normal(&**task);
    } else if let Reply::Card(card) = &mut told {
        **card = normal(&**card);
    }
    assert_eq!(told, read);
}

proptest! {
    #[test]
    fn every_call_is_what_it_is_over_json(call in prop_oneof![call(), call_of_1_0()]) {
        let operation = call.operation();
        let (path, bytes) = grpc::write_request(&call).expect("it can be told");
        prop_assert_eq!(grpc::operation(&path), Ok(operation));
        let call = normal_call(call);
        prop_assert_eq!(grpc::read_request(operation, &bytes, &Limits::default()), Ok(call.clone()));
        let theirs = encoded(&request_name(operation), &call);
        prop_assert_eq!(grpc::read_request(operation, &theirs, &Limits::default()), Ok(call.clone()));
        let again = DynamicMessage::decode(descriptor(&request_name(operation)), &*bytes).expect("a request");
        let read = serde_json::to_value(again).expect("JSON");
        let ours = encoded(&request_name(operation), &read);
        prop_assert_eq!(grpc::read_request(operation, &ours, &Limits::default()), Ok(call));
    }

    #[test]
    fn every_event_is_what_it_is_over_json(event in event()) {
        let bytes = grpc::write_event(&event).expect("it can be told");
        let event = normal(&event);
        prop_assert_eq!(grpc::read_event(&bytes, &Limits::default()), Ok(event.clone()));
        let theirs = encoded("StreamResponse", &event);
        prop_assert_eq!(grpc::read_event(&theirs, &Limits::default()), Ok(event.clone()));
        let told: StreamResponse = serde_json::from_value(decoded("StreamResponse", &bytes)).expect("an event");
        prop_assert_eq!(normal(&told), event);
    }

    #[test]
    fn every_answer_is_what_it_is_over_json(task in task(), card in card(), push in push(), total in any::<i32>()) {
        checked_reply("Task", Operation::GetTask, &Reply::Task(Box::new(normal(&task))));
        let sent = SendMessageResponse::Task(normal(&task));
        checked_reply("SendMessageResponse", Operation::SendMessage, &Reply::Sent(Box::new(sent)));
        checked_reply("AgentCard", Operation::GetExtendedAgentCard, &Reply::Card(Box::new(card)));
        let operation = Operation::GetTaskPushNotificationConfig;
        checked_reply("TaskPushNotificationConfig", operation, &Reply::PushConfig(Box::new(push.clone())));
        let configs = ListTaskPushNotificationConfigsResponse { configs: vec![push], next_page_token: "n".into() };
        let name = "ListTaskPushNotificationConfigsResponse";
        checked_reply(name, Operation::ListTaskPushNotificationConfigs, &Reply::PushConfigs(configs));
        let page = ListTasksResponse { tasks: vec![], next_page_token: "".into(), page_size: 50, total_size: total };
        checked_reply("ListTasksResponse", Operation::ListTasks, &Reply::Tasks(page));
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        for operation in Operation::ALL {
            let _ = grpc::read_request(operation, &bytes, &Limits::default());
            let _ = grpc::read_reply(operation, &bytes, &Limits::default());
        }
        let _ = grpc::read_event(&bytes, &Limits::default());
        let _ = grpc::read_status(5, "no", Some(&bytes));
    }

    /// Where both take bytes that were changed, both understand the same.
    #[test]
    fn changed_bytes_are_read_as_others_read_them(event in event(), at: prop::sample::Index, by: u8) {
        let mut bytes = grpc::write_event(&event).expect("it can be told");
        let at = at.index(bytes.len());
        bytes[at] ^= by;
        let Ok(ours) = grpc::read_event(&bytes, &Limits::default()) else { return Ok(()) };
        let Ok(theirs) = DynamicMessage::decode(descriptor("StreamResponse"), &*bytes) else { return Ok(()) };
        let theirs: StreamResponse = serde_json::from_value(serde_json::to_value(theirs)?)?;
        prop_assert_eq!(normal(&theirs), ours);
    }
}

fn message(parts: &[&[u8]]) -> Vec<u8> {
    let mut bytes = vec![0x0a, 1, b'm', 0x20, 1];
    for part in parts {
        bytes.extend([0x2a, part.len() as u8]);
        bytes.extend_from_slice(part);
    }
    bytes
}

fn sent(message: &[u8]) -> Result<Call, A2aError> {
    let mut bytes = vec![0x12, message.len() as u8];
    bytes.extend_from_slice(message);
    grpc::read_request(Operation::SendMessage, &bytes, &Limits::default())
}

fn parts_of(call: Result<Call, A2aError>) -> Vec<Part> {
    match call.expect("a call") {
        Call::SendMessage(send) => send.message.parts,
        other => panic!("another call: {other:?}"),
    }
}

#[test]
fn unusual_bytes_mean_what_protobuf_says() {
    // Of alternatives the last holds; an unknown field, of a group too, is passed over.
    let unknown = [0xba, 0x01, 1, 9, 0xc3, 0x01, 0x08, 1, 0xc4, 0x01];
    let part = [&[0x0a, 1, b'a', 0x1a, 1, b'u', 0x0a, 1, b'b'][..], &unknown].concat();
    assert_eq!(parts_of(sent(&message(&[&part]))), [Part::text("b")]);
    // A message in two pieces is one.
    let whole = message(&[&[0x0a, 1, b'a']]);
    let mut bytes = vec![];
    for piece in [&whole[..5], &whole[5..]] {
        bytes.extend([0x12, piece.len() as u8]);
        bytes.extend_from_slice(piece);
    }
    let read = grpc::read_request(Operation::SendMessage, &bytes, &Limits::default());
    assert_eq!(parts_of(read), [Part::text("a")]);
    // A JSON value without a kind is null, as the one that says so.
    assert_eq!(parts_of(sent(&message(&[&[0x22, 0]]))), [Part::data(Value::Null)]);
    assert_eq!(parts_of(sent(&message(&[&[0x22, 2, 8, 0]]))), [Part::data(Value::Null)]);
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (bytes, kind, words) in [
        (message(&[&[0x0a, 9, b'a']]), ErrorKind::InvalidParams, "message.parts[0]: is cut off"),
        (message(&[&[0x0a, 1, 0xff]]), ErrorKind::InvalidParams, "message.parts[0].text: is not UTF-8"),
        (message(&[&[0x08, 1]]), ErrorKind::InvalidParams, "message.parts[0].text: has another type on the wire"),
        (message(&[&[]]), ErrorKind::InvalidParams, "none of `text`, `raw`, `url`, `data`"),
        (message(&[]), ErrorKind::InvalidParams, "message.parts: at least one part is required"),
        (vec![0x0a, 1, b'm', 0x20, 9, 0x2a, 3, 0x0a, 1, b'a'], ErrorKind::InvalidParams, "message.role: "),
        (vec![0x0b], ErrorKind::InvalidParams, "message: is cut off"),
        (vec![0x0b, 0x14], ErrorKind::InvalidParams, "message: has a group that does not end"),
        (vec![0x00], ErrorKind::InvalidParams, "message: has a field with the number 0"),
    ] {
        let refused = sent(&bytes).expect_err("it is wrong");
        assert_eq!(refused.kind, kind, "{refused}");
        assert!(refused.message.contains(words), "{refused}");
    }
    let cut = grpc::read_request(Operation::GetTask, &[0x12], &Limits::default()).expect_err("it is cut off");
    assert_eq!(
        (cut.kind, &*cut.message),
        (ErrorKind::InvalidRequest, "The request is no GetTaskRequest: the message is cut off")
    );
    let unusable = grpc::read_reply(Operation::GetTask, &[], &Limits::default()).expect_err("it has no id");
    assert_eq!(unusable.kind, ErrorKind::InvalidAgentResponse);
}

#[test]
fn what_is_too_long_or_too_deep_is_refused() {
    let nested = |levels: usize| {
        let mut value = json!(1);
        (0..levels).for_each(|_| value = json!([value]));
        let parts = vec![Part::data(value)];
        let message = Message { message_id: "m".into(), role: Role::User, parts, ..Message::default() };
        let call = Call::SendMessage(Box::new(SendMessageRequest { message, ..Default::default() }));
        let over_json = http::write_request(&call, Dialect::V1_0).and_then(|request| request.body).expect("a body");
        let (_, bytes) = grpc::write_request(&call).expect("it can be told");
        let received = http::Received { verb: "POST", path: "/message:send", query: "", body: &over_json };
        let json = http::read_request(&received, Dialect::V1_0, &Limits::default());
        (json.is_ok(), grpc::read_request(Operation::SendMessage, &bytes, &Limits::default()).is_ok())
    };
    // The request, its message, the list of parts and the part are four of 64 levels.
    assert_eq!([nested(60), nested(61)], [(true, true), (false, false)]);
    let few = Limits { body: 3, ..Limits::default() };
    assert!(grpc::read_request(Operation::GetTask, &[0x12, 1, b't'], &few).is_ok());
    let refused = grpc::read_request(Operation::GetTask, &[0x12, 2, b't', b't'], &few).expect_err("it is too long");
    assert_eq!(refused.kind, ErrorKind::InvalidRequest);
}

#[test]
fn errors_are_read_back() {
    for kind in ErrorKind::ALL.iter().copied() {
        let mut error = A2aError::invalid("message.parts", "is empty").with("taskId", "t-1");
        error.kind = kind;
        let bytes = grpc::write_status(&error);
        assert_eq!(grpc::read_status(kind.grpc_code() as i32, &error.message, Some(&bytes)), error);
    }
    let plain = grpc::read_status(5, "no such thing", None);
    assert_eq!((plain.kind, &*plain.message), (ErrorKind::TaskNotFound, "no such thing"));
}

/// An `ErrorInfo` between a `RetryInfo` and a `DebugInfo`.
#[test]
fn details_that_are_not_known_are_passed_over() {
    let any = |url: &str, value: &[u8]| {
        let mut any = vec![0x0a, url.len() as u8];
        any.extend_from_slice(url.as_bytes());
        any.extend([0x12, value.len() as u8]);
        any.extend_from_slice(value);
        let mut field = vec![0x1a, any.len() as u8];
        field.append(&mut any);
        field
    };
    let info = [&[0x0a, 19][..], b"TASK_NOT_CANCELABLE", &[0x12, 16], b"a2a-protocol.org"].concat();
    let bytes = [
        vec![0x08, 9, 0x12, 1, b'x'],
        any("type.googleapis.com/google.rpc.RetryInfo", &[0x0a, 2, 8, 1]),
        any("type.googleapis.com/google.rpc.ErrorInfo", &info),
        any("type.googleapis.com/google.rpc.DebugInfo", &[]),
    ]
    .concat();
    let error = grpc::read_status(9, "It is over", Some(&bytes));
    assert_eq!((error.kind, &*error.message), (ErrorKind::TaskNotCancelable, "It is over"));
}
