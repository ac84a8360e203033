use super::{Format, Reply};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What went wrong, by the names that the Twirp protocol knows (v7, "Error Codes").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names say it")]
pub enum Code {
    Canceled,
    Unknown,
    InvalidArgument,
    Malformed,
    DeadlineExceeded,
    NotFound,
    BadRoute,
    AlreadyExists,
    PermissionDenied,
    Unauthenticated,
    ResourceExhausted,
    FailedPrecondition,
    Aborted,
    OutOfRange,
    Unimplemented,
    Internal,
    Unavailable,
    #[serde(rename = "dataloss")]
    DataLoss,
}

impl Code {
    /// The HTTP status that goes with it.
    pub fn status(self) -> u16 {
        match self {
            Code::InvalidArgument | Code::Malformed | Code::OutOfRange => 400,
            Code::Unauthenticated => 401,
            Code::PermissionDenied => 403,
            Code::NotFound | Code::BadRoute => 404,
            Code::Canceled | Code::DeadlineExceeded => 408,
            Code::AlreadyExists | Code::Aborted => 409,
            Code::FailedPrecondition => 412,
            Code::ResourceExhausted => 429,
            Code::Unknown | Code::Internal | Code::DataLoss => 500,
            Code::Unimplemented => 501,
            Code::Unavailable => 503,
        }
    }
}

impl std::fmt::Display for Code {
    /// Its name in answers.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.serialize(f)
    }
}

/// A call that failed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message} ({code})")]
pub struct TwirpError {
    /// What went wrong.
    pub code: Code,
    /// In words.
    #[serde(rename = "msg")]
    pub message: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    meta: BTreeMap<String, String>,
}

impl TwirpError {
    /// An error of this code.
    pub fn new(code: Code, message: impl Into<String>) -> TwirpError {
        TwirpError { code, message: message.into(), meta: BTreeMap::new() }
    }

    /// The answer of livekit-server where a room is not there.
    pub fn no_room() -> TwirpError {
        TwirpError::new(Code::NotFound, "requested room does not exist")
    }

    /// The answer of livekit-server where a participant is not there.
    pub fn no_participant() -> TwirpError {
        TwirpError::new(Code::NotFound, "participant does not exist")
    }

    /// The answer of livekit-server where a track is not there.
    pub fn no_track() -> TwirpError {
        TwirpError::new(Code::NotFound, "track is not found")
    }

    /// The answer of livekit-server where a dispatch is not there.
    pub fn no_dispatch() -> TwirpError {
        TwirpError::new(Code::NotFound, "dispatch ID not found")
    }

    /// Nothing answers at this path.
    pub(super) fn bad_route(message: String, method: &str, path: &str) -> TwirpError {
        let meta = [("twirp_invalid_route".to_owned(), format!("{method} {path}"))].into();
        TwirpError { code: Code::BadRoute, message, meta }
    }

    /// The error that a body of an answer describes, if it is one.
    pub fn of(body: &[u8]) -> Option<TwirpError> {
        serde_json::from_slice(body).ok()
    }

    /// The answer that tells it: JSON, whatever the format of the request.
    pub fn reply(&self) -> Reply {
        // Texts under texts: writing them into memory does not fail.
        let body = serde_json::to_vec(self).unwrap_or_default();
        Reply { status: self.code.status(), content_type: Format::Json.content_type(), body }
    }
}
