use super::double::{Double, Plan, Reply, Trouble};
use super::{KEY, client, config, connect, next, patient, tell};
use duologue_chat::{RealtimeCommand, RealtimeEvent};
use duologue_models::openai::Timeouts;
use duologue_models::{ModelError, ModelErrorKind, RealtimeModel};
use std::time::Duration;

/// What comes of connecting.
async fn refused(plan: Plan, timeouts: Timeouts) -> (Double, ModelError) {
    let double = Double::start(plan).await;
    let error = client(&double, timeouts).connect(config()).await.err().expect("no session");
    assert!(!error.to_string().contains(KEY) && !error.help.is_empty(), "{error}");
    (double, error)
}

/// What comes of the first reply.
async fn broken(trouble: Trouble, timeouts: Timeouts) -> ModelError {
    let double = Double::start(Plan { replies: vec![Reply::Trouble(trouble)], ..Plan::default() }).await;
    let mut connection = client(&double, timeouts).connect(config()).await.expect("it connects");
    tell(&connection, RealtimeCommand::Respond { turn: 1, instructions: None }).await;
    let error = next(&mut connection).await.expect_err("the session ends");
    assert!(futures::StreamExt::next(&mut connection.events).await.is_none(), "nothing follows an error");
    error
}

fn hasty() -> Timeouts {
    Timeouts { first_byte: Duration::from_millis(100), stall: Duration::from_millis(60), ..patient() }
}

#[tokio::test]
async fn refusals_at_the_door_say_what_to_do() {
    let error = |code: &str| {
        let body = r#"{"error":{"message":"MESSAGE","type":"invalid_request_error","code":"CODE"}}"#;
        body.replace("CODE", code).leak() as &'static str
    };
    let quota = error("insufficient_quota");
    for (status, body, kind, connections) in [
        (401, error("invalid_api_key"), ModelErrorKind::Unauthorized, 1),
        (404, error("model_not_found"), ModelErrorKind::Configuration, 1),
        (429, error("rate_limit_exceeded"), ModelErrorKind::RateLimited { retry_after: None }, 3),
        (429, quota, ModelErrorKind::Rejected, 1),
        (503, "overloaded", ModelErrorKind::Unavailable, 3),
    ] {
        let (double, got) = refused(Plan { refuse: Some((status, body)), ..Plan::default() }, patient()).await;
        assert_eq!(got.kind, kind, "{got}");
        assert_eq!(double.log().connections, connections, "{status}: what may pass is tried again");
    }
}

#[tokio::test]
async fn settings_that_are_not_taken_end_the_session_before_it_begins() {
    let error =
        r#"{"type":"error","error":{"type":"invalid_request_error","code":"invalid_value","message":"Invalid voice"}}"#;
    let plan = |trouble| Plan { unsettled: Some(trouble), ..Plan::default() };
    let (_, got) = refused(plan(Trouble::Text(error.into())), patient()).await;
    assert!(got.kind == ModelErrorKind::Rejected && got.message.contains("Invalid voice"), "{got}");
    let (_, got) = refused(plan(Trouble::Close("no access")), patient()).await;
    assert!(got.message.contains("no access"), "{got}");
    let (_, got) = refused(plan(Trouble::Hang), hasty()).await;
    assert_eq!(got.kind, ModelErrorKind::TimedOut, "{got}");
    let (_, got) = refused(plan(Trouble::Text("<html>".into())), patient()).await;
    assert_eq!(got.kind, ModelErrorKind::Malformed, "{got}");
}

#[tokio::test]
async fn whatever_breaks_a_session_is_told_in_one_error() {
    let expired =
        r#"{"type":"error","error":{"type":"invalid_request_error","code":"session_expired","message":"60 minutes"}}"#;
    let huge = format!(r#"{{"type":"x","delta":"{}"}}"#, "a".repeat(2 << 20));
    let bad_sound = r#"{"type":"response.created","response":{"id":"r"}}"#;
    for (trouble, kind, words) in [
        (Trouble::Close("maintenance"), ModelErrorKind::Unavailable, "maintenance"),
        // "ended in the middle", or "broke off" where the system says that it was reset.
        (Trouble::Break, ModelErrorKind::Unavailable, "127.0.0.1"),
        (Trouble::Text("no JSON".into()), ModelErrorKind::Malformed, "no JSON"),
        (Trouble::Text(huge), ModelErrorKind::Malformed, "longer than"),
        (Trouble::Text(expired.into()), ModelErrorKind::Rejected, "60 minutes"),
    ] {
        let error = broken(trouble, patient()).await;
        assert!(error.kind == kind && error.message.contains(words), "{error}");
    }
    // It lives, and says nothing more.
    let error = broken(Trouble::Text(bad_sound.into()), Timeouts { stall: Duration::from_secs(20), ..hasty() }).await;
    assert_eq!(error.kind, ModelErrorKind::TimedOut, "{error}");
    let error = broken(Trouble::Hang, Timeouts { first_byte: Duration::from_secs(20), ..hasty() }).await;
    assert!(error.kind == ModelErrorKind::Unavailable && error.message.contains("nothing for"), "{error}");
}

#[tokio::test]
async fn a_reply_that_fails_is_no_end_of_the_session() {
    let replies = vec![Reply::Failed("overloaded"), Reply::Speech("Hello.", vec![500; 1_440])];
    let (_double, mut connection) = connect(Plan { replies, ..Plan::default() }).await;
    tell(&connection, RealtimeCommand::Respond { turn: 1, instructions: None }).await;
    let failed = next(&mut connection).await.expect("the session goes on");
    assert!(
        matches!(&failed, RealtimeEvent::Failed { turn: 1, message, transient: true } if message.contains("overloaded")),
        "{failed:?}"
    );
    tell(&connection, RealtimeCommand::Respond { turn: 1, instructions: None }).await;
    super::until(&mut connection, |e| matches!(e, RealtimeEvent::Done { .. })).await;
}
