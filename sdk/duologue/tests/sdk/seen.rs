//! What an agent tells about what it does: figures, health, traces.

use crate::bed::{Bed, ask, id, plain};
use axum::body::Bytes;
use axum::extract::State;
use axum::routing::post;
use duologue::{Agent, CapabilityError, Config, Context, capability};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Counts words.
#[capability]
async fn count_words(text: String) -> usize {
    text.split_whitespace().count()
}

/// Has the next one do it.
#[capability]
async fn pass_on(context: &Context<'_>) -> Result<usize, CapabilityError> {
    Ok(context.call_agent("next", "count_words", &json!({ "text": "a b" })).await?)
}

async fn get(url: String) -> (u16, String) {
    let answer = reqwest::get(url).await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("a text"))
}

#[tokio::test]
async fn figures_and_health_are_on_a_port_of_their_own() {
    let mut config = Config::default();
    config.server.port = 0;
    config.observability.metrics.enabled = true;
    config.observability.metrics.port = 0;
    let serving = Agent::new("worker").capability(count_words).config(config).start().await.expect("served");
    for text in ["one", "two words"] {
        ask(&serving, "count_words", json!({ "text": text })).await.expect("an answer");
    }
    ask(&serving, "count_words", json!({ "text": 7 })).await.expect_err("no text");
    let at = format!("http://{}", serving.metrics().expect("figures"));
    let (status, text) = get(format!("{at}/metrics")).await;
    assert_eq!(status, 200);
    for line in [
        r#"duologue_requests_total{capability="count_words",caller="anonymous",outcome="ok"} 2"#,
        r#"duologue_requests_total{capability="count_words",caller="anonymous",outcome="invalid_params"} 1"#,
        r#"duologue_request_duration_seconds_count{capability="count_words"} 3"#,
        r#"capability="count_words",outcome="ok"} 2"#,
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    assert_eq!(get(format!("{at}/healthz")).await.0, 200);
    let (status, ready) = get(format!("{at}/readyz")).await;
    assert_eq!((status, ready.contains("\"ready\":true")), (200, true), "{ready}");
}

/// A collector of traces.
#[derive(Clone, Default)]
struct Collector(Arc<Mutex<Vec<(String, Span)>>>);

impl Collector {
    async fn start(&self) -> String {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let routes = axum::Router::new().route("/v1/traces", post(collect)).with_state(self.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        format!("http://{address}")
    }
}

async fn collect(State(collector): State<Collector>, body: Bytes) {
    let request = ExportTraceServiceRequest::decode(body).expect("OTLP");
    let mut kept = collector.0.lock().expect("no panic");
    for resource in request.resource_spans {
        let attributes = resource.resource.map(|resource| resource.attributes).unwrap_or_default();
        let named = attributes.iter().find(|one| one.key == "service.name");
        let name = format!("{:?}", named.and_then(|one| one.value.clone()));
        let spans = resource.scope_spans.into_iter().flat_map(|scope| scope.spans);
        kept.extend(spans.map(|span| (name.clone(), span)));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_trace_goes_through_all_hops() {
    let bed = Bed::new().await;
    let collector = Collector::default();
    let endpoint = collector.start().await;
    let traced = |mut config: Config| {
        config.observability.tracing.endpoint = Some(endpoint.clone());
        config
    };
    let last = Agent::new("last").capability(count_words).config(traced(bed.file("last").await));
    let last = last.start().await.expect("served");
    let mut config = traced(bed.file("middle").await);
    let entry = duologue::config::AgentEntry { spiffe_id: id("last"), address: last.url().to_owned() };
    config.agent_registry.insert("next".to_owned(), entry);
    let middle = Agent::new("middle").capability(pass_on).config(config).start().await.expect("served");
    let first = bed.caller("first").await;
    let target = id("middle");
    let answer: usize =
        first.calls().call((target.as_str(), middle.url()), "pass_on", &json!({})).await.expect("an answer");
    assert_eq!(answer, 2);
    middle.stop().await;
    last.stop().await;
    let spans = collector.0.lock().expect("no panic").clone();
    let find = |service: &str, name: &str| {
        let found = spans.iter().find(|(by, span)| by.contains(service) && span.name.contains(name));
        found.unwrap_or_else(|| panic!("no span {name} of {service}: {spans:#?}")).1.clone()
    };
    let (outer, call, inner) = (find("middle", "invoke_agent"), find("middle", "call"), find("last", "invoke_agent"));
    assert_eq!((&call.trace_id, &inner.trace_id), (&outer.trace_id, &outer.trace_id));
    assert_eq!(call.parent_span_id, outer.span_id);
    assert_eq!(inner.parent_span_id, call.span_id);
    let decided = find("last", "authorize");
    assert_eq!((&decided.trace_id, &decided.parent_span_id), (&outer.trace_id, &call.span_id));
    let told = format!("{:?}", decided.attributes);
    assert!(
        told.contains("allow") && told.contains("default_policy: allow_all") && told.contains(&id("middle")),
        "{told}"
    );
    let answered = format!("{:?}", inner.attributes);
    assert!(answered.contains("gen_ai.agent.id") && answered.contains(&id("last")), "{answered}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_refused_is_told_of_soon_also_where_the_call_brings_no_trace() {
    let folder = tempfile::tempdir().expect("a folder");
    let policy = folder.path().join("nobody.rego");
    std::fs::write(&policy, "package duologue.authz\n\ndefault allow := false\n").expect("a file");
    let collector = Collector::default();
    let mut config = Config::default();
    config.server.port = 0;
    config.authorization.policy_file = Some(policy);
    config.observability.tracing.endpoint = Some(collector.start().await);
    let serving = Agent::new("worker").capability(count_words).config(config).start().await.expect("served");
    let message = json!({ "messageId": "m", "role": "ROLE_USER", "parts": [{ "text": "a b" }] });
    let call = json!({ "jsonrpc": "2.0", "id": 1, "method": "SendMessage", "params": { "message": message } });
    let request = reqwest::Client::new().post(serving.url()).header("a2a-version", "1.0").json(&call);
    let answer = request.send().await.expect("an answer").text().await.expect("a text");
    assert!(answer.contains("error"), "{answer}");
    let begun = Instant::now();
    let (service, span) = loop {
        if let Some(first) = collector.0.lock().expect("no panic").first() {
            break first.clone();
        }
        // OpenTelemetry's own would be five seconds.
        assert!(begun.elapsed() < Duration::from_secs(4), "told while it is news");
        tokio::task::yield_now().await;
    };
    assert!(service.contains("worker") && span.name.starts_with("authorize"), "{service}: {span:#?}");
    assert_eq!(span.parent_span_id, b"", "a trace of its own");
    let told = format!("{:?}", span.attributes);
    assert!(told.contains("deny") && told.contains("nobody.rego:3"), "{told}");
}

#[tokio::test]
async fn a_collector_that_is_not_there_disturbs_nobody() {
    let mut config = Config::default();
    config.server.port = 0;
    config.observability.tracing.endpoint = Some("http://127.0.0.1:1".to_owned());
    let serving = Agent::new("worker").capability(count_words).config(config).start().await.expect("served");
    let other = plain(Agent::new("other")).await;
    let target = ("spiffe://example.org/agent/any", serving.url());
    let answer: Result<Value, _> = other.calls().call(target, "count_words", &json!({ "text": "a b c" })).await;
    assert_eq!(answer, Ok(json!(3)));
}
