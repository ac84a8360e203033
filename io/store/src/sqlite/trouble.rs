//! SQLite's errors in our words.

use crate::Unavailable;
use rusqlite::ErrorCode;

/// Why a piece of work is not kept.
pub(super) enum Stop<E> {
    /// By its own rules.
    Refused(E),
    /// The engine failed.
    Broken(rusqlite::Error),
}

impl<E> From<rusqlite::Error> for Stop<E> {
    fn from(error: rusqlite::Error) -> Self {
        Stop::Broken(error)
    }
}

/// What `error` means for the store at `store`. The engine's words name tables and constraints, never contents.
pub(super) fn unavailable(store: &str, error: &rusqlite::Error) -> Unavailable {
    let (store, what) = (store.to_owned(), error.to_string());
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => Unavailable::Full { store },
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => Unavailable::Damaged { store, what },
        _ => Unavailable::Engine { store, what },
    }
}

/// A number that is never negative, as SQLite keeps it.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number that was never negative when it was written.
pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
