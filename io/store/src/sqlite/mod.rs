//! SQLite: one process, one file, one thread that writes.

mod audit;
mod backup;
mod lease;
mod lock;
mod open;
mod query;
mod step;
mod threads;
mod trouble;
mod work;
mod writer;

use crate::audit::{Chain, Link};
use crate::changes::Notices;
use crate::engine::{Engine, Wish};
use crate::{
    Aggregate, AuditError, BackupError, Claim, Claiming, Commit, CommitError, Entry, Event, Key, Lease, LeaseError,
    Listing, OpenError, Receipt, SettleError, Settled, Standing, StoreConfig, Unavailable, UnixMs,
};
use async_trait::async_trait;
use lock::Lock;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use threads::{Here, Threads};
use trouble::Stop;
use writer::Writer;

/// A store in a file or in memory.
pub(crate) struct Sqlite {
    threads: Threads,
    /// Its name in messages.
    store: Arc<str>,
}

impl Sqlite {
    /// Opens the file at `path`, or a store in memory.
    pub(crate) fn open(path: Option<&Path>, config: &StoreConfig, notices: Arc<Notices>) -> Result<Sqlite, OpenError> {
        let Some(path) = path else {
            let store: Arc<str> = "the store in memory".into();
            let connection = open::writer(None, &store)?;
            let writer = Writer::new(connection, Arc::clone(&store), config.instance.clone(), notices);
            return Ok(Sqlite { threads: Threads::Here(Here::new(writer)), store });
        };
        let path = real(path);
        let store: Arc<str> = path.display().to_string().into();
        let lock = Lock::take(&path, &config.instance)?;
        let connection = open::writer(Some(&path), &store)?;
        let writer = Writer::new(connection, Arc::clone(&store), config.instance.clone(), notices);
        let threads = threads::start(&path, writer, config.readers, lock)?;
        Ok(Sqlite { threads, store })
    }
}

/// The file itself, whatever link leads there: it has one lock.
fn real(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

#[async_trait]
impl Engine for Sqlite {
    async fn commit(&self, commits: Vec<Commit>) -> Result<Vec<Receipt>, CommitError> {
        self.threads.write(&self.store, move |batch| step::commit_all(batch, &commits)).await
    }

    async fn remove(&self, key: Key, expected: u64) -> Result<(), CommitError> {
        self.threads.write(&self.store, move |batch| step::remove(batch, &key, expected)).await
    }

    async fn load(&self, kind: &str, ids: &[String]) -> Result<Vec<Aggregate>, Unavailable> {
        let (kind, ids) = (kind.to_owned(), ids.to_owned());
        self.threads.read(&self.store, move |connection| query::load(connection, &kind, &ids)).await
    }

    async fn events(&self, key: &Key, after: u64, limit: u32) -> Result<Vec<Event>, Unavailable> {
        let key = key.clone();
        self.threads.read(&self.store, move |connection| query::events(connection, &key, after, limit)).await
    }

    async fn list(&self, listing: Listing) -> Result<Vec<Aggregate>, Unavailable> {
        self.threads.read(&self.store, move |connection| query::list(connection, &listing)).await
    }

    async fn count(&self, listing: Listing) -> Result<u64, Unavailable> {
        self.threads.read(&self.store, move |connection| query::count(connection, &listing)).await
    }

    async fn due(&self, claiming: Claiming) -> Result<Vec<Aggregate>, Unavailable> {
        self.threads.write(&self.store, move |batch| work::due(batch, &claiming)).await
    }

    async fn next_due(&self, kind: &str) -> Result<Option<UnixMs>, Unavailable> {
        let kind = kind.to_owned();
        self.threads.read(&self.store, move |connection| work::next(connection, "store_aggregate", &kind)).await
    }

    async fn claim(&self, claiming: Claiming) -> Result<Vec<Claim>, Unavailable> {
        self.threads.write(&self.store, move |batch| work::claim(batch, &claiming)).await
    }

    async fn next_claim(&self, kind: &str) -> Result<Option<UnixMs>, Unavailable> {
        let kind = kind.to_owned();
        self.threads.read(&self.store, move |connection| work::next(connection, "store_outbox", &kind)).await
    }

    async fn settle(&self, settled: Settled) -> Result<(), SettleError> {
        let settle = move |batch: &mut writer::Batch<'_>| match work::settle(batch, &settled)? {
            true => Ok(()),
            false => Err(Stop::Refused(SettleError::ClaimLost { key: settled.claim.key })),
        };
        self.threads.write(&self.store, settle).await
    }

    async fn standing(&self, key: &str) -> Result<Option<Standing>, Unavailable> {
        let key = key.to_owned();
        self.threads.read(&self.store, move |connection| work::standing(connection, &key)).await
    }

    async fn prune(&self, before: UnixMs, limit: u32) -> Result<u64, Unavailable> {
        self.threads.write(&self.store, move |batch| work::prune(batch, before, limit)).await
    }

    async fn acquire(&self, wish: Wish) -> Result<Lease, LeaseError> {
        self.threads.write(&self.store, move |batch| lease::acquire(batch, &wish)).await
    }

    async fn renew(&self, lease: Lease, until: UnixMs) -> Result<Lease, LeaseError> {
        let renew = move |batch: &mut writer::Batch<'_>| {
            lease::hold(batch, &lease, until)?;
            Ok(Lease { until, ..lease })
        };
        self.threads.write(&self.store, renew).await
    }

    async fn release(&self, lease: Lease) -> Result<(), LeaseError> {
        self.threads.write(&self.store, move |batch| lease::hold(batch, &lease, UnixMs(i64::MIN))).await
    }

    async fn enter(&self, entries: Vec<Entry>) -> Result<(), AuditError> {
        self.threads.write(&self.store, move |batch| Ok(audit::enter(batch, &entries)?)).await
    }

    async fn chains(&self) -> Result<Vec<Chain>, Unavailable> {
        self.threads.read(&self.store, audit::chains).await
    }

    async fn links(
        &self,
        instance: &str,
        kind: Option<&str>,
        after: u64,
        limit: u32,
    ) -> Result<Vec<Link>, Unavailable> {
        let (instance, kind) = (instance.to_owned(), kind.map(str::to_owned));
        let links = move |connection: &_| audit::links(connection, &instance, kind.as_deref(), after, limit);
        self.threads.read(&self.store, links).await
    }

    async fn backup(&self, path: &Path) -> Result<(), BackupError> {
        let (path, part) = (path.to_owned(), backup::part_of(path)?);
        let copy = {
            let part = part.clone();
            move |connection: &_| backup::copy(connection, &part)
        };
        if let Err(error) = self.threads.read(&self.store, copy).await {
            let _ = std::fs::remove_file(&part);
            return Err(BackupError::File { path, what: error.to_string() });
        }
        let placed = tokio::task::spawn_blocking(move || backup::put_in_place(&part, &path)).await;
        placed.unwrap_or(Err(BackupError::Unavailable(Unavailable::Closed)))
    }

    async fn faults(&self) -> Result<Vec<String>, Unavailable> {
        self.threads.read(&self.store, backup::faults).await
    }

    async fn close(&self) {
        self.threads.close().await;
    }
}
