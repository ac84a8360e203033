//! Why a capability gives no answer: [`CapabilityError`].

use crate::wire::{PROBLEM, Problem};
use duologue_a2a::error::{A2aError, ErrorKind, Violation};

/// Why a capability gives no answer. Any error turns into one by `?`; its words are then logged, and the caller is told that the
/// capability failed. What the caller is to read is said by [`CapabilityError::refused`] and [`CapabilityError::failed`].
#[derive(Debug)]
pub enum CapabilityError {
    /// The parameters do not fit; each place with what is wrong there.
    Invalid(Vec<Violation>),
    /// What is asked for is not done. The words are for the caller.
    Refused(String),
    /// It went wrong. The words are for the caller.
    Failed(String),
    /// It went wrong, and how is not for the caller.
    Internal(Box<dyn std::error::Error + Send + Sync>),
}

impl CapabilityError {
    /// What is asked for is not done, and this is why.
    pub fn refused(words: impl Into<String>) -> CapabilityError {
        CapabilityError::Refused(words.into())
    }

    /// It went wrong, and this is what the caller is told.
    pub fn failed(words: impl Into<String>) -> CapabilityError {
        CapabilityError::Failed(words.into())
    }

    /// One parameter does not fit, for a reason that no schema tells: its path, such as `documents[0].id`.
    pub fn invalid(path: &str, description: impl Into<String>) -> CapabilityError {
        let field = if path.is_empty() { "params".to_owned() } else { format!("params.{path}") };
        CapabilityError::Invalid(vec![Violation { field, description: description.into() }])
    }

    /// A stable word for programs and figures.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            CapabilityError::Invalid(_) => "invalid_params",
            CapabilityError::Refused(_) => "refused",
            CapabilityError::Failed(_) | CapabilityError::Internal(_) => "failed",
        }
    }

    /// As the protocol tells it. What is not for the caller is logged here.
    pub(crate) fn told(self, capability: &str) -> A2aError {
        let (problem, error) = match self {
            CapabilityError::Invalid(violations) => (Problem::InvalidParams, A2aError::invalid_fields(violations)),
            CapabilityError::Refused(words) => (Problem::Refused, A2aError::new(ErrorKind::InvalidParams, words)),
            CapabilityError::Failed(words) => (Problem::Failed, A2aError::new(ErrorKind::Internal, words)),
            CapabilityError::Internal(error) => {
                tracing::error!(capability, error = %chain(&*error), "the capability failed");
                let words = format!("The capability {capability} failed; the agent's log says why");
                (Problem::Failed, A2aError::new(ErrorKind::Internal, words))
            }
        };
        error.with(PROBLEM, problem.as_str()).with("capability", capability)
    }
}

// It is no `std::error::Error` itself, as that would forbid this.
impl<E: std::error::Error + Send + Sync + 'static> From<E> for CapabilityError {
    fn from(error: E) -> CapabilityError {
        CapabilityError::Internal(Box::new(error))
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut next = error.source();
    while let Some(one) = next {
        words.push_str(": ");
        words.push_str(&one.to_string());
        next = one.source();
    }
    words
}
