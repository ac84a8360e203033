use super::event::{Action, Refused};
use crate::model::{
    Message, Role, StreamResponse, Struct, Task, TaskPushNotificationConfig, TaskState, TaskStatus, Timestamp,
};
use crate::version::Dialect;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// Whose a task is: the principal that sent its first message, such as a SPIFFE id. Nobody else sees it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Owner(pub String);

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where to tell what becomes of a task.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// Its configuration, with an id of its own.
    pub config: TaskPushNotificationConfig,
    /// The version in which it was set, which its receiver reads.
    pub dialect: Dialect,
}

/// What a task begins with.
#[derive(Clone, Debug)]
pub struct NewTask {
    /// Who sent the message.
    pub owner: Owner,
    /// A new id.
    pub task_id: String,
    /// A new id, for a message that names no conversation.
    pub context_id: String,
    /// The message.
    pub message: Message,
    /// A webhook with an id of its own, where the request has one.
    pub push: Option<Webhook>,
    /// When the task fails if it is not over.
    pub deadline: Option<Timestamp>,
    /// What the shell keeps with the task and nobody is sent: trace, chain of callers.
    pub kept: Struct,
}

/// Everything about a task that outlives a process. Stored by [`TaskRecord::to_json`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct TaskRecord {
    pub(super) owner: Owner,
    pub(super) task: Task,
    /// Number of the newest event.
    pub(super) sequence: u64,
    /// Ids of the messages that were taken.
    pub(super) message_ids: BTreeSet<String>,
    /// Webhooks by their ids.
    pub(super) push: BTreeMap<String, Webhook>,
    /// Artifacts whose last chunk came.
    pub(super) complete: BTreeSet<String>,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) deadline: Option<Timestamp>,
    pub(super) created: Timestamp,
    #[serde(skip_serializing_if = "Struct::is_empty", default)]
    pub(super) kept: Struct,
}

/// A stored record that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// Written by a newer program.
    #[error("the task was stored in form {0}, and this program knows forms up to {CURRENT}: use the newer program")]
    Version(u32),
    /// Not what was written.
    #[error("the stored task is damaged: restore it from a backup: {0}")]
    Damaged(#[from] serde_json::Error),
}

/// The form in which records are stored.
const CURRENT: u32 = 1;

#[derive(Serialize)]
struct Stored<'a> {
    version: u32,
    #[serde(flatten)]
    record: &'a TaskRecord,
}

#[derive(Deserialize)]
struct Version {
    version: u32,
}

impl TaskRecord {
    /// Begins a task: submitted, with the message as its history.
    ///
    /// # Errors
    /// [`Refused::OtherTask`] where the message names a task: clients name only tasks that exist.
    pub fn open(new: NewTask, now: Timestamp) -> Result<(TaskRecord, Vec<Action>), Refused> {
        let NewTask { owner, task_id, context_id, mut message, push, deadline, kept } = new;
        if !message.task_id.is_empty() {
            return Err(Refused::OtherTask);
        }
        let context_id = if message.context_id.is_empty() { context_id } else { message.context_id.clone() };
        message.task_id.clone_from(&task_id);
        message.context_id.clone_from(&context_id);
        message.role = Role::User;
        let message_ids = BTreeSet::from([message.message_id.clone()]);
        let status = TaskStatus { state: TaskState::Submitted, message: None, timestamp: Some(now) };
        let task = Task { id: task_id, context_id, status, history: vec![message], ..Task::default() };
        let mut record = TaskRecord {
            owner,
            task,
            sequence: 0,
            message_ids,
            push: BTreeMap::new(),
            complete: BTreeSet::new(),
            deadline,
            created: now,
            kept,
        };
        if let Some(push) = push {
            record.set_push(push)?;
        }
        let mut actions = record.told(StreamResponse::Task(record.task.clone()));
        actions.extend(deadline.map(Action::Wake));
        Ok((record, actions))
    }

    /// Whose it is.
    pub fn owner(&self) -> &Owner {
        &self.owner
    }

    /// Whether somebody may see it. To others it does not exist: answer
    /// [`task_not_found`](crate::error::A2aError::task_not_found).
    pub fn is_visible_to(&self, who: &Owner) -> bool {
        self.owner == *who
    }

    /// The task as it stands.
    pub fn task(&self) -> &Task {
        &self.task
    }

    /// Number of the newest event: a snapshot of the task stands for the events up to here.
    pub fn sequence(&self) -> u64 {
        self.sequence
    }

    /// Where it stands.
    pub fn state(&self) -> TaskState {
        self.task.status.state
    }

    /// Since when it stands there: what lists are ordered by.
    pub fn updated(&self) -> Timestamp {
        self.task.status.timestamp.unwrap_or(self.created)
    }

    /// When it began.
    pub fn created(&self) -> Timestamp {
        self.created
    }

    /// When it fails if it is not over.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.deadline
    }

    /// Whether this message was taken already. Some clients give several messages one id: what they say tells them apart.
    pub fn has_taken(&self, message: &Message) -> bool {
        let is_same = |taken: &&Message| {
            taken.message_id == message.message_id && taken.role == Role::User && taken.parts == message.parts
        };
        self.message_ids.contains(&message.message_id) && self.task.history.iter().any(|taken| is_same(&taken))
    }

    /// Its webhooks, by their ids.
    pub fn push(&self) -> &BTreeMap<String, Webhook> {
        &self.push
    }

    /// What the shell keeps with it.
    pub fn kept(&self) -> &Struct {
        &self.kept
    }

    /// The record as it is stored.
    pub fn to_json(&self) -> Vec<u8> {
        // Into memory, and all keys are strings: cannot fail.
        serde_json::to_vec(&Stored { version: CURRENT, record: self }).unwrap_or_default()
    }

    /// Reads a record of this or of an older form.
    ///
    /// # Errors
    /// [`Unreadable`].
    pub fn from_json(json: &[u8]) -> Result<TaskRecord, Unreadable> {
        match serde_json::from_slice::<Version>(json)?.version {
            CURRENT => Ok(serde_json::from_slice(json)?),
            other => Err(Unreadable::Version(other)),
        }
    }

    /// The actions of one more event: it is told, and every webhook gets it.
    pub(super) fn told(&mut self, event: StreamResponse) -> Vec<Action> {
        self.sequence += 1;
        let sequence = self.sequence;
        let push = self.push.keys().map(|id| Action::Push { config_id: id.clone(), sequence });
        std::iter::once(Action::Tell { sequence, event: Box::new(event) }).chain(push).collect()
    }

    pub(super) fn set_push(&mut self, mut webhook: Webhook) -> Result<(), Refused> {
        if !self.push.contains_key(&webhook.config.id) && self.push.len() >= super::apply::MOST_WEBHOOKS {
            return Err(Refused::Full { what: "webhooks", most: super::apply::MOST_WEBHOOKS });
        }
        webhook.config.task_id.clone_from(&self.task.id);
        self.push.insert(webhook.config.id.clone(), webhook);
        Ok(())
    }
}
