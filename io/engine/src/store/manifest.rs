//! Remembers which files were hashed, so that a gigabyte is read once and not at every start.
//!
//! A verdict holds as long as size and modification time stay what they were. The file is a cache: losing it costs time
//! only, so an unreadable one counts as empty.

use std::collections::BTreeMap;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use super::catalogue::ModelFile;
use super::error::DiskError;

const NAME: &str = "manifest.json";

/// What is known about the files of a cache directory.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Manifest {
    files: BTreeMap<String, Record>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Record {
    bytes: u64,
    modified_ns: u128,
    /// The hash that was pinned when it was compared: a program with another pin compares again.
    pinned: String,
    matches: bool,
    from: String,
}

/// What the last comparison of a file's hash said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// The file changed since, or was never compared.
    Unknown,
    /// It is the pinned file, and came from here.
    Good(String),
    /// It is not the pinned file.
    Bad,
}

impl Manifest {
    pub(super) fn load(dir: &Path) -> Self {
        fs::read(dir.join(NAME)).ok().and_then(|json| serde_json::from_slice(&json).ok()).unwrap_or_default()
    }

    pub(super) fn save(&self, dir: &Path) -> Result<(), DiskError> {
        let path = dir.join(NAME);
        // Its own name per process: two of them may verify at the same time.
        let fresh: PathBuf = dir.join(format!(".{NAME}.{}", std::process::id()));
        let json = serde_json::to_vec_pretty(self).unwrap_or_default();
        fs::write(&fresh, json).map_err(DiskError::new("write", &fresh))?;
        fs::rename(&fresh, &path).map_err(DiskError::new("write", &path))
    }

    pub(super) fn verdict(&self, file: &ModelFile, found: &Metadata) -> Verdict {
        match self.files.get(file.path) {
            Some(record) if record.is_about(file, found) && record.matches => Verdict::Good(record.from.clone()),
            Some(record) if record.is_about(file, found) => Verdict::Bad,
            _ => Verdict::Unknown,
        }
    }

    /// Records the outcome of a comparison.
    pub(super) fn record(&mut self, file: &ModelFile, found: &Metadata, matches: bool, from: &str) {
        let record = Record {
            bytes: found.len(),
            modified_ns: modified_ns(found),
            pinned: file.sha256.to_owned(),
            matches,
            from: from.to_owned(),
        };
        self.files.insert(file.path.to_owned(), record);
    }

    pub(super) fn forget(&mut self, file: &ModelFile) {
        self.files.remove(file.path);
    }
}

impl Record {
    fn is_about(&self, file: &ModelFile, found: &Metadata) -> bool {
        self.bytes == found.len() && self.modified_ns == modified_ns(found) && self.pinned == file.sha256
    }
}

/// Zero where the file system keeps no times; then size alone decides.
fn modified_ns(found: &Metadata) -> u128 {
    found.modified().ok().and_then(|time| time.duration_since(UNIX_EPOCH).ok()).map_or(0, |since| since.as_nanos())
}
