//! How a message calls a capability: what agents of ours agree on beyond A2A, and what policies see of a message.

use crate::extension::CAPABILITY;
use duologue_a2a::model::{AgentCard, Content, Message};
use serde_json::{Value, json};

/// What a message asks for.
#[derive(Clone, Debug, PartialEq)]
pub enum Asked<'a> {
    /// A capability, by its name if the message has one, with the parameters.
    Capability(Option<&'a str>, Value),
    /// Something in words.
    Text(String),
    /// Neither data nor text, or several parts of data.
    Unclear,
}

/// Reads a message: one part of data is the parameters of the capability whose name stands in the metadata under [`CAPABILITY`].
pub fn asked(message: &Message) -> Asked<'_> {
    let name = named(message);
    let mut data = message.parts.iter().filter_map(|part| match &part.content {
        Content::Data(value) => Some(value),
        _ => None,
    });
    match (data.next(), data.next()) {
        (Some(params), None) => Asked::Capability(name, params.clone()),
        (Some(_), Some(_)) => Asked::Unclear,
        // Without parameters, or in words for a capability that is named.
        (None, _) => match (name, message.text()) {
            (Some(_), text) if text.is_empty() => Asked::Capability(name, json!({})),
            (_, text) if text.is_empty() => Asked::Unclear,
            (_, text) => Asked::Text(text),
        },
    }
}

fn named(message: &Message) -> Option<&str> {
    message.metadata.as_ref()?.get(CAPABILITY)?.as_str()
}

/// The capability that a message calls at the agent with this card, and its parameters: the one that it names, whatever else is in
/// it; where it names none and brings parameters, the only one of an agent that has one.
pub(crate) fn called<'a>(message: &'a Message, card: &'a AgentCard) -> Option<(&'a str, Value)> {
    match (named(message), asked(message)) {
        (Some(name), Asked::Capability(_, params)) => Some((name, params)),
        // Words, or too many parameters: an agent may make of it what it likes, a policy that looks at parameters finds none.
        (Some(name), _) => Some((name, Value::Null)),
        (None, Asked::Capability(_, params)) => match card.skills.as_slice() {
            [only] if is_declared(card) => Some((only.id.as_str(), params)),
            _ => None,
        },
        (None, _) => None,
    }
}

fn is_declared(card: &AgentCard) -> bool {
    card.capabilities.extensions.iter().any(|extension| extension.uri == CAPABILITY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use duologue_a2a::model::{AgentCapabilities, AgentExtension, AgentSkill, Part};

    fn card(skills: &[&str]) -> AgentCard {
        let skill = |id: &&str| AgentSkill { id: (*id).into(), ..AgentSkill::default() };
        let extensions = vec![AgentExtension { uri: CAPABILITY.into(), ..AgentExtension::default() }];
        AgentCard {
            skills: skills.iter().map(skill).collect(),
            capabilities: AgentCapabilities { extensions, ..AgentCapabilities::default() },
            ..AgentCard::default()
        }
    }

    fn message(name: Option<Value>, parts: Vec<Part>) -> Message {
        let metadata = name.map(|name| [(CAPABILITY.to_owned(), name)].into_iter().collect());
        Message { metadata, parts, ..Message::default() }
    }

    #[test]
    fn a_message_calls_what_it_names_and_else_the_only_one() {
        let (one, two) = (card(&["count"]), card(&["count", "sum"]));
        let data = || vec![Part::data(json!({"n": 1}))];
        let twice = || [data(), data()].concat();
        for (name, parts, at_one, at_two) in [
            (Some(json!("sum")), data(), Some(("sum", json!({"n": 1}))), Some(("sum", json!({"n": 1})))),
            (Some(json!("sum")), vec![], Some(("sum", json!({}))), Some(("sum", json!({})))),
            (Some(json!("sum")), twice(), Some(("sum", Value::Null)), Some(("sum", Value::Null))),
            (Some(json!("sum")), vec![Part::text("x")], Some(("sum", Value::Null)), Some(("sum", Value::Null))),
            (None, data(), Some(("count", json!({"n": 1}))), None),
            (Some(json!(7)), data(), Some(("count", json!({"n": 1}))), None),
            (None, vec![Part::text("x")], None, None),
            (None, twice(), None, None),
        ] {
            let message = message(name, parts);
            assert_eq!(called(&message, &one), at_one, "{message:?}");
            assert_eq!(called(&message, &two), at_two, "{message:?}");
        }
        // Whose card does not speak of capabilities has none that could be called.
        let foreign = AgentCard { capabilities: AgentCapabilities::default(), ..card(&["count"]) };
        assert_eq!(called(&message(None, data()), &foreign), None);
    }
}
