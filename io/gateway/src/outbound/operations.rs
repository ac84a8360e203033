//! The eleven operations by name.

use super::error::CallError;
use super::{Client, Events};
use duologue_a2a::call::{Call, Reply};
use duologue_a2a::model::{
    AgentCard, CancelTaskRequest, DeleteTaskPushNotificationConfigRequest, GetExtendedAgentCardRequest,
    GetTaskPushNotificationConfigRequest, GetTaskRequest, ListTaskPushNotificationConfigsRequest,
    ListTaskPushNotificationConfigsResponse, ListTasksRequest, ListTasksResponse, SendMessageRequest,
    SendMessageResponse, SubscribeToTaskRequest, Task, TaskPushNotificationConfig,
};

/// Operations, each with its call and the answer that belongs to it.
macro_rules! operations {
    ($($(#[$doc:meta])* $name:ident($request:ident: $ty:ty) = $call:expr => $reply:pat => $answer:expr, $out:ty;)+) => {
        impl Client {
            $($(#[$doc])*
            ///
            /// # Errors
            /// [`CallError`].
            pub async fn $name(&self, $request: $ty) -> Result<$out, CallError> {
                match self.call($call).await? {
                    $reply => Ok($answer),
                    _ => Err(self.another_answer()),
                }
            })+
        }
    };
}

operations! {
    /// Sends a message, and waits for what comes of it.
    send_message(request: SendMessageRequest)
        = Call::SendMessage(Box::new(request)) => Reply::Sent(sent) => *sent, SendMessageResponse;
    /// Asks for a task.
    get_task(request: GetTaskRequest) = Call::GetTask(request) => Reply::Task(task) => *task, Task;
    /// Asks for one's tasks.
    list_tasks(request: ListTasksRequest) = Call::ListTasks(request) => Reply::Tasks(tasks) => tasks, ListTasksResponse;
    /// Calls a task off.
    cancel_task(request: CancelTaskRequest) = Call::CancelTask(request) => Reply::Task(task) => *task, Task;
    /// Adds a webhook to a task, or changes one.
    create_push_config(config: TaskPushNotificationConfig)
        = Call::CreateTaskPushNotificationConfig(Box::new(config))
        => Reply::PushConfig(config) => *config, TaskPushNotificationConfig;
    /// Asks for a webhook of a task.
    get_push_config(request: GetTaskPushNotificationConfigRequest)
        = Call::GetTaskPushNotificationConfig(request)
        => Reply::PushConfig(config) => *config, TaskPushNotificationConfig;
    /// Asks for the webhooks of a task.
    list_push_configs(request: ListTaskPushNotificationConfigsRequest)
        = Call::ListTaskPushNotificationConfigs(request)
        => Reply::PushConfigs(configs) => configs, ListTaskPushNotificationConfigsResponse;
    /// Takes a webhook from a task.
    delete_push_config(request: DeleteTaskPushNotificationConfigRequest)
        = Call::DeleteTaskPushNotificationConfig(request) => Reply::Deleted => (), ();
    /// Asks for the card for those who are authenticated.
    extended_card(request: GetExtendedAgentCardRequest)
        = Call::GetExtendedAgentCard(request) => Reply::Card(card) => *card, AgentCard;
}

impl Client {
    /// Sends a message, and streams what comes of it.
    ///
    /// # Errors
    /// As [`Client::stream`].
    pub async fn send_streaming_message(&self, request: SendMessageRequest) -> Result<Events, CallError> {
        self.stream(Call::SendStreamingMessage(Box::new(request))).await
    }

    /// Streams what becomes of a task.
    ///
    /// # Errors
    /// As [`Client::stream`].
    pub async fn subscribe_to_task(&self, request: SubscribeToTaskRequest) -> Result<Events, CallError> {
        self.stream(Call::SubscribeToTask(request)).await
    }

    /// Answers are read as that of the operation: there is no other.
    fn another_answer(&self) -> CallError {
        CallError::NotUnderstood { url: self.shown(), why: "it belongs to another operation".to_owned() }
    }
}
