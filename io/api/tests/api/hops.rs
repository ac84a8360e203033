//! A call from agent to agent to agent, as each of the three tells of it by OpenTelemetry: the orchestrator calls the
//! worker, whose policy allows it; the worker calls the summariser, whose policy does not.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue, any_value::Value};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span, Status};
use prost::Message;

/// The trace of the call.
pub(crate) const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
/// The rule by which the summariser refuses.
pub(crate) const RULE: &str = "default allow := false (authz.rego:5)";

const INTERNAL: i32 = 1;
const SERVER: i32 = 2;
const CLIENT: i32 = 3;
/// 2026-11-22, nanoseconds since 1970.
const BEGIN: u64 = 1_795_340_000_000_000_000;

pub(crate) fn identity(name: &str) -> String {
    format!("spiffe://example.org/agent/{name}")
}

fn attribute((key, value): &(&str, &str)) -> KeyValue {
    let value = Some(AnyValue { value: Some(Value::StringValue((*value).to_owned())) });
    KeyValue { key: (*key).to_owned(), value, ..KeyValue::default() }
}

/// A span from one millisecond to another.
fn span(id: u8, parent: u8, (start, end): (u64, u64), attributes: &[(&str, &str)]) -> Span {
    Span {
        trace_id: u128::from_str_radix(TRACE, 16).expect("a number").to_be_bytes().to_vec(),
        span_id: vec![id; 8],
        parent_span_id: if parent == 0 { Vec::new() } else { vec![parent; 8] },
        start_time_unix_nano: BEGIN + start * 1_000_000,
        end_time_unix_nano: BEGIN + end * 1_000_000,
        attributes: attributes.iter().map(attribute).collect(),
        ..Span::default()
    }
}

fn call(id: u8, parent: u8, at: (u64, u64), capability: &str, callee: &str) -> Span {
    let callee = identity(callee);
    let told =
        [("gen_ai.agent.id", callee.as_str()), ("server.address", "127.0.0.1"), ("gen_ai.tool.name", capability)];
    Span { name: format!("call {capability}"), kind: CLIENT, ..span(id, parent, at, &told) }
}

fn invoked(id: u8, parent: u8, at: (u64, u64), capability: &str, (caller, callee): (&str, &str)) -> Span {
    let (caller, own) = (identity(caller), identity(callee));
    let told = [
        ("gen_ai.agent.id", own.as_str()),
        ("gen_ai.agent.name", callee),
        ("client.address", caller.as_str()),
        ("gen_ai.tool.name", capability),
    ];
    Span { name: format!("invoke_agent {callee}"), kind: SERVER, ..span(id, parent, at, &told) }
}

/// What a callee decided before it answered or refused: it is part of the call, not of an answer.
fn authorised(
    id: u8,
    parent: u8,
    at: (u64, u64),
    (caller, callee): (&str, &str),
    [outcome, rule, capability]: [&str; 3],
) -> Span {
    let (caller, own) = (identity(caller), identity(callee));
    let number = format!("decision-{id}");
    let told = [
        ("duologue.caller", caller.as_str()),
        ("gen_ai.agent.id", own.as_str()),
        ("gen_ai.tool.name", capability),
        ("duologue.decision.outcome", outcome),
        ("duologue.decision.rule", rule),
        ("duologue.decision.id", &number),
    ];
    Span { name: format!("authorize {capability}"), kind: INTERNAL, ..span(id, parent, at, &told) }
}

fn failed(mut span: Span, class: &str, words: &str) -> Span {
    span.attributes.push(attribute(&("error.type", class)));
    span.status = Some(Status { message: words.to_owned(), code: 2 });
    span
}

/// What a program sends.
fn export(service: &str, spans: Vec<Span>) -> Vec<u8> {
    let resource = Resource { attributes: vec![attribute(&("service.name", service))], ..Resource::default() };
    let scope_spans = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
    let of = ResourceSpans { resource: Some(resource), scope_spans, ..ResourceSpans::default() };
    ExportTraceServiceRequest { resource_spans: vec![of] }.encode_to_vec()
}

/// What the three agents send, in the order in which they are called.
pub(crate) fn exports() -> [Vec<u8>; 3] {
    const CALL: (&str, &str) = ("orchestrator", "worker");
    let refused = |span| failed(span, "not_authorised", "the summariser does not allow summarise");
    [
        export("orchestrator", vec![call(1, 0, (0, 100), "analyze_document", "worker")]),
        export(
            "worker",
            vec![
                authorised(3, 1, (5, 7), CALL, ["allow", "allow (worker.rego:7)", "analyze_document"]),
                invoked(2, 1, (8, 92), "analyze_document", CALL),
                refused(call(4, 2, (20, 60), "summarise", "summariser")),
            ],
        ),
        export("summariser", vec![authorised(6, 4, (31, 33), ("worker", "summariser"), ["deny", RULE, "summarise"])]),
    ]
}

/// A program of somebody else, with a name that wants to be more than a name.
pub(crate) fn stranger() -> Vec<u8> {
    let mut one = span(1, 0, (0, 3), &[("http.route", "<img src=x onerror=alert(1)>")]);
    one.trace_id = vec![9; 16];
    one.name = "GET /<b>bold</b>".to_owned();
    export("their-service", vec![one])
}
