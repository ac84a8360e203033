//! Does with an agent what clients do: `a2a_client URL BINDING VERSION`, a line of JSON for each thing, with what went wrong.
//! The agent is one of `tests/interop-a2a/servers`. Used by `tests/interop-a2a/run.py`.

use duologue_a2a::error::ErrorKind;
use duologue_a2a::model::*;
use duologue_a2a::version::Dialect;
use duologue_gateway::outbound::{Binding, CallError, Client, Events, Options, Told};
use futures::StreamExt as _;
use serde_json::json;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;

type Outcome = Result<(), String>;

fn text(text: &str, task: Option<&Task>) -> SendMessageRequest {
    let message = Message {
        message_id: format!("m-{:?}", Instant::now()),
        role: Role::User,
        parts: vec![Part::text(text)],
        task_id: task.map(|task| task.id.clone()).unwrap_or_default(),
        context_id: task.map(|task| task.context_id.clone()).unwrap_or_default(),
        ..Message::default()
    };
    SendMessageRequest { message, ..SendMessageRequest::default() }
}

fn at_once(mut request: SendMessageRequest) -> SendMessageRequest {
    request.configuration = Some(SendMessageConfiguration { return_immediately: true, ..Default::default() });
    request
}

fn words(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn expect<T: PartialEq + std::fmt::Debug>(what: &str, is: T, should: T) -> Outcome {
    if is == should { Ok(()) } else { Err(format!("{what} is {is:?} instead of {should:?}")) }
}

async fn task_of(client: &Client, request: SendMessageRequest) -> Result<Task, String> {
    match client.send_message(request).await.map_err(words)? {
        SendMessageResponse::Task(task) => Ok(task),
        SendMessageResponse::Message(message) => Err(format!("a message came instead of a task: {}", message.text())),
    }
}

fn artifact(task: &Task) -> String {
    task.artifacts.iter().flat_map(|artifact| &artifact.parts).filter_map(Part::as_text).collect()
}

async fn message(client: &Client) -> Outcome {
    match client.send_message(text("message world", None)).await.map_err(words)? {
        SendMessageResponse::Message(message) => expect("the answer", message.text(), "hello world".to_owned()),
        SendMessageResponse::Task(task) => Err(format!("a task came instead of a message: {task:?}")),
    }
}

async fn task(client: &Client) -> Outcome {
    let task = task_of(client, text("task world", None)).await?;
    expect("the state", task.status.state, TaskState::Completed)?;
    expect("the artifact", artifact(&task), "hello world".to_owned())?;
    let again = client.get_task(GetTaskRequest { id: task.id.clone(), ..Default::default() }).await.map_err(words)?;
    expect("the task's artifact", artifact(&again), "hello world".to_owned())?;
    // 0.3 does not say that 0 is none.
    if client.interface().dialect == Dialect::V1_0 {
        let none = GetTaskRequest { id: task.id.clone(), history_length: Some(0), ..Default::default() };
        expect("the history", client.get_task(none).await.map_err(words)?.history, vec![])?;
    }
    let over = client.cancel_task(CancelTaskRequest { id: task.id, ..Default::default() }).await;
    expect_refused(over, ErrorKind::TaskNotCancelable)
}

fn expect_refused<T: std::fmt::Debug>(answer: Result<T, CallError>, kind: ErrorKind) -> Outcome {
    match answer {
        Err(CallError::Refused(error)) => expect("the error", error.kind, kind),
        other => Err(format!("instead of {kind:?} came {other:?}")),
    }
}

async fn unknown(client: &Client) -> Outcome {
    let request = GetTaskRequest { id: "no-such-task".into(), ..Default::default() };
    expect_refused(client.get_task(request).await, ErrorKind::TaskNotFound)
}

async fn listed(client: &Client) -> Outcome {
    let made = task_of(client, text("task listed", None)).await?;
    let request = ListTasksRequest {
        context_id: made.context_id.clone(),
        include_artifacts: Some(true),
        page_size: Some(5),
        ..Default::default()
    };
    match client.list_tasks(request).await {
        Ok(page) => {
            expect("the page", page.tasks.iter().map(|task| &task.id).collect(), vec![&made.id])?;
            expect("the artifact", page.tasks.first().map(artifact), Some("hello listed".to_owned()))
        }
        Err(CallError::NotInVersion { .. }) if client.interface().dialect == Dialect::V0_3 => Ok(()),
        Err(error) => Err(words(error)),
    }
}

/// The pieces in their order, and the last state.
async fn drain(mut events: Events) -> Result<(String, TaskState), String> {
    let (mut whole, mut state) = (Task::default(), TaskState::Unspecified);
    while let Some(told) = events.next().await {
        let event = told.map_err(words)?.event;
        duologue_a2a::task::fold(&mut whole, &event);
        state = whole.status.state;
    }
    Ok((artifact(&whole), state))
}

fn pieces(count: usize) -> String {
    (0..count).map(|number| format!("{number} ")).collect()
}

async fn streamed(client: &Client) -> Outcome {
    let events = client.send_streaming_message(text("stream 5", None)).await.map_err(words)?;
    expect("the stream", drain(events).await?, (pieces(5), TaskState::Completed))
}

async fn streamed_message(client: &Client) -> Outcome {
    let mut events = client.send_streaming_message(text("message world", None)).await.map_err(words)?;
    match events.next().await {
        Some(Ok(told)) => match told.event {
            StreamResponse::Message(message) => expect("the answer", message.text(), "hello world".to_owned())?,
            other => return Err(format!("instead of a message came {other:?}")),
        },
        other => return Err(format!("instead of a message came {other:?}")),
    }
    expect("the end", events.next().await.is_none(), true)
}

async fn subscribed(client: &Client) -> Outcome {
    let mut first = client.send_streaming_message(text("stream 12", None)).await.map_err(words)?;
    let id = match first.next().await {
        Some(Ok(Told { event: StreamResponse::Task(task), .. })) => task.id,
        Some(Ok(Told { event: StreamResponse::StatusUpdate(update), .. })) => update.task_id,
        other => return Err(format!("no task came: {other:?}")),
    };
    drop(first);
    let events = client.subscribe_to_task(SubscribeToTaskRequest { id, ..Default::default() }).await.map_err(words)?;
    expect("the stream", drain(events).await?, (pieces(12), TaskState::Completed))
}

async fn asked(client: &Client) -> Outcome {
    let asking = task_of(client, text("ask", None)).await?;
    expect("the state", asking.status.state, TaskState::InputRequired)?;
    let question = asking.status.message.as_ref().map(Message::text);
    expect("the question", question, Some("who?".to_owned()))?;
    let done = task_of(client, text("Ada", Some(&asking))).await?;
    expect("the task", &done.id, &asking.id)?;
    expect("the artifact", artifact(&done), "hello Ada".to_owned())
}

async fn cancelled(client: &Client) -> Outcome {
    let slow = task_of(client, at_once(text("slow", None))).await?;
    let request = CancelTaskRequest { id: slow.id, ..Default::default() };
    let cancelled = client.cancel_task(request).await.map_err(words)?;
    expect("the state", cancelled.status.state, TaskState::Canceled)
}

async fn webhooks(client: &Client) -> Outcome {
    let listener = TcpListener::bind("127.0.0.1:0").await.map_err(words)?;
    let url = format!("http://{}/hook", listener.local_addr().map_err(words)?);
    let slow = task_of(client, at_once(text("stream 15", None))).await?;
    let config = TaskPushNotificationConfig {
        id: "hook-1".into(),
        task_id: slow.id.clone(),
        url: url.clone(),
        token: Secret::new("t-1"),
        ..Default::default()
    };
    let made = client.create_push_config(config).await.map_err(words)?;
    expect("the webhook", &made.url, &url)?;
    let (task_id, id) = (slow.id.clone(), made.id.clone());
    let request = GetTaskPushNotificationConfigRequest { task_id, id, ..Default::default() };
    expect("the webhook", client.get_push_config(request).await.map_err(words)?.url, url.clone())?;
    let request = ListTaskPushNotificationConfigsRequest { task_id: slow.id.clone(), ..Default::default() };
    let listed = client.list_push_configs(request.clone()).await.map_err(words)?;
    expect("the webhooks", listed.configs.len(), 1)?;
    pushed(&listener).await?;
    let (task_id, id) = (slow.id, made.id);
    let delete = DeleteTaskPushNotificationConfigRequest { task_id, id, ..Default::default() };
    match client.delete_push_config(delete).await {
        // a2a-sdk's server has no such path of HTTP+JSON in 0.3.
        Err(CallError::Refused(error))
            if error.kind == ErrorKind::MethodNotFound && client.interface().dialect == Dialect::V0_3 =>
        {
            return Ok(());
        }
        deleted => deleted.map_err(words)?,
    }
    expect("the webhooks", client.list_push_configs(request).await.map_err(words)?.configs.len(), 0)
}

/// A notification arrives, with the token.
async fn pushed(listener: &TcpListener) -> Outcome {
    let receive = async {
        let (mut stream, _) = listener.accept().await.map_err(words)?;
        let mut head = Vec::new();
        while !head.windows(4).any(|window| window == b"\r\n\r\n") {
            let mut piece = [0; 4_096];
            let read = stream.read(&mut piece).await.map_err(words)?;
            head.extend_from_slice(&piece[..read]);
            if read == 0 {
                return Err("the notification broke off".to_owned());
            }
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").await.map_err(words)?;
        Ok(String::from_utf8_lossy(&head).to_ascii_lowercase())
    };
    let head = tokio::time::timeout(Duration::from_secs(10), receive).await.map_err(|_| "no notification came")??;
    // The specification names no header; the Rust SDK leaves out the `x-`.
    let is_token = |line: &str| matches!(line, "x-a2a-notification-token: t-1" | "a2a-notification-token: t-1");
    expect("the token is there", head.lines().any(is_token), true)
}

async fn all(url: &str, binding: Binding, dialect: Dialect) -> Result<Vec<(&'static str, Outcome)>, String> {
    let options = Options { bindings: vec![binding], dialects: vec![dialect], ..Options::default() };
    let client = Client::connect(url, options).await.map_err(words)?;
    let fresh = client.refreshed().await.map_err(words)?;
    Ok(vec![
        ("card", expect("the card", fresh.fetched().card.name.as_str(), "Greeter")),
        ("message", message(&client).await),
        ("task", task(&client).await),
        ("unknown task", unknown(&client).await),
        ("list", listed(&client).await),
        ("stream", streamed(&client).await),
        ("stream of a message", streamed_message(&client).await),
        ("subscribe", subscribed(&client).await),
        ("input required", asked(&client).await),
        ("cancel", cancelled(&client).await),
        ("webhooks", webhooks(&client).await),
    ])
}

#[tokio::main]
async fn main() -> std::process::ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [url, binding, version] = arguments.as_slice() else {
        eprintln!("usage: a2a_client URL JSONRPC|HTTP+JSON|GRPC 1.0|0.3");
        return 2.into();
    };
    let (Some(binding), Some(dialect)) = (Binding::named(binding), Dialect::of(version)) else {
        eprintln!("no such binding or version: {binding} {version}");
        return 2.into();
    };
    let outcomes = match all(url, binding, dialect).await {
        Ok(outcomes) => outcomes,
        Err(why) => vec![("connect", Err(why))],
    };
    let mut code = 0;
    for (what, outcome) in outcomes {
        let problems: Vec<String> = outcome.err().into_iter().collect();
        code = code.max(u8::from(!problems.is_empty()));
        println!("{}", json!({ "what": what, "problems": problems }));
    }
    code.into()
}
