//! Calls of other agents: [`Calls`].
//!
//! A call goes through: known (by id and address, or by name) → remembered → not left alone → its turn → sent → read → counted.

mod breaker;
mod cache;
mod error;
mod request;
mod tools;

pub use error::CallError;
pub use request::{Call, Target};

use crate::config::{AgentEntry, Calls as Settings};
use crate::observe::{Kind, Metrics, Traces};
use crate::wire;
use breaker::Breaker;
use cache::{Cache, Key};
use duologue_a2a::model::{
    AgentCard, Content, Message, Part, SendMessageRequest, SendMessageResponse, Task, TaskState,
};
use duologue_gateway::Hop;
use duologue_gateway::extension::CAPABILITY;
use duologue_gateway::outbound::{Client, Fetched, Identity, Options, message};
use duologue_identity::{Authorizer, Dialler};
use error::Called;
use futures::StreamExt as _;
use futures::future::BoxFuture;
use opentelemetry::KeyValue;
use request::Request;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{OnceCell, Semaphore};
use tokio::time::Instant;

/// Calls of a batch at once, where the agent's file does not say.
const BATCH: usize = 32;

/// In place of a capability: words, for whoever understands them.
const WORDS: &str = "";

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
    metrics: Metrics,
    traces: Traces,
    agents: Mutex<HashMap<(String, String), Arc<Callee>>>,
    cache: Mutex<Cache>,
}

/// An agent that was called before.
struct Callee {
    spiffe_id: String,
    address: String,
    /// SHA-256 of what its card has to say.
    pin: Option<String>,
    client: OnceCell<Client>,
    breaker: Option<Mutex<Breaker>>,
    room: Option<Semaphore>,
}

impl std::fmt::Debug for Calls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Calls").field("registry", &self.0.registry.keys()).finish_non_exhaustive()
    }
}

impl Calls {
    pub(crate) fn new(
        registry: BTreeMap<String, AgentEntry>,
        settings: Settings,
        reach: Box<Reach>,
        (metrics, traces): (Metrics, Traces),
    ) -> Calls {
        let (agents, cache) = (Mutex::default(), Mutex::default());
        Calls(Arc::new(Inner { registry, settings, reach, metrics, traces, agents, cache }))
    }

    /// Calls of a program that is no agent itself, with its own identity, of agents by these names. An agent without a SPIFFE id
    /// has to be one of this machine that is served in plain text; so has every agent where there is no identity.
    pub fn of(registry: BTreeMap<String, AgentEntry>, dialler: Option<Dialler>) -> Calls {
        Calls::new(registry, Settings::default(), reach(dialler), (Metrics::default(), Traces::default()))
    }

    /// Agents that are known by a name.
    pub fn registry(&self) -> &BTreeMap<String, AgentEntry> {
        &self.0.registry
    }

    /// How long an answer is waited for, where a call does not say.
    pub fn timeout(&self) -> Duration {
        Duration::try_from_secs_f64(self.0.settings.timeout_s).unwrap_or(Duration::from_secs(30))
    }

    /// Calls a capability of an agent, by its name in the registry or by SPIFFE id and address. Await what this returns.
    pub fn call<'c, P: Serialize, T: DeserializeOwned>(
        &'c self,
        agent: impl Into<Target<'c>>,
        capability: &'c str,
        params: &P,
    ) -> Call<'c, T> {
        Call::new(self, agent.into(), capability, serde_json::to_value(params))
    }

    /// Sends words to an agent, whoever made it, and brings its answer in words.
    pub fn ask<'c>(&'c self, agent: impl Into<Target<'c>>, words: &str) -> Call<'c, String> {
        Call::new(self, agent.into(), WORDS, Ok(Value::from(words)))
    }

    /// Makes many calls of one capability at once, as many as the agent's file allows. Results come in order, each with its own
    /// success or error.
    pub fn batch<'c, P: Serialize, T: DeserializeOwned + Send + 'c>(
        &'c self,
        agent: impl Into<Target<'c>>,
        capability: &'c str,
        params: impl IntoIterator<Item = P>,
        hop: &Hop,
    ) -> BoxFuture<'c, Vec<Result<T, CallError>>> {
        let agent = agent.into();
        let calls = params.into_iter().map(|params| self.call(agent, capability, &params).because_of(hop.clone()));
        // Now, so that what waits for the answers holds nothing of the caller's.
        let calls: Vec<BoxFuture<'c, Result<T, CallError>>> = calls.map(IntoFuture::into_future).collect();
        let at_once = self.0.settings.concurrency.map_or(BATCH, |most| most as usize);
        Box::pin(futures::stream::iter(calls).buffered(at_once).collect())
    }

    /// The card of an agent, as it is now: who answers there is who was asked for, and it is ready.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn card<'c>(&'c self, agent: impl Into<Target<'c>>) -> Result<AgentCard, CallError> {
        let (spiffe_id, address) = self.placed(agent.into())?;
        let callee = self.callee(spiffe_id, address);
        let called = Called { agent: spiffe_id, address, capability: "", timeout: self.timeout() };
        let client = callee.client(&self.0, called).await?;
        let newer = client.refreshed().await.map_err(|error| CallError::of_connect(error, called))?;
        callee.look_at(newer.fetched())?;
        Ok(newer.fetched().card.clone())
    }

    async fn answered<T: DeserializeOwned>(&self, agent: Target<'_>, request: Request<'_>) -> Result<T, CallError> {
        let (spiffe_id, address) = self.placed(agent)?;
        let callee = self.callee(spiffe_id, address);
        let capability = request.capability;
        let answer = self.asked(&callee, request).await?;
        let not_understood = |error: serde_json::Error| CallError::NotUnderstood {
            agent: callee.spiffe_id.clone(),
            why: format!("the answer of {capability} is not what was expected: {error}"),
        };
        serde_json::from_value(answer).map_err(not_understood)
    }

    /// SPIFFE id and address.
    fn placed<'c>(&'c self, agent: Target<'c>) -> Result<(&'c str, &'c str), CallError> {
        let name = match agent {
            Target::At { spiffe_id, address } => return Ok((spiffe_id, address)),
            Target::Known(name) => name,
        };
        let registry = &self.0.registry;
        registry.get(name).map(|entry| (entry.spiffe_id.as_str(), entry.address.as_str())).ok_or_else(|| {
            let near = duologue_yaml::nearest(name, registry.keys().map(String::as_str));
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
        let answer = self.watched(callee, request).await?;
        if let Some(good) = good.and_then(|seconds| Duration::try_from_secs_f64(*seconds).ok()) {
            lock(&self.0.cache).put(key, answer.clone(), good, Instant::now());
        }
        Ok(answer)
    }

    /// A call as the log, the figures and the trace see it.
    async fn watched(&self, callee: &Callee, mut request: Request<'_>) -> Result<Value, CallError> {
        let (agent, capability, begun) = (callee.spiffe_id.as_str(), request.capability, Instant::now());
        let attributes = vec![
            KeyValue::new("gen_ai.operation.name", "invoke_agent"),
            KeyValue::new("gen_ai.agent.id", agent.to_owned()),
            KeyValue::new("gen_ai.tool.name", capability.to_owned()),
            KeyValue::new("server.address", callee.address.clone()),
        ];
        let parent = request.hop.traceparent.take();
        let mut span = self.0.traces.begin(Kind::Client, &format!("call {capability}"), parent.as_deref(), attributes);
        request.hop.traceparent = Some(span.traceparent().to_owned());
        let trace_id = span.trace_id().to_owned();
        tracing::info!(agent, capability, trace_id, "Calling agent");
        let answered = self.in_time(callee, request).await;
        let took = begun.elapsed();
        let duration_ms = took.as_secs_f64() * 1e3;
        let outcome = answered.as_ref().map_or_else(CallError::kind, |_| "ok");
        self.0.metrics.call(agent, capability, outcome, took);
        match &answered {
            Ok(_) => tracing::info!(agent, capability, trace_id, duration_ms, "Agent call completed"),
            Err(error) => {
                span.failed(outcome);
                tracing::warn!(agent, capability, trace_id, duration_ms, %error, "Agent call failed");
            }
        }
        answered
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
        let client = callee.client(&self.0, called).await?;
        if callee.pin.is_some() {
            let newer = client.refreshed().await.map_err(|error| CallError::of_connect(error, called))?;
            callee.look_at(newer.fetched())?;
        }
        let client = client.because_of(hop, timeout);
        let mut message = message(Vec::new());
        match params {
            Value::String(words) if capability == WORDS => message.parts = vec![Part::text(words)],
            params => wire::call(&mut message, capability, params),
        }
        let request = SendMessageRequest { message, ..SendMessageRequest::default() };
        let answer = client.send_message(request).await.map_err(|error| CallError::of_call(error, called))?;
        read(answer, called)
    }

    fn callee(&self, spiffe_id: &str, address: &str) -> Arc<Callee> {
        let key = (spiffe_id.to_owned(), address.to_owned());
        let mut agents = lock(&self.0.agents);
        Arc::clone(agents.entry(key).or_insert_with(|| Arc::new(Callee::new(spiffe_id, address, &self.0))))
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

impl Inner {
    /// What the card of an agent has to say: as pinned for a name with this address; where the address is nobody's, as for any name
    /// of the agent.
    fn pin(&self, spiffe_id: &str, address: &str) -> Option<&String> {
        let is_there = |entry: &AgentEntry| entry.address.trim_end_matches('/') == address.trim_end_matches('/');
        let (here, elsewhere): (Vec<_>, Vec<_>) = self
            .registry
            .iter()
            .filter(|(_, entry)| entry.spiffe_id == spiffe_id)
            .partition(|(_, entry)| is_there(entry));
        let names = if here.is_empty() { elsewhere } else { here };
        names.into_iter().find_map(|(name, _)| self.settings.card_pins.get(name))
    }
}

impl Callee {
    fn new(spiffe_id: &str, address: &str, calls: &Inner) -> Callee {
        let settings = &calls.settings;
        let pin = calls.pin(spiffe_id, address).cloned();
        let breaker = settings.circuit_breaker.as_ref().map(|breaker| {
            let open = Duration::try_from_secs_f64(breaker.open_s).unwrap_or(Duration::from_secs(30));
            Mutex::new(Breaker::new(breaker.failures, open))
        });
        let room = settings.concurrency.map(|most| Semaphore::new(most as usize));
        let (spiffe_id, address) = (spiffe_id.to_owned(), address.to_owned());
        Callee { spiffe_id, address, pin, client: OnceCell::new(), breaker, room }
    }

    /// The card is fetched with the first call.
    async fn client(&self, calls: &Inner, called: Called<'_>) -> Result<&Client, CallError> {
        let connect = async {
            let mut options = (calls.reach)(&self.spiffe_id)?;
            options.timeout = called.timeout;
            options.retries = calls.settings.retry.as_ref().map_or(0, |retry| retry.attempts);
            options.extensions.push(CAPABILITY.to_owned());
            let client = Client::connect(&self.address, options).await;
            let client = client.map_err(|error| CallError::of_connect(error, called))?;
            self.look_at(client.fetched())?;
            Ok(client)
        };
        self.client.get_or_try_init(|| connect).await
    }

    /// Whether its card says what somebody has approved.
    fn look_at(&self, card: &Fetched) -> Result<(), CallError> {
        let Some(pinned) = &self.pin else { return Ok(()) };
        let found = card.digest().unwrap_or_else(|| "it has no canonical form".to_owned());
        if found == *pinned {
            return Ok(());
        }
        let (agent, address, pinned) = (self.spiffe_id.clone(), self.address.clone(), pinned.clone());
        Err(CallError::CardChanged { agent, address, pinned, found })
    }

    fn pass(&self) -> Result<(), CallError> {
        let Some(breaker) = &self.breaker else { return Ok(()) };
        let mut breaker = lock(breaker);
        let (agent, failures) = (self.spiffe_id.clone(), breaker.failures());
        breaker.pass(Instant::now()).map_err(|wait| CallError::LeftAlone { agent, failures, wait })
    }

    fn ended(&self, error: Option<&CallError>) {
        let Some(breaker) = self.breaker.as_ref().filter(|_| !matches!(error, Some(CallError::LeftAlone { .. })))
        else {
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
    let data = |part: &&Part| match &part.content {
        Content::Data(data) => Some(data.clone()),
        _ => None,
    };
    if let Some(data) = parts.iter().find_map(data) {
        return Ok(data);
    }
    let text: Vec<&str> = parts.iter().filter_map(|part| part.as_text()).collect();
    if text.is_empty() {
        let why = "it has neither data nor text".to_owned();
        return Err(CallError::NotUnderstood { agent: called.agent.to_owned(), why });
    }
    Ok(Value::from(text.join("\n")))
}

/// Speaks with agents by mTLS where there is an identity; else in plain text, with agents on this machine alone.
pub(crate) fn reach(dialler: Option<Dialler>) -> Box<Reach> {
    Box::new(move |spiffe_id| {
        // One without an id is served in plain text, on this machine.
        let Some(dialler) = dialler.as_ref().filter(|_| !spiffe_id.is_empty()) else { return Ok(Options::default()) };
        let id =
            spiffe_id.parse().map_err(|error| CallError::Invalid(format!("{spiffe_id} is no SPIFFE id: {error}")))?;
        Ok(Options { identity: Some(Identity::new(dialler.clone(), Authorizer::exactly([id]))), ..Options::default() })
    })
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
