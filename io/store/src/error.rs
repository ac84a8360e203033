//! What can go wrong, by operation.

use crate::UnixMs;
use std::path::PathBuf;
use thiserror::Error;

/// The store cannot be reached or does not work. Nothing of the call was done, unless a variant says otherwise.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Unavailable {
    /// It was closed by this process.
    #[error("the store was closed: open it again")]
    Closed,
    /// No space is left.
    #[error("the disk that holds {store} is full: free some space and try again; nothing was written")]
    Full {
        /// Where the store is.
        store: String,
    },
    /// Its bytes are not what was written.
    #[error("{store} is damaged ({what}): stop whatever uses it, keep a copy, and restore the last backup")]
    Damaged {
        /// Where the store is.
        store: String,
        /// What the engine says.
        what: String,
    },
    /// The connection is not there.
    #[error("{store} cannot be reached ({what}): see that the server runs and try again; nothing was written")]
    Unreachable {
        /// Where the store is.
        store: String,
        /// What the engine says.
        what: String,
    },
    /// The connection broke before the server said whether it wrote.
    #[error(
        "the connection to {store} broke while it was writing ({what}): the write may or may not have happened; load \
         what it was about, and repeat it only if its version has not moved"
    )]
    Unknown {
        /// Where the store is.
        store: String,
        /// What the engine says.
        what: String,
    },
    /// Anything else that the engine says.
    #[error("{store} refused to work ({what}): see the message of the database in the brackets")]
    Engine {
        /// Where the store is.
        store: String,
        /// What the engine says.
        what: String,
    },
}

/// The call asks for something that no engine holds.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RefusedError {
    /// A name too long, or with a zero byte.
    #[error("the {field} is longer than {most} bytes or has a zero byte: use a shorter name, such as a hash of it")]
    Name {
        /// Which one.
        field: &'static str,
        /// How many bytes it may have.
        most: usize,
    },
    /// A commit too large.
    #[error(
        "{bytes} bytes in one commit are more than {most}: keep large contents as files, and their names in the state"
    )]
    Size {
        /// How many it has.
        bytes: usize,
        /// How many it may have.
        most: usize,
    },
    /// An audit entry of a kind that is the store's own.
    #[error("audit entries of kind `anchor` are made by the store alone: choose another kind")]
    Reserved,
    /// A version that nothing can have.
    #[error("no aggregate has version {0}: pass the version that was loaded")]
    Version(u64),
}

/// Why a store was not opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The address names no store.
    #[error("`{url}` is no store: write `sqlite:PATH`, `sqlite::memory:` or `postgres://USER@HOST/DATABASE`")]
    Url {
        /// The address, without its password.
        url: String,
    },
    /// The connection string of PostgreSQL cannot be read.
    #[error(
        "the address of the PostgreSQL server cannot be read ({what}): mend it as its documentation of connection URIs says"
    )]
    Address {
        /// What is wrong with it.
        what: String,
    },
    /// Another process has the file.
    #[error(
        "{} is used by {holder}: end that process first, or use PostgreSQL, which many processes share",
        path.display()
    )]
    Locked {
        /// The database.
        path: PathBuf,
        /// What the other one wrote about itself.
        holder: String,
    },
    /// The folder or the lock file cannot be used.
    #[error("{} cannot be opened ({what}): see that its folder exists and that this user may write there", path.display())]
    File {
        /// What was opened.
        path: PathBuf,
        /// What the system says.
        what: String,
    },
    /// A database of another program.
    #[error("{store} is a database of another program: name another file or database; nothing was changed")]
    Foreign {
        /// Where it is.
        store: String,
    },
    /// Written by a later version of the program.
    #[error(
        "{store} has schema {found}, and this program knows schemas up to {known}: use the newer program that wrote it, \
         or restore a backup from before; nothing was changed"
    )]
    Newer {
        /// Where it is.
        store: String,
        /// Its schema.
        found: u32,
        /// The newest one known here.
        known: u32,
    },
    /// A schema could not be brought up to date.
    #[error(
        "{store} could not be brought to schema {number} ({what}): nothing was changed; free the cause and open it again"
    )]
    Migration {
        /// Where it is.
        store: String,
        /// Which step failed.
        number: u32,
        /// What the engine says.
        what: String,
    },
    /// An instance or a path that cannot be used as a name.
    #[error(transparent)]
    Refused(#[from] RefusedError),
    /// It does not work.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Why nothing was committed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CommitError {
    /// Somebody else made a step first.
    #[error("{kind} `{id}` has version {found}, not {expected}: load it again and decide anew")]
    Conflict {
        /// The aggregate's kind.
        kind: String,
        /// Its id.
        id: String,
        /// The version that was expected; 0: it was not to exist.
        expected: u64,
        /// The version that it has; 0: it does not exist.
        found: u64,
    },
    /// An effect of that name was asked for before.
    #[error(
        "an effect named `{key}` was asked for before: it has happened or will; load the aggregate and decide anew"
    )]
    KeyTaken {
        /// The effect's name.
        key: String,
    },
    /// A claim that is to be settled is somebody else's by now.
    #[error("the claim of `{key}` has run out and was taken over, or it is settled: leave its outcome to the other")]
    ClaimLost {
        /// The effect's name.
        key: String,
    },
    /// The lease was acquired by somebody else.
    #[error("the lease `{lease}` was lost to somebody else: stop what was done under it, and acquire it again")]
    LeaseLost {
        /// Its name.
        lease: String,
    },
    /// It cannot be held.
    #[error(transparent)]
    Refused(#[from] RefusedError),
    /// The store does not work.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Why an outcome was not taken down.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SettleError {
    /// The claim is somebody else's by now.
    #[error("the claim of `{key}` has run out and was taken over, or it is settled: leave its outcome to the other")]
    ClaimLost {
        /// The effect's name.
        key: String,
    },
    /// The store does not work.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Why a lease was not given or renewed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LeaseError {
    /// Somebody has it.
    #[error("the lease `{name}` is held by {holder} until {until}: ask again after that")]
    Held {
        /// Its name.
        name: String,
        /// By whom.
        holder: String,
        /// Until when.
        until: UnixMs,
    },
    /// It ran out, and somebody else acquired or released it since.
    #[error("the lease `{name}` was lost to somebody else: stop what was done under it, and acquire it again")]
    Lost {
        /// Its name.
        name: String,
    },
    /// It cannot be held.
    #[error(transparent)]
    Refused(#[from] RefusedError),
    /// The store does not work.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Why nothing was entered into the audit chain.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum AuditError {
    /// It cannot be held.
    #[error(transparent)]
    Refused(#[from] RefusedError),
    /// The store does not work.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}

/// Why there is no backup.
#[derive(Debug, Error)]
pub enum BackupError {
    /// The engine has tools of its own.
    #[error("a PostgreSQL database is backed up by its own tools: use pg_dump or pg_basebackup")]
    Server,
    /// There is something already.
    #[error("{} exists: name a file that does not", path.display())]
    Exists {
        /// Where the backup was to go.
        path: PathBuf,
    },
    /// The file cannot be written.
    #[error("the backup {} could not be written ({what}): see that there is space, and that this user may write there", path.display())]
    File {
        /// Where the backup was to go.
        path: PathBuf,
        /// What the system says.
        what: String,
    },
    /// The store does not work.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
}
