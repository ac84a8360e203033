//! What goes along with every call of a capability: log, figures, trace, and the way to other agents.

use crate::call::Calls;
use crate::observe::{Kind, Metrics, Span, Traces};
use crate::skills::Skills;
use crate::spoken::Spoken;
use duologue_gateway::Turn;
use opentelemetry::KeyValue;
use tokio::time::Instant;

/// What a capability is surrounded by.
#[derive(Clone)]
pub(crate) struct Doings {
    /// The agent's own SPIFFE id, else its name.
    pub(crate) agent: String,
    pub(crate) calls: Calls,
    pub(crate) metrics: Metrics,
    pub(crate) traces: Traces,
}

/// One call of a capability, from its beginning to its end. Where it is dropped before that, nobody waited any more.
pub(crate) struct Seen {
    metrics: Metrics,
    span: Span,
    capability: String,
    caller: String,
    begun: Instant,
    traceparent: String,
    is_told: bool,
}

impl Doings {
    pub(crate) fn begin(&self, agent: &Skills, capability: &str, turn: &Turn) -> Seen {
        let attributes = vec![
            KeyValue::new("gen_ai.operation.name", "invoke_agent"),
            KeyValue::new("gen_ai.agent.id", self.agent.clone()),
            KeyValue::new("gen_ai.agent.name", agent.name.clone()),
            KeyValue::new("gen_ai.agent.version", agent.version.clone()),
            KeyValue::new("gen_ai.conversation.id", turn.context_id().to_owned()),
            KeyValue::new("gen_ai.tool.name", capability.to_owned()),
            KeyValue::new("client.address", turn.caller().to_owned()),
        ];
        let name = format!("invoke_agent {}", agent.name);
        let span = self.traces.begin(Kind::Server, &name, turn.hop().traceparent.as_deref(), attributes);
        self.seen(span, capability, turn.caller())
    }

    /// A call by the agent's own language model.
    #[cfg_attr(not(feature = "voice"), expect(dead_code, reason = "only an agent that talks calls itself"))]
    pub(crate) fn begin_spoken(&self, agent: &str, capability: &str, spoken: &Spoken) -> Seen {
        let attributes = vec![
            KeyValue::new("gen_ai.operation.name", "execute_tool"),
            KeyValue::new("gen_ai.agent.name", agent.to_owned()),
            KeyValue::new("gen_ai.tool.name", capability.to_owned()),
            KeyValue::new("gen_ai.tool.call.id", spoken.id().to_owned()),
        ];
        let span = self.traces.begin(Kind::Internal, &format!("execute_tool {capability}"), None, attributes);
        self.seen(span, capability, spoken.caller())
    }

    fn seen(&self, span: Span, capability: &str, caller: &str) -> Seen {
        Seen {
            metrics: self.metrics.clone(),
            traceparent: span.traceparent().to_owned(),
            span,
            capability: capability.to_owned(),
            caller: caller.to_owned(),
            begun: Instant::now(),
            is_told: false,
        }
    }
}

impl Seen {
    pub(crate) fn traceparent(&self) -> &str {
        &self.traceparent
    }

    /// How it ended: `ok`, or a word for what went wrong.
    pub(crate) fn ended(&mut self, outcome: &'static str) {
        self.is_told = true;
        let took = self.begun.elapsed();
        self.metrics.request(&self.capability, &self.caller, outcome, took);
        if outcome != "ok" {
            self.span.failed(outcome);
        }
        let (capability, caller, trace_id) = (&self.capability, &self.caller, self.span.trace_id());
        let duration_ms = took.as_secs_f64() * 1e3;
        tracing::info!(capability, caller, trace_id, outcome, duration_ms, "Request completed");
    }
}

impl Drop for Seen {
    fn drop(&mut self) {
        if !self.is_told {
            self.ended("cancelled");
        }
    }
}
