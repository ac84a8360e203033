use crate::embedded::Embedded;
use crate::log::DecisionLog;
use crate::remote::Remote;
use duologue_policy::{CallRate, Cause, Decision, DecisionRecord, Document, Input, Outcome, Verdict};
use serde::Deserialize;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// Callers whose calls are counted at the same time.
const CALLERS: usize = 20_000;

/// Who evaluates.
#[derive(Clone)]
pub enum Engine {
    /// Rego in the process.
    Embedded(Arc<Embedded>),
    /// Rego on an OPA server.
    Remote(Arc<Remote>),
    /// Nobody: no policy is loaded.
    None(DefaultPolicy),
}

/// What holds where no policy is loaded, and only there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DefaultPolicy {
    /// Nobody may do anything.
    #[default]
    DenyAll,
    /// Everybody who was authenticated may do everything.
    AllowAll,
}

/// Decides about calls, and keeps every decision. Clones are the same engine.
#[derive(Clone)]
pub struct PolicyEngine {
    engine: Engine,
    log: DecisionLog,
    rate: Arc<Mutex<CallRate>>,
}

impl fmt::Debug for PolicyEngine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicyEngine").field("engine", &self.engine).field("log", &self.log).finish_non_exhaustive()
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Engine::Embedded(embedded) => f.debug_tuple("Embedded").field(&*embedded.status().borrow()).finish(),
            Engine::Remote(_) => f.write_str("Remote"),
            Engine::None(default) => f.debug_tuple("None").field(default).finish(),
        }
    }
}

impl PolicyEngine {
    /// With `engine` and `log`.
    pub fn new(engine: Engine, log: DecisionLog) -> PolicyEngine {
        PolicyEngine { engine, log, rate: Arc::new(Mutex::new(CallRate::new(CALLERS))) }
    }

    /// Decides about a call, and returns once the decision is kept. Where it cannot be kept the call is denied.
    ///
    /// The calls of the caller in the last minute are counted here, by this process and by the time of the input.
    pub async fn decide(&self, mut input: Input) -> Decision {
        let calls = self.rate.lock().unwrap_or_else(PoisonError::into_inner).count(&input.caller.0, input.at);
        input.calls_last_minute = Some(calls);
        let document = input.document();
        let decision = self.engine.decide(&document).await.known_as(uuid::Uuid::now_v7().to_string());
        let record = DecisionRecord::of(&input, document.digest(), &decision);
        let Err(error) = self.log.write(&record).await else {
            told(&record, &decision);
            return decision;
        };
        let denied = decision.clone().denied(Cause::NotLogged(error.to_string()));
        told(&record, &denied);
        denied
    }

    /// Who evaluates.
    pub fn engine(&self) -> &Engine {
        &self.engine
    }
}

impl Engine {
    /// What the policy says of a document.
    pub async fn decide(&self, document: &Document<'_>) -> Decision {
        match self {
            Engine::Embedded(embedded) => embedded.decide(document),
            Engine::Remote(remote) => remote.decide(document).await,
            Engine::None(DefaultPolicy::DenyAll) => Decision::of(Err(Cause::NoPolicy), "none", ""),
            Engine::None(DefaultPolicy::AllowAll) => {
                let rule = Some("default_policy: allow_all".to_owned());
                Decision::of(Ok(Verdict { allow: true, rule, ..Verdict::default() }), "none", "")
            }
        }
    }
}

fn told(record: &DecisionRecord<'_>, decision: &Decision) {
    let [id, caller, agent, method] =
        [&record.id, &record.caller, &record.agent, &record.method].map(AsRef::<str>::as_ref);
    let rule = decision.rule().unwrap_or_default();
    match (decision.outcome(), decision.cause()) {
        (Outcome::Allow, _) => tracing::debug!(id, caller, agent, method, rule, "Call allowed"),
        (Outcome::Deny, None) => tracing::info!(id, caller, agent, method, rule, "Call denied"),
        (Outcome::Deny, Some(cause)) => {
            tracing::warn!(id, caller, agent, method, cause = cause.code(), detail = %cause, "Call denied, since no decision could be made");
        }
    }
}
