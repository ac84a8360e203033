use super::{Artifact, Message, Struct, Task, TaskStatus};
use crate::wire::{oneof, proto};

proto! {
    /// A task stands elsewhere now.
    pub struct TaskStatusUpdateEvent {
        /// The task.
        required task_id: String,
        /// Its conversation.
        required context_id: String,
        /// Where it stands.
        required status: TaskStatus,
        /// What extensions add.
        optional metadata: Struct,
    }
}

proto! {
    /// A task produced something.
    pub struct TaskArtifactUpdateEvent {
        /// The task.
        required task_id: String,
        /// Its conversation.
        required context_id: String,
        /// What was produced, or what is to be added to it.
        required artifact: Artifact,
        /// The parts are added to those that the artifact has.
        implicit append: bool,
        /// Nothing more will be added.
        implicit last_chunk: bool,
        /// What extensions add.
        optional metadata: Struct,
    }
}

oneof! {
    /// One event of a stream, and what a push notification carries.
    pub enum StreamResponse {
        /// The whole task.
        "task" => Task(Task),
        /// The agent's answer, where there is no task.
        "message" => Message(Message),
        /// The task stands elsewhere now.
        "statusUpdate" => StatusUpdate(TaskStatusUpdateEvent),
        /// The task produced something.
        "artifactUpdate" => ArtifactUpdate(TaskArtifactUpdateEvent),
    }
}

oneof! {
    /// What comes of a message that was sent.
    pub enum SendMessageResponse {
        /// A task.
        "task" => Task(Task),
        /// The agent's answer, where there is no task.
        "message" => Message(Message),
    }
}

impl From<SendMessageResponse> for StreamResponse {
    fn from(response: SendMessageResponse) -> StreamResponse {
        match response {
            SendMessageResponse::Task(task) => StreamResponse::Task(task),
            SendMessageResponse::Message(message) => StreamResponse::Message(message),
        }
    }
}
