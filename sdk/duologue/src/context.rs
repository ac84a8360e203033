//! One call, as a capability sees it: [`Context`].

use crate::call::{Call, Calls, Target};
use crate::doings::Doings;
use crate::error::CapabilityError;
use crate::spoken::Spoken;
use duologue_a2a::model::{TaskState, Timestamp};
use duologue_gateway::{Hop, Turn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Who calls, in whose name, until when, and whether anybody still waits; and the way to call others because of it.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    by: By<'a>,
    calls: &'a Calls,
    agent: &'a str,
    traceparent: &'a str,
}

/// What makes a call.
#[derive(Clone, Copy, Debug)]
enum By<'a> {
    /// A message of another agent.
    Message(&'a Turn),
    /// This agent's own language model, in a conversation.
    Model(&'a Spoken),
}

impl<'a> Context<'a> {
    pub(crate) fn new(turn: &'a Turn, doings: &'a Doings, traceparent: &'a str) -> Context<'a> {
        Context { by: By::Message(turn), calls: &doings.calls, agent: &doings.agent, traceparent }
    }

    #[cfg_attr(not(feature = "voice"), expect(dead_code, reason = "only an agent that talks calls itself"))]
    pub(crate) fn spoken(spoken: &'a Spoken, doings: &'a Doings, traceparent: &'a str) -> Context<'a> {
        Context { by: By::Model(spoken), calls: &doings.calls, agent: &doings.agent, traceparent }
    }

    /// Who is called: this agent's own SPIFFE id; one without has its name here.
    pub fn agent(&self) -> &'a str {
        self.agent
    }

    /// Who calls, proven: a SPIFFE id where the call came over mTLS. It is this agent itself where its own language model calls, in a
    /// conversation.
    pub fn caller(&self) -> &str {
        match self.by {
            By::Message(turn) => turn.caller(),
            By::Model(spoken) => spoken.caller(),
        }
    }

    /// Who called before, the first one first; the immediate caller, who vouches for it, is not among them.
    pub fn on_behalf_of(&self) -> &[String] {
        match self.by {
            By::Message(turn) => &turn.hop().callers,
            By::Model(_) => &[],
        }
    }

    /// Id of the request: that of the message that makes the call, or the model's for the call of a tool.
    pub fn request_id(&self) -> &str {
        match self.by {
            By::Message(turn) => &turn.message().message_id,
            By::Model(spoken) => spoken.id(),
        }
    }

    /// Id of the trace that the call belongs to (W3C Trace Context), 32 hexadecimal digits.
    pub fn trace_id(&self) -> &str {
        self.traceparent.split('-').nth(1).unwrap_or_default()
    }

    /// How long the caller will wait yet; none: it did not say.
    pub fn remaining(&self) -> Option<Duration> {
        let deadline = match self.by {
            By::Message(turn) => turn.deadline()?.as_millis(),
            By::Model(spoken) => return Some(spoken.remaining()),
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_millis();
        let left = u128::try_from(deadline).unwrap_or(0).saturating_sub(now);
        Some(Duration::from_millis(u64::try_from(left).unwrap_or(u64::MAX)))
    }

    /// Ends once nobody waits any more: the call was called off, or its deadline is over. Whoever does not look at it is stopped
    /// a little later.
    pub async fn cancelled(&self) {
        match self.by {
            By::Message(turn) => turn.over().await,
            By::Model(spoken) => spoken.over().await,
        }
    }

    /// How often this call is being answered: 2 or more where a process ended in the middle of it.
    pub fn attempt(&self) -> u32 {
        match self.by {
            By::Message(turn) => turn.attempt(),
            By::Model(_) => 1,
        }
    }

    /// Tells the caller how far this is. From the first word on the call is a task, which outlives the caller's connection. In a
    /// conversation nobody is told.
    ///
    /// # Errors
    /// Where nobody waits any more.
    pub async fn progress(&self, words: impl Into<String>) -> Result<(), CapabilityError> {
        match self.by {
            By::Message(turn) => Ok(turn.status(TaskState::Working, Some(turn.says(words))).await?),
            By::Model(_) => Ok(()),
        }
    }

    /// Calls another agent because of this call, with this agent's own identity: by its name in the registry, or by SPIFFE id and
    /// address. Trace, callers and deadline travel along.
    ///
    /// ```no_run
    /// # async fn example(context: &duologue::Context<'_>) -> Result<(), duologue::CallError> {
    /// let words: u64 = context.call_agent("worker", "count_words", &serde_json::json!({ "text": "a b" })).await?;
    /// # Ok(()) }
    /// ```
    pub fn call_agent<'c, P: Serialize, T: DeserializeOwned>(
        &'c self,
        agent: impl Into<Target<'c>>,
        capability: &'c str,
        params: &P,
    ) -> Call<'c, T> {
        self.calls.call(agent, capability, params).because_of(self.onward())
    }

    /// What calls others, for more than one call at once ([`Calls::batch`]); give it [`Context::onward`].
    pub fn calls(&self) -> &'a Calls {
        self.calls
    }

    /// What the calls bring with them that are made because of this one: trace, callers and deadline.
    pub fn onward(&self) -> Hop {
        let hop = match self.by {
            By::Message(turn) => turn.onward(),
            By::Model(spoken) => Hop { deadline: deadline(spoken.remaining()), ..Hop::default() },
        };
        Hop { traceparent: Some(self.traceparent.to_owned()), ..hop }
    }
}

fn deadline(remaining: Duration) -> Option<Timestamp> {
    let until = SystemTime::now().checked_add(remaining)?.duration_since(UNIX_EPOCH).ok()?;
    Some(Timestamp::from_millis(i64::try_from(until.as_millis()).ok()?))
}
