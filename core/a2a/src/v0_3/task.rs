//! Tasks, their statuses and artifacts, and the events of a stream.

use super::Form;
use super::content::{read_message, read_part, write_message, write_part};
use super::object::{Fault, Object, Writer};
use crate::model::{
    Artifact, StreamResponse, Task, TaskArtifactUpdateEvent, TaskState, TaskStatus, TaskStatusUpdateEvent, Timestamp,
};
use serde_json::{Value, json};

/// States by their words in the schema.
const STATES: [(&str, TaskState); 9] = [
    ("unknown", TaskState::Unspecified),
    ("submitted", TaskState::Submitted),
    ("working", TaskState::Working),
    ("completed", TaskState::Completed),
    ("failed", TaskState::Failed),
    ("canceled", TaskState::Canceled),
    ("input-required", TaskState::InputRequired),
    ("rejected", TaskState::Rejected),
    ("auth-required", TaskState::AuthRequired),
];

/// How the proto of 0.3 spelled it.
const CANCELLED: &str = "TASK_STATE_CANCELLED";

fn read_state(value: Value) -> Result<TaskState, Fault> {
    let Some(word) = value.as_str() else { return Err(Fault::new("is not a string")) };
    let of_schema = STATES.iter().find(|(known, _)| *known == word).map(|(_, state)| *state);
    let state = of_schema.or_else(|| TaskState::named(word)).or((word == CANCELLED).then_some(TaskState::Canceled));
    state.ok_or(Fault::new("is no state of a task"))
}

fn write_state(state: TaskState, form: Form) -> &'static str {
    match (form, state) {
        (Form::Proto, TaskState::Canceled) => CANCELLED,
        (Form::Proto, state) => state.as_str(),
        (Form::Schema, state) => STATES.iter().find(|(_, known)| *known == state).map_or("unknown", |(word, _)| word),
    }
}

fn read_status(value: Value) -> Result<TaskStatus, Fault> {
    let mut object = Object::of(value)?;
    Ok(TaskStatus {
        state: object.one("state", read_state)?.unwrap_or_default(),
        message: object.one("message", read_message)?,
        // 0.3 asks for no particular form here: what cannot be read is no reason to lose the task.
        timestamp: object.optional_text("timestamp")?.as_deref().and_then(Timestamp::parse),
    })
}

fn write_status(status: &TaskStatus, form: Form) -> Value {
    Writer::default()
        .put("state", write_state(status.state, form))
        .optional("message", status.message.as_ref().map(|message| write_message(message, form)))
        .optional("timestamp", status.timestamp.map(|at| at.to_string()))
        .done()
}

pub(super) fn read_task(value: Value) -> Result<Task, Fault> {
    let mut object = Object::of(value)?;
    Ok(Task {
        id: object.text("id")?,
        context_id: object.text("contextId")?,
        status: object.one("status", read_status)?.unwrap_or_default(),
        artifacts: object.many("artifacts", read_artifact)?,
        history: object.many("history", read_message)?,
        metadata: object.structure("metadata")?,
    })
}

pub(super) fn write_task(task: &Task, form: Form) -> Value {
    Writer::default()
        .put_if(form == Form::Schema, "kind", "task")
        .put("id", task.id.as_str())
        .put("contextId", task.context_id.as_str())
        .put("status", write_status(&task.status, form))
        .many("history", &task.history, |message| write_message(message, form))
        .many("artifacts", &task.artifacts, |artifact| write_artifact(artifact, form))
        .optional("metadata", task.metadata.clone())
        .done()
}

fn read_artifact(value: Value) -> Result<Artifact, Fault> {
    let mut object = Object::of(value)?;
    Ok(Artifact {
        artifact_id: object.text("artifactId")?,
        name: object.text("name")?,
        description: object.text("description")?,
        parts: object.many("parts", read_part)?,
        metadata: object.structure("metadata")?,
        extensions: object.texts("extensions")?,
    })
}

fn write_artifact(artifact: &Artifact, form: Form) -> Value {
    Writer::default()
        .put("artifactId", artifact.artifact_id.as_str())
        .text("name", &artifact.name)
        .text("description", &artifact.description)
        .put("parts", artifact.parts.iter().map(|part| write_part(part, form)).collect::<Vec<_>>())
        .optional("metadata", artifact.metadata.clone())
        .texts("extensions", &artifact.extensions)
        .done()
}

fn read_status_update(value: Value) -> Result<TaskStatusUpdateEvent, Fault> {
    let mut object = Object::of(value)?;
    Ok(TaskStatusUpdateEvent {
        task_id: object.text("taskId")?,
        context_id: object.text("contextId")?,
        status: object.one("status", read_status)?.unwrap_or_default(),
        metadata: object.structure("metadata")?,
    })
}

fn write_status_update(event: &TaskStatusUpdateEvent, form: Form) -> Value {
    let state = event.status.state;
    Writer::default()
        .put_if(form == Form::Schema, "kind", "status-update")
        .put("taskId", event.task_id.as_str())
        .put("contextId", event.context_id.as_str())
        .put("status", write_status(&event.status, form))
        // "The last event of this interaction": the task is over, or the next word is the client's.
        .put("final", state.is_terminal() || state.is_interrupted())
        .optional("metadata", event.metadata.clone())
        .done()
}

fn read_artifact_update(value: Value) -> Result<TaskArtifactUpdateEvent, Fault> {
    let mut object = Object::of(value)?;
    Ok(TaskArtifactUpdateEvent {
        task_id: object.text("taskId")?,
        context_id: object.text("contextId")?,
        artifact: object.one("artifact", read_artifact)?.unwrap_or_default(),
        append: object.flag("append")?.unwrap_or_default(),
        last_chunk: object.flag("lastChunk")?.unwrap_or_default(),
        metadata: object.structure("metadata")?,
    })
}

fn write_artifact_update(event: &TaskArtifactUpdateEvent, form: Form) -> Value {
    Writer::default()
        .put_if(form == Form::Schema, "kind", "artifact-update")
        .put("taskId", event.task_id.as_str())
        .put("contextId", event.context_id.as_str())
        .put("artifact", write_artifact(&event.artifact, form))
        .put_if(event.append, "append", true)
        .put_if(event.last_chunk, "lastChunk", true)
        .optional("metadata", event.metadata.clone())
        .done()
}

/// Reads an event of a stream, the result of a message that was sent, or a push notification.
///
/// # Errors
/// [`Fault`]: where it is none.
pub fn read_event(value: Value) -> Result<StreamResponse, Fault> {
    let mut object = Object::of(value)?;
    if let Some(task) = object.one("task", read_task)? {
        return Ok(StreamResponse::Task(task));
    }
    if let Some(update) = object.one("statusUpdate", read_status_update)? {
        return Ok(StreamResponse::StatusUpdate(update));
    }
    if let Some(update) = object.one("artifactUpdate", read_artifact_update)? {
        return Ok(StreamResponse::ArtifactUpdate(update));
    }
    if let Some(message) = object.one("message", read_message)? {
        return Ok(StreamResponse::Message(message));
    }
    let kind = object.take("kind");
    let value = object.into_value();
    match kind.as_ref().and_then(Value::as_str) {
        Some("task") => read_task(value).map(StreamResponse::Task),
        Some("message") => read_message(value).map(StreamResponse::Message),
        Some("status-update") => read_status_update(value).map(StreamResponse::StatusUpdate),
        Some("artifact-update") => read_artifact_update(value).map(StreamResponse::ArtifactUpdate),
        _ => Err(Fault::new("is none of `task`, `message`, `status-update`, `artifact-update`").at("kind")),
    }
}

/// Writes an event of a stream, the result of a message that was sent, or a push notification.
pub fn write_event(event: &StreamResponse, form: Form) -> Value {
    let (member, value) = match event {
        StreamResponse::Task(task) => ("task", write_task(task, form)),
        StreamResponse::Message(message) => ("message", write_message(message, form)),
        StreamResponse::StatusUpdate(update) => ("statusUpdate", write_status_update(update, form)),
        StreamResponse::ArtifactUpdate(update) => ("artifactUpdate", write_artifact_update(update, form)),
    };
    if form == Form::Proto { json!({ member: value }) } else { value }
}
