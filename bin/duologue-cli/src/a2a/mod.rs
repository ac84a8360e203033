//! Agents elsewhere, spoken with over A2A.

mod args;
mod call;
mod card;

pub(crate) use args::{CallArgs, CardArgs};
pub(crate) use call::run as call;
pub(crate) use card::run as card;

use duologue_a2a::model::AgentCard;

/// The skills of an agent, each by the name that it is called with.
fn skills(card: &AgentCard) -> String {
    let names: Vec<&str> = card.skills.iter().map(|skill| skill.id.as_str()).collect();
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}
