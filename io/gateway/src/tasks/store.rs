//! Where tasks are kept.

use async_trait::async_trait;
use duologue_a2a::error::A2aError;
use duologue_a2a::model::{ListTasksRequest, ListTasksResponse, Message, StreamResponse, Timestamp};
use duologue_a2a::task::{Owner, TaskRecord};
use duologue_store::{Claim, Outcome, SettleError, Unavailable, UnixMs};
use std::sync::Arc;
use std::time::Duration;

/// One event of a task, with its number.
#[derive(Clone, Debug, PartialEq)]
pub struct Numbered {
    /// Number within the task. None: there is no task, and the event is the agent's whole answer.
    pub sequence: Option<u64>,
    /// The event.
    pub event: Arc<StreamResponse>,
}

/// Who works at a task.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Run {
    /// Which instance.
    pub(crate) by: String,
    /// Different for each run of the task.
    pub(crate) epoch: u64,
    /// How often the same message is being answered.
    pub(crate) attempt: u32,
    /// How many runs before this one ended, one after the other, before anything was told in them.
    #[serde(default)]
    pub(crate) fruitless: u32,
    /// Until when it is taken to be alive without a sign.
    pub(crate) until: Timestamp,
}

/// A task as it is kept.
#[derive(Clone, Debug)]
pub(crate) struct Stored {
    pub(crate) record: Arc<TaskRecord>,
    pub(crate) version: u64,
    pub(crate) run: Option<Run>,
}

/// Which webhook is to be told which event.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Order {
    #[serde(rename = "config")]
    pub(crate) config_id: String,
    pub(crate) sequence: u64,
    /// When it happened.
    pub(crate) at: Timestamp,
}

impl Order {
    /// Names the effect for ever.
    pub(crate) fn key(&self, task: &str) -> String {
        format!("push:{task}:{}:{}", self.sequence, self.config_id)
    }
}

/// Names a message: whose it is, its id and what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct MessageKey(pub(crate) [u8; 16]);

/// What came of a message.
#[derive(Clone, Debug)]
pub(crate) enum Remembered {
    /// A task with this id.
    Task(String),
    /// The whole answer.
    Message(Message),
}

/// What is written together, or not at all.
#[derive(Clone, Debug)]
pub(crate) struct Step {
    /// The version that is there; 0: none.
    pub(crate) before: u64,
    pub(crate) record: Arc<TaskRecord>,
    pub(crate) run: Option<Run>,
    pub(crate) events: Vec<Numbered>,
    pub(crate) pushes: Vec<Order>,
    /// When the task is to be looked at, whatever happens.
    pub(crate) wake_at: Option<Timestamp>,
    /// The message that opens the task.
    pub(crate) opens: Option<MessageKey>,
}

/// Why something was not written or read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    /// Somebody else was faster.
    #[error("the task has moved")]
    Moved,
    /// The message was answered already.
    #[error("the message was answered already")]
    Answered,
    /// There is no room.
    #[error("{0}")]
    Full(&'static str),
    /// The store does not answer, or holds what cannot be read.
    #[error("tasks cannot be read or written now: {0}")]
    Unavailable(String),
}

/// What others have done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// A task has a new version.
    Moved(Arc<str>),
    /// Anything may have changed.
    Anything,
}

/// Tasks and their events, and what came of messages.
#[async_trait]
pub(crate) trait TaskStore: Send + Sync + 'static {
    /// Whether what is written outlives this process; then a task can be taken up by another.
    fn is_durable(&self) -> bool;
    async fn load(&self, id: &str) -> Result<Option<Stored>, StoreError>;
    async fn commit(&self, step: Step) -> Result<(), StoreError>;
    /// Events after a number, in order, some of them at least where there are any.
    async fn events(&self, id: &str, after: u64) -> Result<Vec<Numbered>, StoreError>;
    async fn list(&self, who: &Owner, request: &ListTasksRequest) -> Result<ListTasksResponse, A2aError>;
    async fn remembered(&self, key: MessageKey) -> Result<Option<Remembered>, StoreError>;
    /// Keeps the answer to a message that made no task. [`StoreError::Answered`]: it has another one already.
    async fn remember(&self, key: MessageKey, answer: &Message, now: Timestamp) -> Result<(), StoreError>;
    /// Tasks that are to be looked at, each given to nobody else for a while.
    async fn due(&self, now: Timestamp) -> Result<Vec<Stored>, StoreError>;
    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError>;
    /// Forgets a task that has been over for long.
    async fn remove(&self, id: &str, version: u64) -> Result<(), StoreError>;
    /// Orders for webhooks that are due, each given to nobody else for a while.
    async fn claim_pushes(&self, now: UnixMs, lease: Duration, limit: u32) -> Result<Vec<Claim>, Unavailable>;
    /// What became of one.
    async fn settle_push(&self, claim: Claim, outcome: Outcome) -> Result<(), SettleError>;
    async fn next_push(&self) -> Result<Option<UnixMs>, Unavailable>;
    /// The next change by another process; never, where there is none.
    async fn changed(&self) -> Change;
}
