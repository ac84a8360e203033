use super::*;
use proptest::prelude::*;
use serde_json::json;

/// All deltas of a stream that is cut into pieces, and how it ended.
fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> (Vec<ChatDelta>, Result<(), Fault>) {
    let mut reader = ReplyReader::new("7".into(), text_max(60));
    let mut outcome = pieces.into_iter().try_for_each(|p| reader.push(p));
    if outcome.is_ok() {
        outcome = reader.end();
    }
    (std::iter::from_fn(|| reader.pop()).collect(), outcome)
}

fn stream_of(chunks: &[Value]) -> String {
    chunks.iter().map(|c| format!("data: {c}\n\n")).collect::<String>() + "data: [DONE]\n\n"
}

fn delta(delta: Value) -> Value {
    json!({"id": "x", "object": "chat.completion.chunk", "choices": [{"index": 0, "delta": delta, "finish_reason": null}]})
}

fn finish(reason: &str) -> Value {
    json!({"choices": [{"index": 0, "delta": {}, "finish_reason": reason}]})
}

fn calls(deltas: &[ChatDelta]) -> Vec<(&str, &str, String)> {
    let mut calls = vec![];
    for delta in deltas {
        if let ChatDelta::ToolCall(c) = delta {
            calls.push((c.id.as_str(), c.name.as_str(), c.arguments.to_string()));
        }
    }
    calls
}

fn done(finish: Finish, usage: Option<Usage>) -> ChatDelta {
    ChatDelta::Done { finish, usage }
}

/// A stream with all that occurs: role, text in many scripts, tool calls in pieces, usage, comments, CRLF, unknown fields.
fn rich_stream() -> String {
    let chunks = [
        delta(json!({"role": "assistant", "content": "", "refusal": null})),
        delta(json!({"content": "Grüß dich 👋 "})),
        delta(json!({"content": "— 你好", "reasoning_content": "hm", "padding": [1, 2]})),
        delta(
            json!({"tool_calls": [{"index": 0, "id": "call_a", "type": "function", "function": {"name": "look_up", "arguments": ""}}]}),
        ),
        delta(
            json!({"tool_calls": [{"index": 1, "id": "call_b", "function": {"name": "end_call", "arguments": "{"}}]}),
        ),
        delta(json!({"tool_calls": [{"index": 0, "function": {"arguments": "{\"order\": \"ü"}}]})),
        delta(
            json!({"tool_calls": [{"index": 0, "function": {"arguments": "7\"}"}}, {"index": 1, "function": {"arguments": "}"}}]}),
        ),
        finish("tool_calls"),
        json!({"choices": [], "usage": {"prompt_tokens": 50, "completion_tokens": 9, "total_tokens": 59, "prompt_tokens_details": {"cached_tokens": 32}}}),
    ];
    let text = stream_of(&chunks);
    format!(": keep-alive\r\n\r\nretry: 10\n\nevent: message\n{}", text.replacen("\n\n", "\r\n\r\n", 2))
}

fn rich_deltas() -> Vec<ChatDelta> {
    let call =
        |id: &str, name: &str, arguments| ChatDelta::ToolCall(ToolCall { id: id.into(), name: name.into(), arguments });
    vec![
        ChatDelta::Text("Grüß dich 👋 ".into()),
        ChatDelta::Text("— 你好".into()),
        call("call_a", "look_up", json!({"order": "ü7"})),
        call("call_b", "end_call", json!({})),
        done(Finish::ToolCalls, Some(Usage { prompt_tokens: 50, cached_tokens: 32, completion_tokens: 9 })),
    ]
}

#[test]
fn a_stream_cut_at_any_byte_gives_the_same_deltas() {
    let stream = rich_stream();
    for at in 0..=stream.len() {
        let (head, tail) = stream.as_bytes().split_at(at);
        assert_eq!(read([head, tail]), (rich_deltas(), Ok(())), "cut at {at}");
    }
}

proptest! {
    #[test]
    fn a_stream_cut_in_many_places_gives_the_same_deltas(mut cuts in prop::collection::vec(0usize..2000, 0..40)) {
        let stream = rich_stream();
        cuts.iter_mut().for_each(|c| *c %= stream.len());
        cuts.sort_unstable();
        let ends = cuts.iter().copied().chain([stream.len()]);
        let pieces = cuts.iter().copied().scan(0, |_, c| Some(c));
        let starts = [0].into_iter().chain(pieces);
        let pieces: Vec<&[u8]> = starts.zip(ends).map(|(a, b)| &stream.as_bytes()[a..b]).collect();
        prop_assert_eq!(read(pieces), (rich_deltas(), Ok(())));
    }

    #[test]
    fn garbage_ends_in_an_error_and_never_in_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..400), flip in 0usize..2000, to: u8) {
        let _ = read([&bytes[..]]);
        let mut nearly = rich_stream().into_bytes();
        let at = flip % nearly.len();
        nearly[at] = to;
        let (deltas, outcome) = read([&nearly[..]]);
        let complete = matches!(deltas.last(), Some(ChatDelta::Done { .. }));
        prop_assert_eq!(complete, outcome.is_ok());
    }
}

#[test]
fn the_end_is_found_however_a_server_marks_it() {
    let hi = delta(json!({"content": "Hi"}));
    let text = || ChatDelta::Text("Hi".into());
    let without_done = format!("data: {hi}\n\ndata: {}\n\n", finish("stop"));
    assert_eq!(read([without_done.as_bytes()]), (vec![text(), done(Finish::Stop, None)], Ok(())));
    let without_reason = stream_of(std::slice::from_ref(&hi));
    assert_eq!(read([without_reason.as_bytes()]), (vec![text(), done(Finish::Stop, None)], Ok(())));
    let length = stream_of(&[hi.clone(), finish("length")]);
    assert_eq!(read([length.as_bytes()]), (vec![text(), done(Finish::Length, None)], Ok(())));
    let cut = format!("data: {hi}\n\n");
    assert_eq!(read([cut.as_bytes()]), (vec![text()], Err(Fault::CutOff)));
    let filtered = stream_of(&[hi, finish("content_filter")]);
    assert_eq!(read([filtered.as_bytes()]), (vec![text()], Err(Fault::Filtered)));
}

#[test]
fn tool_calls_are_assembled_however_a_server_cuts_them() {
    // No index, no id, arguments as an object, "stop" at the end: seen at compatible servers.
    let whole = delta(json!({"tool_calls": [
        {"id": "a", "function": {"name": "one", "arguments": {"x": 1}}},
        {"id": "b", "function": {"name": "two", "arguments": "{\"y\""}},
        {"function": {"arguments": ":2}"}},
    ]}));
    let (deltas, outcome) = read([stream_of(&[whole, finish("stop")]).as_bytes()]);
    assert_eq!(outcome, Ok(()));
    assert_eq!(calls(&deltas), [("a", "one", r#"{"x":1}"#.into()), ("b", "two", r#"{"y":2}"#.into())]);
    assert_eq!(deltas.last(), Some(&done(Finish::ToolCalls, None)));

    let no_id = delta(json!({"tool_calls": [{"index": 0, "function": {"name": "end_call"}}]}));
    let (deltas, _) = read([stream_of(&[no_id]).as_bytes()]);
    assert_eq!(calls(&deltas), [("call_7_0", "end_call", "{}".into())]);
}

#[test]
fn half_a_tool_call_is_an_error_unless_the_limit_cut_it() {
    let half =
        delta(json!({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "one", "arguments": "{\"x"}}]}));
    let (deltas, outcome) = read([stream_of(&[half.clone(), finish("tool_calls")]).as_bytes()]);
    assert!(deltas.is_empty() && matches!(outcome, Err(Fault::Malformed(_))), "{outcome:?}");
    let (deltas, outcome) = read([stream_of(&[half, finish("length")]).as_bytes()]);
    assert_eq!((deltas, outcome), (vec![done(Finish::Length, None)], Ok(())));
    for arguments in ["[1]", "7", "null x"] {
        let call = delta(
            json!({"tool_calls": [{"index": 0, "id": "a", "function": {"name": "one", "arguments": arguments}}]}),
        );
        assert!(matches!(read([stream_of(&[call]).as_bytes()]).1, Err(Fault::Malformed(_))), "{arguments}");
    }
}

#[test]
fn what_a_server_sends_is_bounded() {
    let endless = format!("data: {}", "x".repeat(REPLY_MAX + 1));
    assert!(matches!(read([endless.as_bytes()]).1, Err(Fault::Malformed(_))));
    let piece = delta(json!({"tool_calls": [{"index": 0, "function": {"arguments": "y".repeat(REPLY_MAX / 4)}}]}));
    let pieces = stream_of(&vec![piece; 5]);
    assert!(matches!(read([pieces.as_bytes()]).1, Err(Fault::Malformed(_))));
    let many: Vec<Value> = (0..=CALLS_MAX).map(|i| delta(json!({"tool_calls": [{"index": i, "id": "a"}]}))).collect();
    assert!(matches!(read([stream_of(&many).as_bytes()]).1, Err(Fault::Malformed(_))));
}

#[test]
fn trouble_in_the_middle_keeps_what_came_before() {
    let hi = delta(json!({"content": "Hi"}));
    let error = json!({"error": {"message": "overloaded", "type": "server_error", "code": null}});
    let (deltas, outcome) = read([stream_of(&[hi.clone(), error]).as_bytes()]);
    assert_eq!(deltas, [ChatDelta::Text("Hi".into())]);
    assert!(matches!(outcome, Err(Fault::Refused(_))));
    let secret = format!("data: {hi}\n\ndata: {{\"choices\": \"my card is 4242\"}}\n\n");
    let Err(Fault::Malformed(what)) = read([secret.as_bytes()]).1 else { panic!("not a chunk") };
    assert!(!what.contains("4242"), "{what}");
    for not_a_stream in ["", "<html><body>It works!</body></html>", "data: [DONE]\n\n"] {
        assert!(matches!(read([not_a_stream.as_bytes()]).1, Err(Fault::Malformed(_))), "{not_a_stream}");
    }
}
