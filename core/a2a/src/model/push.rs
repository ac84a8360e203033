use super::Secret;
use crate::wire::proto;

proto! {
    /// How to authenticate to a webhook.
    pub struct AuthenticationInfo {
        /// Scheme of the `Authorization` header, such as `Bearer`; its case means nothing (RFC 9110 §11.1).
        required scheme: String,
        /// What follows the scheme.
        implicit credentials: Secret,
    }
}

proto! {
    /// Where to tell what becomes of a task.
    pub struct TaskPushNotificationConfig {
        /// For routing.
        implicit tenant: String,
        /// Id of this configuration within its task.
        implicit id: String,
        /// The task.
        implicit task_id: String,
        /// The webhook.
        required url: String,
        /// Sent along, so that the receiver knows what it asked for.
        implicit token: Secret,
        /// How to authenticate.
        optional authentication: AuthenticationInfo,
    }
}
