//! What can go wrong with a backup, by name, and what to do then.

use std::io;
use std::path::PathBuf;

/// Why there is no backup.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is a file of this name.
    #[error("{0} is there already\n  help: choose another name with `--to FILE`, or remove it first")]
    Exists(PathBuf),
    /// Neither `.tar.gz` nor `.tar.zst`.
    #[error("{0} is no name of a backup\n  help: `--to` takes FILE.tar.gz, FILE.tar.zst or a folder that exists")]
    Name(PathBuf),
    /// A file of a conversation can't be read.
    #[error("cannot read {path}: {source}\n  help: check the file's owner and permissions, and the disk")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file became shorter while it was copied.
    #[error("{0} changed while it was copied\n  help: start the backup again")]
    Changed(PathBuf),
    /// The backup can't be written.
    #[error("cannot write the backup {path}: {source}\n  help: {}; nothing of it is left", room(.source))]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// Why a backup is not restored. Unless it is [`RestoreError::Place`] nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum RestoreError {
    /// The backup can't be read.
    #[error("cannot read {path}: {source}\n  help: check the path, and the disk that it is on")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It is something else.
    #[error("{path} is no backup of conversations: {reason}\n  help: name a file that `duologue backup` wrote")]
    NoBackup {
        /// Which.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// It ends too soon.
    #[error("{path} is cut off: it ends {}\n  help: copy it here again, or take another backup; nothing was restored", last(.after))]
    Truncated {
        /// Which.
        path: PathBuf,
        /// The last entry that was begun.
        after: Option<String>,
    },
    /// It is not what was written.
    #[error(
        "{path} was altered or damaged: {what}\n  help: copy it here again, or take another backup; nothing was restored"
    )]
    Altered {
        /// Which.
        path: PathBuf,
        /// Where, and how.
        what: String,
    },
    /// It would write where no conversation is.
    #[error(
        "{path} holds `{entry}`, {why}; no backup of Duologue does\n  help: do not trust this file; nothing was restored"
    )]
    Unsafe {
        /// Which.
        path: PathBuf,
        /// The entry's name.
        entry: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A later version wrote it.
    #[error(
        "{path} is of version {version} of the format, this program reads version 1\n  help: restore it with a newer Duologue"
    )]
    TooNew {
        /// Which.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
    /// A file can't be written.
    #[error("cannot write {path}: {source}\n  help: {}; nothing was restored", room(.source))]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A conversation can't be put in its place.
    #[error(
        "cannot put {path} in its place: {source}\n  help: check its owner and permissions and restore again; what is in place already is skipped then"
    )]
    Place {
        /// Where it belongs.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

fn last(entry: &Option<String>) -> String {
    entry.as_ref().map_or("too soon".to_owned(), |entry| format!("in or after `{entry}`"))
}

fn room(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            "make room, or choose a place on another disk"
        }
        _ => "check the folder's owner and permissions",
    }
}
