//! Durable state: what must survive the end of the process, wherever it ends.
//!
//! The store knows nothing of tasks, sessions or campaigns. It knows **aggregates** (a state with a version), their
//! **events**, the **outbox** of effects that must follow, **wake-ups**, named **leases** and an **audit chain**; and
//! that what belongs together is written together or not at all. It is the same on SQLite (one process, one file) and on
//! PostgreSQL (many processes); one suite of tests says so.
//!
//! # A step
//!
//! Whoever moves an aggregate loads it, decides, and commits the new state under the version that it saw. If somebody else
//! was faster, nothing is written, and it decides anew:
//!
//! ```
//! # use duologue_store::*;
//! # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = Store::open(StoreConfig::in_memory()).await?;
//! let key = Key::new("task", "7");
//! let state = |text: &str| State { schema: 1, bytes: text.into() };
//!
//! let receipt = store
//!     .commit(Commit {
//!         owner: "spiffe://example.org/anna".into(),
//!         events: vec![b"submitted".to_vec()],
//!         outbox: vec![Outgoing {
//!             key: "task:7:push:1".into(), // for ever; asked for twice, it is refused
//!             kind: "push".into(),
//!             payload: b"submitted".to_vec(),
//!             not_before: UnixMs(0),
//!         }],
//!         wake_at: Some(UnixMs(30_000)), // its deadline
//!         ..Commit::new(key.clone(), 0, state("submitted"))
//!     })
//!     .await?;
//! assert_eq!((receipt.version, receipt.last_event), (1, 1));
//!
//! let late = store.commit(Commit::new(key.clone(), 0, state("submitted"))).await;
//! assert!(matches!(late, Err(CommitError::Conflict { found: 1, .. })));
//! assert_eq!(store.events(&key, 0, 10).await?[0].payload, b"submitted");
//! # Ok(()) }
//! ```
//!
//! Commits that wait at the same time share one transaction and one fsync (group commit), so that a step costs
//! microseconds when many are under way. What was acknowledged is on the disk.
//!
//! # Effects
//!
//! An effect is claimed, performed, and settled. A claim is a lease: where its holder dies, somebody else gets the effect
//! once the lease is over, and sees by the attempt that it may have happened. No store can do better than "at least once";
//! "exactly once as seen from outside" takes a name that the receiver knows again, which is why every effect has one.
//!
//! ```
//! # use duologue_store::*;
//! # use std::time::Duration;
//! # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let store = Store::open(StoreConfig::in_memory()).await?;
//! # let key = Key::new("task", "7");
//! # let outgoing = Outgoing { key: "k".into(), kind: "push".into(), payload: vec![], not_before: UnixMs(0) };
//! # store.commit(Commit { outbox: vec![outgoing], ..Commit::new(key.clone(), 0, State::default()) }).await?;
//! let asking = Claiming::new("push", UnixMs(1_000), Duration::from_secs(30), 10);
//! for claim in store.claim(asking.clone()).await? {
//!     // … performs it, then says what became of it: alone, or with the step that takes the outcome in.
//!     let outcome = Outcome::Retry(UnixMs(5_000), "no answer within 10 s".into());
//!     store.settle(Settled { claim, outcome }).await?;
//! }
//! assert_eq!(store.next_claim("push").await?, Some(UnixMs(5_000)));
//! # Ok(()) }
//! ```
//!
//! Wake-ups are claimed the same way ([`Store::due`]); the step that follows says when to wake the aggregate again.
//! Loops run on a timer to [`Store::next_due`] or [`Store::next_claim`], and are nudged by [`Store::changes`].
//!
//! # What is kept of the past
//!
//! [`Commit::audit`] and [`Store::enter`] write to a chain of hashes, in which every change is found:
//!
//! ```
//! # use duologue_store::*;
//! # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let store = Store::open(StoreConfig::in_memory()).await?;
//! store.enter(vec![Entry { at: UnixMs(0), kind: "decision".into(), body: b"denied".to_vec() }]).await?;
//! assert!(store.audit_verify().await?.broken.is_empty());
//! # Ok(()) }
//! ```
//!
//! # What is not here
//!
//! A clock: time is an argument wherever it decides. Tables of a surface, and the meaning of any bytes: they live with the
//! surface that owns them, as do old forms of its states ([`State::schema`]).

#![forbid(unsafe_code)]

mod audit;
mod changes;
mod checks;
mod commit;
mod config;
mod engine;
mod error;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod lease;
mod moment;
mod outbox;
mod postgres;
mod reading;
mod schema;
mod sqlite;
mod store;

pub use audit::{Broken, Chain, Entry, Fault, Link, Verdict};
pub use changes::{Change, Changes};
pub use commit::{Commit, Key, Outgoing, Receipt, Settled, State};
pub use config::StoreConfig;
pub use error::{AuditError, BackupError, CommitError, LeaseError, OpenError, RefusedError, SettleError, Unavailable};
pub use lease::Lease;
pub use moment::UnixMs;
pub use outbox::{Claim, Claiming, Outcome, Standing};
pub use reading::{Aggregate, Cursor, Event, Listing};
pub use store::Store;
