//! Pinning: what no rule may remove, and nobody by mistake.

use super::PINNED;
use crate::archive::{Archive, ArchiveError};
use std::fs;
use std::io;
use std::path::PathBuf;

/// Why a conversation can't be pinned or unpinned.
#[derive(Debug, thiserror::Error)]
pub enum PinError {
    /// It can't be found.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// The mark can't be written or removed.
    #[error(
        "cannot change {path}: {source}\n  help: check the folder's owner and permissions, and that the disk has room"
    )]
    Mark {
        /// The mark.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl Archive {
    /// Marks a conversation as one to keep, or takes the mark away. Says where it is.
    ///
    /// # Errors
    /// It is not there, or its folder can't be written.
    pub fn pin(&self, name: &str, pinned: bool) -> Result<PathBuf, PinError> {
        let folder = self.find(name)?;
        let path = folder.join(PINNED);
        let done = match pinned {
            true => fs::OpenOptions::new().create(true).append(true).open(&path).map(drop),
            false => {
                fs::remove_file(&path).or_else(|e| if e.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(e) })
            }
        };
        done.map(|()| folder).map_err(|source| PinError::Mark { path, source })
    }
}
