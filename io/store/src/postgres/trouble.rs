//! PostgreSQL's errors in our words.

use crate::Unavailable;
use tokio_postgres::Error;
use tokio_postgres::error::SqlState;

/// What the server or the connection says. The details of an error can hold contents; its message does not.
pub(super) fn words(error: &Error) -> String {
    match error.as_db_error() {
        Some(told) => format!("{} {}", told.code().code(), told.message()),
        None => {
            let causes = std::iter::successors(std::error::Error::source(error), |cause| cause.source());
            causes.fold(error.to_string(), |told, cause| format!("{told}: {cause}"))
        }
    }
}

/// What `error` means for the store at `store`, of which nothing was written.
pub(super) fn unavailable(store: &str, error: &Error) -> Unavailable {
    let (store, what) = (store.to_owned(), words(error));
    match error.code() {
        Some(code) if *code == SqlState::DISK_FULL => Unavailable::Full { store },
        Some(code) if *code == SqlState::DATA_CORRUPTED || *code == SqlState::INDEX_CORRUPTED => {
            Unavailable::Damaged { store, what }
        }
        Some(_) if !is_gone(error) => Unavailable::Engine { store, what },
        _ => Unavailable::Unreachable { store, what },
    }
}

/// The connection is of no more use: closed, or the server shuts down.
pub(super) fn is_gone(error: &Error) -> bool {
    match error.code() {
        Some(code) => [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN, SqlState::CANNOT_CONNECT_NOW].contains(code),
        None => true,
    }
}

/// Two transactions were in each other's way: the same again will do.
pub(super) fn is_collision(error: &Error) -> bool {
    let codes = [SqlState::T_R_DEADLOCK_DETECTED, SqlState::T_R_SERIALIZATION_FAILURE, SqlState::UNIQUE_VIOLATION];
    error.code().is_some_and(|code| codes.contains(code))
}
