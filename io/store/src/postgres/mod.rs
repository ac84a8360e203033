//! PostgreSQL: many processes, one database.
//!
//! A process writes on one connection, in groups, and listens on one; reading and claiming are single statements, which
//! are pipelined on a few more. A pool that lends connections out would have nothing to do here.

mod line;
pub(crate) mod listen;
mod picture;
mod query;
mod read;
mod rows;
mod schema;
mod trouble;
mod write;
mod writer;

use crate::audit::{Chain, Link};
use crate::changes::Notices;
use crate::checks::CHECKS;
use crate::engine::{Engine, Wish};
use crate::{
    Aggregate, AuditError, BackupError, Claim, Claiming, Commit, CommitError, Entry, Event, Key, Lease, LeaseError,
    Listing, OpenError, Receipt, SettleError, Settled, Standing, StoreConfig, Unavailable, UnixMs,
};
use async_trait::async_trait;
use line::{Line, Server};
use listen::Listener;
use picture::Op;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::{mpsc, oneshot};
use writer::{Answer, Job, Writer};

/// Operations that wait before those who bring more are held up.
const QUEUE: usize = 1024;

/// A store on a server.
pub(crate) struct Postgres {
    /// None: it is closed.
    queue: Mutex<Option<Way>>,
    writing: tokio::sync::Mutex<Option<tokio::task::JoinHandle<()>>>,
    readers: Vec<Line>,
    turn: AtomicUsize,
}

/// The way to the writer, and what keeps the listener listening.
#[derive(Clone)]
struct Way {
    jobs: mpsc::Sender<Job>,
    _listening: mpsc::Sender<()>,
}

impl Postgres {
    pub(crate) async fn open(url: &str, config: &StoreConfig, notices: Arc<Notices>) -> Result<Postgres, OpenError> {
        let server = Arc::new(Server::new(url)?);
        let channel = schema::migrate(&server).await?;
        let nonce = getrandom::u64().map_err(|error| OpenError::Address { what: error.to_string() })?;
        let sender = format!("{nonce:016x}");
        let (listening, open) = mpsc::channel(1);
        let listener = Listener {
            server: Arc::clone(&server),
            channel: channel.clone(),
            sender: sender.clone(),
            notices: Arc::clone(&notices),
        };
        listener.start(open).await?;
        let (jobs, work) = mpsc::channel(QUEUE);
        let line = Arc::new(Line::new(Arc::clone(&server)));
        let writer = Writer { line, instance: config.instance.clone(), channel, sender, notices };
        let writing = tokio::spawn(writer.run(work));
        Ok(Postgres {
            queue: Mutex::new(Some(Way { jobs, _listening: listening })),
            writing: tokio::sync::Mutex::new(Some(writing)),
            readers: (0..config.readers.max(1)).map(|_| Line::new(Arc::clone(&server))).collect(),
            turn: AtomicUsize::new(0),
        })
    }

    /// Has the writer do it.
    async fn put(&self, op: Op) -> Answer {
        let way = self.queue.lock().unwrap_or_else(PoisonError::into_inner).clone().ok_or(Unavailable::Closed)?;
        let (reply, answer) = oneshot::channel();
        way.jobs.send(Job { op, reply }).await.map_err(|_| Unavailable::Closed)?;
        answer.await.unwrap_or(Err(Unavailable::Closed.into()))
    }

    /// A connection that reads, each in its turn.
    fn reader(&self) -> Result<&Line, Unavailable> {
        if self.queue.lock().unwrap_or_else(PoisonError::into_inner).is_none() {
            return Err(Unavailable::Closed);
        }
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        self.readers.get(turn % self.readers.len().max(1)).ok_or(Unavailable::Closed)
    }
}

#[async_trait]
impl Engine for Postgres {
    async fn commit(&self, commits: Vec<Commit>) -> Result<Vec<Receipt>, CommitError> {
        self.put(Op::Commit(commits)).await
    }

    async fn remove(&self, key: Key, expected: u64) -> Result<(), CommitError> {
        self.put(Op::Remove(key, expected)).await.map(drop)
    }

    async fn load(&self, kind: &str, ids: &[String]) -> Result<Vec<Aggregate>, Unavailable> {
        query::load(self.reader()?, kind, ids).await
    }

    async fn events(&self, key: &Key, after: u64, limit: u32) -> Result<Vec<Event>, Unavailable> {
        query::events(self.reader()?, key, after, limit).await
    }

    async fn list(&self, listing: Listing) -> Result<Vec<Aggregate>, Unavailable> {
        query::list(self.reader()?, &listing).await
    }

    async fn count(&self, listing: Listing) -> Result<u64, Unavailable> {
        query::count(self.reader()?, &listing).await
    }

    async fn due(&self, claiming: Claiming) -> Result<Vec<Aggregate>, Unavailable> {
        query::due(self.reader()?, &claiming).await
    }

    async fn next_due(&self, kind: &str) -> Result<Option<UnixMs>, Unavailable> {
        query::next(self.reader()?, "store_aggregate", kind).await
    }

    async fn claim(&self, claiming: Claiming) -> Result<Vec<Claim>, Unavailable> {
        query::claim(self.reader()?, &claiming).await
    }

    async fn next_claim(&self, kind: &str) -> Result<Option<UnixMs>, Unavailable> {
        query::next(self.reader()?, "store_outbox", kind).await
    }

    async fn settle(&self, settled: Settled) -> Result<(), SettleError> {
        let key = settled.claim.key.clone();
        self.put(Op::Settle(settled)).await.map(drop).map_err(|error| match error {
            CommitError::Unavailable(error) => SettleError::Unavailable(error),
            _ => SettleError::ClaimLost { key },
        })
    }

    async fn standing(&self, key: &str) -> Result<Option<Standing>, Unavailable> {
        query::standing(self.reader()?, key).await
    }

    async fn prune(&self, before: UnixMs, limit: u32) -> Result<u64, Unavailable> {
        query::prune(self.reader()?, before, limit).await
    }

    async fn acquire(&self, wish: Wish) -> Result<Lease, LeaseError> {
        query::acquire(self.reader()?, wish).await
    }

    async fn renew(&self, lease: Lease, until: UnixMs) -> Result<Lease, LeaseError> {
        query::hold(self.reader()?, &lease, until).await?;
        Ok(Lease { until, ..lease })
    }

    async fn release(&self, lease: Lease) -> Result<(), LeaseError> {
        query::hold(self.reader()?, &lease, UnixMs(i64::MIN)).await
    }

    async fn enter(&self, entries: Vec<Entry>) -> Result<(), AuditError> {
        self.put(Op::Enter(entries)).await.map(drop).map_err(|error| match error {
            CommitError::Refused(error) => AuditError::Refused(error),
            CommitError::Unavailable(error) => AuditError::Unavailable(error),
            // An entry has no version, key, claim or lease that could be refused.
            _ => AuditError::Unavailable(Unavailable::Closed),
        })
    }

    async fn chains(&self) -> Result<Vec<Chain>, Unavailable> {
        query::chains(self.reader()?).await
    }

    async fn links(
        &self,
        instance: &str,
        kind: Option<&str>,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Link>, Unavailable> {
        query::links(self.reader()?, (instance, kind), after, limit).await
    }

    async fn backup(&self, _path: &Path) -> Result<(), BackupError> {
        Err(BackupError::Server)
    }

    async fn faults(&self) -> Result<Vec<String>, Unavailable> {
        let line = self.reader()?;
        let mut faults = Vec::new();
        for check in CHECKS {
            let number = query::number(line, check.counts).await?;
            faults.extend((number > 0).then(|| format!("{number} {}", check.what)));
        }
        Ok(faults)
    }

    async fn close(&self) {
        drop(self.queue.lock().unwrap_or_else(PoisonError::into_inner).take());
        if let Some(writing) = self.writing.lock().await.take() {
            // It ends by itself once everything that waits is written.
            let _ = writing.await;
        }
        for line in &self.readers {
            line.close().await;
        }
    }
}
