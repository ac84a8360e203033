//! `manifest.json`, the last file of a backup: what is in it.

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::io::{self, Read};

pub(super) const NAME: &str = "manifest.json";
pub(super) const FORMAT: &str = "duologue-backup";
pub(super) const VERSION: u32 = 1;
/// Room for the files of some 30,000 conversations.
pub(super) const MAX_BYTES: u64 = 64 << 20;

/// What a backup holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// `duologue-backup`.
    pub format: String,
    /// Of the format.
    pub version: u32,
    /// RFC 3339.
    pub created_at: String,
    /// Version of Duologue.
    pub duologue: String,
    /// By id.
    pub conversations: Vec<ManifestConversation>,
}

/// One conversation of a backup.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestConversation {
    /// Its id.
    pub id: String,
    /// It went on while it was copied: this is its beginning.
    pub running: bool,
    /// Its files.
    pub files: Vec<ManifestFile>,
}

/// One file of a conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestFile {
    /// Its name.
    pub name: String,
    /// Its length.
    pub bytes: u64,
    /// SHA-256, in hexadecimal.
    pub sha256: String,
}

/// Reads through it, counting and hashing.
pub(super) struct Hashing<R> {
    inner: R,
    hash: Sha256,
    bytes: u64,
}

impl<R: Read> Hashing<R> {
    pub(super) fn new(inner: R) -> Hashing<R> {
        Hashing { inner, hash: Sha256::new(), bytes: 0 }
    }

    pub(super) fn finish(self, name: &str) -> ManifestFile {
        let sha256 = self.hash.finalize().iter().map(|b| format!("{b:02x}")).collect();
        ManifestFile { name: name.to_owned(), bytes: self.bytes, sha256 }
    }
}

impl<R: Read> Read for Hashing<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.hash.update(buffer.get(..n).unwrap_or_default());
        self.bytes += n as u64;
        Ok(n)
    }
}

/// The files of a folder of a conversation, by these names.
pub(super) fn hash_files(folder: &std::path::Path, names: &[String]) -> io::Result<Vec<ManifestFile>> {
    let hash = |name: &String| {
        let mut file = Hashing::new(std::fs::File::open(folder.join(name))?);
        io::copy(&mut file, &mut io::sink())?;
        Ok(file.finish(name))
    };
    names.iter().map(hash).collect()
}
