use crate::audit::{self, Chain, Link, Verdict};
use crate::changes::{Changes, Notices};
use crate::commit::{check_entries, check_lease, check_name, check_together, could_be};
use crate::config::Place;
use crate::engine::{Engine, Wish};
use crate::postgres::Postgres;
use crate::sqlite::Sqlite;
use crate::{
    Aggregate, AuditError, BackupError, Claim, Claiming, Commit, CommitError, Entry, Event, Key, Lease, LeaseError,
    Listing, OpenError, Receipt, SettleError, Settled, Standing, StoreConfig, Unavailable, UnixMs,
};
use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// A store that is open. Clones are the same store.
///
/// A call whose future is dropped before it ends may still be carried out.
#[derive(Clone)]
pub struct Store {
    engine: Arc<dyn Engine>,
    notices: Arc<Notices>,
    instance: Arc<str>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("instance", &self.instance).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens a store, and brings its schema up to date.
    pub async fn open(config: StoreConfig) -> Result<Store, OpenError> {
        check_name("instance", &config.instance)?;
        let notices = Arc::new(Notices::new());
        let instance = config.instance.as_str().into();
        let engine: Arc<dyn Engine> = match config.place()? {
            Place::Memory => Arc::new(Sqlite::open(None, &config, Arc::clone(&notices))?),
            Place::File(path) => {
                let notices = Arc::clone(&notices);
                let opened = tokio::task::spawn_blocking(move || Sqlite::open(Some(&path), &config, notices)).await;
                Arc::new(opened.unwrap_or(Err(Unavailable::Closed.into()))?)
            }
            Place::Server(url) => Arc::new(Postgres::open(&url, &config, Arc::clone(&notices)).await?),
        };
        Ok(Store { engine, notices, instance })
    }

    /// Writes one step.
    pub async fn commit(&self, commit: Commit) -> Result<Receipt, CommitError> {
        let receipts = self.commit_all(vec![commit]).await?;
        receipts.first().copied().ok_or(CommitError::Unavailable(Unavailable::Closed))
    }

    /// Writes steps of several aggregates, or of one aggregate in a row: all of them, or none. The receipts are in the
    /// order of the commits.
    pub async fn commit_all(&self, commits: Vec<Commit>) -> Result<Vec<Receipt>, CommitError> {
        check_together(&commits)?;
        self.engine.commit(commits).await
    }

    /// Removes an aggregate and its events for ever. What it put into the outbox stays.
    pub async fn remove(&self, key: &Key, expected: u64) -> Result<(), CommitError> {
        if !is_name(key) {
            let Key { kind, id } = key.clone();
            return Err(CommitError::Conflict { kind, id, expected, found: 0 });
        }
        self.engine.remove(key.clone(), expected).await
    }

    /// The aggregate, if there is one.
    pub async fn load(&self, key: &Key) -> Result<Option<Aggregate>, Unavailable> {
        if !is_name(key) {
            return Ok(None);
        }
        let found = self.engine.load(&key.kind, std::slice::from_ref(&key.id)).await?;
        Ok(found.into_iter().next())
    }

    /// The named aggregates of a kind, in the order of the names; none where there is none of that name.
    pub async fn load_many(&self, kind: &str, ids: &[String]) -> Result<Vec<Option<Aggregate>>, Unavailable> {
        let names: Vec<String> = ids.iter().filter(|id| could_be(id)).cloned().collect();
        let found = self.engine.load(kind, &names).await?;
        let by_id: HashMap<_, _> = found.into_iter().map(|found| (found.key.id.clone(), found)).collect();
        Ok(ids.iter().map(|id| by_id.get(id).cloned()).collect())
    }

    /// Up to `limit` events after number `after`, in order.
    pub async fn events(&self, key: &Key, after: u64, limit: u32) -> Result<Vec<Event>, Unavailable> {
        if !is_name(key) {
            return Ok(Vec::new());
        }
        self.engine.events(key, after, limit).await
    }

    /// A page of a list.
    pub async fn list(&self, listing: Listing) -> Result<Vec<Aggregate>, Unavailable> {
        if !listing.could_be() {
            return Ok(Vec::new());
        }
        self.engine.list(listing).await
    }

    /// How many aggregates all pages of a list have; its cursor and its limit do not count.
    pub async fn count(&self, listing: Listing) -> Result<u64, Unavailable> {
        if !listing.could_be() {
            return Ok(0);
        }
        self.engine.count(listing).await
    }

    /// Aggregates that asked to be woken by now, the longest waiting first. Whoever gets one makes a step, which says
    /// when it is to be woken again; where that does not happen before the lease ends, somebody gets it once more.
    pub async fn due(&self, claiming: Claiming) -> Result<Vec<Aggregate>, Unavailable> {
        self.engine.due(claiming).await
    }

    /// When [`Store::due`] has something next.
    pub async fn next_due(&self, kind: &str) -> Result<Option<UnixMs>, Unavailable> {
        self.engine.next_due(kind).await
    }

    /// Effects that are due, the longest waiting first. Whoever gets one performs it and says what became of it; where
    /// that does not happen before the lease ends, somebody gets it once more.
    pub async fn claim(&self, claiming: Claiming) -> Result<Vec<Claim>, Unavailable> {
        self.engine.claim(claiming).await
    }

    /// When [`Store::claim`] has something next.
    pub async fn next_claim(&self, kind: &str) -> Result<Option<UnixMs>, Unavailable> {
        self.engine.next_claim(kind).await
    }

    /// Takes down what became of an effect. Where it moves its aggregate too, [`Commit::settled`] does both at once.
    pub async fn settle(&self, settled: Settled) -> Result<(), SettleError> {
        if !could_be(&settled.claim.key) {
            return Err(SettleError::ClaimLost { key: settled.claim.key });
        }
        self.engine.settle(settled).await
    }

    /// How an effect stands; none: nobody asked for it, or it was settled and pruned.
    pub async fn standing(&self, key: &str) -> Result<Option<Standing>, Unavailable> {
        if !could_be(key) {
            return Ok(None);
        }
        self.engine.standing(key).await
    }

    /// Takes up to `limit` effects out of the outbox that were settled before `before`, and says how many. Their names
    /// can then be used again.
    pub async fn prune(&self, before: UnixMs, limit: u32) -> Result<u64, Unavailable> {
        self.engine.prune(before, limit).await
    }

    /// Acquires a lease for `span`. Its holder gets it again, with a new token, also while it has it.
    pub async fn acquire(&self, name: &str, holder: &str, now: UnixMs, span: Duration) -> Result<Lease, LeaseError> {
        check_lease(name, holder)?;
        let (name, holder) = (name.to_owned(), holder.to_owned());
        self.engine.acquire(Wish { name, holder, now, until: now.after(span) }).await
    }

    /// Keeps a lease for `span` from `now`, also one that has run out and that nobody else has acquired.
    pub async fn renew(&self, lease: &Lease, now: UnixMs, span: Duration) -> Result<Lease, LeaseError> {
        check_lease(&lease.name, &lease.holder)?;
        self.engine.renew(lease.clone(), now.after(span)).await
    }

    /// Gives a lease back.
    pub async fn release(&self, lease: Lease) -> Result<(), LeaseError> {
        check_lease(&lease.name, &lease.holder)?;
        self.engine.release(lease).await
    }

    /// What changes about the aggregates of a kind, from now on: by this process, and with PostgreSQL by all.
    pub fn changes(&self, kind: &str) -> Changes {
        self.notices.subscribe(kind)
    }

    /// Enters into the audit chain what belongs to no commit, such as a refusal. It is on the disk when this ends.
    pub async fn enter(&self, entries: Vec<Entry>) -> Result<(), AuditError> {
        check_entries(&entries)?;
        self.engine.enter(entries).await
    }

    /// Takes down in our audit chain how far the others have come; to be called now and then. Does nothing where there
    /// are no others.
    pub async fn anchor(&self, now: UnixMs) -> Result<(), AuditError> {
        let body = audit::anchor_body(&self.engine.chains().await?, &self.instance);
        if body.is_empty() {
            return Ok(());
        }
        self.engine.enter(vec![Entry { at: now, kind: audit::ANCHOR.to_owned(), body }]).await
    }

    /// How far each instance's audit chain has come.
    pub async fn audit_chains(&self) -> Result<Vec<Chain>, Unavailable> {
        self.engine.chains().await
    }

    /// Up to `limit` entries of an instance's chain after place `after`, in order.
    pub async fn audit_links(&self, instance: &str, after: u64, limit: u32) -> Result<Vec<Link>, Unavailable> {
        self.engine.links(instance, None, after, limit).await
    }

    /// Reads all audit chains, and finds in each the first entry that is not what was written.
    pub async fn audit_verify(&self) -> Result<Verdict, Unavailable> {
        audit::verify(&*self.engine).await
    }

    /// Writes all that is committed to a new SQLite database at `path`, while the store is used. The name appears once
    /// the file is whole and on the disk.
    pub async fn backup(&self, path: &Path) -> Result<(), BackupError> {
        self.engine.backup(path).await
    }

    /// Reads everything, and tells what is not as it must be; nothing in a sound store.
    pub async fn faults(&self) -> Result<Vec<String>, Unavailable> {
        self.engine.faults().await
    }

    /// Ends once everything that was asked for is written, and, with SQLite, another process can open the file.
    pub async fn close(&self) {
        self.engine.close().await;
        self.notices.close();
    }
}

/// Foreigners choose ids, so one that nothing can have is not found rather than an error of the engine.
fn is_name(key: &Key) -> bool {
    could_be(&key.kind) && could_be(&key.id)
}
