//! What this server does beyond the protocol, as its card declares it and as its client looks for it.

use duologue_a2a::model::AgentExtension;

/// A message that was sent before, by its id, is answered with what came of it then; events of a stream carry their number
/// within the task as the id of SSE, and `Last-Event-ID` goes on after it; `Duologue-Timeout-Ms` is how long the caller waits.
pub const IDEMPOTENT_SEND: &str = "urn:duologue:idempotent-send";

/// A message with one part of data, its parameters, calls the capability (skill) whose id stands in the message's metadata under this
/// URI, as a string.
pub const CAPABILITY: &str = "urn:duologue:capability";

/// [`IDEMPOTENT_SEND`] in a card.
pub(crate) fn idempotent_send() -> AgentExtension {
    AgentExtension {
        uri: IDEMPOTENT_SEND.to_owned(),
        description: "A message is known again by its id; events are numbered, and Last-Event-ID goes on after one; \
                      Duologue-Timeout-Ms is how long the caller waits"
            .to_owned(),
        required: false,
        params: None,
    }
}
