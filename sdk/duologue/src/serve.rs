//! An agent on a listener: [`Serving`].

use crate::agent::Agent;
use crate::call::{CallError, Calls};
use crate::config::Config;
use crate::doings::Doings;
use crate::identity::{self, IdentityError};
use crate::observe::{Listener, ListenerError, Metrics, TraceError, Traces, Watched};
use crate::policy::{self, Policy, PolicyError};
use crate::rate::Limited;
use crate::skills::Served;
use crate::voice::{self, Talking, VoiceError};
use duologue_gateway::key::{KeyError, SigningKey};
use duologue_gateway::push::{Dialler as PushDialler, DiallerConfig, DiallerError, PushRules, SenderConfig};
use duologue_gateway::{Authorize, Gateway, GatewayConfig, Keeping, Pushing, ServeError as GatewayError};
use duologue_identity::{Acceptor, Authorizer, Connections, Dialler, IdentitySource, LedgerRules};
use duologue_store::{OpenError, Store, StoreConfig};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::Instant;
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::AbortOnDropHandle;

/// Calls under way are answered for so long when an agent ends.
const PATIENCE: Duration = Duration::from_secs(10);
/// Agents are waited for no longer than this, as the file's schema says.
const WAIT_MAX: Duration = Duration::from_secs(86_400);
/// Agents that are waited for are asked again so often.
const ASK_EVERY: Duration = Duration::from_millis(250);

/// Why an agent is not served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// It has no identity.
    #[error(transparent)]
    Identity(#[from] IdentityError),
    /// Nobody decides who may call it.
    #[error(transparent)]
    Policy(#[from] PolicyError),
    /// Its address cannot be listened on.
    #[error(transparent)]
    Listen(#[from] GatewayError),
    /// Its host is no address.
    #[error("server.host {host} of the agent's file is no address of this machine: {why}")]
    Host {
        /// What was given.
        host: String,
        /// What is wrong with it.
        why: String,
    },
    /// Its tasks cannot be kept.
    #[error("server.store of the agent's file: {0}")]
    Store(#[from] OpenError),
    /// Its figures cannot be shown.
    #[error(transparent)]
    Metrics(#[from] ListenerError),
    /// Its traces cannot be sent.
    #[error(transparent)]
    Traces(#[from] TraceError),
    /// The key that signs its card cannot be made.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Webhooks cannot be called.
    #[error(transparent)]
    Push(#[from] DiallerError),
    /// It has no voice.
    #[error(
        "the agent's voice: {0}\n  help: models and rooms are as the section `voice` of its file and the settings say; providers that are `scripted` need none"
    )]
    Voice(#[from] VoiceError),
    /// An agent that it needs did not come.
    #[error("the agent {name}, which this one needs (server.wait_for), is not there: {error}")]
    Needed {
        /// Its name in the registry.
        name: String,
        /// The last answer.
        error: CallError,
    },
}

/// An agent that is served. With the value it ends; [`Serving::stop`] waits until it has.
#[derive(Debug)]
pub struct Serving {
    url: String,
    address: SocketAddr,
    metrics: Option<SocketAddr>,
    calls: Calls,
    traces: Traces,
    end: CancellationToken,
    _with_this: DropGuard,
    serving: JoinHandle<()>,
    talking: Option<Talking>,
    _beside: Vec<AbortOnDropHandle<()>>,
}

impl Serving {
    /// Where it is found, as its card says.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Where its figures are, `/metrics`, `/healthz` and `/readyz`.
    pub fn metrics(&self) -> Option<SocketAddr> {
        self.metrics
    }

    /// Calls other agents with this one's identity.
    pub fn calls(&self) -> &Calls {
        &self.calls
    }

    /// Takes no more calls and jobs, answers those under way, for ten seconds at most, ends conversations as the file says, and sends
    /// the last traces.
    pub async fn stop(self) {
        self.end.cancel();
        if let Some(talking) = self.talking {
            talking.stop().await;
        }
        // It does not panic of itself, and nobody else aborts it.
        drop(self.serving.await);
        let traces = self.traces;
        drop(tokio::task::spawn_blocking(move || traces.flush()).await);
    }
}

/// What an agent stands on, before it listens.
struct Ground {
    identity: Option<IdentitySource>,
    connections: Option<Connections>,
    policy: Policy,
    doings: Doings,
}

pub(crate) async fn start(agent: Agent) -> Result<Serving, ServeError> {
    let Agent { skills, words, config } = agent.parts();
    let traces = match &config.observability.tracing.endpoint {
        Some(endpoint) => Traces::to(endpoint, &skills.name, &skills.version)?,
        None => Traces::default(),
    };
    let ground = ground(&skills.name, &config, traces.clone()).await?;
    let beside = wait_for(&config, &ground.doings.calls).await.map(|()| Vec::new())?;
    let listener = listen(&config).await?;
    let address = listener.local_addr().map_err(|error| host_error(&config, &error))?;
    let url = url(&config, address);
    let served = Served { skills: skills.clone(), doings: ground.doings.clone() };
    let gateway = gateway(&config, &url, served, &ground).await?;
    let (metrics, beside) = watch(&config, &ground, beside).await?;
    let end = CancellationToken::new();
    let (calls, doings) = (ground.doings.calls.clone(), ground.doings.clone());
    let serving = tokio::spawn(serve(gateway, listener, ground, end.clone()));
    let _with_this = end.clone().drop_guard();
    tracing::info!(agent = skills.name, url, %address, "Agent server started");
    let talking = voice::talk((&config, &words), &skills, &doings).await?;
    Ok(Serving { url, address, metrics, calls, traces, end, _with_this, serving, talking, _beside: beside })
}

async fn ground(name: &str, config: &Config, traces: Traces) -> Result<Ground, ServeError> {
    let identity = match config.server.mtls.enabled {
        true => Some(identity::of(config).await?),
        false => None,
    };
    let connections = identity.as_ref().map(|source| Connections::new(source, LedgerRules::default()));
    let metrics = Metrics::default();
    let dialler = identity.as_ref().zip(connections.as_ref()).map(|(source, live)| Dialler::new(source, live));
    let reach = crate::call::reach(dialler);
    let calls =
        Calls::new(config.agent_registry.clone(), config.calls.clone(), reach, (metrics.clone(), traces.clone()));
    let policy = Policy::of(config)?;
    let own = identity.as_ref().and_then(|source| source.svid().ok()).map(|svid| svid.id().to_string());
    let agent = own.unwrap_or_else(|| name.to_owned());
    Ok(Ground { identity, connections, policy, doings: Doings { agent, calls, metrics, traces } })
}

/// Agents that are needed are there before this one opens.
async fn wait_for(config: &Config, calls: &Calls) -> Result<(), ServeError> {
    // A program may set what no file may; a moment further off there is not.
    let until = Instant::now() + Duration::try_from_secs_f64(config.server.wait_s).unwrap_or(WAIT_MAX).min(WAIT_MAX);
    for name in &config.server.wait_for {
        let mut asked = tokio::time::interval(ASK_EVERY);
        loop {
            asked.tick().await;
            match calls.card(name.as_str()).await {
                Ok(_) => break,
                Err(error) if Instant::now() < until && error.may_pass() => {}
                Err(error) => return Err(ServeError::Needed { name: name.clone(), error }),
            }
        }
    }
    Ok(())
}

async fn listen(config: &Config) -> Result<TcpListener, ServeError> {
    let server = &config.server;
    let mut addresses = tokio::net::lookup_host((server.host.as_str(), server.port))
        .await
        .map_err(|error| host_error(config, &error))?;
    let address = addresses.next().ok_or_else(|| host_error(config, &"it has none"))?;
    if !server.mtls.enabled {
        return Ok(duologue_gateway::bind_loopback(address).await?);
    }
    TcpListener::bind(address).await.map_err(|error| GatewayError::Bind { address, error }.into())
}

fn host_error(config: &Config, why: &dyn std::fmt::Display) -> ServeError {
    ServeError::Host { host: config.server.host.clone(), why: why.to_string() }
}

/// As the file says, else by host and port; a host of all interfaces is no address that others can use.
fn url(config: &Config, address: SocketAddr) -> String {
    let server = &config.server;
    if let Some(url) = &server.url {
        return url.trim_end_matches('/').to_owned();
    }
    let scheme = if server.mtls.enabled { "https" } else { "http" };
    let host = match address.ip() {
        ip if ip.is_unspecified() => "localhost".to_owned(),
        _ if server.host.parse::<std::net::IpAddr>().is_err() => server.host.clone(),
        std::net::IpAddr::V6(ip) => format!("[{ip}]"),
        ip => ip.to_string(),
    };
    format!("{scheme}://{host}:{}", address.port())
}

async fn gateway(config: &Config, url: &str, served: Served, ground: &Ground) -> Result<Gateway, ServeError> {
    let server = &config.server;
    let mut given = if server.mtls.enabled { GatewayConfig::mtls(url) } else { GatewayConfig::loopback(url) };
    given.key = Some(match &server.signing_key {
        Some(path) => SigningKey::load_or_make(path)?,
        None => SigningKey::generate()?,
    });
    let rules = PushRules { allow_loopback: !server.mtls.enabled, ..PushRules::default() };
    let dialler = PushDialler::new(DiallerConfig { rules: rules.clone(), ..DiallerConfig::default() })?;
    given.push = Some(Pushing { rules, dialler, sender: SenderConfig::default() });
    if let Some(store) = &server.store {
        let instance = format!("{}-{}", served.skills.name, server.port);
        given.keeping = Keeping::Store(Store::open(StoreConfig { instance, ..StoreConfig::new(store) }).await?);
    }
    let decides = || Arc::new(policy::watched(ground.policy.engine.clone(), &ground.doings)) as Arc<dyn Authorize>;
    given.authorize = is_decided(config).then(decides);
    if let Some(rate) = server.rate_limit {
        given.authorize = Some(Arc::new(Limited::new(rate.per_minute, given.authorize)));
    }
    Ok(Gateway::new(Arc::new(served), given))
}

/// On a plaintext listener that only this machine reaches nobody is known; without a policy there is nothing to decide by then.
fn is_decided(config: &Config) -> bool {
    let rules = &config.authorization;
    config.server.mtls.enabled || rules.policy_file.is_some() || rules.opa_url.is_some()
}

/// Figures, on a listener of their own.
async fn watch(
    config: &Config,
    ground: &Ground,
    mut beside: Vec<AbortOnDropHandle<()>>,
) -> Result<(Option<SocketAddr>, Vec<AbortOnDropHandle<()>>), ServeError> {
    let settings = &config.observability.metrics;
    if !settings.enabled {
        return Ok((None, beside));
    }
    let listener = Listener::bind(&settings.host, settings.port).await?;
    let address = listener.address();
    let watched = Watched {
        metrics: ground.doings.metrics.clone(),
        identity: ground.identity.clone(),
        policy: Some(ground.policy.engine.engine().clone()),
    };
    beside.push(AbortOnDropHandle::new(tokio::spawn(listener.serve(watched))));
    Ok((Some(address), beside))
}

async fn serve(gateway: Gateway, listener: TcpListener, ground: Ground, end: CancellationToken) {
    let ended = end.cancelled_owned();
    match (&ground.identity, &ground.connections) {
        (Some(source), Some(connections)) => {
            // Whoever is believed may connect; what they may do there is the policy's to say.
            let acceptor = Acceptor::new(source, Authorizer::AnyInBundles, connections);
            duologue_gateway::serve_mtls(gateway, listener, acceptor, ended, PATIENCE).await;
        }
        _ => duologue_gateway::serve(gateway, listener, ended, PATIENCE).await,
    }
    // The policy's files are watched until now.
    drop(ground);
}
