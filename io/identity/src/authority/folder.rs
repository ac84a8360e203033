//! The folder in which an authority keeps its roots and what was decided.

use super::root::{KeptRoot, Record};
use duologue_ids::TrustDomain;
use duologue_trust::Registry;
use serde::{Deserialize, Serialize};
use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use thiserror::Error;

const STATE: &str = "authority.json";
const ISSUED: &str = "issued.jsonl";
/// Which form the state has.
const VERSION: u32 = 1;

/// Why the folder of an authority cannot be used.
#[derive(Debug, Error)]
pub enum FolderError {
    /// The system says so.
    #[error("{} cannot be used ({error}): see that it is there, that this user may write there, and that the disk is not full", path.display())]
    File {
        /// Which file or folder.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Another authority has it.
    #[error("another authority works in {}: stop that one, or give another folder", path.display())]
    Locked {
        /// Which folder.
        path: PathBuf,
    },
    /// Others may read the keys.
    #[error("{} can be read by others, and holds the keys of the authority: make it this user's only (chmod go= {}), and if others were on this machine, remove the folder, so that new keys are made", path.display(), path.display())]
    Exposed {
        /// Which file or folder.
        path: PathBuf,
    },
    /// It is another program's, or another version's.
    #[error("{} is no state of an authority that this version knows ({why}): give another folder, or mend it", path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
    /// It is another authority's.
    #[error("{} is the folder of the authority of {found}, and not of {wanted}: give another folder, or that trust domain", path.display())]
    OtherDomain {
        /// Which folder.
        path: PathBuf,
        /// Whose it is.
        found: TrustDomain,
        /// Whose it was to be.
        wanted: TrustDomain,
    },
}

/// What is kept.
#[derive(Serialize, Deserialize)]
pub(super) struct Kept {
    version: u32,
    pub(super) domain: TrustDomain,
    pub(super) sequence: u64,
    pub(super) roots: Vec<KeptRoot>,
    pub(super) registry: Registry,
}

impl Kept {
    pub(super) fn new(domain: TrustDomain, sequence: u64, roots: Vec<KeptRoot>, registry: Registry) -> Kept {
        Kept { version: VERSION, domain, sequence, roots, registry }
    }
}

/// The folder, which nobody else has while this is held.
pub(super) struct Folder {
    place: Arc<Place>,
    issued: File,
}

/// Where the state is written.
pub(super) struct Place {
    path: PathBuf,
    /// Of what was written last: what is older by the time that it comes is written no more.
    newest: Mutex<u64>,
    _lock: File,
}

impl Folder {
    /// Opens it; makes it where there is none.
    pub(super) fn open(path: &Path) -> Result<Folder, FolderError> {
        let failed = |error| FolderError::File { path: path.to_owned(), error };
        DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(failed)?;
        check_private(path)?;
        let lock = private().create(true).truncate(false).open(path.join("lock")).map_err(failed)?;
        lock.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => FolderError::Locked { path: path.to_owned() },
            TryLockError::Error(error) => failed(error),
        })?;
        let issued = open_issued(path).map_err(failed)?;
        let place = Place { path: path.to_owned(), newest: Mutex::new(0), _lock: lock };
        Ok(Folder { place: Arc::new(place), issued })
    }

    pub(super) fn path(&self) -> &Path {
        &self.place.path
    }

    pub(super) fn place(&self) -> Arc<Place> {
        Arc::clone(&self.place)
    }

    /// What is kept; none in a new folder.
    pub(super) fn load(&self, wanted: &TrustDomain) -> Result<Option<Kept>, FolderError> {
        let path = self.path().join(STATE);
        let unreadable = |why: String| FolderError::Unreadable { path: path.clone(), why };
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(FolderError::File { path, error }),
        };
        check_private(&path)?;
        let kept: Kept = serde_json::from_slice(&text).map_err(|error| unreadable(error.to_string()))?;
        if kept.version != VERSION {
            return Err(unreadable(format!("version {}", kept.version)));
        }
        if kept.domain != *wanted {
            let (path, wanted) = (self.path().to_owned(), wanted.clone());
            return Err(FolderError::OtherDomain { path, found: kept.domain, wanted });
        }
        Ok(Some(kept))
    }

    /// What was issued and is still valid at this time, as it was noted. A line that a crash cut off is passed over: its certificate
    /// was given to nobody.
    pub(super) fn load_issued(&mut self, now: duologue_trust::Moment) -> Result<Vec<Record>, FolderError> {
        let path = self.path().join(ISSUED);
        let mut load = || {
            let text = fs::read_to_string(&path)?;
            let read = text.lines().filter_map(|line| serde_json::from_str::<Record>(line).ok());
            let records: Vec<Record> = read.filter(|record| now < record.until).collect();
            self.rewrite_issued(&records)?;
            Ok(records)
        };
        load().map_err(|error| FolderError::File { path: path.clone(), error })
    }

    /// Notes what is issued, before anybody gets it.
    pub(super) fn note(&mut self, record: &Record) -> Result<(), FolderError> {
        let mut line = serde_json::to_vec(record).unwrap_or_default();
        line.push(b'\n');
        let place = Arc::clone(&self.place);
        self.issued.write_all(&line).map_err(|error| FolderError::File { path: place.path.join(ISSUED), error })
    }

    /// Notes these and nothing else.
    pub(super) fn rewrite_issued(&mut self, records: &[Record]) -> io::Result<()> {
        let mut text = Vec::new();
        for record in records {
            serde_json::to_writer(&mut text, record)?;
            text.push(b'\n');
        }
        self.place.replace(ISSUED, &text)?;
        self.issued = open_issued(&self.place.path)?;
        Ok(())
    }
}

impl Place {
    /// Keeps it: after this, and after a power failure, either all of it is there or what was there before.
    pub(super) fn save(&self, kept: &Kept) -> Result<(), FolderError> {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.sequence <= *newest {
            return Ok(());
        }
        let save = || {
            let text = serde_json::to_vec(kept).map_err(io::Error::other)?;
            self.replace(STATE, &text)
        };
        save().map_err(|error| FolderError::File { path: self.path.join(STATE), error })?;
        *newest = kept.sequence;
        Ok(())
    }

    fn replace(&self, name: &str, text: &[u8]) -> io::Result<()> {
        let fresh = self.path.join(format!("{name}.new"));
        let mut file = private().create(true).truncate(true).open(&fresh)?;
        file.write_all(text)?;
        file.sync_all()?;
        fs::rename(&fresh, self.path.join(name))?;
        File::open(&self.path)?.sync_all()
    }
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.write(true).mode(0o600);
    options
}

fn open_issued(folder: &Path) -> io::Result<File> {
    OpenOptions::new().append(true).create(true).mode(0o600).open(folder.join(ISSUED))
}

fn check_private(path: &Path) -> Result<(), FolderError> {
    let metadata = fs::metadata(path).map_err(|error| FolderError::File { path: path.to_owned(), error })?;
    match metadata.permissions().mode() & 0o077 {
        0 => Ok(()),
        _ => Err(FolderError::Exposed { path: path.to_owned() }),
    }
}
