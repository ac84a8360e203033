use super::event::{Action, Event, Refused};
use super::fold::fold;
use super::record::TaskRecord;
use crate::model::{
    Artifact, Message, Part, Role, StreamResponse, Struct, TaskArtifactUpdateEvent, TaskState, TaskStatus,
    TaskStatusUpdateEvent, Timestamp,
};

/// Webhooks of a task, at most.
pub(super) const MOST_WEBHOOKS: usize = 16;
/// Messages of its owner, at most.
const MOST_MESSAGES: usize = 1_000;
/// Artifacts of a task, at most.
const MOST_ARTIFACTS: usize = 1_000;
/// Parts of an artifact, at most.
const MOST_PARTS: usize = 100_000;

/// What an event makes of a task. No action: it changed nothing, as with a message that was taken before.
///
/// # Errors
/// [`Refused`]: the record is as it was.
pub fn apply(record: &mut TaskRecord, event: Event, now: Timestamp) -> Result<Vec<Action>, Refused> {
    match event {
        Event::Message { message, push, deadline } => {
            if record.has_taken(&message) {
                return Ok(Vec::new());
            }
            let message = take_message(record, *message)?;
            if let Some(push) = push {
                record.set_push(*push)?;
            }
            Ok(went_on(record, message, deadline, now))
        }
        Event::Status { state, message, metadata } => {
            match (record.state(), state) {
                (before, _) if before.is_terminal() => return Err(Refused::AfterEnd(before)),
                (_, TaskState::Unspecified) => return Err(Refused::State(state)),
                (before, TaskState::Submitted) if before != TaskState::Submitted => return Err(Refused::State(state)),
                _ => {}
            }
            Ok(stands(record, state, message.map(|message| *message), metadata, now))
        }
        Event::Artifact { artifact, append, last_chunk, metadata } => {
            check_artifact(record, &artifact, append)?;
            Ok(produced(record, *artifact, [append, last_chunk], metadata))
        }
        Event::Cancel if record.state().is_terminal() => Err(Refused::NotCancelable(record.state())),
        Event::Cancel => Ok(ended(record, TaskState::Canceled, None, now)),
        Event::DeadlinePassed => Ok(deadline_passed(record, now)),
        Event::SetPush(webhook) => record.set_push(*webhook).map(|()| Vec::new()),
        Event::DeletePush(id) => {
            record.push.remove(&id);
            Ok(Vec::new())
        }
    }
}

/// Checks a message of the owner, and fills in what follows from its task.
fn take_message(record: &TaskRecord, mut message: Message) -> Result<Message, Refused> {
    let task = &record.task;
    if message.task_id != task.id {
        return Err(Refused::OtherTask);
    }
    if !message.context_id.is_empty() && message.context_id != task.context_id {
        return Err(Refused::OtherContext);
    }
    if record.state().is_terminal() {
        return Err(Refused::Over(record.state()));
    }
    if record.task.history.iter().filter(|message| message.role == Role::User).count() >= MOST_MESSAGES {
        return Err(Refused::Full { what: "messages", most: MOST_MESSAGES });
    }
    message.context_id.clone_from(&task.context_id);
    message.role = Role::User;
    Ok(message)
}

/// The owner's word takes a task on that waited for it; one that is at work goes on. Either way there is an event, so that
/// whoever listens knows that the agent was told more.
fn went_on(record: &mut TaskRecord, message: Message, deadline: Option<Timestamp>, now: Timestamp) -> Vec<Action> {
    let state = if record.state().is_interrupted() { TaskState::Working } else { record.state() };
    let mut actions = stands(record, state, None, None, now);
    record.message_ids.insert(message.message_id.clone());
    record.task.history.push(message);
    if deadline.is_some() {
        record.deadline = deadline;
        actions.extend(deadline.map(Action::Wake));
    }
    actions
}

fn stands(
    record: &mut TaskRecord,
    state: TaskState,
    message: Option<Message>,
    metadata: Option<Struct>,
    now: Timestamp,
) -> Vec<Action> {
    let (task_id, context_id) = (record.task.id.clone(), record.task.context_id.clone());
    let message = message.map(|message| Message {
        task_id: task_id.clone(),
        context_id: context_id.clone(),
        role: Role::Agent,
        ..message
    });
    // Lists are ordered by it: a clock that was set back does not take a task back.
    let timestamp = Some(now.max(record.updated()));
    let status = TaskStatus { state, message, timestamp };
    tell(record, StreamResponse::StatusUpdate(TaskStatusUpdateEvent { task_id, context_id, status, metadata }))
}

fn tell(record: &mut TaskRecord, event: StreamResponse) -> Vec<Action> {
    fold(&mut record.task, &event);
    record.told(event)
}

fn check_artifact(record: &TaskRecord, artifact: &Artifact, append: bool) -> Result<(), Refused> {
    if record.state().is_terminal() {
        return Err(Refused::AfterEnd(record.state()));
    }
    if artifact.artifact_id.is_empty() || artifact.parts.is_empty() {
        return Err(Refused::EmptyArtifact);
    }
    let artifacts = &record.task.artifacts;
    let present = artifacts.iter().find(|present| present.artifact_id == artifact.artifact_id);
    match present {
        None if append => Err(Refused::Append(artifact.artifact_id.clone())),
        Some(present) if append && record.complete.contains(&present.artifact_id) => {
            Err(Refused::Append(artifact.artifact_id.clone()))
        }
        Some(present) if append && present.parts.len() + artifact.parts.len() > MOST_PARTS => {
            Err(Refused::Full { what: "parts of an artifact", most: MOST_PARTS })
        }
        None if artifacts.len() >= MOST_ARTIFACTS => Err(Refused::Full { what: "artifacts", most: MOST_ARTIFACTS }),
        _ => Ok(()),
    }
}

fn produced(
    record: &mut TaskRecord,
    artifact: Artifact,
    [append, last_chunk]: [bool; 2],
    metadata: Option<Struct>,
) -> Vec<Action> {
    if last_chunk {
        record.complete.insert(artifact.artifact_id.clone());
    } else {
        record.complete.remove(&artifact.artifact_id);
    }
    let (task_id, context_id) = (record.task.id.clone(), record.task.context_id.clone());
    let update = TaskArtifactUpdateEvent { task_id, context_id, artifact, append, last_chunk, metadata };
    tell(record, StreamResponse::ArtifactUpdate(update))
}

fn ended(record: &mut TaskRecord, state: TaskState, message: Option<Message>, now: Timestamp) -> Vec<Action> {
    let mut actions = stands(record, state, message, None, now);
    actions.push(Action::Cancelled);
    actions
}

fn deadline_passed(record: &mut TaskRecord, now: Timestamp) -> Vec<Action> {
    match record.deadline {
        _ if record.state().is_terminal() => Vec::new(),
        None => Vec::new(),
        // Woken for a deadline that has moved since.
        Some(deadline) if now < deadline => vec![Action::Wake(deadline)],
        Some(_) => {
            // Made once in the life of a task, so that the id is unique without chance.
            let message_id = format!("{}-deadline", record.task.id);
            let parts = vec![Part::text("The task was not done by its deadline.")];
            let message = Message { message_id, parts, ..Message::default() };
            ended(record, TaskState::Failed, Some(message), now)
        }
    }
}
