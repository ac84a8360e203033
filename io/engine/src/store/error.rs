//! What can go wrong, one enum per operation. Every message says what to do next.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::size::Size;

/// The store cannot be opened.
#[derive(Debug, Error)]
pub enum OpenError {
    /// The platform names no home directory.
    #[error("no place for the model cache: this user has no home directory; set DUOLOGUE_MODELS to a directory")]
    NoCachePlace,
    /// The configured mirror is not usable.
    #[error("DUOLOGUE_MODELS_MIRROR: {0}")]
    Mirror(#[from] BadAddress),
}

/// An address from which nothing may be fetched.
#[derive(Debug, Error)]
pub enum BadAddress {
    /// Not an absolute address with a host.
    #[error("`{0}` is not an address such as https://models.example.com/duologue")]
    Malformed(String),
    /// Neither https nor a loopback host.
    #[error("`{0}` must start with https:// (plain http:// is accepted only for this machine itself)")]
    Insecure(String),
}

/// No model has this id.
#[derive(Debug, Error)]
#[error("there is no model `{asked}`{}; known are: {}", did_you_mean(.nearest.as_deref()), .known.join(", "))]
pub struct UnknownModel {
    /// The id that was asked for.
    pub asked: String,
    /// The id that looks most like it.
    pub nearest: Option<&'static str>,
    /// All ids.
    pub known: Vec<&'static str>,
}

fn did_you_mean(nearest: Option<&str>) -> String {
    nearest.map(|id| format!(", did you mean `{id}`?")).unwrap_or_default()
}

/// A file of the cache cannot be read or written.
#[derive(Debug, Error)]
pub enum DiskError {
    /// No space left while writing.
    #[error("the disk is full: could not {action} {path}; free some space and fetch again, what is complete is kept", path = .path.display())]
    Full {
        /// What was tried, as a verb.
        action: &'static str,
        /// On which file.
        path: PathBuf,
    },
    /// Anything else that the operating system reports.
    #[error("could not {action} {path}: {source}; check the directory's owner and permissions, or set DUOLOGUE_MODELS to another one", path = .path.display())]
    Io {
        /// What was tried, as a verb.
        action: &'static str,
        /// On which file.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
}

impl DiskError {
    /// For `map_err`: `action` is a verb, for example "write".
    pub(super) fn new(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { action, path: path.to_owned() },
            _ => Self::Io { action, path: path.to_owned(), source },
        }
    }
}

/// Why one source did not deliver a model. The next source is tried unless [`SourceError::is_final`].
#[derive(Debug, Error)]
pub enum SourceError {
    /// No connection, or none in time.
    #[error("{place} cannot be reached ({reason})")]
    Unreachable {
        /// Address without credentials.
        place: String,
        /// What the network said.
        reason: String,
    },
    /// The server said no, and asking again would not help.
    #[error("{place} answered with status {status}")]
    Refused {
        /// Address without credentials.
        place: String,
        /// HTTP status.
        status: u16,
    },
    /// The server kept failing, limiting, stalling or breaking off.
    #[error("{place} gave up at {got} of {wanted} after {attempts} attempts without progress ({reason}); fetch again later, what has arrived is kept", got = Size(*.got), wanted = Size(*.wanted))]
    Broken {
        /// Address without credentials.
        place: String,
        /// Bytes that have arrived.
        got: u64,
        /// Bytes of the file.
        wanted: u64,
        /// Attempts since the last progress.
        attempts: u32,
        /// How the last one failed.
        reason: String,
    },
    /// The source has another file under this name, or a network's login page is in between.
    #[error(
        "{place} offers {got} bytes where {wanted} belong, so it is not the pinned file; is a login page of the network in between?"
    )]
    WrongSize {
        /// Address without credentials, or the package's member.
        place: String,
        /// Bytes offered.
        got: u64,
        /// Bytes of the pinned file.
        wanted: u64,
    },
    /// All bytes are there and they are wrong.
    #[error("{place} delivered a wrong file: SHA-256 is {got}, pinned is {wanted}; nothing of it was kept")]
    WrongHash {
        /// Address without credentials, or the package.
        place: String,
        /// SHA-256 of what came.
        got: String,
        /// SHA-256 in the catalogue.
        wanted: String,
    },
    /// Nothing that can download packages is installed.
    #[error(
        "no package client works here (tried: {tried}); install one, for example with `make setup` or `apt-get install python3-pip`"
    )]
    NoClient {
        /// The commands that were tried.
        tried: String,
    },
    /// The package client failed.
    #[error("`{client}` could not download {package}: {reason}")]
    Client {
        /// The command.
        client: String,
        /// Name and version.
        package: String,
        /// The end of what it printed.
        reason: String,
    },
    /// The package is not what was expected inside.
    #[error("the package {package} is not usable: {reason}")]
    Archive {
        /// Name and version.
        package: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The cache cannot be written.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The person or the program changed its mind.
    #[error("cancelled; what has arrived is kept, fetch again to go on")]
    Cancelled,
}

impl SourceError {
    /// True if trying another source would be pointless.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Disk(_) | Self::Cancelled)
    }
}

/// It cannot be said how to fetch the models asked for.
#[derive(Debug, Error)]
pub enum PlanError {
    /// An id is wrong.
    #[error(transparent)]
    Unknown(#[from] UnknownModel),
    /// No source of a model works on this machine.
    #[error("{model} cannot be fetched here: {}; connect to the network, set DUOLOGUE_MODELS_MIRROR, or copy the files into the cache", .reasons.join("; "))]
    NoSource {
        /// Id.
        model: &'static str,
        /// One reason per source.
        reasons: Vec<String>,
    },
    /// The cache cannot be read.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The caller changed its mind.
    #[error("cancelled")]
    Cancelled,
}

/// A fetch stopped before everything was there.
#[derive(Debug, Error)]
pub enum FetchError {
    /// Checked before the first byte.
    #[error("{needed} of free disk are needed at {dir} and {free} are there; free some, or set DUOLOGUE_MODELS to a directory on a bigger disk", needed = Size(*.needed), free = Size(*.free), dir = .dir.display())]
    NotEnoughSpace {
        /// The cache directory.
        dir: PathBuf,
        /// Bytes needed.
        needed: u64,
        /// Bytes free.
        free: u64,
    },
    /// Every source of a model failed.
    #[error("{model} could not be fetched: {}; `duologue models fetch` goes on from what is complete", .reasons.join("; "))]
    Exhausted {
        /// Id.
        model: &'static str,
        /// One reason per source, in the order tried.
        reasons: Vec<String>,
    },
    /// The cache cannot be written.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The caller changed its mind.
    #[error("cancelled; what has arrived is kept, `duologue models fetch` goes on from there")]
    Cancelled,
}

/// A model could not be checked, or is bad.
#[derive(Debug, Error)]
pub enum VerifyError {
    /// The id is wrong.
    #[error(transparent)]
    Unknown(#[from] UnknownModel),
    /// It is not complete, or its bytes are wrong.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// A file cannot be read.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// The caller changed its mind.
    #[error("cancelled")]
    Cancelled,
}

/// A model could not be removed.
#[derive(Debug, Error)]
pub enum RemoveError {
    /// An id is wrong.
    #[error(transparent)]
    Unknown(#[from] UnknownModel),
    /// A file cannot be deleted.
    #[error(transparent)]
    Disk(#[from] DiskError),
    /// Another process is fetching into the same cache.
    #[error("another process is fetching models into {dir}; try again when it has finished", dir = .dir.display())]
    Busy {
        /// The cache directory.
        dir: PathBuf,
    },
}

/// A model that is needed cannot be used. The message names it, its size and the command that mends it.
#[derive(Debug, Error)]
pub enum Unavailable {
    /// It was never fetched, or not completely.
    #[error("the model {model} ({role}, {size}) is not in {dir}; get it with `duologue models fetch{argument}`", size = Size(*.bytes), dir = .dir.display())]
    Missing {
        /// What it is for.
        role: super::Role,
        /// Id.
        model: &'static str,
        /// Its size on disk in bytes.
        bytes: u64,
        /// The cache directory.
        dir: PathBuf,
        /// What to put behind the command: empty, or a blank and the id.
        argument: String,
    },
    /// A file of it has the wrong size or, on verification, the wrong bytes.
    #[error("the {role} model {model} is damaged: {path} {reason}; mend it with `duologue models fetch {model}` ({size})", size = Size(*.bytes), path = .path.display())]
    Corrupt {
        /// What it is for.
        role: super::Role,
        /// Id.
        model: &'static str,
        /// Its size on disk in bytes.
        bytes: u64,
        /// The bad file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The configured id is not a model, or not of the role.
    #[error("{0}; a language model is needed")]
    NotALanguageModel(UnknownModel),
}
