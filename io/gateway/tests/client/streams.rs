//! Streams that break, with agents that number their events and with those that do not.

use crate::scripted::{Answer, Scripted};
use duologue_a2a::error::ErrorKind;
use duologue_a2a::model::{Message, Part, Role, SendMessageRequest, StreamResponse, SubscribeToTaskRequest};
use duologue_gateway::extension::IDEMPOTENT_SEND;
use duologue_gateway::outbound::{CallError, Client, Events, Options, Told};
use futures::StreamExt as _;
use serde_json::{Value, json};
use std::time::Duration;

pub(crate) fn hello() -> SendMessageRequest {
    let message =
        Message { message_id: "m-1".into(), role: Role::User, parts: vec![Part::text("Hello")], ..Message::default() };
    SendMessageRequest { message, ..SendMessageRequest::default() }
}

fn artifact(text: &str) -> Value {
    json!({ "artifactId": "a", "parts": [{ "text": text }] })
}

fn task(state: &str, texts: &[&str]) -> Value {
    let parts: Vec<Value> = texts.iter().map(|text| json!({ "text": text })).collect();
    let artifacts = if parts.is_empty() { json!([]) } else { json!([{ "artifactId": "a", "parts": parts }]) };
    json!({ "id": "t", "contextId": "c", "status": { "state": state }, "artifacts": artifacts })
}

fn snapshot(state: &str, texts: &[&str]) -> Value {
    json!({ "task": task(state, texts) })
}

fn piece(text: &str, append: bool) -> Value {
    json!({ "artifactUpdate": { "taskId": "t", "contextId": "c", "artifact": artifact(text), "append": append } })
}

fn status(state: &str) -> Value {
    json!({ "statusUpdate": { "taskId": "t", "contextId": "c", "status": { "state": state } } })
}

const WORKING: &str = "TASK_STATE_WORKING";
const COMPLETED: &str = "TASK_STATE_COMPLETED";
const ASKS: &str = "TASK_STATE_INPUT_REQUIRED";

fn unnumbered(events: Vec<Value>) -> Vec<(Option<u64>, Value)> {
    events.into_iter().map(|event| (None, event)).collect()
}

async fn connected(agent: &Scripted, options: Options) -> Client {
    Client::connect(&agent.url, options).await.expect("a card")
}

/// What was told, in a word each.
async fn told(mut events: Events) -> Vec<String> {
    let mut all = Vec::new();
    while let Some(event) = events.next().await {
        all.push(match event {
            Ok(Told { event: StreamResponse::Task(task), .. }) => format!("task {}", task.status.state.as_str()),
            Ok(Told { event: StreamResponse::Message(message), .. }) => format!("message {}", message.text()),
            Ok(Told { event: StreamResponse::StatusUpdate(update), .. }) => update.status.state.as_str().to_owned(),
            Ok(Told { event: StreamResponse::ArtifactUpdate(update), sequence }) => {
                let text = update.artifact.parts.first().and_then(Part::as_text).unwrap_or_default();
                sequence.map_or_else(|| text.to_owned(), |number| format!("{number} {text}"))
            }
            Err(error) => format!("error {error}"),
        });
    }
    all
}

#[tokio::test]
async fn an_agent_that_numbers_its_events_goes_on_after_the_last() {
    let begun = vec![(Some(1), snapshot(WORKING, &[])), (Some(2), piece("x", false))];
    // A peer's number that was seen is not told twice.
    let rest = vec![(Some(2), piece("x", false)), (Some(3), piece("y", true)), (Some(4), status(COMPLETED))];
    let agent = Scripted::new(&[IDEMPOTENT_SEND], vec![Answer::Cut(begun), Answer::Stream(rest)]).await;
    let client = connected(&agent, Options::default()).await;
    let events = client.send_streaming_message(hello()).await.expect("a stream");
    assert_eq!(told(events).await, ["task TASK_STATE_WORKING", "2 x", "3 y", COMPLETED]);
    let seen = agent.seen();
    let taken_up = seen.last().expect("a request");
    assert_eq!(taken_up.target, "POST /a2a/tasks/t:subscribe");
    assert_eq!(taken_up.header("last-event-id"), Some("2"));
}

#[tokio::test]
async fn a_message_that_is_known_by_its_id_is_sent_again_where_nothing_came_of_it() {
    let whole = || vec![(Some(1), snapshot(WORKING, &[])), (Some(2), status(COMPLETED))];
    let agent = Scripted::new(&[IDEMPOTENT_SEND], vec![Answer::Cut(vec![]), Answer::Stream(whole())]).await;
    let client = connected(&agent, Options::default()).await;
    let events = client.send_streaming_message(hello()).await.expect("a stream");
    assert_eq!(told(events).await, ["task TASK_STATE_WORKING", COMPLETED]);
    let foreign = Scripted::new(&[], vec![Answer::Cut(vec![]), Answer::Stream(whole())]).await;
    let client = connected(&foreign, Options::default()).await;
    let all = told(client.send_streaming_message(hello()).await.expect("a stream")).await;
    assert!(all.len() == 1 && all[0].starts_with("error no answer"), "{all:?}");
}

#[tokio::test]
async fn a_snapshot_that_says_nothing_new_is_not_told() {
    let begun =
        unnumbered(vec![snapshot("TASK_STATE_SUBMITTED", &[]), status(WORKING), piece("x", false), piece("y", true)]);
    let rest = unnumbered(vec![snapshot(WORKING, &["x", "y"]), piece("z", true), status(COMPLETED)]);
    let agent = Scripted::new(&[], vec![Answer::Cut(begun), Answer::Stream(rest)]).await;
    let client = connected(&agent, Options::default()).await;
    let events = client.send_streaming_message(hello()).await.expect("a stream");
    assert_eq!(told(events).await, ["task TASK_STATE_SUBMITTED", WORKING, "x", "y", "z", COMPLETED]);
    assert_eq!(agent.seen().last().and_then(|seen| seen.header("last-event-id").map(str::to_owned)), None);
}

#[tokio::test]
async fn a_snapshot_that_says_more_is_told() {
    let begun = unnumbered(vec![snapshot(WORKING, &[]), piece("x", false)]);
    // Ended in order, though the task has not: a server that went down.
    let rest = unnumbered(vec![snapshot(WORKING, &["x", "y"]), status(COMPLETED)]);
    let agent = Scripted::new(&[], vec![Answer::Stream(begun), Answer::Stream(rest)]).await;
    let client = connected(&agent, Options::default()).await;
    let events = client.send_streaming_message(hello()).await.expect("a stream");
    assert_eq!(told(events).await, ["task TASK_STATE_WORKING", "x", "task TASK_STATE_WORKING", COMPLETED]);
}

#[tokio::test]
async fn a_line_that_breaks_after_the_last_event_is_let_go() {
    for last in [ASKS, "TASK_STATE_AUTH_REQUIRED", COMPLETED] {
        let agent = Scripted::new(&[], vec![Answer::Cut(unnumbered(vec![snapshot(WORKING, &[]), status(last)]))]).await;
        let client = connected(&agent, Options::default()).await;
        let events = client.send_streaming_message(hello()).await.expect("a stream");
        assert_eq!(told(events).await, ["task TASK_STATE_WORKING", last]);
        assert_eq!(agent.seen().len(), 2);
    }
    // Whoever subscribes while the task waits is there for what follows.
    let begun = unnumbered(vec![snapshot(ASKS, &[])]);
    let rest = unnumbered(vec![snapshot(ASKS, &[]), status(WORKING), status(COMPLETED)]);
    let agent = Scripted::new(&[], vec![Answer::Cut(begun), Answer::Stream(rest)]).await;
    let client = connected(&agent, Options::default()).await;
    let request = SubscribeToTaskRequest { id: "t".into(), ..Default::default() };
    let events = client.subscribe_to_task(request).await.expect("a stream");
    assert_eq!(told(events).await, ["task TASK_STATE_INPUT_REQUIRED", WORKING, COMPLETED]);
}

#[tokio::test]
async fn a_task_that_ended_meanwhile_is_asked_for() {
    let refused = json!({ "error": { "code": 400, "status": "FAILED_PRECONDITION", "message": "It is over", "details": [
        { "@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "UNSUPPORTED_OPERATION", "domain": "a2a-protocol.org" },
    ] } });
    let begun = unnumbered(vec![snapshot(WORKING, &[])]);
    let answers = vec![Answer::Cut(begun), Answer::Json(400, refused), Answer::Json(200, task(COMPLETED, &["x"]))];
    let agent = Scripted::new(&[], answers).await;
    let client = connected(&agent, Options::default()).await;
    let events = client.send_streaming_message(hello()).await.expect("a stream");
    assert_eq!(told(events).await, ["task TASK_STATE_WORKING", "task TASK_STATE_COMPLETED"]);
    assert_eq!(agent.seen().last().map(|seen| seen.target.clone()).as_deref(), Some("GET /a2a/tasks/t"));
}

#[tokio::test]
async fn who_does_not_come_back_is_given_up_with_the_task_named() {
    let begun = unnumbered(vec![snapshot(WORKING, &[])]);
    let unavailable = || Answer::Plain(503, vec![], "down".into());
    let agent = Scripted::new(&[], vec![Answer::Cut(begun), unavailable(), unavailable()]).await;
    let options = Options { resumptions: 2, ..Options::default() };
    let client = connected(&agent, options).await;
    let all = told(client.send_streaming_message(hello()).await.expect("a stream")).await;
    assert_eq!(all.len(), 2, "{all:?}");
    assert!(all[1].starts_with("error the stream of task t was cut and not taken up again in 2 attempts"), "{all:?}");
}

#[tokio::test]
async fn a_stream_of_one_message_ends_with_it() {
    let message = json!({ "message": { "messageId": "m-2", "role": "ROLE_AGENT", "parts": [{ "text": "Hi" }] } });
    // After the message nothing counts, not even that the line is cut.
    let agent = Scripted::new(&[], vec![Answer::Cut(unnumbered(vec![message]))]).await;
    let client = connected(&agent, Options::default()).await;
    assert_eq!(told(client.send_streaming_message(hello()).await.expect("a stream")).await, ["message Hi"]);
}

#[tokio::test]
async fn an_agent_that_does_not_stream_answers_all_the_same() {
    let agent = Scripted::new(&[], vec![Answer::Json(200, snapshot(COMPLETED, &["x"]))]).await;
    let client = connected(&agent, Options::default()).await;
    let events = client.send_streaming_message(hello()).await.expect("a stream");
    assert_eq!(told(events).await, ["task TASK_STATE_COMPLETED"]);
}

#[tokio::test]
async fn what_is_no_event_and_what_is_too_long_end_the_stream() {
    let limits = duologue_a2a::call::Limits { body: 600, ..Default::default() };
    let agent = Scripted::new(&[], vec![Answer::Stream(unnumbered(vec![json!({ "pizza": 1 })]))]).await;
    let client = connected(&agent, Options { limits, ..Options::default() }).await;
    let all = told(client.send_streaming_message(hello()).await.expect("a stream")).await;
    assert!(all.len() == 1 && all[0].contains("is not understood"), "{all:?}");
    agent.add(Answer::Stream(unnumbered(vec![snapshot(WORKING, &["x".repeat(700).as_str()])])));
    let all = told(client.send_streaming_message(hello()).await.expect("a stream")).await;
    assert!(all.len() == 1 && all[0].contains("longer than 600 bytes"), "{all:?}");
}

#[tokio::test]
async fn silence_is_a_cut() {
    let agent = Scripted::new(&[], vec![Answer::Silence]).await;
    let options = Options { idle: Duration::from_millis(20), resumptions: 0, ..Options::default() };
    let client = connected(&agent, options).await;
    let request = SubscribeToTaskRequest { id: "t".into(), ..Default::default() };
    let mut events = client.subscribe_to_task(request).await.expect("a stream");
    let Some(Err(CallError::Cut { task, why, .. })) = events.next().await else { panic!("it was silent") };
    assert!(task == "t" && why.contains("silent"), "{why}");
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn a_refused_stream_is_refused_at_once() {
    let agent = Scripted::new(&[], vec![Answer::Plain(403, vec![], "{}".into())]).await;
    let client = connected(&agent, Options::default()).await;
    let Err(CallError::NotAuthorised { error, .. }) = client.send_streaming_message(hello()).await else {
        panic!("it was refused")
    };
    assert_eq!(error.kind, ErrorKind::PermissionDenied);
}
