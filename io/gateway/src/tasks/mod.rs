//! Tasks: sent messages become turns of the agent, what it tells is committed and then told to whoever listens.
//!
//! A task belongs to no connection and to no process. Its state and its events are in a [`TaskStore`](store::TaskStore), each
//! step under the version that it was made from; whoever loses a race looks again. At a durable store, the process that
//! works at a task says so for a while ahead; when it is heard of no more, another one takes the task up.

mod begin;
mod change;
pub(crate) mod durable;
mod follow;
mod keeper;
pub(crate) mod memory;
mod orders;
mod outbox;
mod runner;
mod step;
mod store;
#[cfg(test)]
mod tests;

pub use follow::Events;
pub use memory::MemoryBounds;
pub use store::Numbered;

use crate::agent::Agent;
use crate::clock::Clock;
use crate::hop::Hop;
use duologue_a2a::error::{A2aError, ErrorKind};
use duologue_a2a::model::{ListTasksRequest, ListTasksResponse, Message, Timestamp};
use duologue_a2a::task::{Owner, TaskRecord};
use duologue_a2a::version::Dialect;
use follow::Listeners;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
pub(crate) use store::TaskStore;
use store::{MessageKey, Run, Step, StoreError, Stored};
use tokio::sync::{Notify, Semaphore, watch};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// How tasks are worked at.
#[derive(Clone, Copy, Debug)]
pub struct TaskSettings {
    /// Turns at once, at most; more are refused.
    pub turns: usize,
    /// Streams at once, at most; more are refused.
    pub streams: usize,
    /// How long a process is taken to be alive without a sign, before another takes its tasks up.
    pub lease: Duration,
    /// How many processes may end one after the other without having told anything of a task, before it fails.
    pub attempts: u32,
    /// How long a task is kept after its end, where it is kept on a disk.
    pub retention: Duration,
    /// How long a turn that nobody waits for any more may tidy up.
    pub grace: Duration,
}

impl Default for TaskSettings {
    /// 4,096 turns and streams, 15 s, 5 attempts, 30 days, 5 s.
    fn default() -> TaskSettings {
        TaskSettings {
            turns: 4_096,
            streams: 4_096,
            lease: Duration::from_secs(15),
            attempts: 5,
            retention: Duration::from_secs(30 * 24 * 3_600),
            grace: Duration::from_secs(5),
        }
    }
}

/// Who calls, and what the call brings with it.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) owner: Owner,
    pub(crate) hop: Hop,
    /// The version that the caller speaks, and whoever receives what its webhooks are told.
    pub(crate) dialect: Dialect,
}

/// What came of a message.
#[derive(Clone, Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "there is one of these a turn, moved once or twice; how large it is depends on the features of serde_json"
)]
pub(crate) enum Sent {
    Message(Message),
    Task(Arc<TaskRecord>),
}

/// All tasks of an agent. Clones are the same.
#[derive(Clone)]
pub(crate) struct Tasks(Arc<Shared>);

pub(crate) struct Shared {
    agent: Arc<dyn Agent>,
    store: Box<dyn TaskStore>,
    settings: TaskSettings,
    clock: Clock,
    /// Names this process where several share a store.
    instance: String,
    running: Mutex<HashMap<String, Running>>,
    /// Messages that are being answered, until it is known what comes of them.
    flights: Mutex<HashMap<MessageKey, watch::Receiver<()>>>,
    listeners: Listeners,
    turns: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    /// Something is to be looked at earlier than was thought.
    sooner: Notify,
    /// A webhook is to be told something.
    ordered: Notify,
    stop: CancellationToken,
    tracker: TaskTracker,
}

/// A task that this process works at.
#[derive(Clone)]
struct Running {
    epoch: u64,
    /// Somebody else has moved the task.
    moved: Arc<Notify>,
}

impl fmt::Debug for Tasks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tasks").field("instance", &self.0.instance).finish_non_exhaustive()
    }
}

impl Tasks {
    /// Keeps tasks in `store`, and begins to look after them.
    pub(crate) fn start(
        agent: Arc<dyn Agent>,
        store: Box<dyn TaskStore>,
        settings: TaskSettings,
        clock: Clock,
        instance: String,
    ) -> Tasks {
        let tasks = Tasks(Arc::new(Shared {
            agent,
            store,
            settings,
            clock,
            instance,
            running: Mutex::default(),
            flights: Mutex::default(),
            listeners: Listeners::default(),
            turns: Arc::new(Semaphore::new(settings.turns)),
            streams: Arc::new(Semaphore::new(settings.streams)),
            sooner: Notify::new(),
            ordered: Notify::new(),
            stop: CancellationToken::new(),
            tracker: TaskTracker::new(),
        }));
        tokio::spawn(keeper::keep(tasks.clone()));
        tokio::spawn(keeper::watch_others(tasks.clone()));
        tasks
    }

    /// The task, where the caller may see it.
    pub(crate) async fn get(&self, who: &Owner, id: &str) -> Result<Stored, A2aError> {
        let stored = self.0.store.load(id).await?;
        stored.filter(|stored| stored.record.is_visible_to(who)).ok_or_else(|| A2aError::task_not_found(id))
    }

    pub(crate) async fn list(&self, who: &Owner, request: &ListTasksRequest) -> Result<ListTasksResponse, A2aError> {
        self.0.store.list(who, request).await
    }

    /// Ends streams, lets turns go on for `patience`, and leaves what is not done then to other processes.
    pub(crate) async fn stop(&self, patience: Duration) {
        self.leave();
        self.0.tracker.close();
        drop(tokio::time::timeout(patience, self.0.tracker.wait()).await);
    }

    /// Ends streams, and looks after tasks no more.
    pub(crate) fn leave(&self) {
        self.0.stop.cancel();
    }

    fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    fn lease_from(&self, now: Timestamp) -> Timestamp {
        now.plus_millis(i64::try_from(self.0.settings.lease.as_millis()).unwrap_or(i64::MAX))
    }

    /// When a task is to be looked at, whatever happens.
    fn wake_at(&self, record: &TaskRecord, run: Option<&Run>) -> Option<Timestamp> {
        let is_durable = self.0.store.is_durable();
        if record.state().is_terminal() {
            let retention = i64::try_from(self.0.settings.retention.as_millis()).unwrap_or(i64::MAX);
            return is_durable.then(|| record.updated().plus_millis(retention));
        }
        let until = run.filter(|_| is_durable).map(|run| run.until);
        [record.deadline(), until].into_iter().flatten().min()
    }

    fn running(&self, id: &str) -> Option<Running> {
        self.0.running.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }

    async fn commit(&self, step: Step) -> Result<(), StoreError> {
        let (orders, deadline) = (!step.pushes.is_empty(), step.record.deadline().and(step.wake_at));
        self.0.store.commit(step).await?;
        if deadline.is_some() {
            self.0.sooner.notify_one();
        }
        if orders {
            self.0.ordered.notify_one();
        }
        Ok(())
    }

    /// Tells those in this process who are at a task, or listen to it, that it has moved.
    fn moved(&self, id: &str) {
        self.0.listeners.tell(id);
        if let Some(running) = self.running(id) {
            running.moved.notify_one();
        }
    }
}

impl From<StoreError> for A2aError {
    fn from(error: StoreError) -> A2aError {
        if let StoreError::Full(what) = error {
            return A2aError::new(ErrorKind::ResourceExhausted, what);
        }
        tracing::warn!(%error, "tasks");
        A2aError::new(ErrorKind::Unavailable, "The agent cannot reach its tasks now: try again later")
    }
}
