//! What goes wrong in the same way with both.

use super::{anthropic, gemini, listen, named, patiently, said};
use crate::double::{Double, KEY, cut, event, events, request, status, streamed};
use axum::body::Body;
use axum::response::Response;
use duologue_ids::Seed;
use duologue_models::Timeouts;
use duologue_models::{Llm, ModelError, ModelErrorKind};
use serde_json::json;
use std::time::Duration;
use tokio::time::Instant;

/// Both of them, behind the same double.
fn both(double: &Double, timeouts: Timeouts) -> [(&'static str, Box<dyn Llm>); 2] {
    [("anthropic", Box::new(anthropic(double, timeouts))), ("gemini", Box::new(gemini(double, timeouts)))]
}

/// A word in either dialect; the other takes it for an event without a meaning or for garbage.
fn word(provider: &str) -> Vec<u8> {
    match provider {
        "anthropic" => {
            named("content_block_delta", json!({"index": 0, "delta": {"type": "text_delta", "text": "Hello "}}))
        }
        _ => event(json!({"candidates": [{"content": {"parts": [{"text": "Hello "}]}}]})),
    }
}

fn provider_of(path: &str) -> &'static str {
    if path.ends_with("/messages") { "anthropic" } else { "gemini" }
}

async fn fail(llm: &dyn Llm) -> (usize, ModelError) {
    let (deltas, error) = listen(llm, request()).await;
    (deltas.len(), error.expect("it should fail"))
}

#[tokio::test]
async fn every_status_has_its_meaning_and_its_help() {
    let limited = ModelErrorKind::RateLimited { retry_after: None };
    for (code, kind, requests) in [
        (400, ModelErrorKind::Rejected, 1),
        (401, ModelErrorKind::Unauthorized, 1),
        (403, ModelErrorKind::Unauthorized, 1),
        (404, ModelErrorKind::Configuration, 1),
        (413, ModelErrorKind::Rejected, 1),
        (429, limited, 3),
        (500, ModelErrorKind::Unavailable, 3),
        (529, ModelErrorKind::Unavailable, 3),
    ] {
        let said = json!({"error": {"message": format!("no {KEY} here: {}", "x".repeat(5000))}});
        let double = Double::start(move |_, _| status(code, said.clone())).await;
        for (provider, llm) in both(&double, patiently()) {
            let before = double.seen().len();
            let (heard, error) = fail(llm.as_ref()).await;
            assert_eq!((heard, error.kind, double.seen().len() - before), (0, kind, requests), "{code}: {error}");
            assert_eq!(error.provider, provider);
            assert!(error.message.contains(&code.to_string()) && error.message.len() < 600, "{error}");
            assert!(!format!("{error:?} {error}").contains(KEY) && !error.help.is_empty(), "{error}");
        }
    }
}

#[tokio::test]
async fn a_wait_that_the_server_asks_for_is_kept_and_a_long_one_left_to_the_caller() {
    let double = Double::start(|n, seen| match n % 2 {
        0 => Response::builder().status(429).header("retry-after", "0").body(Body::empty()).expect("a response"),
        _ => events(vec![word(provider_of(&seen.path))], true),
    })
    .await;
    for (provider, llm) in both(&double, patiently()) {
        assert!(llm.chat(request()).await.is_ok(), "{provider}");
    }
    assert_eq!(double.seen().len(), 4);
    let double = Double::start(|_, _| {
        Response::builder().status(429).header("retry-after", "3600").body(Body::empty()).expect("a response")
    })
    .await;
    for (provider, llm) in both(&double, patiently()) {
        let (_, error) = fail(llm.as_ref()).await;
        let asked = ModelErrorKind::RateLimited { retry_after: Some(Duration::from_secs(3600)) };
        assert_eq!(error.kind, asked, "{provider}");
    }
    assert_eq!(double.seen().len(), 2);
}

#[tokio::test]
async fn a_stream_that_stalls_is_given_up() {
    let double = Double::start(|_, seen| events(vec![word(provider_of(&seen.path))], true)).await;
    for (provider, llm) in both(&double, Timeouts { stall: Duration::from_millis(50), ..patiently() }) {
        let (heard, error) = fail(llm.as_ref()).await;
        assert_eq!((heard, error.kind), (1, ModelErrorKind::Unavailable), "{provider}: {error}");
        assert!(error.message.ends_with("the answer stopped in the middle: nothing for 50ms"), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_drips_for_ever_is_given_up() {
    let double = Double::start(|_, seen| {
        let word = word(provider_of(&seen.path));
        let drops = futures::stream::unfold(tokio::time::interval(Duration::from_millis(1)), move |mut clock| {
            let word = word.clone();
            async move {
                clock.tick().await;
                Some((Ok(word), clock))
            }
        });
        streamed("text/event-stream", drops)
    })
    .await;
    for (provider, llm) in both(&double, Timeouts { answer: Duration::from_millis(60), ..patiently() }) {
        let (_, error) = fail(llm.as_ref()).await;
        assert_eq!(error.kind, ModelErrorKind::TimedOut, "{provider}: {error}");
    }
}

#[tokio::test]
async fn an_answer_that_never_begins_is_given_up_even_where_it_drips() {
    for drip in ["", ": ping\n\n", "event: ping\n", "x"] {
        let double = Double::start(move |_, _| {
            let clock = tokio::time::interval(Duration::from_millis(1));
            let drops = futures::stream::unfold(clock, move |mut clock| async move {
                clock.tick().await;
                Some((Ok(drip.as_bytes().to_vec()), clock))
            });
            streamed("text/event-stream", drops)
        })
        .await;
        for (provider, llm) in both(&double, Timeouts { first_byte: Duration::from_millis(60), ..patiently() }) {
            let (heard, error) = fail(llm.as_ref()).await;
            assert_eq!((heard, error.kind), (0, ModelErrorKind::TimedOut), "{provider} {drip:?}: {error}");
        }
        assert_eq!(double.seen().len(), 2, "not tried again");
    }
}

/// An event without an end, as fast as the machine can send it: it ends with the first deadline.
#[tokio::test]
async fn an_endless_event_ends_in_time() {
    let double = Double::start(|_, _| {
        streamed("text/event-stream", futures::stream::repeat_with(|| Ok(b"data: xxxxxxxxxxxxxxxx".repeat(700))))
    })
    .await;
    for (provider, llm) in both(&double, Timeouts { first_byte: Duration::from_millis(200), ..patiently() }) {
        let began = Instant::now();
        let (_, error) = fail(llm.as_ref()).await;
        assert_eq!(error.kind, ModelErrorKind::TimedOut, "{provider}: {error}");
        assert!(began.elapsed() < Duration::from_secs(10), "{provider}: {:?}", began.elapsed());
    }
}

#[tokio::test]
async fn a_connection_that_breaks_after_the_first_word_is_not_tried_again() {
    let double = Double::start(|_, seen| cut("text/event-stream", vec![word(provider_of(&seen.path))])).await;
    for (provider, llm) in both(&double, patiently()) {
        let (deltas, error) = listen(llm.as_ref(), request()).await;
        let kind = error.expect("it broke").kind;
        assert_eq!((deltas, kind), (vec![said("Hello ")], ModelErrorKind::Unavailable), "{provider}");
    }
    assert_eq!(double.seen().len(), 2);
}

#[tokio::test]
async fn garbage_is_malformed_and_a_redirect_is_not_followed() {
    for body in ["<html>It works!</html>", "{}", "data: {not json\n\n", "event: content_block_delta\ndata: {}x\n\n", ""]
    {
        let double = Double::start(move |_, _| Response::new(Body::from(body))).await;
        for (provider, llm) in both(&double, patiently()) {
            let (_, error) = fail(llm.as_ref()).await;
            assert_eq!(error.kind, ModelErrorKind::Malformed, "{provider} {body:?}: {error}");
            assert!(error.help.contains("check that the base URL is that of a server of"), "{error}");
        }
    }
    let double = Double::start(|_, _| {
        Response::builder().status(307).header("location", "/elsewhere").body(Body::empty()).expect("a response")
    })
    .await;
    for (_, llm) in both(&double, patiently()) {
        assert_eq!(fail(llm.as_ref()).await.1.kind, ModelErrorKind::Configuration);
    }
    assert_eq!(double.seen().len(), 2);
}

/// A good stream with some bytes changed, cut out or doubled: it is read or refused, and never both.
#[tokio::test]
async fn a_damaged_stream_is_read_or_refused() {
    let good = |path: &str| {
        match provider_of(path) {
        "anthropic" => [
            named("message_start", json!({"message": {"usage": {"input_tokens": 5}}})),
            named("content_block_start", json!({"index": 0, "content_block": {"type": "text", "text": ""}})),
            word("anthropic"),
            named("content_block_stop", json!({"index": 0})),
            named("content_block_start", json!({"index": 1, "content_block": {"type": "tool_use", "id": "t", "name": "x"}})),
            named("content_block_delta", json!({"index": 1, "delta": {"type": "input_json_delta", "partial_json": "{}"}})),
            named("message_delta", json!({"delta": {"stop_reason": "tool_use"}, "usage": {"output_tokens": 9}})),
            named("message_stop", json!({})),
        ]
        .concat(),
        _ => [
            word("gemini"),
            event(json!({"candidates": [{"content": {"parts": [{"functionCall": {"name": "x"}}]}, "finishReason": "STOP"}]})),
        ]
        .concat(),
    }
    };
    let double = Double::start(move |n, seen| {
        let mut bytes = good(&seen.path);
        let draw = |what: &str, below: usize| (Seed(n as u64).derive(what).0 % below as u64) as usize;
        for i in 0..draw("times", 4) {
            let (at, len) = (draw(&format!("at {i}"), bytes.len()), draw(&format!("len {i}"), 9));
            let end = (at + len).min(bytes.len());
            match draw(&format!("what {i}"), 3) {
                0 => drop(bytes.drain(at..end)),
                1 => bytes[at..end].fill(draw(&format!("byte {i}"), 256) as u8),
                _ => bytes.extend_from_within(at..end),
            }
        }
        events(vec![bytes], false)
    })
    .await;
    let (mut read, mut refused) = (0, 0);
    for _ in 0..60 {
        for (_, llm) in both(&double, patiently()) {
            let (deltas, error) = listen(llm.as_ref(), request()).await;
            let done = matches!(deltas.last(), Some(duologue_chat::ChatDelta::Done { .. }));
            assert_eq!(done, error.is_none(), "{deltas:?} {error:?}");
            if done { read += 1 } else { refused += 1 }
        }
    }
    assert!(read > 10 && refused > 10, "{read} read, {refused} refused");
}
