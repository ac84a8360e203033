//! Reads the workspace from `cargo metadata` and from the disk.

mod files;
mod metadata;

use super::Workspace;
use std::path::{Path, PathBuf};

/// Why the workspace could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReadError {
    /// Cargo itself could not be started.
    #[error("cannot run `cargo metadata` in {root}: {source}; is cargo on the PATH?")]
    Start {
        /// The workspace's root.
        root: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Cargo refused, for instance because a manifest is broken.
    #[error("`cargo metadata` failed; mend the manifest that it names:\n{stderr}")]
    Cargo {
        /// What cargo said.
        stderr: String,
    },
    /// Cargo's answer has another shape than the one known here.
    #[error("cannot read the answer of `cargo metadata`: {0}; has its format changed?")]
    Format(#[from] serde_json::Error),
    /// A file or folder could not be read.
    #[error("cannot read {path}: {source}")]
    File {
        /// Which one.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
}

/// Reads packages and Rust files of the workspace at `root`.
pub(crate) fn workspace(root: &Path) -> Result<Workspace, ReadError> {
    let metadata = metadata::run(root)?;
    let files = files::rust_files(root, &metadata.target_directory)?;
    Ok(Workspace { packages: metadata.packages(root), files })
}
