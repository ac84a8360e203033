//! What becomes of conversations once they are kept: which of them lie where, pinning, removing, and rules by which old
//! ones go.

mod entry;
mod pin;
mod prune;
mod removal;
mod retention;

pub use entry::Kept;
pub use pin::PinError;
pub use prune::{Pruned, Prune};
pub use retention::{Candidate, Reason, Retention, RetentionPlan, plan};

pub(crate) use entry::{entries, holds_nothing_else, is_plain_id, is_running, own_files, owned};
pub(crate) use removal::{REMOVING, finish_in, mend, remove};

/// Marks a conversation that no rule may remove; an empty file in its folder.
pub(crate) const PINNED: &str = "pinned";
