use crate::{Item, ToolCall, ToolSpec};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// One step of a scenario's course: what the next line of this party is about.
///
/// A small model that gets one hint per turn stays on course; a large one runs free without hints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hint(pub String);

/// Everything a language model needs for one reply.
#[derive(Clone, Debug, PartialEq)]
pub struct ChatRequest {
    /// System instructions: who this party is and how it speaks.
    pub instructions: Arc<str>,
    /// This party's first name, as it stands before its lines ("Joe").
    pub speaker: Arc<str>,
    /// The other party's first name ("Anna").
    pub listener: Arc<str>,
    /// What was said and done so far; [`crate::Role::Assistant`] is this party, [`crate::Role::User`] the other.
    pub items: Vec<Item>,
    /// Tools that the model may call.
    pub tools: Arc<[ToolSpec]>,
    /// The scenario's hint for this turn.
    pub hint: Option<Hint>,
    /// Sampling temperature; `None` leaves it to the provider.
    pub temperature: Option<f32>,
    /// Sampling seed, where the provider takes one.
    pub seed: u64,
    /// At most so many tokens.
    pub max_tokens: u32,
}

/// A piece of a streamed reply.
#[derive(Clone, Debug, PartialEq)]
pub enum ChatDelta {
    /// More text of the line.
    Text(String),
    /// A whole tool call (providers that stream arguments assemble them first).
    ToolCall(ToolCall),
    /// The reply is complete; nothing follows.
    Done {
        /// Why it ended.
        finish: Finish,
        /// What it cost, where the provider says so.
        usage: Option<Usage>,
    },
}

/// Why a reply ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Finish {
    /// The model was done.
    Stop,
    /// It wants the results of the tool calls it made.
    ToolCalls,
    /// It ran into [`ChatRequest::max_tokens`].
    Length,
}

/// Tokens of one reply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Usage {
    /// Tokens read.
    pub prompt_tokens: u32,
    /// Of those, read from a cache.
    pub cached_tokens: u32,
    /// Tokens written.
    pub completion_tokens: u32,
}
