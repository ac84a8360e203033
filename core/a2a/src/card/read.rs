use crate::call::Limits;
use crate::model::AgentCard;
use crate::v0_3;
use crate::version::Dialect;
use serde_json::Value;

/// Why a card cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum Unreadable {
    /// Longer or deeper than what is read.
    #[error("the card is too large: {0}")]
    TooLarge(String),
    /// Not the JSON of a card.
    #[error("the agent's card is none of A2A: {0}")]
    NoCard(String),
    /// It says nowhere where the agent is.
    #[error("the agent's card names no address: ask its provider for `supportedInterfaces`, or in 0.3 for `url`")]
    NoInterface,
}

/// Reads a card of either version, and says of which it is: one that has `supportedInterfaces` is of 1.0, whatever else is in
/// it.
///
/// # Errors
/// [`Unreadable`].
pub fn read(json: &[u8], limits: &Limits) -> Result<(AgentCard, Dialect), Unreadable> {
    limits.check(json).map_err(|error| Unreadable::TooLarge(error.message))?;
    let value: Value = serde_json::from_slice(json).map_err(|error| Unreadable::NoCard(error.to_string()))?;
    let is_new = value.get("supportedInterfaces").is_some_and(Value::is_array);
    let (card, dialect) = if is_new {
        let card = serde_json::from_slice(json).map_err(|error| Unreadable::NoCard(error.to_string()))?;
        (card, Dialect::V1_0)
    } else {
        let card = v0_3::read_card(value).map_err(|fault| Unreadable::NoCard(fault.to_string()))?;
        (card, Dialect::V0_3)
    };
    if card.supported_interfaces.iter().all(|interface| interface.url.is_empty()) {
        return Err(Unreadable::NoInterface);
    }
    Ok((card, dialect))
}
