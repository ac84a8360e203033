//! Against OpenTelemetry's own messages, and against bytes that are none.

use super::*;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Any;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span as Told, Status, span::Event};
use proptest::prelude::*;
use prost::Message;

fn holding(value: Any) -> Option<AnyValue> {
    Some(AnyValue { value: Some(value) })
}

fn pair(key: &str, value: Any) -> KeyValue {
    KeyValue { key: key.to_owned(), value: holding(value), ..KeyValue::default() }
}

fn text(key: &str, value: &str) -> KeyValue {
    pair(key, Any::StringValue(value.to_owned()))
}

fn request(service: &str, spans: Vec<Told>) -> Vec<u8> {
    let resource = Resource { attributes: vec![text("service.name", service)], ..Resource::default() };
    let scopes = vec![ScopeSpans { spans, ..ScopeSpans::default() }];
    let of = ResourceSpans { resource: Some(resource), scope_spans: scopes, ..ResourceSpans::default() };
    ExportTraceServiceRequest { resource_spans: vec![of] }.encode_to_vec()
}

fn told(id: u8) -> Told {
    Told {
        trace_id: vec![7; 16],
        span_id: vec![id; 8],
        name: format!("span {id}"),
        start_time_unix_nano: 1_000,
        end_time_unix_nano: 2_000,
        ..Told::default()
    }
}

fn only(request: &[u8]) -> Span {
    let mut exported = read(request).unwrap();
    assert_eq!((exported.spans.len(), exported.homeless, exported.beyond), (1, 0, 0));
    exported.spans.remove(0)
}

#[test]
fn values_of_every_kind_are_shown_as_people_write_them() {
    let list = |values: Vec<Any>| {
        let values = values.into_iter().map(|value| AnyValue { value: Some(value) }).collect();
        Any::ArrayValue(ArrayValue { values })
    };
    let map = |pairs: Vec<KeyValue>| Any::KvlistValue(KeyValueList { values: pairs });
    let mut deep = Any::IntValue(1);
    for _ in 0..50 {
        deep = list(vec![deep]);
    }
    let cases = [
        (Any::StringValue("words".into()), "words"),
        (Any::BoolValue(true), "true"),
        (Any::BoolValue(false), "false"),
        (Any::IntValue(-3), "-3"),
        (Any::DoubleValue(0.5), "0.5"),
        (Any::BytesValue(vec![1, 2, 3]), "3 bytes"),
        (list(vec![Any::IntValue(1), Any::StringValue("b".into())]), "[1, b]"),
        (map(vec![text("a", "1"), pair("b", Any::BoolValue(true))]), "{a: 1, b: true}"),
        (deep, "[[[[…]]]]"),
    ];
    for (value, shown) in cases {
        let span = only(&request("a", vec![Told { attributes: vec![pair("k", value)], ..told(1) }]));
        assert_eq!(span.attributes, [("k".to_owned(), shown.to_owned())]);
    }
}

#[test]
fn what_is_said_gives_no_orders_and_is_cut() {
    let attributes = vec![
        text("turned", "allow\u{202e}yned\u{2066}"),
        text("terminal", "\u{1b}[2Jgone\nnext"),
        text("long", &"é".repeat(5_000)),
    ];
    let span = only(&request("<script>", vec![Told { attributes, name: "n".repeat(900), ..told(1) }]));
    assert_eq!(span.attribute("turned"), Some("allow\u{fffd}yned\u{fffd}"));
    assert_eq!(span.attribute("terminal"), Some("\u{fffd}[2Jgone next"));
    let long = span.attribute("long").unwrap();
    assert!(long.len() <= WORDS && long.ends_with("é…"), "{}", long.len());
    assert!(span.name.len() <= NAME && span.name.ends_with('…'));
    assert_eq!(&*span.service, "<script>", "markup is text like any other");
}

#[test]
fn a_span_has_room_for_so_much_and_says_what_is_left_out() {
    let many = (0..100).map(|n| text(&format!("k{n}"), "v")).collect();
    let span = only(&request("a", vec![Told { attributes: many, dropped_attributes_count: 5, ..told(1) }]));
    assert_eq!((span.attributes.len(), span.left_out), (ATTRIBUTES, 36 + 5));
    let large = (0..10).map(|n| text(&format!("k{n}"), &"v".repeat(WORDS))).collect();
    let events = vec![Event { name: "e".into(), ..Event::default() }; 40];
    let span = only(&request("a", vec![Told { attributes: large, events, ..told(1) }]));
    let said: usize = span.attributes.iter().map(|(name, value)| name.len() + value.len()).sum();
    assert!(said <= TEXT && span.weight() < 2 * TEXT, "{said}");
    let twice = only(&request("a", vec![Told { attributes: vec![text("k", "1"), text("k", "2")], ..told(1) }]));
    assert_eq!((twice.attribute("k"), twice.left_out), (Some("1"), 1));
}

#[test]
fn spans_that_belong_nowhere_are_counted() {
    let wrong = [
        Told { trace_id: vec![0; 16], ..told(1) },
        Told { trace_id: vec![7; 15], ..told(1) },
        Told { span_id: Vec::new(), ..told(1) },
        Told { parent_span_id: vec![1; 9], ..told(1) },
        Told { start_time_unix_nano: 0, ..told(1) },
    ];
    let exported = read(&request("a", wrong.to_vec())).unwrap();
    assert_eq!((exported.spans.len(), exported.homeless), (0, 5));
    let root = only(&request("a", vec![Told { parent_span_id: vec![0; 8], end_time_unix_nano: 3, ..told(1) }]));
    assert_eq!((root.parent, root.end_ns), (None, 1_000), "no span ends before it begins");
}

#[test]
fn a_request_has_room_for_so_many() {
    let spans = vec![told(1); SPANS_AT_ONCE + 3];
    let exported = read(&request("a", spans)).unwrap();
    assert_eq!((exported.spans.len(), exported.beyond), (SPANS_AT_ONCE, 3));
}

#[test]
fn the_service_is_found_wherever_it_stands() {
    // The resource after the spans, as protobuf allows.
    let spans = ScopeSpans { spans: vec![told(1)], ..ScopeSpans::default() }.encode_to_vec();
    let resource = Resource { attributes: vec![text("service.name", "late")], ..Resource::default() }.encode_to_vec();
    let mut of = vec![0x12, spans.len() as u8];
    of.extend(&spans);
    of.extend([0x0a, resource.len() as u8]);
    of.extend(&resource);
    let mut all = vec![0x0a, of.len() as u8];
    all.extend(&of);
    assert_eq!(&*only(&all).service, "late");
    let nameless = ResourceSpans {
        scope_spans: vec![ScopeSpans { spans: vec![told(1)], ..ScopeSpans::default() }],
        ..ResourceSpans::default()
    };
    let all = ExportTraceServiceRequest { resource_spans: vec![nameless] }.encode_to_vec();
    assert_eq!(&*only(&all).service, UNNAMED);
}

fn any_told() -> impl Strategy<Value = Told> {
    let ids = (any::<[u8; 16]>(), any::<[u8; 8]>(), any::<Option<[u8; 8]>>());
    let times = (1..u64::MAX / 2, 0..u64::MAX / 2);
    let words = ("[a-z ]{0,40}", "[a-z ]{0,40}", 0..6i32, 0..3i32);
    let attributes = proptest::collection::btree_map("[a-z.]{1,12}", "[a-zA-Z0-9 /:]{0,60}", 0..20);
    (ids, times, words, attributes).prop_map(
        |((trace, id, parent), (start, long), (name, message, kind, code), attributes)| Told {
            trace_id: trace.to_vec(),
            span_id: id.to_vec(),
            parent_span_id: parent.map(|parent| parent.to_vec()).unwrap_or_default(),
            name,
            kind,
            start_time_unix_nano: start,
            end_time_unix_nano: start + long,
            attributes: attributes.iter().map(|(key, value)| text(key, value)).collect(),
            status: Some(Status { message, code }),
            ..Told::default()
        },
    )
}

proptest! {
    #[test]
    fn what_opentelemetry_writes_is_read(spans in proptest::collection::vec(any_told(), 0..8), service in "[a-z-]{1,30}") {
        let exported = read(&request(&service, spans.clone())).unwrap();
        prop_assert_eq!(exported.spans.len() + exported.homeless, spans.len());
        let is_home = |told: &&Told| told.trace_id != [0; 16] && told.span_id != [0; 8];
        for (told, span) in spans.iter().filter(is_home).zip(&exported.spans) {
            prop_assert_eq!(span.trace.to_string(), told.trace_id.iter().map(|b| format!("{b:02x}")).collect::<String>());
            prop_assert_eq!(span.id.to_string(), told.span_id.iter().map(|b| format!("{b:02x}")).collect::<String>());
            prop_assert_eq!(span.parent, SpanId::read(&told.parent_span_id));
            prop_assert_eq!((&*span.service, &span.name), (service.as_str(), &told.name));
            prop_assert_eq!((span.start_ns, span.end_ns), (told.start_time_unix_nano, told.end_time_unix_nano));
            let kinds = [SpanKind::Internal, SpanKind::Internal, SpanKind::Server, SpanKind::Client, SpanKind::Producer, SpanKind::Consumer];
            prop_assert_eq!(span.kind, kinds[told.kind as usize]);
            let status = told.status.clone().unwrap();
            prop_assert_eq!((span.failed, &span.message), (status.code == 2, &status.message));
            prop_assert_eq!(span.attributes.len(), told.attributes.len());
            for (attribute, (name, value)) in told.attributes.iter().zip(&span.attributes) {
                prop_assert_eq!((&attribute.key, &attribute.value), (name, &holding(Any::StringValue(value.clone()))));
            }
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes: Vec<u8>) {
        drop(read(&bytes));
    }

    #[test]
    fn a_request_that_is_cut_is_refused_or_says_less(spans in proptest::collection::vec(any_told(), 1..4), at: proptest::sample::Index) {
        let whole = request("a", spans);
        let cut = &whole[..at.index(whole.len())];
        prop_assert!(read(cut).is_err() || cut.is_empty());
    }
}
