//! Spans over the wire, and traces as they are asked for.

use crate::hops::{RULE, TRACE, exports, identity, stranger};
use crate::served::{Answer, Served, written};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;
use std::io::Write;
use std::net::TcpStream;
use std::time::{Duration, Instant};

const LIST: &str = "/api/v1/traces";
/// Nothing takes longer.
const PATIENCE: Duration = Duration::from_secs(30);

async fn served() -> (Served, tempfile::TempDir) {
    let home = tempfile::tempdir().unwrap();
    (Served::start(home.path()).await, home)
}

/// The words of a `google.rpc.Status`.
fn status(answer: &Answer) -> String {
    assert_eq!(answer.header("content-type"), Some("application/x-protobuf"), "{}", answer.head);
    // code = 1, of less than 128; message = 2
    assert_eq!((answer.body[0], answer.body[2]), (0x08, 0x12));
    let length = usize::from(answer.body[3] & 0x7f);
    let begin = if answer.body[3] < 0x80 { 4 } else { 5 };
    assert!(answer.body.len() >= begin + length);
    String::from_utf8(answer.body[begin..].to_vec()).unwrap()
}

#[tokio::test]
async fn three_agents_tell_of_one_call_and_it_is_one_tree() {
    let (served, _home) = served().await;
    assert_eq!(served.get(LIST).await.json(), json!({ "traces": [], "total": 0 }));
    // The innermost is over first.
    for export in exports().iter().rev() {
        let taken = served.export(&[], export).await;
        assert_eq!((taken.status, taken.header("content-type")), (200, Some("application/x-protobuf")));
        assert_eq!(taken.body, b"", "an empty ExportTraceServiceResponse: all was taken");
    }
    let again = served.export(&[], &exports()[0]).await;
    assert_eq!((again.status, again.body.as_slice()), (200, &b""[..]), "what is sent twice is there once");

    let listed = served.get(LIST).await.json();
    assert_eq!(listed["total"], 1);
    let brief = &listed["traces"][0];
    assert_eq!((&brief["id"], &brief["name"]), (&TRACE.into(), &"call analyze_document".into()));
    assert_eq!(brief["agents"], json!(["orchestrator", "worker", "summariser"]));
    assert_eq!(brief["capabilities"], json!(["analyze_document", "summarise"]));
    assert_eq!((&brief["outcome"], &brief["why"], &brief["denied"]), (&"denied".into(), &RULE.into(), &1.into()));
    assert_eq!((&brief["spans"], &brief["duration_ms"], &brief["errors"]), (&5.into(), &100.0.into(), &1.into()));

    let trace = served.get(&format!("{LIST}/{TRACE}")).await.json();
    let spans = trace["tree"].as_array().unwrap();
    let shape: Vec<_> =
        spans.iter().map(|span| (span["name"].as_str().unwrap(), span["depth"].as_u64().unwrap())).collect();
    assert_eq!(
        shape,
        [
            ("call analyze_document", 0),
            ("authorize analyze_document", 1),
            ("invoke_agent worker", 1),
            ("call summarise", 2),
            ("authorize summarise", 3),
        ]
    );
    let last = &spans[4];
    assert_eq!((&last["offset_ms"], &last["duration_ms"]), (&31.0.into(), &2.0.into()));
    for side in [&spans[3], last] {
        assert_eq!(side["hop"]["caller"], identity("worker"), "which the callee verified");
        assert_eq!(side["hop"]["callee"], identity("summariser"), "which the caller verified");
    }
    assert_eq!((&last["decision"]["outcome"], &last["decision"]["rule"]), (&"deny".into(), &RULE.into()));
    assert_eq!((&last["service"], &spans[3]["error"]), (&"summariser".into(), &"not_authorised".into()));
    let [asked, answer] = [&spans[1], &spans[2]];
    assert_eq!((&answer["decision"]["outcome"], &answer["decision"]["id"]), (&"allow".into(), &"decision-3".into()));
    assert_eq!((&asked["decision"], asked.get("hop")), (&answer["decision"], None));
    assert_eq!(answer["hop"]["caller"], identity("orchestrator"));
}

#[tokio::test]
async fn lists_are_of_what_is_sought() {
    let (served, _home) = served().await;
    for export in exports().iter().chain([&stranger()]) {
        served.export(&[], export).await;
    }
    let worker = identity("worker").replace("://", "%3A%2F%2F");
    for (query, found) in [
        ("agent=worker", vec![TRACE]),
        (format!("agent={worker}").as_str(), vec![TRACE]),
        ("agent=their-service", vec!["09090909090909090909090909090909"]),
        ("agent=nobody", vec![]),
        ("capability=summarise&outcome=denied", vec![TRACE]),
        ("capability=summarise&outcome=ok", vec![]),
        ("limit=1", vec!["09090909090909090909090909090909"]),
    ] {
        let listed = served.get(&format!("{LIST}?{query}")).await.json();
        let ids: Vec<_> = listed["traces"].as_array().unwrap().iter().map(|brief| brief["id"].clone()).collect();
        assert_eq!(ids, found, "{query}");
    }
    assert_eq!(served.get(&format!("{LIST}?outcome=good")).await.problem(), "bad-request");
    for id in ["0123", "00000000000000000000000000000001", "00000000000000000000000000000000", "%2e%2e"] {
        assert_eq!(served.get(&format!("{LIST}/{id}")).await.problem(), "not-found", "{id}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_are_told_as_they_come_and_to_who_comes_back() {
    let (served, _home) = served().await;
    let [first, second, third] = exports();
    let mut events = served.events("/api/v1/traces/events", None);
    let now = tokio::task::block_in_place(|| events.wait("calls"));
    assert_eq!(now.data, json!({ "traces": [], "total": 0, "spans": 0 }));
    served.export(&[], &first).await;
    let told = tokio::task::block_in_place(|| events.wait("call"));
    assert_eq!(
        (&told.data["id"], &told.data["spans"], &told.data["outcome"]),
        (&TRACE.into(), &1.into(), &"ok".into())
    );
    drop(events);
    served.export(&[], &second).await;
    served.export(&[], &stranger()).await;
    served.export(&[], &third).await;
    let mut again = served.events("/api/v1/traces/events", told.id.as_deref());
    let missed = tokio::task::block_in_place(|| [again.next().unwrap(), again.next().unwrap()]);
    assert_eq!(missed.clone().map(|told| told.name), ["call", "call"], "what it missed, each once");
    assert_eq!((&missed[1].data["id"], &missed[1].data["outcome"]), (&TRACE.into(), &"denied".into()));
    let mut stranger = served.events("/api/v1/traces/events", Some("made-up.1"));
    assert_eq!(tokio::task::block_in_place(|| stranger.next().unwrap()).name, "calls");
}

#[tokio::test]
async fn what_is_no_export_is_refused_and_nothing_of_it_is_kept() {
    let (served, _home) = served().await;
    let whole = exports().concat();
    let cut = served.export(&[], &whole[..whole.len() - 3]).await;
    assert_eq!(cut.status, 400);
    assert!(status(&cut).contains("no ExportTraceServiceRequest: it ends in the middle of a field"));
    assert_eq!(served.export(&[], b"{\"resourceSpans\":[]}").await.status, 400);
    assert_eq!(served.export(&[("Content-Encoding", "gzip")], &whole).await.status, 400);
    let packed = served.export(&[("Content-Encoding", "br")], &whole).await;
    assert!(packed.status == 415 && status(&packed).contains("gzip"));
    for form in ["application/json", "text/plain", "", "application/x-www-form-urlencoded"] {
        let refused = served.export(&[("Content-Type", form)], &whole).await;
        assert_eq!((refused.status, refused.problem().as_str()), (415, "not-protobuf"), "{form}");
    }
    let large = served.export(&[], &vec![0; (4 << 20) + 1]).await;
    assert!(large.status == 413 && status(&large).contains("4 MiB"), "{}", large.head);
    assert_eq!(served.get(LIST).await.json()["total"], 0);
    assert_eq!(served.ask("GET", "/v1/traces", &[], "").await.problem(), "wrong-method");
    for other in ["/v1/logs", "/v1/metrics"] {
        assert_eq!(served.ask("POST", other, &[], "{}").await.problem(), "not-found", "{other}");
    }
}

#[tokio::test]
async fn packed_spans_are_taken_and_partly_wrong_ones_partly() {
    let (served, _home) = served().await;
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&exports().concat()).unwrap();
    let packed = served.export(&[("Content-Encoding", "gzip")], &encoder.finish().unwrap()).await;
    assert_eq!(packed.status, 200);
    assert_eq!(served.get(LIST).await.json()["traces"][0]["spans"], 5);
    // One span without any field.
    let partly =
        served.export(&[("Content-Type", "application/x-protobuf; charset=x")], b"\x0a\x04\x12\x02\x12\0").await;
    assert_eq!(partly.status, 200);
    assert!(String::from_utf8_lossy(&partly.body).contains("not kept: 1 without a trace id"));
}

#[tokio::test]
async fn pages_of_other_sites_tell_nothing() {
    let (served, _home) = served().await;
    let export = &exports()[0];
    for headers in [
        [("Origin", "https://evil.example"), ("Sec-Fetch-Site", "cross-site")],
        [("Origin", "null"), ("Sec-Fetch-Mode", "no-cors")],
        [("Sec-Fetch-Site", "same-site"), ("Sec-Fetch-Mode", "cors")],
    ] {
        assert_eq!(served.export(&headers, export).await.problem(), "wrong-origin", "{headers:?}");
    }
    assert_eq!(served.export(&[("Host", "evil.example")], export).await.problem(), "wrong-host");
    let preflight = [("Origin", "https://evil.example"), ("Access-Control-Request-Method", "POST")];
    let asked = served.ask("OPTIONS", "/v1/traces", &preflight, "").await;
    assert_eq!((asked.status, asked.header("access-control-allow-origin")), (403, None));
    assert_eq!(served.get(LIST).await.json()["total"], 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_never_sends_what_was_announced_holds_up_nobody_for_long() {
    let (served, _home) = served().await;
    let host = served.address.to_string();
    let head = [("Host", host.as_str()), ("Content-Type", "application/x-protobuf"), ("Content-Length", "99")];
    let until = async |wanted: u16, before: &mut dyn FnMut()| {
        let begun = Instant::now();
        loop {
            before();
            let answer = served.export(&[], &exports()[0]).await;
            if answer.status == wanted {
                return answer;
            }
            assert!(begun.elapsed() < PATIENCE, "{}", answer.head);
        }
    };
    // One that comes while there is no turn left holds none: more of them come until all turns are held.
    let mut stalled = Vec::new();
    let busy = until(503, &mut || {
        let mut stream = TcpStream::connect(served.address).unwrap();
        stream.write_all(written("POST", "/v1/traces", &head, "").as_bytes()).unwrap();
        stalled.push(stream);
    })
    .await;
    assert_eq!(busy.header("retry-after"), Some("1"));
    assert!(status(&busy).contains("send it again"));
    assert_eq!(served.get(LIST).await.status, 200, "everything else goes on");
    drop(stalled);
    until(200, &mut || {}).await;
}
