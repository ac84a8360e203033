//! The child's side of the protocol: what every engine binary needs besides its models.
//!
//! An engine reads requests on one thread and works on others, so that `Ping` and `Cancel` never wait behind work. It
//! ends with code 0 when the parent closed the pipe, 1 when the pipe broke, and 2 when it cannot start (the reason is
//! the first and only frame, an error with id 0).

mod active;
mod outbox;
mod process;

pub use active::Active;
pub use outbox::Outbox;
pub use process::{check_processor, follow_parent, step_back};

use std::sync::{Mutex, MutexGuard, PoisonError};

/// What is guarded here is whole between any two statements, so a panic elsewhere does no harm.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
