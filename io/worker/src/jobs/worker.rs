use super::connection::{Connection, Order};
use super::job::{JobHandler, JobKind};
use crate::net::refusal::ConnectError;
use crate::net::server::Server;
use duologue_livekit_wire::proto::ParticipantPermission;
use duologue_livekit_wire::token::SignError;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

/// How a worker registers.
#[derive(Clone)]
pub struct WorkerConfig {
    /// Where.
    pub server: Server,
    /// By which API key.
    pub key: String,
    /// And its secret.
    pub secret: String,
    /// The name that is dispatched. Without one, the worker gets every room that nobody else was asked into.
    pub agent_name: String,
    /// What it is asked for.
    pub kind: JobKind,
    /// Jobs at once, above which it counts as full.
    pub jobs_max: u32,
    /// How long jobs may go on once the worker is to stop.
    pub drain: Duration,
    /// Whether agents are seen by others; a recorder is not.
    pub hidden: bool,
}

impl std::fmt::Debug for WorkerConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut shown = f.debug_struct("WorkerConfig");
        shown.field("server", &self.server.url()).field("agent_name", &self.agent_name).finish_non_exhaustive()
    }
}

impl WorkerConfig {
    /// A worker for one agent's name, with 25 jobs at once, which may go on for an hour when it stops.
    pub fn new(server: Server, key: &str, secret: &str, agent_name: &str) -> WorkerConfig {
        WorkerConfig {
            server,
            key: key.to_owned(),
            secret: secret.to_owned(),
            agent_name: agent_name.to_owned(),
            kind: JobKind::Room,
            jobs_max: 25,
            drain: Duration::from_secs(3_600),
            hidden: false,
        }
    }

    pub(super) fn permissions(&self) -> ParticipantPermission {
        ParticipantPermission {
            can_subscribe: true,
            can_publish: true,
            can_publish_data: true,
            can_update_metadata: true,
            hidden: self.hidden,
            ..Default::default()
        }
    }
}

/// Why a worker is not registered.
#[derive(Clone, Debug, thiserror::Error)]
pub enum RegisterError {
    /// The server cannot be reached, or refuses the key.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// No token can be made.
    #[error(transparent)]
    Token(#[from] SignError),
}

/// What a worker is about.
#[derive(Clone, Debug)]
pub enum Standing {
    /// It gets jobs.
    Registered {
        /// Under which the server knows it (`AW_…`).
        id: String,
        /// Jobs under way.
        jobs: usize,
    },
    /// The connection was lost and is being restored; jobs go on.
    Reconnecting(RegisterError),
    /// It gets no more jobs, and waits for these to end.
    Draining {
        /// Jobs under way.
        jobs: usize,
    },
    /// It is over.
    Stopped,
}

/// A worker that is registered with a server, and does what it is assigned. Dropping it ends its jobs.
#[derive(Debug)]
pub struct Worker {
    orders: mpsc::Sender<Order>,
    standing: watch::Receiver<Standing>,
    task: JoinHandle<()>,
}

impl Worker {
    /// Registers, and does from then on what the server assigns. Where the server cannot be reached later, that is tried
    /// for as long as the worker lives.
    pub async fn start(config: WorkerConfig, handler: Arc<dyn JobHandler>) -> Result<Worker, RegisterError> {
        let mut connection = Connection::new(config, handler);
        connection.register().await?;
        let (orders, received) = mpsc::channel(8);
        let standing = connection.standing();
        let task = tokio::spawn(connection.run(received));
        Ok(Worker { orders, standing, task })
    }

    /// What it is about, and every change of that.
    pub fn standing(&self) -> watch::Receiver<Standing> {
        self.standing.clone()
    }

    /// Takes no more jobs, and waits for those under way; asks them to end after [`WorkerConfig::drain`].
    pub async fn drain(self) {
        self.drain_until(std::future::pending()).await;
    }

    /// The same, but once somebody has `enough`, jobs under way are asked to end.
    pub async fn drain_until(mut self, enough: impl Future<Output = ()>) {
        let _ = self.orders.send(Order::Drain).await;
        tokio::select! {
            _ = &mut self.task => {}
            () = enough => self.stop().await,
        }
    }

    /// Asks all jobs to end, and waits for that.
    pub async fn stop(self) {
        let _ = self.orders.send(Order::Stop).await;
        let _ = self.task.await;
    }
}
