//! Who may ask an agent for what, by its file.

use crate::config::{Authorization, Config, DefaultPolicy as Default};
use crate::doings::Doings;
use duologue_policy::{Cause, Outcome};
use duologue_policy_engine::{
    DecisionLog, DefaultPolicy, Embedded, Engine, FileLog, FileLogError, Limits, LoadError, PolicyEngine, PolicyPaths,
    Remote, RemoteConfig, RemoteError,
};
use opentelemetry::KeyValue;
use std::sync::Arc;
use std::time::Duration;
use tokio_util::task::AbortOnDropHandle;

/// Policies on the disk are looked at so often.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Why there is nobody who decides.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    /// The policy cannot be used.
    #[error("the policy of this agent cannot be used: {0}")]
    Load(#[from] LoadError),
    /// The OPA server's address cannot.
    #[error("authorization.opa_url of this agent: {0}")]
    Remote(#[from] RemoteError),
    /// Decisions cannot be kept.
    #[error("authorization.decision_log of this agent: {0}")]
    Log(#[from] FileLogError),
}

/// Decides, as the file says; with it ends what looks after the policy's files.
pub(crate) struct Policy {
    pub(crate) engine: PolicyEngine,
    _watching: Option<AbortOnDropHandle<()>>,
}

impl Policy {
    /// Blocks on the disk for a moment.
    pub(crate) fn of(config: &Config) -> Result<Policy, PolicyError> {
        let rules = &config.authorization;
        let log = match &rules.decision_log {
            Some(path) => DecisionLog::File(FileLog::open(path, rules.strict_log)?),
            None => DecisionLog::Trace,
        };
        let (engine, watching) = engine(rules)?;
        if config.server.mtls.enabled && matches!(engine, Engine::None(DefaultPolicy::DenyAll)) {
            tracing::warn!(
                "No policy says who may call this agent, so nobody may: see authorization.policy_file of its file"
            );
        }
        Ok(Policy { engine: PolicyEngine::new(engine, log), _watching: watching })
    }
}

fn engine(rules: &Authorization) -> Result<(Engine, Option<AbortOnDropHandle<()>>), PolicyError> {
    if let Some(url) = &rules.opa_url {
        let mut config = RemoteConfig::new(url.clone());
        if let Some(path) = &rules.policy_path {
            config.path = path.trim_start_matches("data.").replace('.', "/");
        }
        return Ok((Engine::Remote(Arc::new(Remote::new(&config)?)), None));
    }
    let Some(file) = &rules.policy_file else {
        let default = match rules.default_policy {
            Default::DenyAll => DefaultPolicy::DenyAll,
            Default::AllowAll => DefaultPolicy::AllowAll,
        };
        return Ok((Engine::None(default), None));
    };
    let embedded = Arc::new(Embedded::load(PolicyPaths::one(file), Limits::default())?);
    let watching = AbortOnDropHandle::new(tokio::spawn(Arc::clone(&embedded).watch(LOOK_EVERY)));
    Ok((Engine::Embedded(embedded), Some(watching)))
}

/// Decides about calls of an agent, counts what is denied, and has each decision in the trace of its call.
pub(crate) fn watched(engine: PolicyEngine, doings: &Doings) -> duologue_gateway::Policy {
    let (metrics, traces, agent) = (doings.metrics.clone(), doings.traces.clone(), doings.agent.clone());
    duologue_gateway::Policy::new(engine).of_agent(agent.clone()).observed(move |decided| {
        let (decision, asking) = (decided.decision, decided.asking);
        let caller = asking.peer.principal.as_str();
        let outcome = if decision.outcome() == Outcome::Allow { "allow" } else { "deny" };
        if decision.outcome() == Outcome::Deny {
            metrics.denied(decided.method, caller);
        }
        let attributes = vec![
            KeyValue::new("duologue.caller", caller.to_owned()),
            KeyValue::new("gen_ai.agent.id", agent.clone()),
            KeyValue::new("gen_ai.tool.name", decided.method.to_owned()),
            KeyValue::new("duologue.decision.outcome", outcome),
            KeyValue::new("duologue.decision.rule", decision.rule().unwrap_or_default().to_owned()),
            KeyValue::new("duologue.decision.id", decision.id().to_owned()),
            KeyValue::new("duologue.decision.cause", decision.cause().map_or("", Cause::code)),
        ];
        // What is allowed goes on in the trace that the caller has sent; without one nothing would tie the two together.
        if asking.hop.traceparent.is_some() || decision.outcome() == Outcome::Deny {
            let name = format!("authorize {}", decided.method);
            traces.past(name, asking.hop.traceparent.as_deref(), attributes, decided.took);
        }
    })
}
