//! Agents with identities.

use async_trait::async_trait;
use duologue_a2a::model::{
    AgentCapabilities, AgentCard, Artifact, Message, Part, SendMessageRequest, SendMessageResponse, TaskState,
};
use duologue_gateway::outbound::{Binding, Client, Identity, Options, message};
use duologue_gateway::{Agent, Answer, Failure, Gateway, GatewayConfig, Turn, bind, serve_mtls};
use duologue_identity::{
    Acceptor, Authority, AuthorityConfig, Authorizer, Connections, Dialler, IdentitySource, LedgerRules, Order,
};
use duologue_ids::SpiffeId;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::sync::Semaphore;
use tokio_util::sync::{CancellationToken, DropGuard};

pub(crate) const WORKER: &str = "spiffe://a.test/worker";
pub(crate) const CALLER: &str = "spiffe://a.test/caller";
pub(crate) const OTHER: &str = "spiffe://a.test/other";
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
pub(crate) const ALL: [Binding; 3] = [Binding::JsonRpc, Binding::Http, Binding::Grpc];

pub(crate) fn id(text: &str) -> SpiffeId {
    text.parse().expect("a SPIFFE id")
}

pub(crate) fn only(who: &str) -> Authorizer {
    Authorizer::exactly([id(who)])
}

/// Waits for something, which is looked at again and again.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    let mut look = tokio::time::interval(Duration::from_millis(5));
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "in vain: {what}");
        look.tick().await;
    }
}

/// An authority, and its folder.
pub(crate) struct World {
    pub(crate) authority: Authority,
    _folder: tempfile::TempDir,
}

impl World {
    pub(crate) async fn new(change: impl FnOnce(&mut AuthorityConfig)) -> World {
        let folder = tempfile::tempdir().expect("a folder");
        let mut config = AuthorityConfig::new(folder.path().join("authority"), "a.test".parse().expect("a domain"));
        change(&mut config);
        World { authority: Authority::start(config).await.expect("an authority"), _folder: folder }
    }

    pub(crate) async fn source(&self, who: &str) -> IdentitySource {
        let source = self.authority.source(id(who));
        source.ready(PATIENCE).await.expect("an identity");
        source
    }

    pub(crate) async fn perform(&self, order: Order) {
        self.authority.perform(order).await.expect("it is carried out");
    }

    /// Whom calls are made as, and to whom.
    pub(crate) async fn identity(&self, who: &str, callee: &str) -> Identity {
        identity(&self.source(who).await, callee)
    }

    /// How the caller calls the worker.
    pub(crate) async fn options(&self, binding: Binding) -> Options {
        let identity = Some(self.identity(CALLER, WORKER).await);
        Options { bindings: vec![binding], identity, ..Options::default() }
    }
}

pub(crate) fn identity(source: &IdentitySource, callee: &str) -> Identity {
    let connections = Connections::new(source, LedgerRules::default());
    Identity::new(Dialler::new(source, &connections), only(callee))
}

/// `who`, `chain`, `count N`, `wait`, `hang`.
#[derive(Debug, Default)]
pub(crate) struct Script {
    pub(crate) turns: AtomicUsize,
}

struct Scripted(Arc<Script>, Arc<Semaphore>);

#[async_trait]
impl Agent for Scripted {
    fn card(&self) -> AgentCard {
        let capabilities = AgentCapabilities { streaming: Some(true), ..AgentCapabilities::default() };
        AgentCard { name: "Scripted".into(), version: "1".into(), capabilities, ..AgentCard::default() }
    }

    async fn handle(&self, turn: &Turn) -> Result<Answer, Failure> {
        self.0.turns.fetch_add(1, Ordering::SeqCst);
        let text = turn.message().text();
        let (word, rest) = text.split_once(' ').unwrap_or((&text, ""));
        match word {
            "chain" => return Ok(Answer::Message(turn.says(turn.onward().callers.join(" ")))),
            "count" => {
                for number in 1..=rest.parse().unwrap_or(1) {
                    let (artifact_id, parts) = (format!("a-{number}"), vec![Part::text(number.to_string())]);
                    turn.artifact(Artifact { artifact_id, parts, ..Artifact::default() }).await?;
                }
                return Ok(Answer::Done);
            }
            "wait" => drop(self.1.acquire().await.map(|permit| permit.forget())),
            "hang" => {
                turn.status(TaskState::Working, None).await?;
                turn.over().await;
                return Err(Failure::Over);
            }
            _ => {}
        }
        Ok(Answer::Message(turn.says(turn.caller())))
    }
}

/// An agent that is served.
pub(crate) struct Served {
    pub(crate) url: String,
    pub(crate) script: Arc<Script>,
    /// Calls that wait may go on.
    pub(crate) go: Arc<Semaphore>,
    pub(crate) connections: Connections,
    pub(crate) end: CancellationToken,
    pub(crate) task: tokio::task::JoinHandle<()>,
    _end: DropGuard,
}

impl Served {
    pub(crate) fn turns(&self) -> usize {
        self.script.turns.load(Ordering::SeqCst)
    }
}

pub(crate) async fn serve(source: &IdentitySource, callers: Authorizer, rules: LedgerRules) -> Served {
    let listener = bind(([127, 0, 0, 1], 0).into()).await.expect("a port");
    let url = format!("https://{}", listener.local_addr().expect("an address"));
    let (script, go) = (Arc::new(Script::default()), Arc::new(Semaphore::new(0)));
    let gateway = Gateway::new(Arc::new(Scripted(Arc::clone(&script), Arc::clone(&go))), GatewayConfig::mtls(&url));
    let connections = Connections::new(source, rules);
    let acceptor = Acceptor::new(source, callers, &connections);
    let end = CancellationToken::new();
    let until = end.clone();
    let task =
        tokio::spawn(async move { serve_mtls(gateway, listener, acceptor, until.cancelled_owned(), PATIENCE).await });
    let guard = end.clone().drop_guard();
    Served { url, script, go, connections, end, task, _end: guard }
}

/// The worker, which takes calls from everybody of its trust domain.
pub(crate) async fn worker(world: &World) -> Served {
    serve(&world.source(WORKER).await, Authorizer::Local, LedgerRules::default()).await
}

pub(crate) fn words(text: &str) -> SendMessageRequest {
    SendMessageRequest { message: message(vec![Part::text(text)]), ..SendMessageRequest::default() }
}

/// The words that a message is answered with.
pub(crate) async fn say(client: &Client, text: &str) -> Result<String, duologue_gateway::outbound::CallError> {
    match client.send_message(words(text)).await? {
        SendMessageResponse::Message(message) => Ok(Message::text(&message)),
        SendMessageResponse::Task(task) => panic!("a task: {task:?}"),
    }
}
