use crate::double::{Double, KEY, cut, done, event, events, request, status, text};
use axum::body::Body;
use axum::response::Response;
use duologue_chat::ChatDelta;
use duologue_models::openai::{OpenAi, OpenAiConfig, Timeouts};
use duologue_models::{Llm, ModelError, ModelErrorKind};
use futures::StreamExt;
use serde_json::json;
use std::time::Duration;
use tokio::net::TcpListener;

/// What was said before it went wrong, and how it went wrong.
async fn fail(client: &OpenAi) -> (String, ModelError) {
    let mut heard = String::new();
    let mut stream = match client.llm("small").chat(request()).await {
        Ok(stream) => stream,
        Err(error) => return (heard, error),
    };
    while let Some(delta) = stream.next().await {
        match delta {
            Ok(ChatDelta::Text(words)) => heard.push_str(&words),
            Ok(other) => panic!("{other:?} after {heard:?}"),
            Err(error) => {
                assert!(stream.next().await.is_none(), "an error is the end");
                return (heard, error);
            }
        }
    }
    panic!("it should fail after {heard:?}");
}

fn short(config: OpenAiConfig) -> OpenAiConfig {
    let short = Duration::from_millis(50);
    OpenAiConfig { timeouts: Timeouts { stall: short, ..config.timeouts }, ..config }
}

#[tokio::test]
async fn every_status_has_its_meaning_and_its_help() {
    let limited = ModelErrorKind::RateLimited { retry_after: None };
    for (code, class, kind, requests) in [
        (400, "invalid_request_error", ModelErrorKind::Rejected, 1),
        (401, "invalid_api_key", ModelErrorKind::Unauthorized, 1),
        (403, "", ModelErrorKind::Unauthorized, 1),
        (404, "model_not_found", ModelErrorKind::Configuration, 1),
        (422, "", ModelErrorKind::Rejected, 1),
        (429, "rate_limit_exceeded", limited, 3),
        (429, "insufficient_quota", ModelErrorKind::Rejected, 1),
        (500, "server_error", ModelErrorKind::Unavailable, 3),
        (503, "", ModelErrorKind::Unavailable, 3),
    ] {
        let said = json!({"error": {"message": format!("no {KEY} here: {}", "x".repeat(5000)), "code": class}});
        let double = Double::start(move |_, _| status(code, said.clone())).await;
        let (_, error) = fail(&double.client()).await;
        assert_eq!((error.kind, double.seen().len()), (kind, requests), "{code} {class}: {error}");
        assert!(error.message.contains("/v1/chat/completions") && error.message.contains(&code.to_string()), "{error}");
        assert!(error.message.len() < 500 && !error.help.is_empty(), "{error}");
        assert!(!format!("{error:?} {error}").contains(KEY), "{error}");
        assert_eq!(error.provider, "openai");
        assert!(!error.is_transient(), "it was tried as often as makes sense: {error}");
        if kind == ModelErrorKind::Unauthorized {
            assert!(error.to_string().contains("OPENAI_API_KEY"), "{error}");
        } else {
            assert!(error.message.contains("no [redacted] here"), "{error}");
        }
    }
}

#[tokio::test]
async fn a_long_wait_that_the_server_asks_for_is_left_to_the_caller() {
    let double = Double::start(|_, _| {
        Response::builder().status(429).header("retry-after", "3600").body(Body::empty()).expect("a response")
    })
    .await;
    let (_, error) = fail(&double.client()).await;
    assert_eq!(error.kind, ModelErrorKind::RateLimited { retry_after: Some(Duration::from_secs(3600)) });
    assert_eq!(double.seen().len(), 1);
    assert!(error.message.ends_with("the server asks to wait 3600 s") && error.help.contains("3600 s"), "{error}");
    assert!(!error.is_transient(), "whoever asked is not to ask again at once");
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let double = Double::start(|_, _| {
        Response::builder().status(307).header("location", "/elsewhere").body(Body::empty()).expect("a response")
    })
    .await;
    let (_, error) = fail(&double.client()).await;
    assert_eq!((error.kind, double.seen().len()), (ModelErrorKind::Configuration, 1), "{error}");
}

#[tokio::test]
async fn after_the_first_word_nothing_is_tried_again() {
    let double = Double::start(|_, _| cut("text/event-stream", vec![text("Hello ")])).await;
    let (heard, error) = fail(&double.client()).await;
    assert_eq!((heard.as_str(), error.kind), ("Hello ", ModelErrorKind::Unavailable), "{error}");
    assert!(error.is_transient(), "that is left to whoever knows what was heard of it");
    let ended = Double::start(|_, _| events(vec![text("Hello ")], false)).await;
    let (heard, error) = fail(&ended.client()).await;
    assert_eq!((heard.as_str(), error.kind), ("Hello ", ModelErrorKind::Unavailable), "{error}");
    assert_eq!((double.seen().len(), ended.seen().len()), (1, 1));
}

#[tokio::test]
async fn a_stream_that_stalls_is_given_up() {
    let double = Double::start(|_, _| events(vec![text("Hello ")], true)).await;
    let client = OpenAi::new(short(double.config())).expect("good");
    let (heard, error) = fail(&client).await;
    assert_eq!((heard.as_str(), error.kind), ("Hello ", ModelErrorKind::Unavailable), "{error}");
    assert!(error.message.contains("50ms"), "{error}");
}

#[tokio::test]
async fn a_server_that_drips_for_ever_is_given_up() {
    let double = Double::start(|_, _| {
        let clock = tokio::time::interval(Duration::from_millis(1));
        let drops = futures::stream::unfold(clock, |mut clock| async {
            clock.tick().await;
            Some((Ok(b": still thinking\n\n".to_vec()), clock))
        });
        crate::double::streamed("text/event-stream", drops)
    })
    .await;
    let mut config = double.config();
    config.timeouts.answer = Duration::from_millis(60);
    let (_, error) = fail(&OpenAi::new(config).expect("good")).await;
    assert_eq!(error.kind, ModelErrorKind::TimedOut, "{error}");
}

#[tokio::test]
async fn no_first_byte_in_time_is_a_time_out_and_not_tried_again() {
    let double = Double::start(|_, _| events(vec![], true)).await;
    let mut config = double.config();
    config.timeouts.first_byte = Duration::from_millis(50);
    let (_, error) = fail(&OpenAi::new(config).expect("good")).await;
    assert_eq!((error.kind, double.seen().len()), (ModelErrorKind::TimedOut, 1), "{error}");
}

#[tokio::test]
async fn an_answer_that_is_none_of_the_protocol_is_malformed() {
    let html = "<html>It works!</html>";
    for body in [
        html.into(),
        "data: {not json}\n\n".into(),
        "data: [1, 2]\n\n".into(),
        String::from_utf8_lossy(&[&done()[..], &[0xff, 0xfe]].concat()).into_owned(),
        format!("data: {}", "x".repeat((1 << 20) + 1)),
    ] {
        let double = Double::start(move |_, _| Response::new(Body::from(body.clone()))).await;
        let (_, error) = fail(&double.client()).await;
        assert_eq!((error.kind, double.seen().len()), (ModelErrorKind::Malformed, 1), "{error}");
    }
    let json = Double::start(|_, _| {
        Response::builder().header("content-type", "application/json").body(Body::from("[]")).expect("a response")
    })
    .await;
    assert_eq!(fail(&json.client()).await.1.kind, ModelErrorKind::Malformed);
}

#[tokio::test]
async fn trouble_that_is_told_in_the_middle_is_told_on() {
    for (class, kind) in [
        (json!("rate_limit_exceeded"), ModelErrorKind::RateLimited { retry_after: None }),
        (json!(502), ModelErrorKind::Unavailable),
        (json!("context_length_exceeded"), ModelErrorKind::Rejected),
    ] {
        let said = event(json!({"error": {"message": format!("sorry {KEY}"), "code": class}}));
        let double = Double::start(move |_, _| events(vec![text("Hello "), said.clone()], false)).await;
        let (heard, error) = fail(&double.client()).await;
        assert_eq!((heard.as_str(), error.kind), ("Hello ", kind), "{error}");
        assert!(error.message.contains("sorry [redacted]"), "{error}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_is_unavailable() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let address = listener.local_addr().expect("bound");
    drop(listener);
    let client = |base: String| OpenAi::new(OpenAiConfig { backoff: Duration::ZERO, ..OpenAiConfig::new(base) });
    let (_, error) = fail(&client(format!("http://joe:hidden@{address}/v1")).expect("good")).await;
    assert_eq!(error.kind, ModelErrorKind::Unavailable);
    assert!(error.message.contains(&address.to_string()) && error.message.contains("refused"), "{error}");
    assert!(!error.to_string().contains("hidden"), "{error}");
}

#[tokio::test]
async fn a_connection_that_closes_without_an_answer_is_tried_again() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let address = listener.local_addr().expect("bound");
    let server = tokio::spawn(async move {
        for _ in 0..3 {
            drop(listener.accept().await);
        }
    });
    let config = OpenAiConfig { backoff: Duration::ZERO, ..OpenAiConfig::new(format!("http://{address}/v1")) };
    let (_, error) = fail(&OpenAi::new(config).expect("good")).await;
    assert_eq!(error.kind, ModelErrorKind::Unavailable, "{error}");
    server.await.expect("three attempts were made");
}
