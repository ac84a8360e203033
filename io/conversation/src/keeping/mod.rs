//! What becomes of conversations once they are kept: which of them lie where, pinning, removing, and rules by which old
//! ones go.

mod entry;
mod pin;
mod prune;
mod removal;
mod retention;

pub use entry::Kept;
pub use pin::PinError;
pub use prune::{Prune, Pruned};
pub use retention::{Candidate, Reason, Retention, RetentionPlan, plan};

pub(crate) use entry::{entries, holds_nothing_else, is_plain_id, is_running, own_files, owned};
pub(crate) use removal::{REMOVING, finish_in, mend, remove};

pub(crate) use crate::folder::names::PINNED;
