use super::*;
use genai::chat::{MessageContent, StreamChunk};
use proptest::prelude::*;
use serde_json::json;

fn text(words: &str) -> ChatStreamEvent {
    ChatStreamEvent::Chunk(StreamChunk { content: words.into() })
}

fn end(reason: Option<&str>, calls: Vec<(&str, &str, Value)>) -> ChatStreamEvent {
    let calls: Vec<_> = calls
        .into_iter()
        .map(|(id, name, arguments)| genai::chat::ToolCall {
            call_id: id.into(),
            fn_name: name.into(),
            fn_arguments: arguments,
            thought_signatures: None,
        })
        .collect();
    ChatStreamEvent::End(StreamEnd {
        captured_stop_reason: reason.map(|r| StopReason::from(r.to_string())),
        captured_content: (!calls.is_empty()).then(|| MessageContent::from(calls)),
        ..StreamEnd::default()
    })
}

fn read(events: Vec<ChatStreamEvent>) -> (Vec<ChatDelta>, Result<(), Fault>) {
    let mut reader = ReplyReader::new(2, 1 << 20);
    let outcome = events.into_iter().try_for_each(|e| reader.push(e)).and_then(|()| reader.end());
    (std::iter::from_fn(|| reader.pop()).collect(), outcome)
}

#[test]
fn calls_of_one_tool_get_ids_of_their_own() {
    let call = |args| ("call#look_up#0", "look_up", args);
    let (deltas, outcome) = read(vec![end(Some("STOP"), vec![call(json!({"a": 1})), call(Value::Null)])]);
    let made = |id: &str, arguments| ChatDelta::ToolCall(ToolCall { id: id.into(), name: "look_up".into(), arguments });
    let done = ChatDelta::Done { finish: Finish::ToolCalls, usage: None };
    assert_eq!(deltas, [made("call#look_up#128", json!({"a": 1})), made("call#look_up#129", json!({})), done]);
    assert_eq!(outcome, Ok(()));
}

#[test]
fn a_reply_that_ran_into_the_limit_drops_the_call_that_it_cut() {
    let cut = || vec![("t", "end_call", Value::String("{\"re".into()))];
    let (deltas, outcome) = read(vec![text("Bye"), end(Some("max_tokens"), cut())]);
    let done = ChatDelta::Done { finish: Finish::Length, usage: None };
    assert_eq!((deltas, outcome), (vec![ChatDelta::Text("Bye".into()), done], Ok(())));
    assert!(matches!(read(vec![end(Some("tool_use"), cut())]).1, Err(Fault::Malformed(_))));
}

#[test]
fn every_end_has_its_meaning() {
    for (reason, expected) in [
        (None, Err(Fault::CutOff)),
        (Some("SAFETY"), Err(Fault::Filtered)),
        (Some("refusal"), Err(Fault::Filtered)),
        (Some("end_turn"), Ok(())),
        (Some("stop_sequence"), Ok(())),
        (Some("something new"), Ok(())),
    ] {
        assert_eq!(read(vec![text("Hi"), end(reason, vec![])]).1, expected, "{reason:?}");
    }
    assert!(matches!(read(vec![end(None, vec![])]).1, Err(Fault::Malformed(_))));
    assert!(matches!(read(vec![end(Some("MALFORMED_FUNCTION_CALL"), vec![])]).1, Err(Fault::Malformed(_))));
    assert!(matches!(read(vec![]).1, Err(Fault::Malformed(_))));
}

#[test]
fn a_reply_is_bounded() {
    let long = "x".repeat(REPLY_MAX / 2 + 1);
    assert!(matches!(read(vec![text(&long), text(&long)]).1, Err(Fault::Endless(_))));
}

proptest! {
    #[test]
    fn it_is_complete_exactly_where_no_error_is_told(
        words in prop::collection::vec("[a-z ]{0,8}", 0..6),
        reason in prop::option::of("STOP|MAX_TOKENS|SAFETY|tool_use|odd"),
        arguments in prop::collection::vec("null|\\{\\}|[\\[\\]7\"a]{0,4}", 0..4),
        ends in any::<bool>(),
    ) {
        let mut events: Vec<ChatStreamEvent> = words.iter().map(|w| text(w)).collect();
        let values = arguments.iter().map(|a| serde_json::from_str(a).unwrap_or(Value::String(a.clone())));
        let calls = values.map(|v| ("", "tool", v)).collect();
        if ends {
            events.push(end(reason.as_deref(), calls));
        }
        let (deltas, outcome) = read(events);
        prop_assert_eq!(matches!(deltas.last(), Some(ChatDelta::Done { .. })), outcome.is_ok());
        let said: String = deltas.iter().filter_map(|d| if let ChatDelta::Text(t) = d { Some(t.as_str()) } else { None }).collect();
        prop_assert_eq!(said, words.concat());
    }
}
