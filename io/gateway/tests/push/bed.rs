//! An outbox in memory, and a sender that works it off quickly.

use crate::receiver::Receiver;
use async_trait::async_trait;
use duologue_a2a::model::{
    AuthenticationInfo, Secret, StreamResponse, TaskPushNotificationConfig, TaskState, TaskStatus,
    TaskStatusUpdateEvent,
};
use duologue_a2a::version::Dialect;
use duologue_gateway::key::SigningKey;
use duologue_gateway::push::{
    Dialler, DiallerConfig, Due, Names, Outbox, Patience, Push, PushRules, Schedule, Sender, SenderConfig,
};
use duologue_store::{
    Changes, Claim, Claiming, Commit, Key, Outcome, Outgoing, SettleError, Settled, Standing, State, Store,
    StoreConfig, Unavailable, UnixMs,
};
use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use tokio::sync::oneshot;

/// Effects of a store, whose contents are kept beside it.
pub(crate) struct Kept {
    pub(crate) store: Store,
    pushes: Mutex<HashMap<String, Push>>,
    changes: tokio::sync::Mutex<Changes>,
}

#[async_trait]
impl Outbox for Kept {
    async fn claim(&self, now: UnixMs, lease: Duration, limit: u32) -> Result<Vec<Due>, Unavailable> {
        let claims = self.store.claim(Claiming::new("push", now, lease, limit)).await?;
        let pushes = self.pushes.lock().expect("no panic");
        Ok(claims.into_iter().map(|claim| Due { push: pushes[&claim.key].clone(), claim }).collect())
    }

    async fn settle(&self, claim: Claim, outcome: Outcome) -> Result<(), SettleError> {
        self.store.settle(Settled { claim, outcome }).await
    }

    async fn next_due(&self) -> Result<Option<UnixMs>, Unavailable> {
        self.store.next_claim("push").await
    }

    async fn changed(&self) {
        self.changes.lock().await.next().await;
    }
}

/// Names that lead where the test says, in turn, and at last always to the same.
pub(crate) struct Told {
    answers: Mutex<Vec<Vec<IpAddr>>>,
    pub(crate) asked: AtomicUsize,
}

impl Told {
    pub(crate) fn new(answers: &[&[&str]]) -> Arc<Told> {
        let addresses = |all: &&[&str]| all.iter().map(|address| address.parse().expect("an address")).collect();
        Arc::new(Told { answers: Mutex::new(answers.iter().map(addresses).collect()), asked: AtomicUsize::new(0) })
    }
}

#[async_trait]
impl Names for Told {
    async fn addresses(&self, _host: &str) -> io::Result<Vec<IpAddr>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let mut answers = self.answers.lock().expect("no panic");
        Ok(if answers.len() > 1 { answers.remove(0) } else { answers[0].clone() })
    }
}

/// What may be called in tests: this machine.
pub(crate) fn here() -> DiallerConfig {
    let rules = PushRules { allow_loopback: true, ..PushRules::default() };
    DiallerConfig { rules, ..DiallerConfig::default() }
}

/// All that happens within a second happens in a hundredth.
pub(crate) fn quickly() -> SenderConfig {
    let millis = Duration::from_millis;
    let schedule = Schedule { first: millis(10), longest: millis(100), attempts: 4, ..Schedule::default() };
    let patience = Patience { after: 100, ..Patience::default() };
    SenderConfig { schedule, patience, grace: millis(200), ..SenderConfig::default() }
}

pub(crate) struct Bed {
    pub(crate) outbox: Arc<Kept>,
    pub(crate) key: SigningKey,
}

/// A sender that runs until it is ended.
pub(crate) struct Running {
    stop: oneshot::Sender<()>,
    task: tokio::task::JoinHandle<()>,
}

impl Running {
    pub(crate) async fn end(self) {
        drop(self.stop);
        self.task.await.expect("a sender that ends");
    }
}

impl Bed {
    pub(crate) async fn new() -> Bed {
        let store = Store::open(StoreConfig::in_memory()).await.expect("a store");
        let changes = tokio::sync::Mutex::new(store.changes("task"));
        let outbox = Arc::new(Kept { store, pushes: Mutex::default(), changes });
        Bed { outbox, key: SigningKey::generate().expect("a key") }
    }

    pub(crate) fn send(&self, dialler: DiallerConfig, config: SenderConfig) -> Running {
        let dialler = Dialler::new(dialler).expect("a dialler");
        let sender = Sender::new(Arc::clone(&self.outbox) as Arc<dyn Outbox>, dialler, self.key.clone(), config);
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(sender.run(async { drop(stopped.await) }));
        Running { stop, task }
    }

    /// Has it pushed, and says by which name it is known.
    pub(crate) async fn put(&self, push: Push) -> String {
        let key = push.id();
        self.outbox.pushes.lock().expect("no panic").insert(key.clone(), push);
        let outgoing = Outgoing { key: key.clone(), kind: "push".into(), payload: vec![], not_before: UnixMs(0) };
        let commit = Commit { outbox: vec![outgoing], ..Commit::new(Key::new("task", &key), 0, State::default()) };
        self.outbox.store.commit(commit).await.expect("committed");
        key
    }

    /// How it stands once it has been settled, or tried that often.
    pub(crate) async fn standing(&self, key: &str, tried: u32) -> Standing {
        loop {
            match self.outbox.store.standing(key).await.expect("read").expect("known") {
                Standing::Due { attempts, failure, .. } if attempts < tried || failure.is_none() => {
                    tokio::task::yield_now().await;
                }
                standing => return standing,
            }
        }
    }

    /// Why it was given up.
    pub(crate) async fn failure(&self, key: &str) -> String {
        match self.standing(key, u32::MAX).await {
            Standing::Failed(_, why) => why,
            other => panic!("{other:?}"),
        }
    }

    pub(crate) async fn is_done(&self, key: &str) -> bool {
        matches!(self.standing(key, u32::MAX).await, Standing::Done(_))
    }
}

pub(crate) fn now() -> UnixMs {
    UnixMs(0).after(SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock"))
}

pub(crate) fn push(url: &str, task: &str, sequence: u64) -> Push {
    let status = TaskStatus { state: TaskState::Working, ..TaskStatus::default() };
    let event = TaskStatusUpdateEvent { task_id: task.into(), context_id: "c".into(), status, metadata: None };
    let authentication = AuthenticationInfo { scheme: "Bearer".into(), credentials: Secret::new("credential") };
    let config = TaskPushNotificationConfig {
        id: "p".into(),
        task_id: task.into(),
        url: url.into(),
        token: Secret::new("token"),
        authentication: Some(authentication),
        ..TaskPushNotificationConfig::default()
    };
    let event = StreamResponse::StatusUpdate(event);
    Push { sequence, config, dialect: Dialect::V1_0, event, since: now(), traceparent: None }
}

/// An address at which nobody listens.
pub(crate) async fn nowhere() -> String {
    let receiver = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
    format!("http://{}/", receiver.local_addr().expect("an address"))
}

/// What one push to that address comes to.
pub(crate) async fn outcome(dialler: DiallerConfig, url: &str) -> duologue_gateway::push::Answer {
    let dialler = Dialler::new(dialler).expect("a dialler");
    let key = SigningKey::generate().expect("a key");
    match push(url, "t", 1).request(dialler.rules(), &key, now()) {
        Ok(request) => dialler.deliver(request).await,
        Err(duologue_gateway::push::ConfigError::Address(error)) => duologue_gateway::push::Answer::Forbidden(error),
        Err(other) => panic!("{other}"),
    }
}

/// The receiver's port, under another host.
pub(crate) fn at(receiver: &Receiver, scheme: &str, host: &str) -> String {
    format!("{scheme}://{host}:{}/hook", receiver.address.port())
}
