use super::identity::IdentityError;
use crate::inbound::{DECISION, RULE};
use duologue_a2a::card::{Unreadable, VerifyError};
use duologue_a2a::error::{A2aError, ErrorKind};
use std::time::Duration;

/// Why there is no connection to an agent.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The address is none.
    #[error("{url} is no address of an agent: {why}. Give one such as https://agent.example.org")]
    BadAddress {
        /// What was given.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// Something would travel unencrypted to another machine.
    #[error(
        "{url} is not encrypted, and not on this machine: use https, or allow plaintext where the network is trusted"
    )]
    Plaintext {
        /// The address.
        url: String,
    },
    /// Nobody answers.
    #[error("no answer from {url}: {why}. Is the agent running, and is the address right?")]
    Unreachable {
        /// The address.
        url: String,
        /// Why.
        why: String,
    },
    /// It is about who one is, or who the other is.
    #[error(transparent)]
    Identity(IdentityError),
    /// Too late.
    #[error("{url} did not give its card within {after:?}: try again, or give more time")]
    TimedOut {
        /// The address.
        url: String,
        /// How long was waited.
        after: Duration,
    },
    /// There is no card at any of the places where it should be.
    #[error("no agent card at {tried}: is this an A2A agent? Give the address below which its .well-known folder is")]
    NoCard {
        /// Addresses, and what was answered there.
        tried: String,
    },
    /// The card is not shown to everybody.
    #[error("the card at {url} is not shown to us ({status}): give the credentials of somebody who may see it")]
    Hidden {
        /// The address.
        url: String,
        /// What was answered there.
        status: String,
    },
    /// The agent at the address has no card, and that of its host is for none that is spoken with there.
    #[error(
        "no agent card below {url}, and the one at {place} is that of {name}, which is spoken with elsewhere: give the address of the agent that you mean"
    )]
    AnotherAgents {
        /// The address that was asked for.
        url: String,
        /// Where the other card is.
        place: String,
        /// Whose it is.
        name: String,
    },
    /// What is there is no card.
    #[error("{url}: {source}")]
    Card {
        /// The address.
        url: String,
        /// What is wrong with it.
        source: Unreadable,
    },
    /// The card is not signed by a key that is trusted.
    #[error("{url}: {source}")]
    Signature {
        /// The address.
        url: String,
        /// What is wrong with it.
        source: VerifyError,
    },
    /// Agent and client have no binding and version in common.
    #[error("the agent offers {offered}; this client was to use {wanted}: allow one of the agent's")]
    NothingInCommon {
        /// The interfaces in the card, each with why it is not used.
        offered: String,
        /// What is asked for.
        wanted: String,
    },
    /// TLS cannot be set up.
    #[error(
        "no TLS on this machine: {why}. Install the system's certificates (package ca-certificates), or give those of an authority"
    )]
    Tls {
        /// Why.
        why: String,
    },
    /// An option is not one that can be sent.
    #[error("the header {name} has characters that no header can have: give one line without control characters")]
    BadHeader {
        /// Its name.
        name: String,
    },
}

/// Why a call did not come to an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The agent was not reached, or the connection broke before the answer was whole.
    #[error("no answer from {url}: {why}. Is the agent running? Then try again")]
    Unreachable {
        /// The address.
        url: String,
        /// Why.
        why: String,
    },
    /// It is about who one is, or who the other is. The agent has read nothing of the call.
    #[error(transparent)]
    Identity(IdentityError),
    /// Too late.
    #[error(
        "no answer from {url} within {after:?}: the agent may still be at work; give it more time, or ask for the task"
    )]
    TimedOut {
        /// The address.
        url: String,
        /// How long was waited.
        after: Duration,
    },
    /// The agent says no.
    #[error("the agent refused: {0}")]
    Refused(#[source] A2aError),
    /// The agent's policy says no.
    #[error("{}", not_authorised(.error))]
    NotAuthorised {
        /// The rule that denied it; none: the agent does not say.
        rule: Option<String>,
        /// The decision's id in the agent's decision log; none: the agent does not say.
        decision_id: Option<String>,
        /// All that it says.
        #[source]
        error: Box<A2aError>,
    },
    /// The answer is not one of the protocol.
    #[error("the answer of {url} is not understood: {why}. Tell the agent's provider")]
    NotUnderstood {
        /// The address.
        url: String,
        /// What is wrong with it, and where.
        why: String,
    },
    /// The version that the agent speaks has no such operation.
    #[error("{operation} is not part of A2A {version}, which is what this agent speaks: do without")]
    NotInVersion {
        /// The operation.
        operation: &'static str,
        /// The version.
        version: &'static str,
    },
    /// The request cannot be sent: a field is missing, or it cannot be told in this binding.
    #[error("the request cannot be sent: {0}")]
    Invalid(#[source] A2aError),
    /// A stream was cut and could not be taken up again.
    #[error(
        "the stream of task {task} was cut and not taken up again in {attempts} attempts: {why}. Subscribe to the task again"
    )]
    Cut {
        /// The task.
        task: String,
        /// How often it was tried.
        attempts: u32,
        /// The last reason.
        why: String,
    },
}

impl CallError {
    /// What the agent told, or what is wrong with what it told.
    pub(super) fn of(error: A2aError, url: &str) -> CallError {
        match error.kind {
            ErrorKind::InvalidAgentResponse => CallError::NotUnderstood { url: url.to_owned(), why: error.message },
            ErrorKind::PermissionDenied => CallError::NotAuthorised {
                rule: error.metadata.get(RULE).cloned(),
                decision_id: error.metadata.get(DECISION).cloned(),
                error: Box::new(error),
            },
            _ => CallError::Refused(error),
        }
    }

    pub(super) fn unreachable(url: &str, error: &dyn std::error::Error) -> CallError {
        CallError::Unreachable { url: url.to_owned(), why: reasons(error) }
    }

    /// Another attempt may come through: the agent was not reached, or says so.
    pub(super) fn is_passing(&self) -> bool {
        match self {
            CallError::Unreachable { .. } => true,
            CallError::Identity(error) => error.may_pass(),
            CallError::Refused(error) => matches!(error.kind, ErrorKind::Unavailable | ErrorKind::ResourceExhausted),
            _ => false,
        }
    }

    /// The agent has seen nothing of the call, whatever it was for.
    pub(super) fn is_unseen(&self) -> bool {
        matches!(self, CallError::Identity(_))
    }
}

/// Our agents say it themselves.
fn not_authorised(error: &A2aError) -> String {
    let words = "not authorised";
    if error.message.starts_with(words) { error.message.clone() } else { format!("{words}: {error}") }
}

/// An error and what it came of, without the addresses that libraries put in: they are told beside it, and may hold secrets.
pub(super) fn reasons(error: &dyn std::error::Error) -> String {
    let mut all: Vec<String> = Vec::new();
    let mut next = Some(error);
    while let Some(one) = next {
        let words = one.to_string();
        let words = words.split(" for url (").next().unwrap_or_default().to_owned();
        if !words.is_empty() && !all.iter().any(|said| said.contains(&words)) {
            all.push(words);
        }
        next = one.source();
    }
    let says = |words: &str| all.iter().any(|said| said.contains(words));
    let hint = if says("InvalidContentType") || says("tls handshake eof") {
        " (no TLS is spoken there: has it an address with http://?)"
    } else if says("invalid HTTP version parsed") {
        " (no HTTP is spoken there: has it an address with https://?)"
    } else {
        ""
    };
    format!("{}{hint}", all.join(": "))
}
