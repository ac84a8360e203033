use super::Operation;
use super::params::Source;
use crate::error::{A2aError, ErrorKind};
use crate::model::{
    AgentCard, ListTaskPushNotificationConfigsResponse, ListTasksResponse, SendMessageResponse, StreamResponse, Task,
    TaskPushNotificationConfig,
};
use serde::{Serialize, Serializer};

/// What a call comes to, where it is answered at once. Streams are of [`StreamResponse`]s.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// What came of a message.
    Sent(Box<SendMessageResponse>),
    /// A task.
    Task(Box<Task>),
    /// A page of tasks.
    Tasks(ListTasksResponse),
    /// A webhook.
    PushConfig(Box<TaskPushNotificationConfig>),
    /// The webhooks of a task.
    PushConfigs(ListTaskPushNotificationConfigsResponse),
    /// It is gone.
    Deleted,
    /// The extended card.
    Card(Box<AgentCard>),
}

impl Serialize for Reply {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Reply::Sent(response) => response.serialize(serializer),
            Reply::Task(task) => task.serialize(serializer),
            Reply::Tasks(tasks) => tasks.serialize(serializer),
            Reply::PushConfig(config) => config.serialize(serializer),
            Reply::PushConfigs(configs) => configs.serialize(serializer),
            // `google.protobuf.Empty`.
            Reply::Deleted => crate::model::Struct::new().serialize(serializer),
            Reply::Card(card) => card.serialize(serializer),
        }
    }
}

impl Reply {
    /// An operation that is answered so.
    pub(super) const fn operation(&self) -> Operation {
        match self {
            Reply::Sent(_) => Operation::SendMessage,
            Reply::Task(_) => Operation::GetTask,
            Reply::Tasks(_) => Operation::ListTasks,
            Reply::PushConfig(_) => Operation::GetTaskPushNotificationConfig,
            Reply::PushConfigs(_) => Operation::ListTaskPushNotificationConfigs,
            Reply::Deleted => Operation::DeleteTaskPushNotificationConfig,
            Reply::Card(_) => Operation::GetExtendedAgentCard,
        }
    }

    /// Reads the answer to an operation.
    pub(super) fn read<'de>(operation: Operation, source: impl Source<'de>) -> Result<Reply, A2aError> {
        let reply = match operation {
            Operation::SendMessage => Reply::Sent(source.answer()?),
            Operation::GetTask | Operation::CancelTask => Reply::Task(source.answer()?),
            Operation::ListTasks => Reply::Tasks(source.answer()?),
            Operation::CreateTaskPushNotificationConfig | Operation::GetTaskPushNotificationConfig => {
                Reply::PushConfig(source.answer()?)
            }
            Operation::ListTaskPushNotificationConfigs => Reply::PushConfigs(source.answer()?),
            Operation::DeleteTaskPushNotificationConfig => Reply::Deleted,
            Operation::GetExtendedAgentCard => Reply::Card(source.answer()?),
            Operation::SendStreamingMessage | Operation::SubscribeToTask => {
                return Err(unusable("one answer came where a stream of events was asked for"));
            }
        };
        reply.check()
    }

    /// Refuses what lacks the fields without which nothing can be done with it.
    pub(super) fn check(self) -> Result<Reply, A2aError> {
        let lacks = match &self {
            Reply::Sent(sent) => match sent.as_ref() {
                SendMessageResponse::Task(task) => task_lacks(task),
                SendMessageResponse::Message(message) => message.message_id.is_empty().then_some("messageId"),
            },
            Reply::Task(task) => task_lacks(task),
            Reply::Tasks(tasks) => tasks.tasks.iter().find_map(task_lacks),
            Reply::PushConfig(config) => config.url.is_empty().then_some("url"),
            Reply::Card(card) => card.name.is_empty().then_some("name"),
            Reply::PushConfigs(_) | Reply::Deleted => None,
        };
        lacks.map_or(Ok(self), |field| Err(unusable(&format!("`{field}` is missing"))))
    }
}

/// Refuses an event that lacks the fields without which nothing can be done with it.
pub(super) fn check_event(event: StreamResponse) -> Result<StreamResponse, A2aError> {
    let lacks = match &event {
        StreamResponse::Task(task) => task_lacks(task),
        StreamResponse::Message(message) => message.message_id.is_empty().then_some("messageId"),
        StreamResponse::StatusUpdate(update) => update.task_id.is_empty().then_some("taskId"),
        StreamResponse::ArtifactUpdate(update) => {
            update.artifact.artifact_id.is_empty().then_some("artifact.artifactId")
        }
    };
    lacks.map_or(Ok(event), |field| Err(unusable(&format!("`{field}` is missing"))))
}

fn task_lacks(task: &Task) -> Option<&'static str> {
    task.id.is_empty().then_some("id")
}

/// The answer is not one of the protocol.
pub(super) fn unusable(why: &str) -> A2aError {
    A2aError::new(ErrorKind::InvalidAgentResponse, format!("The agent's answer is not one of the protocol: {why}"))
}
