use super::{CallError, Calls};
use duologue_gateway::Hop;
use futures::future::BoxFuture;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::marker::PhantomData;
use std::time::Duration;

/// Which agent is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target<'a> {
    /// By its name in the registry.
    Known(&'a str),
    /// The one that has to have this SPIFFE id, at this address.
    At {
        /// Who it has to be.
        spiffe_id: &'a str,
        /// Where, such as `https://worker.example.org:8443`.
        address: &'a str,
    },
}

impl<'a> From<&'a str> for Target<'a> {
    fn from(name: &'a str) -> Target<'a> {
        Target::Known(name)
    }
}

impl<'a> From<(&'a str, &'a str)> for Target<'a> {
    fn from((spiffe_id, address): (&'a str, &'a str)) -> Target<'a> {
        Target::At { spiffe_id, address }
    }
}

/// A call that is made once it is awaited, and called off, at the other agent too, where whoever awaits it goes away.
#[must_use = "a call is made when it is awaited"]
pub struct Call<'a, T> {
    calls: &'a Calls,
    agent: Target<'a>,
    capability: &'a str,
    params: Result<Value, serde_json::Error>,
    timeout: Option<Duration>,
    hop: Hop,
    answer: PhantomData<fn() -> T>,
}

/// What goes to an agent.
pub(super) struct Request<'a> {
    pub(super) capability: &'a str,
    pub(super) params: Value,
    pub(super) timeout: Duration,
    pub(super) hop: Hop,
}

impl<'a, T: DeserializeOwned> Call<'a, T> {
    pub(super) fn new(
        calls: &'a Calls,
        agent: Target<'a>,
        capability: &'a str,
        params: Result<Value, serde_json::Error>,
    ) -> Call<'a, T> {
        Call { calls, agent, capability, params, timeout: None, hop: Hop::default(), answer: PhantomData }
    }

    /// Waits for so long at most; else as long as the agent's file says, which is 30 s. The other agent is told.
    pub fn timeout(mut self, timeout: Duration) -> Call<'a, T> {
        self.timeout = Some(timeout);
        self
    }

    /// The call because of which this one is made: its trace, its callers and its deadline go along.
    pub fn because_of(mut self, hop: Hop) -> Call<'a, T> {
        self.hop = hop;
        self
    }
}

impl<'a, T: DeserializeOwned + 'a> IntoFuture for Call<'a, T> {
    type Output = Result<T, CallError>;
    type IntoFuture = BoxFuture<'a, Result<T, CallError>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let Call { calls, agent, capability, params, timeout, hop, .. } = self;
            let params = params.map_err(|error| CallError::Invalid(error.to_string()))?;
            let timeout = timeout.unwrap_or_else(|| calls.timeout());
            calls.answered(agent, Request { capability, params, timeout, hop }).await
        })
    }
}

impl<T> std::fmt::Debug for Call<'_, T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Call { agent, capability, timeout, .. } = self;
        f.debug_struct("Call").field("agent", agent).field("capability", capability).field("timeout", timeout).finish()
    }
}
