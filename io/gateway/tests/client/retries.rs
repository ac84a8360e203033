//! What is sent, what is sent again, and how long an answer is waited for.

use crate::scripted::{Answer, Scripted};
use crate::streams::hello;
use duologue_a2a::error::ErrorKind;
use duologue_a2a::model::{CancelTaskRequest, GetTaskRequest, Secret, SendMessageConfiguration, Timestamp};
use duologue_gateway::extension::IDEMPOTENT_SEND;
use duologue_gateway::outbound::{CallError, Client, Options};
use duologue_gateway::{Clock, Hop};
use serde_json::json;
use std::time::Duration;

fn task() -> Answer {
    Answer::Json(200, json!({ "id": "t", "status": { "state": "TASK_STATE_WORKING" } }))
}

fn sent() -> Answer {
    Answer::Json(200, json!({ "message": { "messageId": "m-2", "role": "ROLE_AGENT", "parts": [] } }))
}

fn unavailable() -> Answer {
    Answer::Plain(503, vec![], "down".into())
}

fn get() -> GetTaskRequest {
    GetTaskRequest { id: "t".into(), ..GetTaskRequest::default() }
}

fn kind_of<T: std::fmt::Debug>(answer: Result<T, CallError>) -> ErrorKind {
    match answer {
        Err(CallError::Refused(error)) => error.kind,
        other => panic!("it was not refused: {other:?}"),
    }
}

#[tokio::test]
async fn reading_is_tried_again_and_sending_only_where_messages_are_known_by_their_id() {
    let agent = Scripted::new(&[], vec![unavailable(), unavailable(), task(), unavailable(), unavailable()]).await;
    let client = Client::connect(&agent.url, Options::default()).await.expect("a card");
    assert!(client.get_task(get()).await.is_ok());
    assert_eq!(kind_of(client.send_message(hello()).await), ErrorKind::Unavailable);
    let cancel = CancelTaskRequest { id: "t".into(), ..Default::default() };
    assert_eq!(kind_of(client.cancel_task(cancel).await), ErrorKind::Unavailable);
    assert_eq!(agent.seen().len(), 6);

    let ours = Scripted::new(&[IDEMPOTENT_SEND], vec![unavailable(), sent()]).await;
    let client = Client::connect(&ours.url, Options::default()).await.expect("a card");
    assert!(client.send_message(hello()).await.is_ok());
    let bodies: Vec<String> = ours.seen().into_iter().skip(1).map(|seen| seen.body).collect();
    assert_eq!(bodies[0], bodies[1]);
}

#[tokio::test]
async fn what_is_refused_for_good_is_not_tried_again() {
    let agent = Scripted::new(&[], vec![Answer::Plain(404, vec![], "{}".into()), task()]).await;
    let client = Client::connect(&agent.url, Options::default()).await.expect("a card");
    assert_eq!(kind_of(client.get_task(get()).await), ErrorKind::MethodNotFound);
    assert_eq!(agent.seen().len(), 2);
}

#[tokio::test]
async fn everything_that_belongs_to_a_call_goes_with_it() {
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let soon = Clock::System.now().plus_millis(5_000);
    let hop = Hop {
        traceparent: Some(trace.into()),
        tracestate: Some("a=b".into()),
        callers: vec!["spiffe://example.org/first".into()],
        deadline: Some(soon),
    };
    let options = Options {
        bearer: Some(Secret::new("token-1")),
        headers: vec![(http::HeaderName::from_static("x-tenant"), Secret::new("blue"))],
        extensions: vec!["urn:a".into(), "urn:b".into()],
        hop,
        ..Options::default()
    };
    let agent = Scripted::new(&[], vec![sent()]).await;
    let client = Client::connect(&agent.url, options).await.expect("a card");
    client.send_message(hello()).await.expect("an answer");
    let seen = agent.seen();
    let call = seen.last().expect("a call");
    assert_eq!(call.target, "POST /a2a/message:send");
    for (name, value) in [
        ("a2a-version", "1.0"),
        ("a2a-extensions", "urn:a, urn:b"),
        ("authorization", "Bearer token-1"),
        ("x-tenant", "blue"),
        ("traceparent", trace),
        ("tracestate", "a=b"),
        ("duologue-callers", "spiffe://example.org/first"),
        ("content-type", "application/a2a+json"),
    ] {
        assert_eq!(call.header(name), Some(value), "{name}");
    }
    // The caller's caller waits for 5 s, which is less than the 30 s of the options.
    let millis: i64 = call.header("duologue-timeout-ms").and_then(|millis| millis.parse().ok()).expect("a number");
    assert!((1..=5_000).contains(&millis), "{millis}");
}

#[tokio::test]
async fn a_task_that_is_not_waited_for_has_no_deadline_of_the_call() {
    let agent = Scripted::new(&[], vec![sent(), sent()]).await;
    let client = Client::connect(&agent.url, Options::default()).await.expect("a card");
    let mut later = hello();
    later.configuration = Some(SendMessageConfiguration { return_immediately: true, ..Default::default() });
    client.send_message(later).await.expect("an answer");
    client.send_message(hello()).await.expect("an answer");
    let has: Vec<bool> = agent.seen().iter().map(|seen| seen.header("duologue-timeout-ms").is_some()).collect();
    assert_eq!(has, [false, false, true]);
}

#[tokio::test]
async fn who_does_not_answer_in_time_is_told_so() {
    let agent = Scripted::new(&[], vec![Answer::Never]).await;
    let client = Client::connect(&agent.url, Options::default()).await.expect("a card");
    let hurry =
        client.with(Options { timeout: Duration::from_millis(30), ..Options::default() }).expect("the same card");
    assert!(matches!(hurry.get_task(get()).await, Err(CallError::TimedOut { .. })));
    let hop = Hop { deadline: Some(Timestamp::from_millis(0)), ..Hop::default() };
    let late = client.with(Options { hop, ..Options::default() }).expect("the same card");
    assert!(matches!(late.get_task(get()).await, Err(CallError::TimedOut { .. })));
}

#[tokio::test]
async fn answers_that_are_none_are_told_with_what_is_wrong() {
    let limits = duologue_a2a::call::Limits { body: 1_000, ..Default::default() };
    let long = json!({ "id": "t", "status": { "state": "TASK_STATE_WORKING" }, "contextId": "x".repeat(1_000) });
    let answers = vec![
        Answer::Json(200, json!({ "id": 7 })),
        Answer::Json(200, long),
        Answer::Plain(200, vec![], "<html>".into()),
    ];
    let agent = Scripted::new(&[], answers).await;
    let client =
        Client::connect(&agent.url, Options { limits, retries: 0, ..Options::default() }).await.expect("a card");
    let why =
        |answer: Result<_, CallError>| answer.map(|_: duologue_a2a::model::Task| ()).expect_err("none").to_string();
    assert!(why(client.get_task(get()).await).contains("is not understood"));
    assert!(why(client.get_task(get()).await).contains("longer than 1000 bytes"));
    assert!(why(client.get_task(get()).await).contains("is not understood"));
}

#[tokio::test]
async fn redirects_to_other_places_are_not_followed() {
    let other = Scripted::bare(vec![task()]).await;
    let to = |url: &str| Answer::Plain(307, vec![("location", format!("{url}/a2a/tasks/t"))], String::new());
    let agent = Scripted::new(&[], vec![to(&other.url)]).await;
    agent.add(to(&agent.url));
    agent.add(task());
    let options = Options { bearer: Some(Secret::new("token-1")), ..Options::default() };
    let client = Client::connect(&agent.url, options).await.expect("a card");
    assert!(client.get_task(get()).await.is_err());
    assert!(other.seen().is_empty());
    assert!(client.get_task(get()).await.is_ok());
}

#[tokio::test]
async fn requests_that_lack_something_are_not_sent() {
    let agent = Scripted::new(&[], vec![]).await;
    let client = Client::connect(&agent.url, Options::default()).await.expect("a card");
    assert!(matches!(client.get_task(GetTaskRequest::default()).await, Err(CallError::Invalid(_))));
    assert_eq!(agent.seen().len(), 1);
}
