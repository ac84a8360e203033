use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};
use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Different callers, or agents called, that have figures of their own; those who come later are counted together as `other`, so
/// that nobody can fill the memory by coming under many names.
const NAMES: usize = 1_000;

/// Seconds: from what a call costs between two agents on one machine up to the default timeout.
const BUCKETS: [f64; 14] = [0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 30.0];

/// What an agent counts. Copies are the same.
#[derive(Clone)]
pub(crate) struct Metrics(Arc<Inner>);

struct Inner {
    registry: Registry,
    requests: Family<Request, Counter>,
    request_times: Family<Capability, Histogram>,
    denials: Family<Denied, Counter>,
    calls: Family<Call, Counter>,
    call_times: Family<Called, Histogram>,
    names: Mutex<HashSet<String>>,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Request {
    capability: String,
    caller: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Capability {
    capability: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Denied {
    capability: String,
    caller: String,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Call {
    agent: String,
    capability: String,
    outcome: &'static str,
}

#[derive(Clone, Debug, Hash, PartialEq, Eq, EncodeLabelSet)]
struct Called {
    agent: String,
    capability: String,
}

impl Default for Metrics {
    fn default() -> Metrics {
        let times = || Histogram::new(BUCKETS);
        let mut inner = Inner {
            registry: Registry::with_prefix("duologue"),
            requests: Family::default(),
            request_times: Family::new_with_constructor(times),
            denials: Family::default(),
            calls: Family::default(),
            call_times: Family::new_with_constructor(times),
            names: Mutex::default(),
        };
        let registry = &mut inner.registry;
        registry.register("requests", "Calls of this agent's capabilities that were answered", inner.requests.clone());
        let help = "Time that a capability took";
        registry.register_with_unit("request_duration", help, Unit::Seconds, inner.request_times.clone());
        registry.register("denials", "Calls of this agent that its policy denied", inner.denials.clone());
        registry.register("calls", "Calls that this agent made of others", inner.calls.clone());
        let help = "Time that calls of others took";
        registry.register_with_unit("call_duration", help, Unit::Seconds, inner.call_times.clone());
        Metrics(Arc::new(inner))
    }
}

impl Metrics {
    /// A capability, one of the agent's own, was called and answered.
    pub(crate) fn request(&self, capability: &str, caller: &str, outcome: &'static str, took: Duration) {
        let (capability, caller) = (capability.to_owned(), self.name(caller));
        self.0.requests.get_or_create(&Request { capability: capability.clone(), caller, outcome }).inc();
        self.0.request_times.get_or_create(&Capability { capability }).observe(took.as_secs_f64());
    }

    /// A call was denied. What was asked for are the caller's own words.
    pub(crate) fn denied(&self, capability: &str, caller: &str) {
        let (capability, caller) = (self.name(capability), self.name(caller));
        self.0.denials.get_or_create(&Denied { capability, caller }).inc();
    }

    /// Another agent was called.
    pub(crate) fn call(&self, agent: &str, capability: &str, outcome: &'static str, took: Duration) {
        let (agent, capability) = (self.name(agent), self.name(capability));
        let call = Call { agent: agent.clone(), capability: capability.clone(), outcome };
        self.0.calls.get_or_create(&call).inc();
        self.0.call_times.get_or_create(&Called { agent, capability }).observe(took.as_secs_f64());
    }

    /// All of it, in the text format of OpenMetrics 1.0.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        if encode(&mut text, &self.0.registry).is_err() {
            tracing::error!("the figures could not be written");
        }
        text
    }

    fn name(&self, name: &str) -> String {
        let mut names = self.0.names.lock().unwrap_or_else(PoisonError::into_inner);
        if names.len() < NAMES {
            names.insert(name.to_owned());
        }
        if names.contains(name) { name.to_owned() } else { "other".to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_told() {
        let metrics = Metrics::default();
        metrics.request("count_words", "spiffe://example.org/a", "ok", Duration::from_millis(3));
        metrics.denied("delete", "spiffe://example.org/b");
        metrics.call("spiffe://example.org/c", "translate", "timeout", Duration::from_secs(30));
        let text = metrics.text();
        for line in [
            r#"duologue_requests_total{capability="count_words",caller="spiffe://example.org/a",outcome="ok"} 1"#,
            r#"duologue_request_duration_seconds_bucket{le="0.005",capability="count_words"} 1"#,
            r#"duologue_denials_total{capability="delete",caller="spiffe://example.org/b"} 1"#,
            r#"duologue_calls_total{agent="spiffe://example.org/c",capability="translate",outcome="timeout"} 1"#,
        ] {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }

    #[test]
    fn who_comes_under_many_names_fills_no_memory() {
        let metrics = Metrics::default();
        for number in 0..NAMES * 3 {
            metrics.denied("delete", &format!("spiffe://example.org/{number}"));
        }
        assert!(metrics.text().lines().count() < NAMES + 50);
        assert!(metrics.text().contains(r#"caller="other""#));
    }
}
