use crate::version::Dialect;

/// One of the eleven operations (specification 1.0.1 §5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// `SendMessage`
    SendMessage,
    /// `SendStreamingMessage`
    SendStreamingMessage,
    /// `GetTask`
    GetTask,
    /// `ListTasks`
    ListTasks,
    /// `CancelTask`
    CancelTask,
    /// `SubscribeToTask`
    SubscribeToTask,
    /// `CreateTaskPushNotificationConfig`
    CreateTaskPushNotificationConfig,
    /// `GetTaskPushNotificationConfig`
    GetTaskPushNotificationConfig,
    /// `ListTaskPushNotificationConfigs`
    ListTaskPushNotificationConfigs,
    /// `DeleteTaskPushNotificationConfig`
    DeleteTaskPushNotificationConfig,
    /// `GetExtendedAgentCard`
    GetExtendedAgentCard,
}

impl Operation {
    /// All of them.
    pub const ALL: [Operation; 11] = [
        Operation::SendMessage,
        Operation::SendStreamingMessage,
        Operation::GetTask,
        Operation::ListTasks,
        Operation::CancelTask,
        Operation::SubscribeToTask,
        Operation::CreateTaskPushNotificationConfig,
        Operation::GetTaskPushNotificationConfig,
        Operation::ListTaskPushNotificationConfigs,
        Operation::DeleteTaskPushNotificationConfig,
        Operation::GetExtendedAgentCard,
    ];

    /// Its name: the method of JSON-RPC and of the gRPC service in 1.0, and what logs and metrics call it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Operation::SendMessage => "SendMessage",
            Operation::SendStreamingMessage => "SendStreamingMessage",
            Operation::GetTask => "GetTask",
            Operation::ListTasks => "ListTasks",
            Operation::CancelTask => "CancelTask",
            Operation::SubscribeToTask => "SubscribeToTask",
            Operation::CreateTaskPushNotificationConfig => "CreateTaskPushNotificationConfig",
            Operation::GetTaskPushNotificationConfig => "GetTaskPushNotificationConfig",
            Operation::ListTaskPushNotificationConfigs => "ListTaskPushNotificationConfigs",
            Operation::DeleteTaskPushNotificationConfig => "DeleteTaskPushNotificationConfig",
            Operation::GetExtendedAgentCard => "GetExtendedAgentCard",
        }
    }

    /// The method of JSON-RPC in 0.3, which has no list of tasks.
    const fn as_str_0_3(self) -> Option<&'static str> {
        Some(match self {
            Operation::SendMessage => "message/send",
            Operation::SendStreamingMessage => "message/stream",
            Operation::GetTask => "tasks/get",
            Operation::ListTasks => return None,
            Operation::CancelTask => "tasks/cancel",
            Operation::SubscribeToTask => "tasks/resubscribe",
            Operation::CreateTaskPushNotificationConfig => "tasks/pushNotificationConfig/set",
            Operation::GetTaskPushNotificationConfig => "tasks/pushNotificationConfig/get",
            Operation::ListTaskPushNotificationConfigs => "tasks/pushNotificationConfig/list",
            Operation::DeleteTaskPushNotificationConfig => "tasks/pushNotificationConfig/delete",
            Operation::GetExtendedAgentCard => "agent/getAuthenticatedExtendedCard",
        })
    }

    /// The method of JSON-RPC, where the dialect has the operation.
    pub const fn method(self, dialect: Dialect) -> Option<&'static str> {
        match dialect {
            Dialect::V1_0 => Some(self.as_str()),
            Dialect::V0_3 => self.as_str_0_3(),
        }
    }

    /// That of a method of JSON-RPC.
    pub fn of_method(method: &str, dialect: Dialect) -> Option<Operation> {
        Operation::ALL.into_iter().find(|operation| operation.method(dialect) == Some(method))
    }

    /// It is answered by a stream of events.
    pub const fn is_streaming(self) -> bool {
        matches!(self, Operation::SendStreamingMessage | Operation::SubscribeToTask)
    }

    /// It concerns push notifications.
    pub const fn is_push(self) -> bool {
        matches!(
            self,
            Operation::CreateTaskPushNotificationConfig
                | Operation::GetTaskPushNotificationConfig
                | Operation::ListTaskPushNotificationConfigs
                | Operation::DeleteTaskPushNotificationConfig
        )
    }

    /// Made twice, it does what it does made once. That of a message holds with agents that know messages by their id.
    pub const fn is_idempotent(self) -> bool {
        !matches!(
            self,
            Operation::SendMessage | Operation::SendStreamingMessage | Operation::CreateTaskPushNotificationConfig
        )
    }
}
