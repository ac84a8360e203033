//! Calls: the eleven operations with their requests and answers, and how they stand on the wire.
//!
//! [`jsonrpc`] and [`http`] read and write both sides of both dialects, [`grpc`] those of 1.0. All carry the same [`Call`] and
//! [`Reply`].

mod check;
pub mod grpc;
pub mod http;
pub mod jsonrpc;
mod limits;
mod operation;
mod params;
mod percent;
mod reply;

pub use limits::Limits;
pub use operation::Operation;
pub use reply::Reply;

use crate::model::{
    CancelTaskRequest, DeleteTaskPushNotificationConfigRequest, GetExtendedAgentCardRequest,
    GetTaskPushNotificationConfigRequest, GetTaskRequest, ListTaskPushNotificationConfigsRequest, ListTasksRequest,
    SendMessageRequest, SubscribeToTaskRequest, TaskPushNotificationConfig,
};

/// A call of one of the operations, with its request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// Sends a message, and waits for what comes of it.
    SendMessage(Box<SendMessageRequest>),
    /// Sends a message, and streams what comes of it.
    SendStreamingMessage(Box<SendMessageRequest>),
    /// Asks for a task.
    GetTask(GetTaskRequest),
    /// Asks for one's tasks.
    ListTasks(ListTasksRequest),
    /// Calls a task off.
    CancelTask(CancelTaskRequest),
    /// Streams what becomes of a task.
    SubscribeToTask(SubscribeToTaskRequest),
    /// Adds a webhook to a task, or changes one.
    CreateTaskPushNotificationConfig(Box<TaskPushNotificationConfig>),
    /// Asks for a webhook of a task. In 0.3 the id of the configuration may be empty: any.
    GetTaskPushNotificationConfig(GetTaskPushNotificationConfigRequest),
    /// Asks for the webhooks of a task.
    ListTaskPushNotificationConfigs(ListTaskPushNotificationConfigsRequest),
    /// Takes a webhook from a task.
    DeleteTaskPushNotificationConfig(DeleteTaskPushNotificationConfigRequest),
    /// Asks for the card for those who are authenticated.
    GetExtendedAgentCard(GetExtendedAgentCardRequest),
}

impl Call {
    /// Which operation it is.
    pub const fn operation(&self) -> Operation {
        match self {
            Call::SendMessage(_) => Operation::SendMessage,
            Call::SendStreamingMessage(_) => Operation::SendStreamingMessage,
            Call::GetTask(_) => Operation::GetTask,
            Call::ListTasks(_) => Operation::ListTasks,
            Call::CancelTask(_) => Operation::CancelTask,
            Call::SubscribeToTask(_) => Operation::SubscribeToTask,
            Call::CreateTaskPushNotificationConfig(_) => Operation::CreateTaskPushNotificationConfig,
            Call::GetTaskPushNotificationConfig(_) => Operation::GetTaskPushNotificationConfig,
            Call::ListTaskPushNotificationConfigs(_) => Operation::ListTaskPushNotificationConfigs,
            Call::DeleteTaskPushNotificationConfig(_) => Operation::DeleteTaskPushNotificationConfig,
            Call::GetExtendedAgentCard(_) => Operation::GetExtendedAgentCard,
        }
    }

    /// The tenant that it is for; empty: none.
    pub fn tenant(&self) -> &str {
        match self {
            Call::SendMessage(request) | Call::SendStreamingMessage(request) => &request.tenant,
            Call::GetTask(request) => &request.tenant,
            Call::ListTasks(request) => &request.tenant,
            Call::CancelTask(request) => &request.tenant,
            Call::SubscribeToTask(request) => &request.tenant,
            Call::CreateTaskPushNotificationConfig(request) => &request.tenant,
            Call::GetTaskPushNotificationConfig(request) => &request.tenant,
            Call::ListTaskPushNotificationConfigs(request) => &request.tenant,
            Call::DeleteTaskPushNotificationConfig(request) => &request.tenant,
            Call::GetExtendedAgentCard(request) => &request.tenant,
        }
    }

    /// The task that it is about, as far as it names one; empty: none.
    pub fn task_id(&self) -> &str {
        match self {
            Call::SendMessage(request) | Call::SendStreamingMessage(request) => &request.message.task_id,
            Call::GetTask(request) => &request.id,
            Call::CancelTask(request) => &request.id,
            Call::SubscribeToTask(request) => &request.id,
            Call::CreateTaskPushNotificationConfig(request) => &request.task_id,
            Call::GetTaskPushNotificationConfig(request) => &request.task_id,
            Call::ListTaskPushNotificationConfigs(request) => &request.task_id,
            Call::DeleteTaskPushNotificationConfig(request) => &request.task_id,
            Call::ListTasks(_) | Call::GetExtendedAgentCard(_) => "",
        }
    }

    /// For another tenant: that of a path, or of an interface.
    pub fn set_tenant(&mut self, tenant: String) {
        match self {
            Call::SendMessage(request) | Call::SendStreamingMessage(request) => request.tenant = tenant,
            Call::GetTask(request) => request.tenant = tenant,
            Call::ListTasks(request) => request.tenant = tenant,
            Call::CancelTask(request) => request.tenant = tenant,
            Call::SubscribeToTask(request) => request.tenant = tenant,
            Call::CreateTaskPushNotificationConfig(request) => request.tenant = tenant,
            Call::GetTaskPushNotificationConfig(request) => request.tenant = tenant,
            Call::ListTaskPushNotificationConfigs(request) => request.tenant = tenant,
            Call::DeleteTaskPushNotificationConfig(request) => request.tenant = tenant,
            Call::GetExtendedAgentCard(request) => request.tenant = tenant,
        }
    }
}
