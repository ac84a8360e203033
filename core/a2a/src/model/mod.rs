//! The data model of 1.0.1, named and shaped as in the official `specification/a2a.proto` (package `lf.a2a.v1`). Its serde form is the
//! JSON of 1.0; that of 0.3 is in [`v0_3`](crate::v0_3).
//!
//! Where a string of the protocol has no presence, empty is absent.

mod card;
mod event;
mod message;
mod names;
mod push;
mod request;
mod secret;
mod security;
mod task;
mod timestamp;

pub use card::{
    AgentCapabilities, AgentCard, AgentCardSignature, AgentExtension, AgentInterface, AgentProvider, AgentSkill,
};
pub use event::{SendMessageResponse, StreamResponse, TaskArtifactUpdateEvent, TaskStatusUpdateEvent};
pub use message::{Content, Message, Part, Role};
pub use push::{AuthenticationInfo, TaskPushNotificationConfig};
pub use request::{
    CancelTaskRequest, DeleteTaskPushNotificationConfigRequest, GetExtendedAgentCardRequest,
    GetTaskPushNotificationConfigRequest, GetTaskRequest, ListTaskPushNotificationConfigsRequest,
    ListTaskPushNotificationConfigsResponse, ListTasksRequest, ListTasksResponse, SendMessageConfiguration,
    SendMessageRequest, SubscribeToTaskRequest,
};
pub use secret::Secret;
pub use security::{
    ApiKeySecurityScheme, AuthorizationCodeOAuthFlow, ClientCredentialsOAuthFlow, DeviceCodeOAuthFlow,
    HttpAuthSecurityScheme, ImplicitOAuthFlow, MutualTlsSecurityScheme, OAuth2SecurityScheme, OAuthFlows,
    OpenIdConnectSecurityScheme, PasswordOAuthFlow, SecurityRequirement, SecurityScheme, StringList,
};
pub use task::{Artifact, Task, TaskState, TaskStatus};
pub use timestamp::Timestamp;

/// An object with any members (`google.protobuf.Struct`).
pub type Struct = serde_json::Map<String, serde_json::Value>;
