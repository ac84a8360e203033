//! Agents elsewhere, spoken with over A2A.

mod args;
mod call;
mod card;
mod identity;
mod known;

pub(crate) use args::{AgentsArgs, CallArgs, CardArgs};
pub(crate) use call::run as call;
pub(crate) use card::run as card;
pub(crate) use identity::dialler;
pub(crate) use known::run as agents;

use crate::output::{self, Failure};
use duologue_a2a::model::AgentCard;
use duologue_gateway::outbound::ConnectError;

/// An agent's words for people to read.
fn print(text: &str) {
    output::print(output::harmless(text));
}

/// Why an agent cannot be spoken with, and by what on the command line that may change.
fn unconnected(error: ConnectError) -> Failure {
    let flags = match &error {
        ConnectError::Plaintext { .. } => "--allow-plaintext",
        ConnectError::NothingInCommon { .. } => "--binding, --a2a-version, --allow-plaintext",
        ConnectError::TimedOut { .. } => "--timeout",
        ConnectError::Tls { .. } => "--ca",
        ConnectError::Unreachable { url, why } if url.starts_with("https:") && why.contains("ertificate") => {
            "--agent SPIFFE_ID calls agents that prove who they are by SPIFFE; --ca trusts another authority"
        }
        ConnectError::Hidden { .. } => args::TOKEN,
        _ => return error.into(),
    };
    format!("{error} ({flags})").into()
}

/// The skills of an agent, each by the name that it is called with.
fn skills(card: &AgentCard) -> String {
    let names: Vec<&str> = card.skills.iter().map(|skill| skill.id.as_str()).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
