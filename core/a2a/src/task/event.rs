use super::record::Webhook;
use crate::error::{A2aError, ErrorKind};
use crate::model::{Artifact, Message, StreamResponse, Struct, TaskState, Timestamp};

/// What happens to a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// Its owner sends another message.
    Message {
        /// The message, which names the task.
        message: Box<Message>,
        /// A webhook with an id of its own, where the request has one.
        push: Option<Box<Webhook>>,
        /// A new deadline, where the request has one.
        deadline: Option<Timestamp>,
    },
    /// The agent says where it stands.
    Status {
        /// The state.
        state: TaskState,
        /// What it says.
        message: Option<Box<Message>>,
        /// What extensions add.
        metadata: Option<Struct>,
    },
    /// The agent produced something.
    Artifact {
        /// What, or what is to be added.
        artifact: Box<Artifact>,
        /// It is added to the artifact with the same id.
        append: bool,
        /// Nothing more will be added.
        last_chunk: bool,
        /// What extensions add.
        metadata: Option<Struct>,
    },
    /// Its owner calls it off.
    Cancel,
    /// The time for which [`Action::Wake`] asked has come.
    DeadlinePassed,
    /// A webhook with an id is added, or takes the place of the one with the same id.
    SetPush(Box<Webhook>),
    /// A webhook is taken away; that it is not there is no error.
    DeletePush(String),
}

/// What is to be done, once the record is committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Store the event under its number, and send it to all who listen.
    Tell {
        /// Its number within the task.
        sequence: u64,
        /// The event.
        event: Box<StreamResponse>,
    },
    /// Send the event with this number to a webhook.
    Push {
        /// The webhook's id within the task.
        config_id: String,
        /// The event's number.
        sequence: u64,
    },
    /// Send [`Event::DeadlinePassed`] then.
    Wake(Timestamp),
    /// Stop the work: the task is over without it.
    Cancelled,
}

/// Why an event is not taken. The record is as it was.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// A message to a task that is over.
    #[error("The task is over ({}): send the message without its id to begin another", .0.as_str())]
    Over(TaskState),
    /// A task that is over is called off.
    #[error("The task is over ({}) and cannot be called off", .0.as_str())]
    NotCancelable(TaskState),
    /// A message that names another conversation than its task's.
    #[error("the task belongs to another conversation: leave the field out, or send the task's own")]
    OtherContext,
    /// A message that names another task.
    #[error("There is no such task, or it is not yours")]
    OtherTask,
    /// There is no room for more.
    #[error("A task takes at most {most} {what}")]
    Full {
        /// Of what.
        what: &'static str,
        /// How many.
        most: usize,
    },
    /// The agent goes on after the end.
    #[error("the agent goes on with a task that is over ({})", .0.as_str())]
    AfterEnd(TaskState),
    /// The agent goes back to a state that cannot come any more.
    #[error("the agent sets the state {}, which cannot come after the task has begun", .0.as_str())]
    State(TaskState),
    /// The agent adds to an artifact that there is not, or whose last chunk came.
    #[error("the agent adds to the artifact {0}, which does not exist or is complete")]
    Append(String),
    /// An artifact without id or parts.
    #[error("the agent produced an artifact without an id or without parts")]
    EmptyArtifact,
}

impl From<Refused> for A2aError {
    fn from(refused: Refused) -> A2aError {
        let kind = match &refused {
            Refused::OtherContext => return A2aError::invalid("message.contextId", refused.to_string()),
            Refused::Over(_) => ErrorKind::UnsupportedOperation,
            Refused::NotCancelable(_) => ErrorKind::TaskNotCancelable,
            Refused::OtherTask => ErrorKind::TaskNotFound,
            Refused::Full { .. } => ErrorKind::ResourceExhausted,
            Refused::AfterEnd(_) | Refused::State(_) | Refused::Append(_) | Refused::EmptyArtifact => {
                ErrorKind::InvalidAgentResponse
            }
        };
        A2aError::new(kind, refused.to_string())
    }
}
