//! One call, as a capability sees it: [`Context`].

use crate::error::CapabilityError;
use duologue_a2a::model::TaskState;
use duologue_gateway::{Hop, Turn};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Who calls, in whose name, until when, and whether anybody still waits.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    turn: &'a Turn,
}

impl<'a> Context<'a> {
    pub(crate) fn new(turn: &'a Turn) -> Context<'a> {
        Context { turn }
    }

    /// Who calls, proven: a SPIFFE id where the call came over mTLS.
    pub fn caller(&self) -> &str {
        self.turn.caller()
    }

    /// Who called before, the first one first; the immediate caller, who vouches for it, is not among them.
    pub fn on_behalf_of(&self) -> &[String] {
        &self.turn.hop().callers
    }

    /// Id of the request: that of the message that makes the call.
    pub fn request_id(&self) -> &str {
        &self.turn.message().message_id
    }

    /// Id of the trace that the call belongs to (W3C Trace Context), 32 hexadecimal digits.
    pub fn trace_id(&self) -> Option<&str> {
        self.turn.hop().traceparent.as_deref().and_then(|parent| parent.split('-').nth(1))
    }

    /// How long the caller will wait yet; none: it did not say.
    pub fn remaining(&self) -> Option<Duration> {
        let deadline = self.turn.deadline()?.as_millis();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let left = u128::try_from(deadline).unwrap_or(0).saturating_sub(now);
        Some(Duration::from_millis(u64::try_from(left).unwrap_or(u64::MAX)))
    }

    /// Ends once nobody waits any more: the call was called off, or its deadline is over. Whoever does not look at it is stopped
    /// a little later.
    pub async fn cancelled(&self) {
        self.turn.over().await;
    }

    /// How often this call is being answered: 2 or more where a process ended in the middle of it.
    pub fn attempt(&self) -> u32 {
        self.turn.attempt()
    }

    /// Tells the caller how far this is. From the first word on the call is a task, which outlives the caller's connection.
    ///
    /// # Errors
    /// Where nobody waits any more.
    pub async fn progress(&self, words: impl Into<String>) -> Result<(), CapabilityError> {
        Ok(self.turn.status(TaskState::Working, Some(self.turn.says(words))).await?)
    }

    /// What the calls bring with them that are made because of this one: trace, callers and deadline.
    pub fn onward(&self) -> Hop {
        self.turn.onward()
    }
}
