//! Which fields a request must have (specification 1.0.1 §5.7), and which values they may have.

use super::{Call, Operation};
use crate::error::{A2aError, ErrorKind, Violation};
use crate::model::{AgentCapabilities, Message, Role, SendMessageRequest, TaskPushNotificationConfig};
use crate::version::Dialect;

/// Tasks on a page, at most (`ListTasksRequest.page_size`).
const MOST_ON_A_PAGE: i32 = 100;

#[derive(Default)]
struct Checks(Vec<Violation>);

impl Checks {
    fn fail(&mut self, condition: bool, field: &str, description: &str) {
        if condition {
            self.0.push(Violation { field: field.to_owned(), description: description.to_owned() });
        }
    }

    fn present(&mut self, value: &str, field: &str) {
        self.fail(value.is_empty(), field, "is required");
    }

    fn history(&mut self, length: Option<i32>, field: &str) {
        self.fail(length.is_some_and(|length| length < 0), field, "must be 0 or more");
    }

    fn message(&mut self, message: &Message) {
        if *message == Message::default() {
            return self.present("", "message");
        }
        self.present(&message.message_id, "message.messageId");
        self.fail(message.role == Role::Unspecified, "message.role", "is required: ROLE_USER or ROLE_AGENT");
        self.fail(message.parts.is_empty(), "message.parts", "at least one part is required");
    }

    fn push(&mut self, config: &TaskPushNotificationConfig, field: &dyn Fn(&str) -> String) {
        self.present(&config.url, &field("url"));
        let scheme = config.authentication.as_ref().is_some_and(|authentication| authentication.scheme.is_empty());
        self.fail(scheme, &field("authentication.scheme"), "is required");
    }

    fn send(&mut self, request: &SendMessageRequest) {
        self.message(&request.message);
        let Some(configuration) = &request.configuration else { return };
        self.history(configuration.history_length, "configuration.historyLength");
        if let Some(push) = &configuration.task_push_notification_config {
            self.push(push, &|field| format!("configuration.taskPushNotificationConfig.{field}"));
        }
    }
}

impl Call {
    /// Refuses a request that lacks what it must have.
    ///
    /// # Errors
    /// [`ErrorKind::InvalidParams`] with every field that is to be mended.
    pub fn check(&self, dialect: Dialect) -> Result<(), A2aError> {
        let mut checks = Checks::default();
        match self {
            Call::SendMessage(request) | Call::SendStreamingMessage(request) => checks.send(request),
            Call::GetTask(request) => {
                checks.present(&request.id, "id");
                checks.history(request.history_length, "historyLength");
            }
            Call::ListTasks(request) => {
                checks.history(request.history_length, "historyLength");
                let size = request.page_size.is_some_and(|size| !(1..=MOST_ON_A_PAGE).contains(&size));
                checks.fail(size, "pageSize", "must be from 1 to 100");
            }
            Call::CancelTask(request) => checks.present(&request.id, "id"),
            Call::SubscribeToTask(request) => checks.present(&request.id, "id"),
            Call::CreateTaskPushNotificationConfig(config) => {
                checks.present(&config.task_id, "taskId");
                checks.push(config, &str::to_owned);
            }
            Call::GetTaskPushNotificationConfig(request) => {
                checks.present(&request.task_id, "taskId");
                checks.fail(request.id.is_empty() && dialect == Dialect::V1_0, "id", "is required");
            }
            Call::ListTaskPushNotificationConfigs(request) => {
                checks.present(&request.task_id, "taskId");
                checks.fail(request.page_size.is_some_and(|size| size < 0), "pageSize", "must be 0 or more");
            }
            Call::DeleteTaskPushNotificationConfig(request) => {
                checks.present(&request.task_id, "taskId");
                checks.present(&request.id, "id");
            }
            Call::GetExtendedAgentCard(_) => {}
        }
        if checks.0.is_empty() { Ok(()) } else { Err(A2aError::invalid_fields(checks.0)) }
    }

    /// Refuses what the agent's card says that it does not support (§3.3.4).
    ///
    /// # Errors
    /// [`ErrorKind::UnsupportedOperation`] for streams and the extended card,
    /// [`ErrorKind::PushNotificationNotSupported`] for everything with a webhook.
    pub fn check_supported(&self, capabilities: &AgentCapabilities) -> Result<(), A2aError> {
        let lacks = |capability: Option<bool>| capability != Some(true);
        let operation = self.operation();
        let with_webhook = match self {
            Call::SendMessage(request) | Call::SendStreamingMessage(request) => {
                let configuration = request.configuration.as_ref();
                configuration.is_some_and(|configuration| configuration.task_push_notification_config.is_some())
            }
            _ => operation.is_push(),
        };
        let unsupported = |what: &str| {
            let message = format!("This agent {what}: see the capabilities in its card");
            Err(A2aError::new(ErrorKind::UnsupportedOperation, message))
        };
        if operation.is_streaming() && lacks(capabilities.streaming) {
            return unsupported("does not stream");
        }
        if operation == Operation::GetExtendedAgentCard && lacks(capabilities.extended_agent_card) {
            return unsupported("has no extended card");
        }
        if with_webhook && lacks(capabilities.push_notifications) {
            return Err(ErrorKind::PushNotificationNotSupported.into());
        }
        Ok(())
    }
}
