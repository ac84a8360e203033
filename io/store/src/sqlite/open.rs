//! Opening a database: whose it is, how it is set up, and which schema it has.

use super::trouble::unavailable;
use crate::schema::{MIGRATIONS, NEWEST};
use crate::{OpenError, Unavailable};
use rusqlite::{Connection, OpenFlags};
use std::fs::OpenOptions;
use std::path::Path;
use std::time::Duration;

/// Marks a database as ours: "DuoS".
const APPLICATION: i64 = 0x4475_6f53;
/// How long somebody else's look at the file (a person with the `sqlite3` program) is waited for.
const PATIENCE: Duration = Duration::from_secs(5);
/// Pages written before they are moved from the log to the database.
const CHECKPOINT_PAGES: i64 = 4000;
/// Page cache of the connection that writes, in KiB.
const CACHE_KIB: i64 = 32_768;

/// The connection that writes, brought to the newest schema. `path` none: in memory.
pub(super) fn writer(path: Option<&Path>, store: &str) -> Result<Connection, OpenError> {
    let trouble = |error: rusqlite::Error| OpenError::Unavailable(unavailable(store, &error));
    let connection = match path {
        Some(path) => {
            let failed = |what: String| OpenError::File { path: path.to_owned(), what };
            make_private(path).map_err(|error| failed(error.to_string()))?;
            Connection::open(path).map_err(|error| failed(error.to_string()))?
        }
        None => Connection::open_in_memory().map_err(trouble)?,
    };
    connection.busy_timeout(PATIENCE).map_err(trouble)?;
    connection.set_prepared_statement_cache_capacity(64);
    check_owner(&connection, store)?;
    set_up(&connection, path.is_some()).map_err(trouble)?;
    migrate(&connection, store)?;
    Ok(connection)
}

/// Makes the file, where there is none, for this user only: states hold what others are not to read. SQLite's own files
/// beside it get the same rights.
pub(super) fn make_private(path: &Path) -> std::io::Result<()> {
    let mut making = OpenOptions::new();
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut making, 0o600);
    match making.write(true).create_new(true).open(path) {
        Err(error) if error.kind() != std::io::ErrorKind::AlreadyExists => Err(error),
        _ => Ok(()),
    }
}

/// A connection that only reads.
pub(super) fn reader(path: &Path, store: &str) -> Result<Connection, Unavailable> {
    let open = || {
        let connection =
            Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
        connection.busy_timeout(PATIENCE)?;
        connection.set_prepared_statement_cache_capacity(32);
        Ok(connection)
    };
    open().map_err(|error: rusqlite::Error| unavailable(store, &error))
}

/// Refuses what another program, or a later version of this one, has written. Nothing is changed before that.
fn check_owner(connection: &Connection, store: &str) -> Result<(), OpenError> {
    let read = || -> rusqlite::Result<(i64, i64, i64)> {
        let application = connection.pragma_query_value(None, "application_id", |row| row.get(0))?;
        let schema = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
        let tables = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
        Ok((application, schema, tables))
    };
    let (application, schema, tables) = match read() {
        Ok(read) => read,
        Err(error) if error.sqlite_error_code() == Some(rusqlite::ErrorCode::NotADatabase) => {
            return Err(OpenError::Foreign { store: store.to_owned() });
        }
        Err(error) => return Err(unavailable(store, &error).into()),
    };
    if application != APPLICATION && (application != 0 || schema != 0 || tables != 0) {
        return Err(OpenError::Foreign { store: store.to_owned() });
    }
    match u32::try_from(schema) {
        Ok(found) if found <= NEWEST => Ok(()),
        found => Err(OpenError::Newer { store: store.to_owned(), found: found.unwrap_or(u32::MAX), known: NEWEST }),
    }
}

fn set_up(connection: &Connection, on_disk: bool) -> rusqlite::Result<()> {
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    connection.pragma_update(None, "cache_size", -CACHE_KIB)?;
    if on_disk {
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // What was acknowledged survives a power cut, not only the end of the process.
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "wal_autocheckpoint", CHECKPOINT_PAGES)?;
    }
    Ok(())
}

fn migrate(connection: &Connection, store: &str) -> Result<(), OpenError> {
    let schema: u32 = connection
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .map_err(|error| unavailable(store, &error))?;
    for step in MIGRATIONS.iter().filter(|step| step.number > schema) {
        // The number stands in the header of the file, and so in the same transaction.
        let sql = format!(
            "BEGIN IMMEDIATE;\n{}\nPRAGMA application_id = {APPLICATION};\nPRAGMA user_version = {};\nCOMMIT;",
            step.sqlite, step.number
        );
        connection.execute_batch(&sql).map_err(|error| {
            // Closing the connection would undo it as well.
            let _ = connection.execute_batch("ROLLBACK");
            OpenError::Migration { store: store.to_owned(), number: step.number, what: error.to_string() }
        })?;
    }
    Ok(())
}
