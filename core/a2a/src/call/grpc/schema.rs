//! The messages of A2A 1.0.1 by their fields' numbers, as in `proto/a2a.proto`; a test compares.

use super::super::Operation;

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind {
    Text,
    Bytes,
    Bool,
    Int32,
    Role,
    TaskState,
    Timestamp,
    /// `google.protobuf.Struct`: an object with any members.
    Struct,
    /// `google.protobuf.Value`: any JSON.
    Value,
    /// From text to this.
    Map(&'static Kind),
    Message(&'static Message),
}

/// When a field stands on the wire.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Presence {
    /// When it is not empty.
    Implicit,
    /// When it is there.
    Explicit,
    /// When it is there, and no other of its message's alternatives.
    Alternative,
    /// As often as it is there.
    Repeated,
}

/// A field of a message.
#[derive(Debug, PartialEq)]
pub(super) struct Field {
    pub(super) number: u32,
    /// Its name in JSON.
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) presence: Presence,
}

/// A message of the protocol.
#[derive(Debug, PartialEq)]
pub(super) struct Message {
    pub(super) name: &'static str,
    pub(super) fields: &'static [Field],
}

impl Message {
    pub(super) fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    pub(super) fn numbered(&self, number: u32) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.number == number)
    }
}

macro_rules! messages {
    ($($constant:ident = $name:literal { $($number:literal $field:literal $presence:ident $kind:expr;)* })+) => {
        $(pub(super) static $constant: Message = Message {
            name: $name,
            fields: &[$(Field { number: $number, name: $field, kind: $kind, presence: Presence::$presence },)*],
        };)+

        /// All of them, to be compared with the protocol's definition.
        #[cfg(test)]
        pub(super) static ALL: &[&Message] = &[$(&$constant,)+];
    };
}

use Kind::{Bool, Bytes, Int32, Map, Role, Struct, TaskState, Text, Timestamp, Value};

const fn of(message: &'static Message) -> Kind {
    Kind::Message(message)
}

messages! {
    SEND_CONFIGURATION = "SendMessageConfiguration" {
        1 "acceptedOutputModes" Repeated Text;
        2 "taskPushNotificationConfig" Explicit of(&PUSH_CONFIG);
        3 "historyLength" Explicit Int32;
        4 "returnImmediately" Implicit Bool;
    }
    TASK = "Task" {
        1 "id" Implicit Text;
        2 "contextId" Implicit Text;
        3 "status" Explicit of(&TASK_STATUS);
        4 "artifacts" Repeated of(&ARTIFACT);
        5 "history" Repeated of(&MESSAGE);
        6 "metadata" Explicit Struct;
    }
    TASK_STATUS = "TaskStatus" {
        1 "state" Implicit TaskState;
        2 "message" Explicit of(&MESSAGE);
        3 "timestamp" Explicit Timestamp;
    }
    PART = "Part" {
        1 "text" Alternative Text;
        2 "raw" Alternative Bytes;
        3 "url" Alternative Text;
        4 "data" Alternative Value;
        5 "metadata" Explicit Struct;
        6 "filename" Implicit Text;
        7 "mediaType" Implicit Text;
    }
    MESSAGE = "Message" {
        1 "messageId" Implicit Text;
        2 "contextId" Implicit Text;
        3 "taskId" Implicit Text;
        4 "role" Implicit Role;
        5 "parts" Repeated of(&PART);
        6 "metadata" Explicit Struct;
        7 "extensions" Repeated Text;
        8 "referenceTaskIds" Repeated Text;
    }
    ARTIFACT = "Artifact" {
        1 "artifactId" Implicit Text;
        2 "name" Implicit Text;
        3 "description" Implicit Text;
        4 "parts" Repeated of(&PART);
        5 "metadata" Explicit Struct;
        6 "extensions" Repeated Text;
    }
    STATUS_UPDATE = "TaskStatusUpdateEvent" {
        1 "taskId" Implicit Text;
        2 "contextId" Implicit Text;
        3 "status" Explicit of(&TASK_STATUS);
        4 "metadata" Explicit Struct;
    }
    ARTIFACT_UPDATE = "TaskArtifactUpdateEvent" {
        1 "taskId" Implicit Text;
        2 "contextId" Implicit Text;
        3 "artifact" Explicit of(&ARTIFACT);
        4 "append" Implicit Bool;
        5 "lastChunk" Implicit Bool;
        6 "metadata" Explicit Struct;
    }
    AUTHENTICATION = "AuthenticationInfo" {
        1 "scheme" Implicit Text;
        2 "credentials" Implicit Text;
    }
    INTERFACE = "AgentInterface" {
        1 "url" Implicit Text;
        2 "protocolBinding" Implicit Text;
        3 "tenant" Implicit Text;
        4 "protocolVersion" Implicit Text;
    }
    CARD = "AgentCard" {
        1 "name" Implicit Text;
        2 "description" Implicit Text;
        3 "supportedInterfaces" Repeated of(&INTERFACE);
        4 "provider" Explicit of(&PROVIDER);
        5 "version" Implicit Text;
        6 "documentationUrl" Explicit Text;
        7 "capabilities" Explicit of(&CAPABILITIES);
        8 "securitySchemes" Implicit Map(&of(&SECURITY_SCHEME));
        9 "securityRequirements" Repeated of(&SECURITY_REQUIREMENT);
        10 "defaultInputModes" Repeated Text;
        11 "defaultOutputModes" Repeated Text;
        12 "skills" Repeated of(&SKILL);
        13 "signatures" Repeated of(&SIGNATURE);
        14 "iconUrl" Explicit Text;
    }
    PROVIDER = "AgentProvider" {
        1 "url" Implicit Text;
        2 "organization" Implicit Text;
    }
    CAPABILITIES = "AgentCapabilities" {
        1 "streaming" Explicit Bool;
        2 "pushNotifications" Explicit Bool;
        3 "extensions" Repeated of(&EXTENSION);
        4 "extendedAgentCard" Explicit Bool;
    }
    EXTENSION = "AgentExtension" {
        1 "uri" Implicit Text;
        2 "description" Implicit Text;
        3 "required" Implicit Bool;
        4 "params" Explicit Struct;
    }
    SKILL = "AgentSkill" {
        1 "id" Implicit Text;
        2 "name" Implicit Text;
        3 "description" Implicit Text;
        4 "tags" Repeated Text;
        5 "examples" Repeated Text;
        6 "inputModes" Repeated Text;
        7 "outputModes" Repeated Text;
        8 "securityRequirements" Repeated of(&SECURITY_REQUIREMENT);
    }
    SIGNATURE = "AgentCardSignature" {
        1 "protected" Implicit Text;
        2 "signature" Implicit Text;
        3 "header" Explicit Struct;
    }
    PUSH_CONFIG = "TaskPushNotificationConfig" {
        1 "tenant" Implicit Text;
        2 "id" Implicit Text;
        3 "taskId" Implicit Text;
        4 "url" Implicit Text;
        5 "token" Implicit Text;
        6 "authentication" Explicit of(&AUTHENTICATION);
    }
    STRING_LIST = "StringList" {
        1 "list" Repeated Text;
    }
    SECURITY_REQUIREMENT = "SecurityRequirement" {
        1 "schemes" Implicit Map(&of(&STRING_LIST));
    }
    SECURITY_SCHEME = "SecurityScheme" {
        1 "apiKeySecurityScheme" Alternative of(&API_KEY);
        2 "httpAuthSecurityScheme" Alternative of(&HTTP_AUTH);
        3 "oauth2SecurityScheme" Alternative of(&OAUTH_2);
        4 "openIdConnectSecurityScheme" Alternative of(&OPEN_ID_CONNECT);
        5 "mtlsSecurityScheme" Alternative of(&MUTUAL_TLS);
    }
    API_KEY = "APIKeySecurityScheme" {
        1 "description" Implicit Text;
        2 "location" Implicit Text;
        3 "name" Implicit Text;
    }
    HTTP_AUTH = "HTTPAuthSecurityScheme" {
        1 "description" Implicit Text;
        2 "scheme" Implicit Text;
        3 "bearerFormat" Implicit Text;
    }
    OAUTH_2 = "OAuth2SecurityScheme" {
        1 "description" Implicit Text;
        2 "flows" Explicit of(&OAUTH_FLOWS);
        3 "oauth2MetadataUrl" Implicit Text;
    }
    OPEN_ID_CONNECT = "OpenIdConnectSecurityScheme" {
        1 "description" Implicit Text;
        2 "openIdConnectUrl" Implicit Text;
    }
    MUTUAL_TLS = "MutualTlsSecurityScheme" {
        1 "description" Implicit Text;
    }
    OAUTH_FLOWS = "OAuthFlows" {
        1 "authorizationCode" Alternative of(&AUTHORIZATION_CODE);
        2 "clientCredentials" Alternative of(&CLIENT_CREDENTIALS);
        3 "implicit" Alternative of(&IMPLICIT);
        4 "password" Alternative of(&PASSWORD);
        5 "deviceCode" Alternative of(&DEVICE_CODE);
    }
    AUTHORIZATION_CODE = "AuthorizationCodeOAuthFlow" {
        1 "authorizationUrl" Implicit Text;
        2 "tokenUrl" Implicit Text;
        3 "refreshUrl" Implicit Text;
        4 "scopes" Implicit Map(&Text);
        5 "pkceRequired" Implicit Bool;
    }
    CLIENT_CREDENTIALS = "ClientCredentialsOAuthFlow" {
        1 "tokenUrl" Implicit Text;
        2 "refreshUrl" Implicit Text;
        3 "scopes" Implicit Map(&Text);
    }
    IMPLICIT = "ImplicitOAuthFlow" {
        1 "authorizationUrl" Implicit Text;
        2 "refreshUrl" Implicit Text;
        3 "scopes" Implicit Map(&Text);
    }
    PASSWORD = "PasswordOAuthFlow" {
        1 "tokenUrl" Implicit Text;
        2 "refreshUrl" Implicit Text;
        3 "scopes" Implicit Map(&Text);
    }
    DEVICE_CODE = "DeviceCodeOAuthFlow" {
        1 "deviceAuthorizationUrl" Implicit Text;
        2 "tokenUrl" Implicit Text;
        3 "refreshUrl" Implicit Text;
        4 "scopes" Implicit Map(&Text);
    }
    SEND_REQUEST = "SendMessageRequest" {
        1 "tenant" Implicit Text;
        2 "message" Explicit of(&MESSAGE);
        3 "configuration" Explicit of(&SEND_CONFIGURATION);
        4 "metadata" Explicit Struct;
    }
    GET_TASK = "GetTaskRequest" {
        1 "tenant" Implicit Text;
        2 "id" Implicit Text;
        3 "historyLength" Explicit Int32;
    }
    LIST_TASKS = "ListTasksRequest" {
        1 "tenant" Implicit Text;
        2 "contextId" Implicit Text;
        3 "status" Implicit TaskState;
        4 "pageSize" Explicit Int32;
        5 "pageToken" Implicit Text;
        6 "historyLength" Explicit Int32;
        7 "statusTimestampAfter" Explicit Timestamp;
        8 "includeArtifacts" Explicit Bool;
    }
    TASKS = "ListTasksResponse" {
        1 "tasks" Repeated of(&TASK);
        2 "nextPageToken" Implicit Text;
        3 "pageSize" Implicit Int32;
        4 "totalSize" Implicit Int32;
    }
    CANCEL_TASK = "CancelTaskRequest" {
        1 "tenant" Implicit Text;
        2 "id" Implicit Text;
        3 "metadata" Explicit Struct;
    }
    GET_PUSH_CONFIG = "GetTaskPushNotificationConfigRequest" {
        1 "tenant" Implicit Text;
        2 "taskId" Implicit Text;
        3 "id" Implicit Text;
    }
    DELETE_PUSH_CONFIG = "DeleteTaskPushNotificationConfigRequest" {
        1 "tenant" Implicit Text;
        2 "taskId" Implicit Text;
        3 "id" Implicit Text;
    }
    SUBSCRIBE = "SubscribeToTaskRequest" {
        1 "tenant" Implicit Text;
        2 "id" Implicit Text;
    }
    LIST_PUSH_CONFIGS = "ListTaskPushNotificationConfigsRequest" {
        4 "tenant" Implicit Text;
        1 "taskId" Implicit Text;
        2 "pageSize" Implicit Int32;
        3 "pageToken" Implicit Text;
    }
    GET_EXTENDED_CARD = "GetExtendedAgentCardRequest" {
        1 "tenant" Implicit Text;
    }
    SENT = "SendMessageResponse" {
        1 "task" Alternative of(&TASK);
        2 "message" Alternative of(&MESSAGE);
    }
    EVENT = "StreamResponse" {
        1 "task" Alternative of(&TASK);
        2 "message" Alternative of(&MESSAGE);
        3 "statusUpdate" Alternative of(&STATUS_UPDATE);
        4 "artifactUpdate" Alternative of(&ARTIFACT_UPDATE);
    }
    PUSH_CONFIGS = "ListTaskPushNotificationConfigsResponse" {
        1 "configs" Repeated of(&PUSH_CONFIG);
        2 "nextPageToken" Implicit Text;
    }
}

/// `google.protobuf.Empty`.
static EMPTY: Message = Message { name: "Empty", fields: &[] };

/// The message that an operation takes.
pub(super) const fn request(operation: Operation) -> &'static Message {
    match operation {
        Operation::SendMessage | Operation::SendStreamingMessage => &SEND_REQUEST,
        Operation::GetTask => &GET_TASK,
        Operation::ListTasks => &LIST_TASKS,
        Operation::CancelTask => &CANCEL_TASK,
        Operation::SubscribeToTask => &SUBSCRIBE,
        Operation::CreateTaskPushNotificationConfig => &PUSH_CONFIG,
        Operation::GetTaskPushNotificationConfig => &GET_PUSH_CONFIG,
        Operation::ListTaskPushNotificationConfigs => &LIST_PUSH_CONFIGS,
        Operation::DeleteTaskPushNotificationConfig => &DELETE_PUSH_CONFIG,
        Operation::GetExtendedAgentCard => &GET_EXTENDED_CARD,
    }
}

/// The message that it answers with, or streams.
pub(super) const fn response(operation: Operation) -> &'static Message {
    match operation {
        Operation::SendMessage => &SENT,
        Operation::SendStreamingMessage | Operation::SubscribeToTask => &EVENT,
        Operation::GetTask | Operation::CancelTask => &TASK,
        Operation::ListTasks => &TASKS,
        Operation::CreateTaskPushNotificationConfig | Operation::GetTaskPushNotificationConfig => &PUSH_CONFIG,
        Operation::ListTaskPushNotificationConfigs => &PUSH_CONFIGS,
        Operation::DeleteTaskPushNotificationConfig => &EMPTY,
        Operation::GetExtendedAgentCard => &CARD,
    }
}
