use crate::double::{Double, KEY, done, endless, event, events, hello, request, status, stop, text};
use axum::response::IntoResponse;
use duologue_chat::{ChatDelta, ChatRequest, Finish, Hint, Item, Role, ToolCall, ToolSpec, Usage};
use duologue_models::{ChatStream, Llm, ModelError};
use futures::{FutureExt, StreamExt, TryStreamExt};
use serde_json::json;
use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::mpsc;

async fn all(stream: Result<ChatStream, ModelError>) -> Vec<ChatDelta> {
    stream.expect("it begins").try_collect().await.expect("it ends well")
}

fn said(words: &str) -> ChatDelta {
    ChatDelta::Text(words.into())
}

const STOPPED: ChatDelta = ChatDelta::Done { finish: Finish::Stop, usage: None };

#[tokio::test]
async fn the_request_is_as_documented() {
    let double = Double::start(|_, _| hello()).await;
    let look_up = ToolSpec {
        name: "look_up".into(),
        description: "Finds an order.".into(),
        parameters: json!({"type": "object", "properties": {"order": {"type": "string"}}}),
        timeout: Duration::from_secs(5),
    };
    let asked = ChatRequest {
        items: vec![Item::Message { role: Role::User, text: "Hello?".into(), interrupted: false }],
        tools: [look_up].into(),
        hint: Some(Hint("greet".into())),
        temperature: Some(0.5),
        seed: u64::MAX,
        ..request()
    };
    assert_eq!(all(double.client().llm("small").chat(asked).await).await, [said("Hello."), STOPPED]);

    let seen = &double.seen()[0];
    assert_eq!(seen.path, "/v1/chat/completions");
    assert_eq!(seen.headers["authorization"], format!("Bearer {KEY}"));
    assert_eq!(
        seen.json(),
        json!({
            "model": "small",
            "messages": [
                {"role": "system", "content": "You are Joe."},
                {"role": "user", "content": "Hello?"},
                {"role": "system", "content": "For your next line: greet"},
            ],
            "tools": [{"type": "function", "function": {
                "name": "look_up",
                "description": "Finds an order.",
                "parameters": {"type": "object", "properties": {"order": {"type": "string"}}},
            }}],
            "stream": true,
            "stream_options": {"include_usage": true},
            "max_tokens": 60,
            "temperature": 0.5,
            "seed": 0x7fff_ffff,
        })
    );
}

#[tokio::test]
async fn text_tool_calls_and_usage_are_put_together_from_single_bytes() {
    let call = |delta| event(json!({"choices": [{"delta": {"tool_calls": [delta]}}]}));
    let whole = [
        text("Grüß dich 👋"),
        call(
            json!({"index": 0, "id": "c1", "type": "function", "function": {"name": "end_call", "arguments": "{\"re"}}),
        ),
        call(json!({"index": 0, "function": {"arguments": "ason\":\"gelöst\"}"}})),
        event(json!({"choices": [{"delta": {}, "finish_reason": "tool_calls"}]})),
        event(json!({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}})),
        done(),
    ]
    .concat();
    let double = Double::start(move |_, _| events(whole.chunks(1).map(<[u8]>::to_vec).collect(), false)).await;
    let call = ToolCall { id: "c1".into(), name: "end_call".into(), arguments: json!({"reason": "gelöst"}) };
    let usage = Usage { prompt_tokens: 7, cached_tokens: 0, completion_tokens: 3 };
    assert_eq!(
        all(double.client().llm("m").chat(request()).await).await,
        [
            said("Grüß dich 👋"),
            ChatDelta::ToolCall(call),
            ChatDelta::Done { finish: Finish::ToolCalls, usage: Some(usage) },
        ]
    );
}

#[tokio::test]
async fn words_are_passed_on_while_the_model_still_writes() {
    let (send, receive) = mpsc::unbounded_channel::<Vec<u8>>();
    let receive = Mutex::new(Some(receive));
    let double = Double::start(move |_, _| {
        let receive = receive.lock().expect("unpoisoned").take().expect("one request");
        let pieces = futures::stream::unfold(receive, |mut r| async { r.recv().await.map(|b| (Ok(b), r)) });
        crate::double::streamed("text/event-stream", pieces)
    })
    .await;
    send.send(text("One ")).expect("kept");
    let mut stream = double.client().llm("m").chat(request()).await.expect("begins");
    assert_eq!(stream.next().await.expect("a word").expect("good"), said("One "));
    assert!(stream.next().now_or_never().is_none(), "the model has not written more");
    send.send(text("two.")).expect("kept");
    assert_eq!(stream.next().await.expect("a word").expect("good"), said("two."));
    drop(send);
}

#[tokio::test]
async fn a_server_that_does_not_stream_is_understood() {
    let double = Double::start(|_, _| {
        let message = json!({"role": "assistant", "content": "Hello.", "tool_calls": null});
        let body = json!({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]});
        ([("content-type", "application/json; charset=utf-8")], body.to_string()).into_response()
    })
    .await;
    assert_eq!(all(double.client().llm("m").chat(request()).await).await, [said("Hello."), STOPPED]);
}

#[tokio::test]
async fn a_dropped_stream_closes_the_connection() {
    let (response, gone) = endless("text/event-stream", text("Hello "));
    let response = Mutex::new(Some(response));
    let double = Double::start(move |_, _| response.lock().expect("unpoisoned").take().expect("one request")).await;
    let mut stream = double.client().llm("m").chat(request()).await.expect("begins");
    assert_eq!(stream.next().await.expect("a word").expect("good"), said("Hello "));
    drop(stream);
    gone.await.expect("the server notices");
}

#[tokio::test]
async fn a_dropped_request_closes_the_connection() {
    let (response, gone) = endless("text/event-stream", vec![]);
    let (asked, was_asked) = tokio::sync::oneshot::channel();
    let state = Mutex::new(Some((response, asked)));
    let double = Double::start(move |_, _| {
        let (response, asked) = state.lock().expect("unpoisoned").take().expect("one request");
        asked.send(()).expect("waited for");
        response
    })
    .await;
    let llm = double.client().llm("m");
    tokio::select! {
        _ = llm.chat(request()) => panic!("there is no answer"),
        asked = was_asked => asked.expect("it was sent"),
    }
    gone.await.expect("the server notices");
}

#[tokio::test]
async fn a_reply_leaves_its_connection_to_the_next() {
    let double = Double::start(|_, _| hello()).await;
    let llm = double.client().llm("m");
    for _ in 0..3 {
        // Even for a caller that stops at the last delta.
        let mut stream = llm.chat(request()).await.expect("begins");
        while stream.next().await.expect("more").expect("good") != STOPPED {}
    }
    let peers: Vec<_> = double.seen().iter().map(|s| s.peer).collect();
    assert_eq!(peers, [peers[0]; 3]);
}

#[tokio::test]
async fn a_model_that_is_done_is_not_waited_for() {
    let double = Double::start(|_, _| events(vec![text("Hello."), stop()], true)).await;
    assert_eq!(all(double.client().llm("m").chat(request()).await).await, [said("Hello."), STOPPED]);
    let double = Double::start(|_, _| crate::double::cut("text/event-stream", vec![text("Hello."), stop()])).await;
    assert_eq!(all(double.client().llm("m").chat(request()).await).await, [said("Hello."), STOPPED]);
}

#[tokio::test]
async fn what_may_pass_is_tried_again_before_the_first_byte() {
    let double = Double::start(|n, _| match n {
        0 => status(503, json!({"error": {"message": "warming up"}})),
        1 => axum::response::Response::builder()
            .status(429)
            .header("retry-after-ms", "1")
            .body(axum::body::Body::empty())
            .expect("a response"),
        _ => hello(),
    })
    .await;
    assert_eq!(all(double.client().llm("m").chat(request()).await).await, [said("Hello."), STOPPED]);
    let seen = double.seen();
    assert_eq!(seen.len(), 3);
    assert_eq!(seen[0].json(), seen[2].json());
}
