//! Calls of other agents: [`Calls`].
//!
//! A call goes through: known (by id and address, or by name) → remembered → not left alone → its turn → sent → read → counted.

mod breaker;
mod cache;
mod error;

pub use error::CallError;

use crate::config::{AgentEntry, Calls as Settings};
use crate::wire;
use breaker::Breaker;
use cache::{Cache, Key};
use duologue_a2a::model::{Message, Part, SendMessageRequest, SendMessageResponse, Task, TaskState};
use duologue_gateway::Hop;
use duologue_gateway::extension::CAPABILITY;
use duologue_gateway::outbound::{Client, Options, message};
use error::Called;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::Instant;

/// How a client of an agent with this SPIFFE id speaks: with which identity, and with whom.
pub(crate) type Reach = dyn Fn(&str) -> Result<Options, CallError> + Send + Sync;

/// Calls other agents, with the agent's own identity. Copies share connections, answers that are remembered, and what is known of
/// agents that fail.
#[derive(Clone)]
pub struct Calls(Arc<Inner>);

struct Inner {
    registry: BTreeMap<String, AgentEntry>,
    settings: Settings,
    reach: Box<Reach>,
    agents: Mutex<HashMap<(String, String), Arc<Callee>>>,
    cache: Mutex<Cache>,
}

/// An agent that was called before.
struct Callee {
    spiffe_id: String,
    address: String,
    client: OnceCell<Client>,
    breaker: Option<Mutex<Breaker>>,
    room: Option<Semaphore>,
}

/// One call.
struct Request<'a> {
    capability: &'a str,
    params: Value,
    timeout: Duration,
    hop: Hop,
}

impl std::fmt::Debug for Calls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Calls").field("registry", &self.0.registry.keys()).finish_non_exhaustive()
    }
}

impl Calls {
    pub(crate) fn new(registry: BTreeMap<String, AgentEntry>, settings: Settings, reach: Box<Reach>) -> Calls {
        Calls(Arc::new(Inner { registry, settings, reach, agents: Mutex::default(), cache: Mutex::default() }))
    }

    /// Agents that are known by a name.
    pub fn registry(&self) -> &BTreeMap<String, AgentEntry> {
        &self.0.registry
    }

    /// How long an answer is waited for, where a call does not say.
    pub fn timeout(&self) -> Duration {
        Duration::try_from_secs_f64(self.0.settings.timeout_s).unwrap_or(Duration::from_secs(30))
    }

    /// Calls a capability of an agent that has to have this SPIFFE id.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn call<P: Serialize, T: DeserializeOwned>(
        &self,
        agent: (&str, &str),
        capability: &str,
        params: &P,
        timeout: Duration,
        hop: Hop,
    ) -> Result<T, CallError> {
        let params = serde_json::to_value(params).map_err(|error| CallError::Invalid(error.to_string()))?;
        let callee = self.callee(agent.0, agent.1);
        let answer = self.asked(&callee, Request { capability, params, timeout, hop }).await?;
        let not_understood = |error: serde_json::Error| CallError::NotUnderstood {
            agent: callee.spiffe_id.clone(),
            why: format!("the answer of {capability} is not what was expected: {error}"),
        };
        serde_json::from_value(answer).map_err(not_understood)
    }

    /// The agent that the registry has under a name: SPIFFE id and address.
    ///
    /// # Errors
    /// [`CallError::UnknownAgent`].
    pub fn known(&self, name: &str) -> Result<(&str, &str), CallError> {
        let registry = &self.0.registry;
        registry.get(name).map(|entry| (entry.spiffe_id.as_str(), entry.address.as_str())).ok_or_else(|| {
            let near = duologue_conversation::scenario::nearest(name, registry.keys().map(String::as_str));
            let known = registry.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
            let known = if known.is_empty() { "there are none".to_owned() } else { known };
            CallError::UnknownAgent { name: name.to_owned(), near: near.map(str::to_owned), known }
        })
    }

    async fn asked(&self, callee: &Callee, request: Request<'_>) -> Result<Value, CallError> {
        let (key, good) = (self.key(callee, &request), self.0.settings.cache_s.get(request.capability));
        if good.is_some()
            && let Some(answer) = lock(&self.0.cache).get(&key, Instant::now())
        {
            return Ok(answer);
        }
        let begun = Instant::now();
        tracing::info!(agent = callee.spiffe_id, capability = request.capability, "Calling agent");
        let answered = self.in_time(callee, request).await;
        let (duration_ms, outcome) = (begun.elapsed().as_secs_f64() * 1e3, answered.as_ref().map(|_| "ok"));
        match outcome {
            Ok(_) => tracing::info!(agent = callee.spiffe_id, duration_ms, "Agent call completed"),
            Err(error) => tracing::warn!(agent = callee.spiffe_id, duration_ms, %error, "Agent call failed"),
        }
        let answer = answered?;
        if let Some(good) = good.and_then(|seconds| Duration::try_from_secs_f64(*seconds).ok()) {
            lock(&self.0.cache).put(key, answer.clone(), good, Instant::now());
        }
        Ok(answer)
    }

    /// A call that waits for its turn, for as long as the caller does.
    async fn in_time(&self, callee: &Callee, request: Request<'_>) -> Result<Value, CallError> {
        let (agent, after) = (callee.spiffe_id.clone(), request.timeout);
        let called = tokio::time::timeout(after, async {
            callee.pass()?;
            let _turn = match &callee.room {
                Some(room) => room.acquire().await.ok(),
                None => None,
            };
            self.sent(callee, request).await
        });
        let answer = called.await.unwrap_or(Err(CallError::TimedOut { agent, after }));
        callee.ended(answer.as_ref().err());
        answer
    }

    async fn sent(&self, callee: &Callee, request: Request<'_>) -> Result<Value, CallError> {
        let Request { capability, params, timeout, hop } = request;
        let called = Called { agent: &callee.spiffe_id, address: &callee.address, capability, timeout };
        let client = callee.client(&self.0, called).await?.because_of(hop, timeout);
        let mut message = message(Vec::new());
        wire::call(&mut message, capability, params);
        let request = SendMessageRequest { message, ..SendMessageRequest::default() };
        let answer = client.send_message(request).await.map_err(|error| CallError::of_call(error, called))?;
        read(answer, called)
    }

    fn callee(&self, spiffe_id: &str, address: &str) -> Arc<Callee> {
        let key = (spiffe_id.to_owned(), address.to_owned());
        let mut agents = lock(&self.0.agents);
        Arc::clone(agents.entry(key).or_insert_with(|| Arc::new(Callee::new(spiffe_id, address, &self.0.settings))))
    }

    fn key(&self, callee: &Callee, request: &Request<'_>) -> Key {
        Key {
            agent: (callee.spiffe_id.clone(), callee.address.clone()),
            callers: request.hop.callers.clone(),
            capability: request.capability.to_owned(),
            params: request.params.to_string(),
        }
    }
}

impl Callee {
    fn new(spiffe_id: &str, address: &str, settings: &Settings) -> Callee {
        let breaker = settings.circuit_breaker.as_ref().map(|breaker| {
            let open = Duration::try_from_secs_f64(breaker.open_s).unwrap_or(Duration::from_secs(30));
            Mutex::new(Breaker::new(breaker.failures, open))
        });
        let room = settings.concurrency.map(|most| Semaphore::new(most as usize));
        let (spiffe_id, address) = (spiffe_id.to_owned(), address.to_owned());
        Callee { spiffe_id, address, client: OnceCell::new(), breaker, room }
    }

    /// The card is fetched with the first call.
    async fn client(&self, calls: &Inner, called: Called<'_>) -> Result<&Client, CallError> {
        let connect = async {
            let mut options = (calls.reach)(&self.spiffe_id)?;
            options.timeout = called.timeout;
            options.retries = calls.settings.retry.as_ref().map_or(0, |retry| retry.attempts);
            options.extensions.push(CAPABILITY.to_owned());
            Client::connect(&self.address, options).await.map_err(|error| CallError::of_connect(error, called))
        };
        self.client.get_or_try_init(|| connect).await
    }

    fn pass(&self) -> Result<(), CallError> {
        let Some(breaker) = &self.breaker else { return Ok(()) };
        let mut breaker = lock(breaker);
        let (agent, failures) = (self.spiffe_id.clone(), breaker.failures());
        breaker.pass(Instant::now()).map_err(|wait| CallError::LeftAlone { agent, failures, wait })
    }

    fn ended(&self, error: Option<&CallError>) {
        let Some(breaker) = self.breaker.as_ref().filter(|_| !matches!(error, Some(CallError::LeftAlone { .. }))) else {
            return;
        };
        lock(breaker).ended(!error.is_some_and(CallError::is_outage), Instant::now());
    }
}

/// A capability's answer: one part of data, or what there is in words.
fn read(answer: SendMessageResponse, called: Called<'_>) -> Result<Value, CallError> {
    match answer {
        SendMessageResponse::Message(message) => of_message(&message, called),
        SendMessageResponse::Task(task) => of_task(&task, called),
    }
}

fn of_task(task: &Task, called: Called<'_>) -> Result<Value, CallError> {
    let agent = called.agent.to_owned();
    let words = task.status.message.as_ref().map(Message::text).unwrap_or_default();
    match task.status.state {
        TaskState::Completed => {
            let said = task.status.message.iter().flat_map(|message| &message.parts);
            let parts: Vec<&Part> = said.chain(task.artifacts.iter().flat_map(|artifact| &artifact.parts)).collect();
            of_parts(&parts, called)
        }
        state => {
            let why = if words.is_empty() { format!("the task ended as {}", state.as_str()) } else { words };
            Err(CallError::Remote { agent, why })
        }
    }
}

fn of_message(message: &Message, called: Called<'_>) -> Result<Value, CallError> {
    of_parts(&message.parts.iter().collect::<Vec<_>>(), called)
}

fn of_parts(parts: &[&Part], called: Called<'_>) -> Result<Value, CallError> {
    if let Some(data) = parts.iter().find_map(|part| part.as_data()) {
        return Ok(data.clone());
    }
    let text: Vec<&str> = parts.iter().filter_map(|part| part.as_text()).collect();
    if text.is_empty() {
        let why = "it has neither data nor text".to_owned();
        return Err(CallError::NotUnderstood { agent: called.agent.to_owned(), why });
    }
    Ok(Value::from(text.join("\n")))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
