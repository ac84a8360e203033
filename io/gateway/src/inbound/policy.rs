//! Policies in the fourth stage: what they are asked about a call, and what a caller is told who is refused.

use super::authorize::{Asking, Authorize};
use crate::agent::new_id;
use crate::capability::called;
use async_trait::async_trait;
use duologue_a2a::call::Call;
use duologue_a2a::error::{A2aError, ErrorKind};
use duologue_policy::{Agent, Decision, Input, Moment, Principal, Refusal, Request};
use duologue_policy_engine::PolicyEngine;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// In the metadata of an error: the rule of the policy that denied the call.
pub const RULE: &str = "rule";
/// In the metadata of an error: the decision's id in the decision log of the agent.
pub const DECISION: &str = "decision";

/// Lets pass what a policy allows. Every call is decided about, those of one's own tasks too; each decision is kept before it
/// takes effect. Cards are for whoever may connect.
#[derive(Clone)]
pub struct Policy {
    engine: PolicyEngine,
    id: Principal,
    observer: Option<Arc<Observer>>,
}

/// Hears of each decision, once it is kept and before it takes effect.
type Observer = dyn Fn(&Decided<'_>) + Send + Sync;

/// What was decided about a call.
#[derive(Debug)]
pub struct Decided<'a> {
    /// The call.
    pub asking: &'a Asking<'a>,
    /// The capability's name; for what is no call of a capability, the operation's.
    pub method: &'a str,
    /// The decision.
    pub decision: &'a Decision,
    /// How long it took, its keeping among it.
    pub took: Duration,
}

impl std::fmt::Debug for Policy {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Policy").field("engine", &self.engine).field("id", &self.id).finish_non_exhaustive()
    }
}

impl Policy {
    /// By what `engine` decides.
    pub fn new(engine: PolicyEngine) -> Policy {
        Policy { engine, id: Principal::default(), observer: None }
    }

    /// For an agent with an identity of its own, such as its SPIFFE id.
    #[must_use]
    pub fn of_agent(self, id: impl Into<String>) -> Policy {
        Policy { id: Principal(id.into()), ..self }
    }

    /// Tells of each decision, for figures and traces.
    #[must_use]
    pub fn observed(self, observer: impl Fn(&Decided<'_>) + Send + Sync + 'static) -> Policy {
        Policy { observer: Some(Arc::new(observer)), ..self }
    }

    /// What the policy is asked.
    fn input(&self, asking: &Asking<'_>) -> Input {
        let Asking { peer, call, hop, card, .. } = *asking;
        let operation = call.operation().as_str();
        let capability = message(call).and_then(|message| called(message, card));
        let (method, params) = capability.unwrap_or((operation, serde_json::Value::Null));
        Input {
            caller: Principal(peer.principal.clone()),
            on_behalf_of: hop.callers.iter().cloned().map(Principal).collect(),
            agent: Agent { name: card.name.clone(), id: self.id.clone(), version: card.version.clone() },
            request: Request {
                id: new_id(),
                skill: card.skills.iter().find(|skill| skill.id == method).map(|skill| skill.id.clone()),
                method: method.to_owned(),
                operation: operation.to_owned(),
                params,
                task: task(call).filter(|task| !task.is_empty()).map(str::to_owned),
                bytes: asking.bytes as u64,
            },
            at: Moment::from_unix_ms(asking.at.as_millis()),
            calls_last_minute: None,
        }
    }
}

#[async_trait]
impl Authorize for Policy {
    async fn authorize(&self, asking: &Asking<'_>) -> Result<(), A2aError> {
        if matches!(asking.call, Call::GetExtendedAgentCard(_)) {
            return Ok(());
        }
        let (begun, input) = (Instant::now(), self.input(asking));
        let method = input.request.method.clone();
        let decision = self.engine.decide(input).await;
        if let Some(observer) = &self.observer {
            observer(&Decided { asking, method: &method, decision: &decision, took: begun.elapsed() });
        }
        decision.permit().map(drop).map_err(|refusal| told(&refusal))
    }
}

/// What a caller is told: that it may not, by which rule, and under which number more is known here.
fn told(refusal: &Refusal) -> A2aError {
    let error = A2aError::new(ErrorKind::PermissionDenied, refusal.to_string()).with(DECISION, refusal.id());
    match refusal.rule() {
        Some(rule) => error.with(RULE, rule),
        None => error,
    }
}

fn message(call: &Call) -> Option<&duologue_a2a::model::Message> {
    match call {
        Call::SendMessage(request) | Call::SendStreamingMessage(request) => Some(&request.message),
        _ => None,
    }
}

fn task(call: &Call) -> Option<&str> {
    Some(match call {
        Call::SendMessage(request) | Call::SendStreamingMessage(request) => &request.message.task_id,
        Call::GetTask(request) => &request.id,
        Call::CancelTask(request) => &request.id,
        Call::SubscribeToTask(request) => &request.id,
        Call::CreateTaskPushNotificationConfig(config) => &config.task_id,
        Call::GetTaskPushNotificationConfig(request) => &request.task_id,
        Call::ListTaskPushNotificationConfigs(request) => &request.task_id,
        Call::DeleteTaskPushNotificationConfig(request) => &request.task_id,
        Call::ListTasks(_) | Call::GetExtendedAgentCard(_) => return None,
    })
}
