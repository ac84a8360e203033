use super::{anthropic, anthropic_config, listen, long_request, named, patiently, said};
use crate::double::{Double, KEY, endless, events, request};
use axum::response::IntoResponse;
use duologue_chat::{ChatDelta, Finish, ToolCall, Usage};
use duologue_models::genai::{Anthropic, AnthropicConfig};
use duologue_models::{Llm, ModelErrorKind};
use futures::StreamExt;
use serde_json::json;
use std::sync::Mutex;

fn start() -> Vec<u8> {
    let usage = json!({"input_tokens": 5, "cache_read_input_tokens": 2, "output_tokens": 1});
    named("message_start", json!({"message": {"id": "m", "role": "assistant", "content": [], "usage": usage}}))
}

fn block(index: u32, content: serde_json::Value) -> Vec<u8> {
    named("content_block_start", json!({"index": index, "content_block": content}))
}

fn delta(index: u32, delta: serde_json::Value) -> Vec<u8> {
    named("content_block_delta", json!({"index": index, "delta": delta}))
}

fn stop(index: u32) -> Vec<u8> {
    named("content_block_stop", json!({"index": index}))
}

fn end(reason: &str) -> Vec<u8> {
    let delta = named("message_delta", json!({"delta": {"stop_reason": reason}, "usage": {"output_tokens": 9}}));
    [delta, named("message_stop", json!({}))].concat()
}

/// The answer of the documentation: text, a tool call in pieces, pings between.
fn answer() -> Vec<u8> {
    [
        start(),
        block(0, json!({"type": "text", "text": ""})),
        named("ping", json!({})),
        delta(0, json!({"type": "text_delta", "text": "Grüß "})),
        delta(0, json!({"type": "text_delta", "text": "dich 👋"})),
        stop(0),
        block(1, json!({"type": "tool_use", "id": "toolu_1", "name": "end_call", "input": {}})),
        delta(1, json!({"type": "input_json_delta", "partial_json": ""})),
        delta(1, json!({"type": "input_json_delta", "partial_json": "{\"reason\":\"ge"})),
        delta(1, json!({"type": "input_json_delta", "partial_json": "löst\"}"})),
        stop(1),
        end("tool_use"),
    ]
    .concat()
}

#[tokio::test]
async fn the_request_is_as_documented() {
    let double = Double::start(|_, _| events(vec![answer()], false)).await;
    let (_, trouble) = listen(&anthropic(&double, patiently()), long_request()).await;
    assert!(trouble.is_none(), "{trouble:?}");
    let seen = &double.seen()[0];
    assert_eq!(seen.path, "/v1/messages");
    assert_eq!(seen.headers["x-api-key"], KEY);
    assert_eq!(seen.headers["anthropic-version"], "2023-06-01");
    assert!(!seen.headers.contains_key("authorization") && !seen.headers.contains_key("accept-encoding"));
    assert_eq!(
        seen.json(),
        json!({
            "model": "claude-haiku-4-5",
            "stream": true,
            "max_tokens": 60,
            "temperature": 0.7,
            "system": "You are Joe.\n\nFor your next line: say goodbye",
            "tools": [{
                "name": "look_up",
                "description": "Finds an order.",
                "input_schema": {"type": "object", "properties": {"order": {"type": "integer"}}},
            }],
            "messages": [
                {"role": "user", "content": "(Anna is on the line. You speak first.)"},
                {"role": "assistant", "content": "Hello, this is Joe."},
                {"role": "user", "content": "My order?"},
                {"role": "assistant", "content": [{"type": "tool_use", "id": "c1", "name": "look_up", "input": {"order": 7}}]},
                {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "c1", "content": "{\"state\":\"sent\"}"}]},
                {"role": "assistant", "content": "It was sent."},
                {"role": "user", "content": "(Anna says nothing. You go on.)"},
            ],
        })
    );
}

#[tokio::test]
async fn text_a_tool_call_and_usage_are_put_together_from_single_bytes() {
    let double = Double::start(|_, _| events(answer().chunks(1).map(<[u8]>::to_vec).collect(), false)).await;
    let (deltas, trouble) = listen(&anthropic(&double, patiently()), request()).await;
    let call = ToolCall { id: "toolu_1".into(), name: "end_call".into(), arguments: json!({"reason": "gelöst"}) };
    let usage = Usage { prompt_tokens: 7, cached_tokens: 2, completion_tokens: 9 };
    assert!(trouble.is_none(), "{trouble:?}");
    assert_eq!(
        deltas,
        [
            said("Grüß "),
            said("dich 👋"),
            ChatDelta::ToolCall(call),
            ChatDelta::Done { finish: Finish::ToolCalls, usage: Some(usage) },
        ]
    );
}

#[tokio::test]
async fn every_stop_reason_has_its_meaning() {
    for (reason, finish) in [
        ("end_turn", Some(Finish::Stop)),
        ("stop_sequence", Some(Finish::Stop)),
        ("max_tokens", Some(Finish::Length)),
        ("refusal", None),
    ] {
        let text = delta(0, json!({"type": "text_delta", "text": "Hi"}));
        let body = [start(), block(0, json!({"type": "text", "text": ""})), text, stop(0), end(reason)].concat();
        let double = Double::start(move |_, _| events(vec![body.clone()], false)).await;
        let (deltas, trouble) = listen(&anthropic(&double, patiently()), request()).await;
        match finish {
            Some(expected) => assert!(
                matches!(deltas.last(), Some(ChatDelta::Done { finish, .. }) if *finish == expected),
                "{reason}: {deltas:?} {trouble:?}"
            ),
            None => assert!(trouble.expect("refused").message.contains("content filter")),
        }
    }
}

#[tokio::test]
async fn trouble_in_the_middle_is_told_in_the_servers_words_without_the_key() {
    let said_by_server = json!({"error": {"type": "overloaded_error", "message": format!("Overloaded {KEY}")}});
    let text = delta(0, json!({"type": "text_delta", "text": "One moment"}));
    let body = [start(), block(0, json!({"type": "text", "text": ""})), text, named("error", said_by_server)].concat();
    let double = Double::start(move |_, _| events(vec![body.clone()], false)).await;
    let (deltas, trouble) = listen(&anthropic(&double, patiently()), request()).await;
    let told = trouble.expect("told").to_string();
    assert_eq!(deltas, [said("One moment")]);
    let url = format!("{}/messages", double.base_url());
    assert_eq!(told, format!("anthropic: {url}: the server reports: Overloaded [redacted]\n  help: try again later"));
    assert_eq!(double.seen().len(), 1, "what was heard is not said again");
}

#[tokio::test]
async fn overload_before_the_first_word_is_tried_again() {
    let error = named("error", json!({"error": {"type": "overloaded_error", "message": "Overloaded"}}));
    let double = Double::start(move |n, _| match n {
        0 => {
            crate::double::status(529, json!({"type": "error", "error": {"type": "overloaded_error", "message": "x"}}))
        }
        1 => events(vec![error.clone()], false),
        _ => events(vec![answer()], false),
    })
    .await;
    let (deltas, trouble) = listen(&anthropic(&double, patiently()), request()).await;
    assert!(trouble.is_none() && deltas.len() == 4, "{trouble:?}");
    assert_eq!(double.seen().len(), 3);
}

#[tokio::test]
async fn a_dropped_stream_closes_the_connection() {
    let text = delta(0, json!({"type": "text_delta", "text": "Hello "}));
    let first = [start(), block(0, json!({"type": "text", "text": ""})), text].concat();
    let (response, gone) = endless("text/event-stream", first);
    let response = Mutex::new(Some(response));
    let double = Double::start(move |_, _| response.lock().expect("unpoisoned").take().expect("one request")).await;
    let mut stream = anthropic(&double, patiently()).chat(request()).await.expect("begins");
    assert_eq!(stream.next().await.expect("a word").expect("good"), said("Hello "));
    drop(stream);
    gone.await.expect("the server notices");
}

#[tokio::test]
async fn only_anthropic_itself_insists_on_a_key_and_the_list_tells_that_all_is_well() {
    let error = Anthropic::new(AnthropicConfig::default()).expect_err("no key, no client");
    assert_eq!(error.kind, ModelErrorKind::Configuration);
    assert!(error.message.contains("ANTHROPIC_API_KEY is not set"), "{error}");

    let double = Double::start(|_, _| {
        json!({"data": [{"id": "claude-opus-4-5"}, {"id": "claude-haiku-4-5"}], "has_more": false})
            .to_string()
            .into_response()
    })
    .await;
    let client = Anthropic::new(anthropic_config(&double, patiently())).expect("good");
    let connection = client.connection_check().await.expect("well");
    assert_eq!(connection.offers("claude-haiku-4-5"), Some(true));
    assert_eq!(
        (double.seen()[0].path.as_str(), &double.seen()[0].headers["x-api-key"]),
        ("/v1/models", &KEY.parse().expect("a header"))
    );
    assert!(!format!("{client:?}").contains(KEY));
}
