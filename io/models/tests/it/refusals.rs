//! What people read when a provider refuses, hangs, or answers something else.

use crate::clients::{CALLS, deepgram, elevenlabs, failing, impatient, minimax};
use crate::double::{Double, KEY, cut, events, patient, status};
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use duologue_models::ModelErrorKind as Kind;
use duologue_models::deepgram::{Deepgram, DeepgramConfig};
use duologue_models::elevenlabs::{ElevenLabs, ElevenLabsConfig};
use duologue_models::minimax::{MiniMax, MiniMaxConfig};
use serde_json::{Value, json};
use std::time::Duration;

/// A refusal in the words of each provider.
fn body(call: &str, what: &str) -> Value {
    match call.split(' ').next() {
        Some("deepgram") => json!({"err_code": "X", "err_msg": what, "request_id": "7"}),
        Some("elevenlabs") => json!({"detail": {"status": "x", "message": what}}),
        _ => json!({"base_resp": {"status_code": 2013, "status_msg": what}, "message": what}),
    }
}

fn variable(call: &str) -> &str {
    match call.split(' ').next() {
        Some("deepgram") => "DEEPGRAM_API_KEY",
        Some("elevenlabs") => "ELEVENLABS_API_KEY",
        _ => "MINIMAX_API_KEY",
    }
}

#[tokio::test]
async fn every_status_has_its_meaning_and_the_providers_own_words() {
    let limited = Kind::RateLimited { retry_after: None };
    for call in CALLS {
        for (code, kind, requests) in [
            (400, Kind::Rejected, 1),
            (401, Kind::Unauthorized, 1),
            (402, Kind::Rejected, 1),
            (403, Kind::Unauthorized, 1),
            (404, Kind::Configuration, 1),
            (422, Kind::Rejected, 1),
            (429, limited, 3),
            (500, Kind::Unavailable, 3),
            (503, Kind::Unavailable, 3),
        ] {
            let said = body(call, &format!("no such thing for {KEY}"));
            let double = Double::start(move |_, _| status(code, said.clone())).await;
            let error = failing(call, double.base_url(), patient()).await;
            assert_eq!((error.kind, double.seen().len()), (kind, requests), "{call} {code}: {error}");
            assert!(error.message.contains(&format!("status {code}")), "{error}");
            assert!(!format!("{error} {error:?}").contains(KEY), "{error}");
            assert!(call.starts_with(&error.provider), "{error}");
            match code {
                401 => assert!(error.to_string().contains(variable(call)), "{error}"),
                _ => assert!(error.message.contains("no such thing for [redacted]"), "{error}"),
            }
            if code == 402 {
                assert!(error.help.contains("billing"), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn a_wait_that_is_asked_for_is_told() {
    for call in CALLS {
        let double = Double::start(|_, _| {
            Response::builder().status(429).header("retry-after", "30").body(Body::empty()).expect("a response")
        })
        .await;
        let error = failing(call, double.base_url(), patient()).await;
        assert_eq!(error.kind, Kind::RateLimited { retry_after: Some(Duration::from_secs(30)) }, "{call}");
    }
}

#[tokio::test]
async fn an_empty_account_is_no_wrong_key() {
    let said = json!({"detail": {"status": "quota_exceeded", "message": "You have 3 credits left."}});
    let double = Double::start(move |_, _| status(401, said.clone())).await;
    let error = failing("elevenlabs tts", double.base_url(), patient()).await;
    assert_eq!(error.kind, Kind::Rejected);
    assert!(error.message.contains("3 credits") && error.help.contains("billing"), "{error}");
}

#[tokio::test]
async fn a_server_that_takes_a_call_and_never_answers_is_given_up() {
    for call in CALLS {
        let double = Double::start(|_, _| events(vec![], true)).await;
        let mut timeouts = patient();
        timeouts.first_byte = Duration::from_millis(50);
        let error = failing(call, double.base_url(), timeouts).await;
        assert_eq!(error.kind, Kind::TimedOut, "{call}: {error}");
    }
}

#[tokio::test]
async fn an_answer_that_stops_in_the_middle_is_given_up() {
    for call in CALLS {
        let start = match call {
            "deepgram tts" => vec![1, 2, 3, 4, 5],
            "minimax tts" => b"data: {\"data\":".to_vec(),
            _ => b"{\"text\": ".to_vec(),
        };
        let begun = start.clone();
        let media = if call == "deepgram tts" { "audio/l16" } else { "application/octet-stream" };
        let hung = Double::start(move |_, _| {
            let mut response = events(vec![start.clone()], true);
            response.headers_mut().insert("content-type", media.parse().expect("a media type"));
            response
        })
        .await;
        let error = failing(call, hung.base_url(), impatient()).await;
        assert!(error.kind == Kind::Unavailable && error.message.contains("50ms"), "{call}: {error}");
        let broken = Double::start(move |_, _| cut(media, vec![begun.clone()])).await;
        let error = failing(call, broken.base_url(), patient()).await;
        assert_eq!(error.kind, Kind::Unavailable, "{call}: {error}");
    }
}

#[tokio::test]
async fn what_is_none_of_the_protocol_is_malformed() {
    for call in CALLS {
        for garbage in ["<html>It works!</html>", "\0", "[7]"] {
            let media = if garbage.starts_with('<') { "text/html" } else { "application/json" };
            let double = Double::start(move |_, _| ([("content-type", media)], garbage).into_response()).await;
            let error = failing(call, double.base_url(), patient()).await;
            assert_eq!((error.kind, double.seen().len()), (Kind::Malformed, 1), "{call} {garbage}: {error}");
        }
    }
}

#[tokio::test]
async fn the_cheapest_call_tells_whether_the_key_is_good() {
    let answer = json!({"api_key_id": "7", "base_resp": {"status_code": 0}}).to_string();
    let good = Double::start(move |_, seen| match seen.path.as_str() {
        "/v1/models" => r#"[{"model_id":"b"},{"model_id":"a"}]"#.into_response(),
        _ => answer.clone().into_response(),
    })
    .await;
    let base = || good.base_url();
    assert!(deepgram(base(), patient()).connection_check().await.expect("well").models.is_empty());
    assert_eq!(elevenlabs(base(), patient()).connection_check().await.expect("well").models, ["a", "b"]);
    minimax(base(), patient()).connection_check().await.expect("well");
    let seen = good.seen();
    assert_eq!(
        seen.iter().map(|s| s.path.as_str()).collect::<Vec<_>>(),
        ["/v1/auth/token", "/v1/models", "/v1/get_voice"]
    );
    assert_eq!(seen[0].headers["authorization"], format!("Token {KEY}"));
    assert_eq!(seen[1].headers["xi-api-key"], KEY);
    assert_eq!(seen[2].headers["authorization"], format!("Bearer {KEY}"));

    let bad = Double::start(|_, seen| match seen.path.as_str() {
        "/v1/get_voice" => {
            json!({"base_resp": {"status_code": 1004, "status_msg": "login fail"}}).to_string().into_response()
        }
        _ => status(401, json!({})),
    })
    .await;
    let base = || bad.base_url();
    for error in [
        deepgram(base(), patient()).connection_check().await,
        elevenlabs(base(), patient()).connection_check().await,
        minimax(base(), patient()).connection_check().await,
    ] {
        let error = error.expect_err("refused");
        assert_eq!(error.kind, Kind::Unauthorized, "{error}");
    }
}

#[test]
fn a_missing_key_is_one_line_that_names_its_variable() {
    let errors = [
        (Deepgram::new(DeepgramConfig::default()).err(), DeepgramConfig::KEY_VARIABLES.to_vec()),
        (ElevenLabs::new(ElevenLabsConfig::default()).err(), ElevenLabsConfig::KEY_VARIABLES[..2].to_vec()),
        (MiniMax::new(MiniMaxConfig::default()).err(), MiniMaxConfig::KEY_VARIABLES.to_vec()),
    ];
    for (error, variables) in errors {
        let error = error.expect("no key, no client");
        assert_eq!(error.kind, Kind::Configuration);
        assert!(error.message.contains(variables[1]) && !error.message.contains('\n'), "{error}");
        assert!(error.help.contains(variables[0]) && error.help.contains(variables[1]), "{error}");
    }
}
