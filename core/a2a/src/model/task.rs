use super::names::names;
use super::{Message, Part, Struct, Timestamp};
use crate::wire::proto;

names! {
    /// Where a task stands.
    pub enum TaskState {
        /// Not said.
        Unspecified = "TASK_STATE_UNSPECIFIED",
        /// Accepted, nobody works on it yet.
        Submitted = "TASK_STATE_SUBMITTED",
        /// Being worked on.
        Working = "TASK_STATE_WORKING",
        /// Done; final.
        Completed = "TASK_STATE_COMPLETED",
        /// Ended by an error; final.
        Failed = "TASK_STATE_FAILED",
        /// Called off; final.
        Canceled = "TASK_STATE_CANCELED",
        /// Waits for the client.
        InputRequired = "TASK_STATE_INPUT_REQUIRED",
        /// The agent will not do it; final.
        Rejected = "TASK_STATE_REJECTED",
        /// Waits for credentials.
        AuthRequired = "TASK_STATE_AUTH_REQUIRED",
    }
}

impl TaskState {
    /// Nothing comes after it.
    pub const fn is_terminal(self) -> bool {
        matches!(self, TaskState::Completed | TaskState::Failed | TaskState::Canceled | TaskState::Rejected)
    }

    /// The task waits for somebody else.
    pub const fn is_interrupted(self) -> bool {
        matches!(self, TaskState::InputRequired | TaskState::AuthRequired)
    }
}

proto! {
    /// A piece of work with a life of its own.
    pub struct Task {
        /// Made by the agent.
        required id: String,
        /// The conversation that it belongs to.
        implicit context_id: String,
        /// Where it stands.
        required status: TaskStatus,
        /// What came of it so far.
        implicit artifacts: Vec<Artifact>,
        /// The messages that belong to it, the oldest first.
        implicit history: Vec<Message>,
        /// What extensions add.
        optional metadata: Struct,
    }
}

proto! {
    /// Where a task stands, since when, and what the agent says to it.
    pub struct TaskStatus {
        /// The state.
        required state: TaskState,
        /// What the agent says.
        optional message: Message,
        /// Since when.
        optional timestamp: Timestamp,
    }
}

proto! {
    /// Something that a task produced.
    pub struct Artifact {
        /// Unique in its task.
        required artifact_id: String,
        /// For people.
        implicit name: String,
        /// For people.
        implicit description: String,
        /// The content, at least one part.
        required parts: Vec<Part>,
        /// What extensions add.
        optional metadata: Struct,
        /// URIs of the extensions that contributed to it.
        implicit extensions: Vec<String>,
    }
}
