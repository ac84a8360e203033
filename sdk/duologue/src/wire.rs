//! How a capability is called by a message, and what comes back: what agents of ours agree on beyond A2A.
//!
//! A call is a message with one part of data, the parameters, and the capability's name in the metadata under the extension
//! [`CAPABILITY`]. The answer is one part of data. An error says in its metadata which of the [`Problem`]s it is.

use duologue_a2a::model::{AgentExtension, Message, Part};
pub(crate) use duologue_gateway::capability::{Asked, asked};
use duologue_gateway::extension::CAPABILITY;
use serde_json::{Value, json};

/// In the metadata of an error: a [`Problem`].
pub(crate) const PROBLEM: &str = "problem";

/// What is wrong with a call of a capability, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Problem {
    /// There is none of this name, or none was named where there are several.
    UnknownCapability,
    /// The parameters do not fit.
    InvalidParams,
    /// The capability does not do this.
    Refused,
    /// The capability failed.
    Failed,
}

impl Problem {
    const ALL: [Problem; 4] = [Problem::UnknownCapability, Problem::InvalidParams, Problem::Refused, Problem::Failed];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Problem::UnknownCapability => "unknown_capability",
            Problem::InvalidParams => "invalid_params",
            Problem::Refused => "refused",
            Problem::Failed => "failed",
        }
    }

    pub(crate) fn read(word: &str) -> Option<Problem> {
        Problem::ALL.into_iter().find(|problem| problem.as_str() == word)
    }
}

/// A call as parts and metadata of a message.
pub(crate) fn call(message: &mut Message, capability: &str, params: Value) {
    message.parts = vec![Part::data(params)];
    message.extensions.push(CAPABILITY.to_owned());
    message.metadata.get_or_insert_default().insert(CAPABILITY.to_owned(), capability.into());
}

/// The extension in a card: how to call, and the schema of each capability's parameters.
pub(crate) fn extension<'a>(schemas: impl Iterator<Item = (&'a str, &'a Value)>) -> AgentExtension {
    let schemas: serde_json::Map<String, Value> =
        schemas.map(|(name, schema)| (name.to_owned(), schema.clone())).collect();
    let params = json!({ "parameters": schemas });
    AgentExtension {
        uri: CAPABILITY.to_owned(),
        description: "A message with one part of data, its parameters, calls the skill whose id stands in the message's metadata \
                      under this URI; `parameters` are the JSON Schemas by skill"
            .to_owned(),
        required: false,
        params: params.as_object().cloned(),
    }
}
