//! A call of a capability by the agent's own language model, in the middle of a conversation: [`Spoken`].

use duologue_tools::Context;
use std::time::Duration;

/// Such a call: nobody else made it, so the agent itself stands as its caller.
#[derive(Clone, Debug)]
pub(crate) struct Spoken {
    context: Context,
    caller: String,
}

impl Spoken {
    #[cfg_attr(not(feature = "voice"), expect(dead_code, reason = "only an agent that talks calls itself"))]
    pub(crate) fn new(context: Context, agent: &str) -> Spoken {
        Spoken { context, caller: agent.to_owned() }
    }

    pub(crate) fn caller(&self) -> &str {
        &self.caller
    }

    pub(crate) fn id(&self) -> &str {
        self.context.id()
    }

    pub(crate) fn remaining(&self) -> Duration {
        self.context.remaining()
    }

    pub(crate) async fn over(&self) {
        self.context.called_off().await;
    }
}
