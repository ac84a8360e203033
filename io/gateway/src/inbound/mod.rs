//! Calls that come in, through seven stages: [`Gateway::answer`] is the list of them.

mod accept;
mod authenticate;
mod authorize;
mod body;
mod card;
mod decode;
mod grpc;
mod perform;
mod policy;
mod respond;
mod route;

pub use authenticate::{Anonymous, Authenticate, BearerTokens, Peer, SpiffeCallers};
pub use authorize::{Asking, Authorize};
pub use body::Body;
pub use policy::{DECISION, Decided, Policy, RULE};

use crate::agent::Agent;
use crate::clock::Clock;
use crate::extension;
use crate::key::SigningKey;
use crate::push::{self, Dialler, PushRules, Sender, SenderConfig};
use crate::tasks::{MemoryBounds, TaskSettings, TaskStore, Tasks, durable, memory};
use accept::{Accepted, Exchange, accept};
use authorize::authorize;
use bytes::Bytes;
pub use card::CardForm;
use card::{Cards, sign};
use decode::decode;
use duologue_a2a::call::Limits;
use duologue_a2a::error::{A2aError, ErrorKind};
use duologue_a2a::model::{AgentCard, TaskPushNotificationConfig, Timestamp};
use duologue_identity::Peer as Shaken;
use duologue_store::Store;
use http::{Request, Response, Uri};
use perform::{Performed, perform};
use respond::{Refusal, respond};
use route::route;
use std::sync::Arc;
use std::time::{Duration, SystemTime};
use tokio_util::sync::CancellationToken;

/// Where tasks are kept.
#[derive(Debug)]
pub enum Keeping {
    /// In memory: they end with the process.
    Memory(MemoryBounds),
    /// In a store: whatever process has it goes on with them.
    Store(Store),
}

/// How an agent is served.
pub struct GatewayConfig {
    /// Where clients find it, such as `https://agents.example.org/worker`: what its card says.
    pub url: String,
    /// Where clients find it over gRPC, as host and port; none: its card does not say.
    pub grpc: Option<String>,
    /// What its card looks like.
    pub card: CardForm,
    /// Where tasks are kept.
    pub keeping: Keeping,
    /// How they are worked at.
    pub tasks: TaskSettings,
    /// How much is read of a request.
    pub limits: Limits,
    /// Who finds out who calls.
    pub authenticate: Arc<dyn Authenticate>,
    /// Who decides about calls; none: whoever is known may do everything.
    pub authorize: Option<Arc<dyn Authorize>>,
    /// Only requests for this machine's own names are taken, as a listener without authentication needs it.
    pub loopback_only: bool,
    /// What time it is.
    pub clock: Clock,
    /// Signs the card and pushes; its public half is served. None: neither is done.
    pub key: Option<SigningKey>,
    /// Where pushes go; none: there are none. It takes a key.
    pub push: Option<Pushing>,
}

/// How webhooks are called.
pub struct Pushing {
    /// Which addresses webhooks may have.
    pub rules: PushRules,
    /// Calls them by these rules.
    pub dialler: Dialler,
    /// How often, and how many at once.
    pub sender: SenderConfig,
}

impl GatewayConfig {
    /// For a listener that only this machine reaches: nobody is asked who they are, tasks are in memory.
    pub fn loopback(url: impl Into<String>) -> GatewayConfig {
        GatewayConfig {
            url: url.into(),
            grpc: None,
            card: CardForm::default(),
            keeping: Keeping::Memory(MemoryBounds::default()),
            tasks: TaskSettings::default(),
            limits: Limits::default(),
            authenticate: Arc::new(Anonymous),
            authorize: None,
            loopback_only: true,
            clock: Clock::System,
            key: None,
            push: None,
        }
    }

    /// For a listener with mutual TLS ([`crate::serve_mtls`]) at an address such as `https://10.0.0.7:8443`: callers are their
    /// SPIFFE ids. gRPC is spoken at the same port.
    pub fn mtls(url: impl Into<String>) -> GatewayConfig {
        let mut config = GatewayConfig::loopback(url);
        let at = config.url.parse::<Uri>().ok().and_then(|uri| {
            let (host, port) = (uri.host()?.to_owned(), uri.port_u16().unwrap_or(443));
            Some(format!("{host}:{port}"))
        });
        config.grpc = at;
        config.authenticate = Arc::new(SpiffeCallers);
        config.loopback_only = false;
        config
    }
}

/// An agent, served. Clones are the same.
#[derive(Clone)]
pub struct Gateway(Arc<Hosted>);

struct Hosted {
    agent: Arc<dyn Agent>,
    card: AgentCard,
    cards: Cards,
    tasks: Tasks,
    /// Path of the agent's address, without a slash at its end.
    base: String,
    limits: Limits,
    authenticate: Arc<dyn Authenticate>,
    authorize: Option<Arc<dyn Authorize>>,
    loopback_only: bool,
    clock: Clock,
    push_rules: Option<PushRules>,
    key: Option<SigningKey>,
    /// Ends the sender of pushes, with the last clone of the gateway at the latest.
    end: CancellationToken,
}

impl Drop for Hosted {
    fn drop(&mut self) {
        self.tasks.leave();
        self.end.cancel();
    }
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gateway").field("agent", &self.0.card.name).finish_non_exhaustive()
    }
}

impl Pushing {
    /// Delivers what is ordered until `end`.
    fn start(self, tasks: &Tasks, key: &SigningKey, end: CancellationToken) -> PushRules {
        let sender = Sender::new(Arc::new(tasks.clone()), self.dialler, key.clone(), self.sender);
        tokio::spawn(async move { sender.run(end.cancelled()).await });
        self.rules
    }
}

impl Gateway {
    /// Serves an agent, in whatever runtime this is called.
    pub fn new(agent: Arc<dyn Agent>, config: GatewayConfig) -> Gateway {
        let url = config.url.trim_end_matches('/');
        let base = url.parse::<Uri>().map(|uri| uri.path().trim_end_matches('/').to_owned()).unwrap_or_default();
        let mut card = agent.card();
        card.supported_interfaces = card::interfaces(url, config.grpc.as_deref());
        card.capabilities.extensions.push(extension::idempotent_send());
        if let Some((name, scheme)) = config.authenticate.scheme() {
            card::require(&mut card, name, scheme);
        }
        let store: Box<dyn TaskStore> = match config.keeping {
            Keeping::Memory(bounds) => Box::new(memory::Memory::new(bounds)),
            Keeping::Store(store) => Box::new(durable::Durable::new(store)),
        };
        let tasks = Tasks::start(Arc::clone(&agent), store, config.tasks, config.clock, crate::agent::new_id());
        let end = CancellationToken::new();
        let push_rules = match (config.push, &config.key) {
            (Some(pushing), Some(key)) => Some(pushing.start(&tasks, key, end.clone())),
            _ => None,
        };
        if push_rules.is_none() && card.capabilities.push_notifications == Some(true) {
            card.capabilities.push_notifications = Some(false);
        }
        let cards =
            Cards::new(sign(card.clone(), config.key.as_ref()), config.card, config.key.as_ref(), SystemTime::now());
        Gateway(Arc::new(Hosted {
            cards,
            tasks,
            push_rules,
            end,
            agent,
            card,
            base,
            limits: config.limits,
            authenticate: config.authenticate,
            authorize: config.authorize,
            loopback_only: config.loopback_only,
            clock: config.clock,
            key: config.key,
        }))
    }

    /// Answers a request.
    pub async fn answer<B>(&self, request: Request<B>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send,
    {
        self.answer_to(request, None).await
    }

    /// Answers a request of one whom the handshake of the connection proved.
    pub async fn answer_to<B>(&self, request: Request<B>, shaken: Option<Shaken>) -> Response<Body>
    where
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send,
    {
        match accept(self, request, shaken).await {
            Accepted::Answered(answer) => answer,
            Accepted::Call(mut exchange) => {
                let outcome = self.call(&mut exchange).await;
                respond(&exchange, outcome, self.0.authenticate.challenge())
            }
        }
    }

    async fn call(&self, exchange: &mut Exchange) -> Result<Performed, Refusal> {
        let peer = self.0.authenticate.authenticate(&exchange.head, exchange.shaken.as_ref())?;
        let decoded = decode(exchange, &self.0.base, &self.0.limits, || self.now())?;
        let permit = authorize(self, exchange.body.len(), peer, decoded).await?;
        let routed = route(self, exchange, permit)?;
        Ok(perform(self, exchange.dialect, routed).await?)
    }

    /// Ends streams, lets turns go on for `patience`; what is not done then is left to other processes, where there are any.
    pub async fn stop(&self, patience: Duration) {
        self.0.tasks.stop(patience).await;
        self.0.end.cancel();
    }

    /// The card as it is served.
    pub fn card(&self) -> &AgentCard {
        &self.0.card
    }

    fn tasks(&self) -> &Tasks {
        &self.0.tasks
    }

    fn cards(&self) -> &Cards {
        &self.0.cards
    }

    fn base(&self) -> &str {
        &self.0.base
    }

    fn limits(&self) -> &Limits {
        &self.0.limits
    }

    fn policy(&self) -> Option<&dyn Authorize> {
        self.0.authorize.as_deref()
    }

    fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    fn is_loopback_only(&self) -> bool {
        self.0.loopback_only
    }

    fn takes_host(&self, uri: &Uri, host: Option<&str>) -> bool {
        !self.is_loopback_only() || accept::named(uri, host).is_none_or(accept::is_loopback_name)
    }

    fn extended_card(&self, caller: &str) -> Option<AgentCard> {
        let mut card = self.0.agent.extended_card(caller)?;
        card.supported_interfaces.clone_from(&self.0.card.supported_interfaces);
        card.capabilities.extensions.push(extension::idempotent_send());
        if let Some((name, scheme)) = self.0.authenticate.scheme() {
            card::require(&mut card, name, scheme);
        }
        Some(sign(card, self.0.key.as_ref()))
    }

    fn check_webhook(&self, config: &TaskPushNotificationConfig) -> Result<(), A2aError> {
        let Some(rules) = &self.0.push_rules else { return Err(ErrorKind::PushNotificationNotSupported.into()) };
        push::check(config, rules).map_err(|error| A2aError::invalid(error.field(), error.to_string()))
    }
}
