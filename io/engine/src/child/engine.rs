use super::answers::Answers;
use super::in_flight::UNREAD;
use super::process::Running;
use super::supervise::{Ask, Inbox, supervise};
use super::{EngineError, RestartLimit};
use crate::protocol::{Op, Request, encode_frame};
use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// Requests that may wait for the engine while it starts again.
const QUEUE: usize = 64;

/// How to run an engine.
#[derive(Clone, Debug, PartialEq)]
pub struct EngineSpec {
    /// What people call it, at the beginning of a sentence ("the local language model").
    pub name: String,
    /// The program; see [`super::find_engine`].
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
    /// How long loading and warming may take.
    pub ready_within: Duration,
    /// A request without any event for this long means that the child hangs.
    pub silent_for: Duration,
    /// When to stop starting it again.
    pub restarts: RestartLimit,
}

impl EngineSpec {
    /// With the usual patience: 60 s to become ready, 20 s of silence, three failures in a minute.
    pub fn new(name: impl Into<String>, program: PathBuf) -> EngineSpec {
        EngineSpec {
            name: name.into(),
            program,
            arguments: Vec::new(),
            ready_within: Duration::from_secs(60),
            silent_for: Duration::from_secs(20),
            restarts: RestartLimit::default(),
        }
    }
}

/// A supervised engine. The child ends when this and all streams of answers are dropped; [`Engine::shutdown`] ends it at
/// once and waits for that.
#[derive(Debug)]
pub struct Engine {
    name: String,
    voices: Vec<String>,
    load: Duration,
    ids: Arc<AtomicU64>,
    asks: mpsc::Sender<Ask>,
    cancels: mpsc::UnboundedSender<u64>,
    stop: watch::Sender<bool>,
    supervisor: Mutex<Option<JoinHandle<()>>>,
}

impl Engine {
    /// Starts the engine and waits until it is ready. A first start that fails is not repeated.
    pub async fn start(spec: EngineSpec) -> Result<Engine, EngineError> {
        let running = Running::start(&spec).await?;
        let (asks, asked) = mpsc::channel(QUEUE);
        let (cancels, cancelled) = mpsc::unbounded_channel();
        let (stop, stopped) = watch::channel(false);
        let ids = Arc::new(AtomicU64::new(1));
        let inbox = Inbox { asks: asked, cancels: cancelled, stop: stopped, ids: Arc::clone(&ids) };
        let (name, voices, load) = (spec.name.clone(), running.voices.clone(), running.load);
        let supervisor = Mutex::new(Some(tokio::spawn(supervise(spec, running, inbox))));
        Ok(Engine { name, voices, load, ids, asks, cancels, stop, supervisor })
    }

    /// The voices that it named when it was ready.
    pub fn voices(&self) -> &[String] {
        &self.voices
    }

    /// How long loading and warming took, the first time.
    pub fn load_time(&self) -> Duration {
        self.load
    }

    /// Sends a request. While the engine starts again, this waits.
    pub async fn ask(&self, op: Op, payload: &[u8]) -> Result<Answers, EngineError> {
        let id = self.ids.fetch_add(1, Ordering::Relaxed);
        let frame =
            encode_frame(&Request { id, op }, payload).map_err(|error| EngineError::TooLarge(error.to_string()))?;
        let (to, events) = mpsc::channel(UNREAD);
        let shut_down = |_| EngineError::ShutDown { engine: self.name.clone() };
        self.asks.send(Ask { id, frame, to }).await.map_err(shut_down)?;
        let (engine, cancel, alive) = (self.name.clone(), self.cancels.clone(), self.stop.clone());
        Ok(Answers { id, engine, events, cancel, ended: false, _alive: alive })
    }

    /// Ends the child: closes its stdin, waits two seconds, kills it. Requests in flight fail.
    pub async fn shutdown(&self) {
        self.stop.send_replace(true);
        let supervisor = self.supervisor.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(supervisor) = supervisor
            && let Err(error) = supervisor.await
        {
            tracing::error!(%error, engine = self.name, "the supervision of an engine failed");
        }
    }
}
