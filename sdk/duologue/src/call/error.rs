//! Why a call of another agent gave no answer: [`CallError`].

use crate::wire::{PROBLEM, Problem};
use duologue_a2a::error::{A2aError, ErrorKind, Violation};
use duologue_gateway::outbound::{self, IdentityError};
use duologue_identity::HandshakeRefusal;
use std::time::Duration;

/// Why a call of another agent gave no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The registry has no agent of this name.
    #[error("no agent is known as `{name}`{}; agent_registry in the agent's file names those that are: {known}", perhaps(.near.as_deref()))]
    UnknownAgent {
        /// The name.
        name: String,
        /// The one that is most like it.
        near: Option<String>,
        /// All of them.
        known: String,
    },
    /// Nobody answers there, or the connection broke.
    #[error("{agent} cannot be reached: {why}")]
    Unreachable {
        /// Which agent.
        agent: String,
        /// Why.
        why: String,
    },
    /// Who answers is not who was asked for. Nothing was said to them.
    #[error("{address} is not {expected}: {why}. Is the address right? Nothing was sent")]
    IdentityMismatch {
        /// Who was asked for.
        expected: String,
        /// Where.
        address: String,
        /// Who answers there, or what is wrong with the proof.
        why: String,
    },
    /// The agent's card says something else than was approved. Nothing was said to it.
    #[error(
        "the card of {agent} has changed ({found}, and calls.card_pins has {pinned}): read it (`duologue card {address} --agent {agent}`), and pin it anew if it is right"
    )]
    CardChanged {
        /// Which agent.
        agent: String,
        /// Where.
        address: String,
        /// SHA-256 of the card that was approved.
        pinned: String,
        /// That of the card that is there.
        found: String,
    },
    /// The agent's policy says no, or it does not know the caller.
    #[error("not authorised: {agent}: {why}")]
    NotAuthorized {
        /// Which agent.
        agent: String,
        /// What it says, with the rule.
        why: String,
    },
    /// The agent has no such capability.
    #[error("{agent} has no capability `{capability}`: {why}")]
    UnknownCapability {
        /// Which agent.
        agent: String,
        /// What was asked for.
        capability: String,
        /// What it says, with those that it has.
        why: String,
    },
    /// The parameters do not fit.
    #[error("{agent} does not take these parameters of `{capability}`: {}", places(.violations))]
    InvalidParams {
        /// Which agent.
        agent: String,
        /// The capability.
        capability: String,
        /// Each place with what is wrong there.
        violations: Vec<Violation>,
    },
    /// No answer in time. The agent was told how long it has, and stops working at it.
    #[error("{agent} did not answer within {after:?}")]
    TimedOut {
        /// Which agent.
        agent: String,
        /// How long was waited.
        after: Duration,
    },
    /// The agent answered that it failed, or that it does not do this.
    #[error("{agent}: {why}")]
    Remote {
        /// Which agent.
        agent: String,
        /// What it says.
        why: String,
    },
    /// The agent failed often, and is left alone for a while.
    #[error("{agent} failed {failures} times in a row, and is left alone for {wait:?} more")]
    LeftAlone {
        /// Which agent.
        agent: String,
        /// How often.
        failures: u32,
        /// How much longer.
        wait: Duration,
    },
    /// The answer is no capability's.
    #[error("the answer of {agent} is not understood: {why}")]
    NotUnderstood {
        /// Which agent.
        agent: String,
        /// What is wrong with it.
        why: String,
    },
    /// The call cannot be made as it was asked for.
    #[error("the call cannot be made: {0}")]
    Invalid(String),
}

fn perhaps(name: Option<&str>) -> String {
    name.map(|name| format!(", did you mean `{name}`?")).unwrap_or_default()
}

fn places(violations: &[Violation]) -> String {
    let places = violations.iter().map(|one| format!("{}: {}", one.field, one.description));
    places.collect::<Vec<_>>().join("; ")
}

/// What was called, for what is told about it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Called<'a> {
    pub(super) agent: &'a str,
    pub(super) address: &'a str,
    pub(super) capability: &'a str,
    pub(super) timeout: Duration,
}

impl CallError {
    /// A stable word for programs and figures.
    pub fn kind(&self) -> &'static str {
        match self {
            CallError::UnknownAgent { .. } => "unknown_agent",
            CallError::Unreachable { .. } => "unreachable",
            CallError::IdentityMismatch { .. } => "identity_mismatch",
            CallError::CardChanged { .. } => "card_changed",
            CallError::NotAuthorized { .. } => "not_authorized",
            CallError::UnknownCapability { .. } => "unknown_capability",
            CallError::InvalidParams { .. } => "invalid_params",
            CallError::TimedOut { .. } => "timeout",
            CallError::Remote { .. } => "remote",
            CallError::LeftAlone { .. } => "left_alone",
            CallError::NotUnderstood { .. } => "not_understood",
            CallError::Invalid(_) => "invalid",
        }
    }

    /// Another attempt, a little later, may come through.
    pub(crate) fn may_pass(&self) -> bool {
        matches!(self, CallError::Unreachable { .. } | CallError::TimedOut { .. })
    }

    /// The agent itself is not well: it was not reached, or did not answer. A refusal is an answer.
    pub(super) fn is_outage(&self) -> bool {
        matches!(self, CallError::Unreachable { .. } | CallError::TimedOut { .. } | CallError::NotUnderstood { .. })
    }

    pub(super) fn of_connect(error: outbound::ConnectError, called: Called<'_>) -> CallError {
        use outbound::ConnectError as E;
        let agent = called.agent.to_owned();
        match error {
            E::Unreachable { why, .. } => CallError::Unreachable { agent, why },
            E::Identity(error) => called.identity(error),
            E::TimedOut { after, .. } => CallError::TimedOut { agent, after },
            E::BadAddress { .. } | E::Plaintext { .. } | E::BadHeader { .. } | E::Tls { .. } => {
                CallError::Invalid(error.to_string())
            }
            E::NoCard { .. }
            | E::Hidden { .. }
            | E::AnotherAgents { .. }
            | E::Card { .. }
            | E::Signature { .. }
            | E::NothingInCommon { .. } => CallError::NotUnderstood { agent, why: error.to_string() },
        }
    }

    pub(super) fn of_call(error: outbound::CallError, called: Called<'_>) -> CallError {
        use outbound::CallError as E;
        let agent = called.agent.to_owned();
        match error {
            E::Unreachable { why, .. } => CallError::Unreachable { agent, why },
            E::Identity(error) => called.identity(error),
            E::TimedOut { after, .. } => CallError::TimedOut { agent, after },
            E::Refused(error) => called.refused(error),
            E::NotAuthorised { error, .. } => called.refused(*error),
            E::Invalid(error) => CallError::Invalid(error.to_string()),
            E::NotUnderstood { why, .. } => CallError::NotUnderstood { agent, why },
            E::NotInVersion { .. } | E::Cut { .. } => CallError::NotUnderstood { agent, why: error.to_string() },
        }
    }
}

impl Called<'_> {
    /// What is wrong with who one is, or with who is there. Nothing of the call was seen by anybody.
    fn identity(self, error: IdentityError) -> CallError {
        let (agent, why) = (self.agent.to_owned(), error.to_string());
        match error {
            IdentityError::Mismatch { .. } | IdentityError::NotBelieved { .. } => {
                CallError::IdentityMismatch { expected: agent, address: self.address.to_owned(), why }
            }
            // It starts, or its authority does.
            IdentityError::Refused { why: HandshakeRefusal::PeerHasNone, .. } => CallError::Unreachable { agent, why },
            IdentityError::Refused { .. } => CallError::NotAuthorized { agent, why },
            IdentityError::Own(_) => CallError::Invalid(why),
        }
    }

    /// An error that the agent told.
    pub(super) fn refused(self, error: A2aError) -> CallError {
        let (agent, capability) = (self.agent.to_owned(), self.capability.to_owned());
        let why = error.message;
        match (error.metadata.get(PROBLEM).and_then(|word| Problem::read(word)), error.kind) {
            (Some(Problem::UnknownCapability), _) => CallError::UnknownCapability { agent, capability, why },
            (Some(Problem::InvalidParams), _) => {
                CallError::InvalidParams { agent, capability, violations: error.violations }
            }
            (_, ErrorKind::PermissionDenied | ErrorKind::Unauthenticated) => CallError::NotAuthorized { agent, why },
            (_, ErrorKind::DeadlineExceeded) => CallError::TimedOut { agent, after: self.timeout },
            (_, ErrorKind::Unavailable) => CallError::Unreachable { agent, why },
            _ => CallError::Remote { agent, why },
        }
    }
}
