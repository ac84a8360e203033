//! Why a tool gives no answer, why there is none, and why there is no box of them.

use crate::mcp::{BadServer, CallFailed, ConnectError};
use crate::parameters::{Misfit, in_words};
use crate::pins::PinsError;
use duologue_chat::ToolOutcome;
use std::time::Duration;

/// Why a function gives no answer. Any error turns into one by `?`; its words are then logged, and the model is told that the tool
/// failed. What the model is to read is said by [`ToolError::refused`] and [`ToolError::failed`].
#[derive(Debug)]
pub enum ToolError {
    /// The arguments do not fit; each place with what is wrong there.
    Invalid(Vec<Misfit>),
    /// What is asked for is not done. The words are for the model.
    Refused(String),
    /// It went wrong. The words are for the model.
    Failed(String),
    /// It went wrong, and how is not for the model.
    Internal(Box<dyn std::error::Error + Send + Sync>),
}

impl ToolError {
    /// What is asked for is not done, and this is why.
    pub fn refused(words: impl Into<String>) -> ToolError {
        ToolError::Refused(words.into())
    }

    /// It went wrong, and this is what the model is told.
    pub fn failed(words: impl Into<String>) -> ToolError {
        ToolError::Failed(words.into())
    }

    /// One argument does not fit, for a reason that no schema tells: its path, such as `documents[0].id`.
    pub fn invalid(path: impl Into<String>, why: impl Into<String>) -> ToolError {
        ToolError::Invalid(vec![Misfit { path: path.into(), why: why.into() }])
    }
}

// It is no `std::error::Error` itself, as that would forbid this.
impl<E: std::error::Error + Send + Sync + 'static> From<E> for ToolError {
    fn from(error: E) -> ToolError {
        ToolError::Internal(Box::new(error))
    }
}

/// A tool is none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{tool}` is no tool: {why}")]
pub struct BadTool {
    /// Which.
    pub tool: String,
    /// What is wrong with it.
    pub why: String,
}

/// Why there is no box of tools.
#[derive(Debug, thiserror::Error)]
pub enum ToolboxError {
    /// Its threads could not be started.
    #[error("threads for tools could not be started: {0}")]
    Threads(#[from] std::io::Error),
    /// Two of one name.
    #[error("there are two tools `{name}`\n  help: rename one, or give the server a `prefix`")]
    Twice {
        /// The name.
        name: String,
    },
    /// A server is described wrongly.
    #[error(transparent)]
    Server(#[from] BadServer),
    /// A server that is needed is not there.
    #[error("{error}\n  help: write `required: false` to begin without it; it is then looked for again and again")]
    Missing {
        /// Why.
        error: ConnectError,
    },
    /// What was allowed before could not be read.
    #[error(transparent)]
    Pins(#[from] PinsError),
}

/// Why a call gave no result.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// There is none of that name.
    #[error("there is no tool `{0}`")]
    Unknown(String),
    /// The arguments do not fit, at these places.
    #[error("{}", in_words(.0))]
    Arguments(Vec<Misfit>),
    /// The tool refused or failed, in its own words.
    #[error("{0}")]
    Told(String),
    /// It failed, and why is in the log.
    #[error("the tool `{0}` failed")]
    Failed(String),
    /// It took too long.
    #[error("the tool `{tool}` gave no answer within {} s", after.as_secs_f64())]
    TimedOut {
        /// Which.
        tool: String,
        /// How long it may take.
        after: Duration,
    },
    /// Earlier calls of it block their threads, so it is not called again before one of them ends.
    #[error("the tool `{0}` hangs: earlier calls have not come back")]
    Stuck(String),
    /// Its server has other words for it than those that were allowed.
    #[error("the tool `{0}` changed since it was allowed, and has to be allowed again")]
    Quarantined(String),
    /// Its server did not answer.
    #[error(transparent)]
    Server(#[from] CallFailed),
}

impl CallError {
    /// As the model is told it.
    pub fn outcome(&self) -> ToolOutcome {
        match self {
            CallError::TimedOut { .. } => ToolOutcome::TimedOut,
            other => ToolOutcome::Error(other.to_string()),
        }
    }
}
