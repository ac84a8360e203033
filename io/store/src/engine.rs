//! What an engine does. Both are tried by one suite.

use crate::audit::{Chain, Link};
use crate::{
    Aggregate, AuditError, BackupError, Claim, Claiming, Commit, CommitError, Entry, Event, Key, Lease, LeaseError,
    Listing, Receipt, SettleError, Settled, Standing, Unavailable, UnixMs,
};
use async_trait::async_trait;
use std::path::Path;

/// A request for a lease.
#[derive(Clone, Debug)]
pub(crate) struct Wish {
    pub(crate) name: String,
    pub(crate) holder: String,
    pub(crate) now: UnixMs,
    pub(crate) until: UnixMs,
}

#[async_trait]
pub(crate) trait Engine: Send + Sync {
    async fn commit(&self, commits: Vec<Commit>) -> Result<Vec<Receipt>, CommitError>;
    async fn remove(&self, key: Key, expected: u64) -> Result<(), CommitError>;
    async fn load(&self, kind: &str, ids: &[String]) -> Result<Vec<Aggregate>, Unavailable>;
    async fn events(&self, key: &Key, after: u64, limit: u32) -> Result<Vec<Event>, Unavailable>;
    async fn list(&self, listing: Listing) -> Result<Vec<Aggregate>, Unavailable>;
    async fn count(&self, listing: Listing) -> Result<u64, Unavailable>;

    async fn due(&self, claiming: Claiming) -> Result<Vec<Aggregate>, Unavailable>;
    async fn next_due(&self, kind: &str) -> Result<Option<UnixMs>, Unavailable>;
    async fn claim(&self, claiming: Claiming) -> Result<Vec<Claim>, Unavailable>;
    async fn next_claim(&self, kind: &str) -> Result<Option<UnixMs>, Unavailable>;
    async fn settle(&self, settled: Settled) -> Result<(), SettleError>;
    async fn standing(&self, key: &str) -> Result<Option<Standing>, Unavailable>;
    async fn prune(&self, before: UnixMs, limit: u32) -> Result<u64, Unavailable>;

    async fn acquire(&self, wish: Wish) -> Result<Lease, LeaseError>;
    async fn renew(&self, lease: Lease, until: UnixMs) -> Result<Lease, LeaseError>;
    async fn release(&self, lease: Lease) -> Result<(), LeaseError>;

    async fn enter(&self, entries: Vec<Entry>) -> Result<(), AuditError>;
    async fn chains(&self) -> Result<Vec<Chain>, Unavailable>;
    async fn links(&self, instance: &str, kind: Option<&str>, after: u64, limit: u32)
    -> Result<Vec<Link>, Unavailable>;

    async fn backup(&self, path: &Path) -> Result<(), BackupError>;
    async fn faults(&self) -> Result<Vec<String>, Unavailable>;
    async fn close(&self);
}
