use super::{Message, Struct, Task, TaskPushNotificationConfig, TaskState, Timestamp};
use crate::wire::proto;

proto! {
    /// How a message is to be answered.
    pub struct SendMessageConfiguration {
        /// Media types that the client can use; empty: any.
        implicit accepted_output_modes: Vec<String>,
        /// A webhook for the task; its task id is empty.
        optional task_push_notification_config: TaskPushNotificationConfig,
        /// At most so many of the newest messages of the task; none: no limit.
        optional_integer history_length,
        /// Answer as soon as the task exists, instead of when it is over or waits for somebody.
        implicit return_immediately: bool,
    }
}

proto! {
    /// `SendMessage` and `SendStreamingMessage`.
    pub struct SendMessageRequest {
        /// For routing.
        implicit tenant: String,
        /// The message.
        required message: Message,
        /// How it is to be answered.
        optional configuration: SendMessageConfiguration,
        /// What extensions add.
        optional metadata: Struct,
    }
}

proto! {
    /// `GetTask`.
    pub struct GetTaskRequest {
        /// For routing.
        implicit tenant: String,
        /// The task.
        required id: String,
        /// At most so many of its newest messages; none: no limit.
        optional_integer history_length,
    }
}

proto! {
    /// `ListTasks`.
    pub struct ListTasksRequest {
        /// For routing.
        implicit tenant: String,
        /// Only of this conversation.
        implicit context_id: String,
        /// Only in this state.
        implicit status: TaskState,
        /// At most so many, 1 to 100; none: 50.
        optional_integer page_size,
        /// Where the page before ended.
        implicit page_token: String,
        /// At most so many messages of each task; none: no limit.
        optional_integer history_length,
        /// Only tasks whose status is of this moment or later.
        optional status_timestamp_after: Timestamp,
        /// With their artifacts.
        optional include_artifacts: bool,
    }
}

proto! {
    /// A page of tasks.
    pub struct ListTasksResponse {
        /// The tasks, the newest status first.
        required tasks: Vec<Task>,
        /// Where the next page begins; empty: there is none.
        required next_page_token: String,
        /// How many a page holds.
        integer page_size,
        /// How many there are on all pages.
        integer total_size,
    }
}

proto! {
    /// `CancelTask`.
    pub struct CancelTaskRequest {
        /// For routing.
        implicit tenant: String,
        /// The task.
        required id: String,
        /// What extensions add.
        optional metadata: Struct,
    }
}

proto! {
    /// `SubscribeToTask`.
    pub struct SubscribeToTaskRequest {
        /// For routing.
        implicit tenant: String,
        /// The task.
        required id: String,
    }
}

proto! {
    /// `GetTaskPushNotificationConfig`.
    pub struct GetTaskPushNotificationConfigRequest {
        /// For routing.
        implicit tenant: String,
        /// The task.
        required task_id: String,
        /// The configuration.
        required id: String,
    }
}

proto! {
    /// `DeleteTaskPushNotificationConfig`.
    pub struct DeleteTaskPushNotificationConfigRequest {
        /// For routing.
        implicit tenant: String,
        /// The task.
        required task_id: String,
        /// The configuration.
        required id: String,
    }
}

proto! {
    /// `ListTaskPushNotificationConfigs`.
    pub struct ListTaskPushNotificationConfigsRequest {
        /// For routing.
        implicit tenant: String,
        /// The task.
        required task_id: String,
        /// At most so many; none or 0: all.
        optional_integer page_size,
        /// Where the page before ended.
        implicit page_token: String,
    }
}

proto! {
    /// Configurations of a task.
    pub struct ListTaskPushNotificationConfigsResponse {
        /// The configurations.
        implicit configs: Vec<TaskPushNotificationConfig>,
        /// Where the next page begins; empty: there is none.
        implicit next_page_token: String,
    }
}

proto! {
    /// `GetExtendedAgentCard`.
    pub struct GetExtendedAgentCardRequest {
        /// For routing.
        implicit tenant: String,
    }
}
