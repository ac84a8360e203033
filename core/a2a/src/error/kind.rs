/// Status codes of gRPC that calls can end with, by number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(i32)]
pub enum GrpcCode {
    /// `INVALID_ARGUMENT`
    InvalidArgument = 3,
    /// `DEADLINE_EXCEEDED`
    DeadlineExceeded = 4,
    /// `NOT_FOUND`
    NotFound = 5,
    /// `PERMISSION_DENIED`
    PermissionDenied = 7,
    /// `RESOURCE_EXHAUSTED`
    ResourceExhausted = 8,
    /// `FAILED_PRECONDITION`
    FailedPrecondition = 9,
    /// `INTERNAL`
    Internal = 13,
    /// `UNAVAILABLE`
    Unavailable = 14,
    /// `UNAUTHENTICATED`
    Unauthenticated = 16,
}

impl GrpcCode {
    /// The name, as errors over HTTP carry it in `error.status`.
    pub const fn as_str(self) -> &'static str {
        match self {
            GrpcCode::InvalidArgument => "INVALID_ARGUMENT",
            GrpcCode::DeadlineExceeded => "DEADLINE_EXCEEDED",
            GrpcCode::NotFound => "NOT_FOUND",
            GrpcCode::PermissionDenied => "PERMISSION_DENIED",
            GrpcCode::ResourceExhausted => "RESOURCE_EXHAUSTED",
            GrpcCode::FailedPrecondition => "FAILED_PRECONDITION",
            GrpcCode::Internal => "INTERNAL",
            GrpcCode::Unavailable => "UNAVAILABLE",
            GrpcCode::Unauthenticated => "UNAUTHENTICATED",
        }
    }
}

/// What an error is in each binding, and in words.
struct Row {
    code: i32,
    http: u16,
    grpc: GrpcCode,
    reason: &'static str,
    message: &'static str,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $code:literal, $http:literal, $grpc:ident, $reason:literal, $message:literal;)+) => {
        /// Every error of the protocol, of JSON-RPC, and those of servers in general that a caller can act upon.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum ErrorKind { $($(#[$doc])* $kind,)+ }

        impl ErrorKind {
            /// All of them.
            pub const ALL: &'static [ErrorKind] = &[$(ErrorKind::$kind,)+];

            const fn row(self) -> Row {
                match self {
                    $(ErrorKind::$kind => Row {
                        code: $code, http: $http, grpc: GrpcCode::$grpc, reason: $reason, message: $message,
                    },)+
                }
            }
        }
    };
}

kinds! {
    /// No such task, or not the caller's.
    TaskNotFound = -32001, 404, NotFound, "TASK_NOT_FOUND", "There is no such task, or it is not yours";
    /// The task is over.
    TaskNotCancelable = -32002, 400, FailedPrecondition, "TASK_NOT_CANCELABLE", "The task is over and cannot be called off";
    /// The agent sends no push notifications.
    PushNotificationNotSupported = -32003, 400, FailedPrecondition, "PUSH_NOTIFICATION_NOT_SUPPORTED", "This agent sends no push notifications";
    /// Not with this agent, or not in the state that the task is in.
    UnsupportedOperation = -32004, 400, FailedPrecondition, "UNSUPPORTED_OPERATION", "This agent does not support the operation";
    /// A media type that the agent does not take.
    ContentTypeNotSupported = -32005, 400, InvalidArgument, "CONTENT_TYPE_NOT_SUPPORTED", "This agent does not take content of this type";
    /// The agent's answer is not one of the protocol.
    InvalidAgentResponse = -32006, 500, Internal, "INVALID_AGENT_RESPONSE", "The agent's answer is not one of the protocol";
    /// There is no extended card.
    ExtendedAgentCardNotConfigured = -32007, 400, FailedPrecondition, "EXTENDED_AGENT_CARD_NOT_CONFIGURED", "This agent has no extended card";
    /// An extension that the agent requires was not declared by the client.
    ExtensionSupportRequired = -32008, 400, FailedPrecondition, "EXTENSION_SUPPORT_REQUIRED", "This agent requires an extension: declare it in the header A2A-Extensions";
    /// A version of the protocol that the agent does not speak.
    VersionNotSupported = -32009, 400, FailedPrecondition, "VERSION_NOT_SUPPORTED", "This agent does not speak the version in the header A2A-Version";
    /// Not JSON.
    Parse = -32700, 400, InvalidArgument, "PARSE_ERROR", "Invalid JSON payload";
    /// JSON, and no request.
    InvalidRequest = -32600, 400, InvalidArgument, "INVALID_REQUEST", "Request payload validation error";
    /// No such method or path.
    MethodNotFound = -32601, 404, NotFound, "METHOD_NOT_FOUND", "Method not found";
    /// A field of the request is wrong.
    InvalidParams = -32602, 400, InvalidArgument, "INVALID_PARAMS", "Invalid parameters";
    /// The agent failed.
    Internal = -32603, 500, Internal, "INTERNAL_ERROR", "Internal error";
    /// Who is calling is not known.
    Unauthenticated = -31401, 401, Unauthenticated, "UNAUTHENTICATED", "The call is not authenticated";
    /// Who is calling may not do this.
    PermissionDenied = -31403, 403, PermissionDenied, "PERMISSION_DENIED", "You are not authorised to do this";
    /// More than there is room for.
    ResourceExhausted = -31429, 429, ResourceExhausted, "RESOURCE_EXHAUSTED", "Too many calls at once: try again later";
    /// Not now.
    Unavailable = -31503, 503, Unavailable, "UNAVAILABLE", "The agent cannot answer now: try again later";
    /// Not in time.
    DeadlineExceeded = -31504, 504, DeadlineExceeded, "DEADLINE_EXCEEDED", "The call was not done by its deadline";
}

impl ErrorKind {
    /// Code in JSON-RPC. Those of the last five are ours, since the protocol leaves them to servers: below the range that
    /// JSON-RPC 2.0 §5.1 keeps for itself, and made of the HTTP status.
    pub const fn jsonrpc_code(self) -> i32 {
        self.row().code
    }

    /// Status over HTTP+JSON.
    pub const fn http_status(self) -> u16 {
        self.row().http
    }

    /// Status over gRPC.
    pub const fn grpc_code(self) -> GrpcCode {
        self.row().grpc
    }

    /// `reason` in the `google.rpc.ErrorInfo` of the error.
    pub const fn reason(self) -> &'static str {
        self.row().reason
    }

    /// `domain` there: the protocol's for its own errors and for those of JSON-RPC, as peers have it, ours for the rest.
    pub const fn domain(self) -> &'static str {
        match self.row().code {
            -32_768..=-32_000 => DOMAIN,
            _ => "duologue",
        }
    }

    /// The words of an error that has no better ones.
    pub const fn message(self) -> &'static str {
        self.row().message
    }

    /// That with this code in JSON-RPC.
    pub fn of_jsonrpc(code: i64) -> Option<ErrorKind> {
        ErrorKind::ALL.iter().copied().find(|kind| i64::from(kind.jsonrpc_code()) == code)
    }

    /// That with this reason.
    pub fn of_reason(reason: &str) -> Option<ErrorKind> {
        ErrorKind::ALL.iter().copied().find(|kind| kind.reason() == reason)
    }

    /// The nearest to a status over HTTP, for errors that say nothing more.
    pub const fn of_http(status: u16) -> ErrorKind {
        match status {
            400 | 411 | 413 | 414 | 422 => ErrorKind::InvalidRequest,
            401 => ErrorKind::Unauthenticated,
            403 => ErrorKind::PermissionDenied,
            404 | 405 | 501 => ErrorKind::MethodNotFound,
            415 => ErrorKind::ContentTypeNotSupported,
            408 | 504 => ErrorKind::DeadlineExceeded,
            429 => ErrorKind::ResourceExhausted,
            502 | 503 => ErrorKind::Unavailable,
            500 => ErrorKind::Internal,
            _ => ErrorKind::InvalidAgentResponse,
        }
    }

    /// The nearest to a status code of gRPC, for errors that say nothing more.
    pub const fn of_grpc(code: i32) -> ErrorKind {
        match code {
            3 | 11 => ErrorKind::InvalidParams,
            4 => ErrorKind::DeadlineExceeded,
            5 => ErrorKind::TaskNotFound,
            7 => ErrorKind::PermissionDenied,
            8 => ErrorKind::ResourceExhausted,
            9 => ErrorKind::UnsupportedOperation,
            12 => ErrorKind::MethodNotFound,
            14 => ErrorKind::Unavailable,
            16 => ErrorKind::Unauthenticated,
            _ => ErrorKind::Internal,
        }
    }

    /// The name of its class in SDKs, which errors of 0.3 over HTTP carry.
    pub(crate) fn class(self) -> String {
        let words = self.reason().split('_').filter(|word| *word != "ERROR");
        let word = |word: &str| {
            let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
            format!("{first}{}", rest.to_ascii_lowercase())
        };
        match self {
            ErrorKind::Parse => "JSONParseError".to_owned(),
            _ => words.map(word).chain(["Error".to_owned()]).collect(),
        }
    }

    /// That with this class.
    pub(crate) fn of_class(class: &str) -> Option<ErrorKind> {
        ErrorKind::ALL.iter().copied().find(|kind| kind.class() == class)
    }
}

/// Domain of the protocol's own errors.
pub(crate) const DOMAIN: &str = "a2a-protocol.org";
