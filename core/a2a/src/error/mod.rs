//! What can be wrong with a call, as the three bindings tell it and as a client reads it back.
//!
//! Codes, statuses and reasons are those of the specification 1.0.1, §5.4, §9.5, §10.6 and §11.6.

mod json;
mod kind;

pub use kind::{ErrorKind, GrpcCode};

use std::collections::BTreeMap;

/// A field of a request that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// Path of the field in the request, such as `message.parts[0]`; empty: the request as a whole.
    pub field: String,
    /// What is wrong with it.
    pub description: String,
}

/// Why a call was refused or failed. The message is for people and is seen by the caller.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct A2aError {
    /// Which error of the protocol it is.
    pub kind: ErrorKind,
    /// What went wrong and what to do about it.
    pub message: String,
    /// More about it, such as the task's id; seen by the caller.
    pub metadata: BTreeMap<String, String>,
    /// Fields of the request that are to be mended.
    pub violations: Vec<Violation>,
}

impl A2aError {
    /// An error that says more than its kind does.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> A2aError {
        A2aError { kind, message: message.into(), metadata: BTreeMap::new(), violations: Vec::new() }
    }

    /// With one more thing to know about it.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<String>) -> A2aError {
        self.metadata.insert(key.to_owned(), value.into());
        self
    }

    /// No such task, or none that the caller may see: the two are told alike (§13.1).
    pub fn task_not_found(id: &str) -> A2aError {
        A2aError::new(ErrorKind::TaskNotFound, "There is no such task, or it is not yours").with("taskId", id)
    }

    /// One field of the request is wrong.
    pub fn invalid(field: impl Into<String>, description: impl Into<String>) -> A2aError {
        A2aError::invalid_fields(vec![Violation { field: field.into(), description: description.into() }])
    }

    /// Fields of the request are wrong.
    pub fn invalid_fields(violations: Vec<Violation>) -> A2aError {
        let message = match violations.first() {
            Some(first) if first.field.is_empty() => format!("Invalid parameters: {}", first.description),
            Some(first) => format!("Invalid parameters: {}: {}", first.field, first.description),
            None => "Invalid parameters".to_owned(),
        };
        A2aError { violations, ..A2aError::new(ErrorKind::InvalidParams, message) }
    }
}

impl From<ErrorKind> for A2aError {
    /// With the kind's own words.
    fn from(kind: ErrorKind) -> A2aError {
        A2aError::new(kind, kind.message())
    }
}
