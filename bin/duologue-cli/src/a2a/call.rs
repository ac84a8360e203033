//! `duologue call`: says something to an agent, and shows what comes of it.

use super::args::CallArgs;
use super::{print, skills, unconnected};
use crate::interrupt::interrupted;
use crate::output::{self, Exit, Failure, plain};
use duologue_a2a::model::{
    Artifact, Content, Message, Part, SendMessageRequest, SendMessageResponse, StreamResponse, Task, TaskState,
    TaskStatus,
};
use duologue_gateway::extension::CAPABILITY;
use duologue_gateway::outbound::{self, CallError, Client, Fetched, Options, Told};
use futures::StreamExt as _;
use serde_json::json;
use std::path::Path;

pub(crate) async fn run(args: &CallArgs, home: &Path, json: bool) -> Result<Exit, Failure> {
    let (url, text) = words(args)?;
    let mut options = args.reach.options(home).await?;
    options.hop.traceparent = trace();
    let fetched = Fetched::at(url, &options).await.map_err(unconnected)?;
    let request = request(args, text, &fetched, &mut options)?;
    let client = Client::of(fetched, options).map_err(unconnected)?;
    let id = request.message.message_id.clone();
    let called =
        async { if args.stream { stream(&client, request, json).await } else { once(&client, request, json).await } };
    tokio::select! {
        exit = called => exit.map_err(|error| uncalled(error, &id)),
        true = interrupted() => Ok(Exit::Cancelled),
    }
}

/// Ties together what agents tell of the call (`traceparent`, W3C Trace Context §3.2). Without randomness none is better than one that
/// others have too.
fn trace() -> Option<String> {
    let mut random = [0; 24];
    getrandom::fill(&mut random).ok()?;
    let (trace, span) = random.split_at(16);
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    Some(format!("00-{}-{}-01", hex(trace), hex(span)))
}

fn words(args: &CallArgs) -> Result<(&str, Option<&str>), Failure> {
    let words: Vec<&str> = args.words.iter().map(String::as_str).collect();
    match (args.address.as_deref(), words.as_slice()) {
        (Some(url), &[]) | (None, &[url]) => Ok((url, None)),
        (Some(url), &[text]) | (None, &[url, text]) => Ok((url, Some(text))),
        (None, &[]) => Err("no address: `duologue call URL TEXT`, such as http://127.0.0.1:9999".into()),
        (None, _) => Err("too many words: put what to say in quotes, `duologue call URL 'TEXT'`".into()),
        (Some(_), _) => Err("too many words: with --address, only what to say is left; put it in quotes".into()),
    }
}

/// A call of which it is not known what came can be made again as the same.
fn uncalled(error: Failure, id: &str) -> Failure {
    match error.downcast_ref() {
        Some(CallError::Unreachable { .. } | CallError::TimedOut { .. } | CallError::Cut { .. }) => {
            format!("{error}. With --message-id {id} it is the same message to agents that know messages again").into()
        }
        _ => error,
    }
}

fn request(
    args: &CallArgs,
    text: Option<&str>,
    fetched: &Fetched,
    options: &mut Options,
) -> Result<SendMessageRequest, Failure> {
    let part = match (text, &args.params) {
        (Some(_), None) if args.capability.is_some() => {
            return Err("a capability takes parameters, and no text: `--params '{\"name\": \"Ada\"}'`".into());
        }
        (Some(text), None) => Part::text(text),
        (None, Some(params)) => Part::data(params.clone()),
        (None, None) if args.capability.is_some() => Part::data(json!({})),
        (None, None) => return Err("nothing to say: give a text, or --params with JSON".into()),
        (Some(_), Some(_)) => return Err("a text and --params: give one of them".into()),
    };
    let mut message = outbound::message(vec![part]);
    if let Some(id) = &args.message_id {
        message.message_id.clone_from(id);
    }
    message.task_id = args.task.clone().unwrap_or_default();
    message.context_id = args.context.clone().unwrap_or_default();
    if let Some(name) = &args.capability {
        by_name(name, fetched)?;
        options.extensions.push(CAPABILITY.into());
        message.extensions.push(CAPABILITY.into());
        message.metadata.get_or_insert_default().insert(CAPABILITY.into(), name.as_str().into());
    }
    Ok(SendMessageRequest { message, ..SendMessageRequest::default() })
}

/// Whether the agent can be asked for a capability by its name, and has one of that name.
fn by_name(name: &str, fetched: &Fetched) -> Result<(), Failure> {
    let card = &fetched.card;
    if !card.capabilities.extensions.iter().any(|extension| extension.uri == CAPABILITY) {
        let message = format!(
            "{} takes no capability by its name (its card does not declare {CAPABILITY}): leave --capability out; its skills \
             are: {}",
            card.name,
            skills(card)
        );
        return Err(message.into());
    }
    if !card.skills.iter().any(|skill| skill.id == name) {
        return Err(format!("{} has no capability {name}: it has {}", card.name, skills(card)).into());
    }
    Ok(())
}

async fn once(client: &Client, request: SendMessageRequest, json: bool) -> Result<Exit, Failure> {
    let answer = client.send_message(request).await?;
    if json {
        output::print_json(&serde_json::to_value(&answer)?);
    }
    match answer {
        SendMessageResponse::Message(message) => {
            if !json {
                print(&of_message(&message));
            }
            Ok(Exit::Done)
        }
        SendMessageResponse::Task(task) => {
            if !json {
                task.artifacts.iter().for_each(|artifact| print(&of_artifact(artifact)));
                show_status(&task.status);
            }
            Ok(ended(&task.id, task.status.state))
        }
    }
}

async fn stream(client: &Client, request: SendMessageRequest, json: bool) -> Result<Exit, Failure> {
    let mut events = client.send_streaming_message(request).await?;
    let (mut task, mut state) = (String::new(), TaskState::Unspecified);
    while let Some(told) = events.next().await {
        let Told { sequence, event } = told?;
        if json {
            output::print_json(&json!({ "sequence": sequence, "event": event }));
        } else {
            show_event(&event);
        }
        match event {
            StreamResponse::Message(_) => return Ok(Exit::Done),
            StreamResponse::Task(Task { id, status, .. }) => (task, state) = (id, status.state),
            StreamResponse::StatusUpdate(update) => (task, state) = (update.task_id, update.status.state),
            StreamResponse::ArtifactUpdate(_) => {}
        }
    }
    Ok(ended(&task, state))
}

fn show_event(event: &StreamResponse) {
    match event {
        StreamResponse::Message(message) => print(&of_message(message)),
        StreamResponse::Task(task) => {
            task.artifacts.iter().for_each(|artifact| print(&of_artifact(artifact)));
            show_status(&task.status);
        }
        StreamResponse::StatusUpdate(update) => show_status(&update.status),
        StreamResponse::ArtifactUpdate(update) => print(&of_artifact(&update.artifact)),
    }
}

/// What the agent says to where the task stands.
fn show_status(status: &TaskStatus) {
    if let Some(message) = &status.message {
        print(&of_message(message));
    }
}

/// How a task that is no longer followed ends the command, and what to do next.
fn ended(task: &str, state: TaskState) -> Exit {
    let task = plain(task);
    match state {
        TaskState::Completed => Exit::Done,
        TaskState::InputRequired => {
            output::note(format!("The agent waits for an answer: `duologue call … --task {task} TEXT` gives it"));
            Exit::Done
        }
        TaskState::AuthRequired => {
            output::note(format!("Task {task} waits for credentials: see what the agent says"));
            Exit::Done
        }
        TaskState::Failed | TaskState::Rejected | TaskState::Canceled => {
            output::note_error(format!("task {task} ended as {}: what the agent said is above", state.as_str()));
            Exit::Failed
        }
        TaskState::Submitted | TaskState::Working | TaskState::Unspecified => {
            output::note(format!("Task {task} goes on ({})", state.as_str()));
            Exit::Done
        }
    }
}

fn of_message(message: &Message) -> String {
    of_parts(&message.parts)
}

fn of_artifact(artifact: &Artifact) -> String {
    of_parts(&artifact.parts)
}

fn of_parts(parts: &[Part]) -> String {
    parts.iter().map(of_part).collect::<Vec<_>>().join("\n")
}

/// A part as a person reads it.
fn of_part(part: &Part) -> String {
    let name = if part.filename.is_empty() { "file" } else { &part.filename };
    match &part.content {
        Content::Text(text) => text.clone(),
        Content::Data(value) => value.to_string(),
        Content::Url(url) => url.clone(),
        Content::Raw(bytes) => format!("[{name}: {} bytes {}; --json shows it]", bytes.len(), part.media_type),
    }
}
