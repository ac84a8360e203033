//! Backup: one file with a copy of every conversation of an archive, and the way back.
//!
//! A backup is a tar file, compressed with gzip or Zstandard: `conversations/ID/FILE` for each file, and last of all
//! `manifest.json` with the length and the SHA-256 of each. Nothing but files that a conversation writes goes into it, so
//! that no settings and no keys do; nothing but such files comes out of it.
//!
//! Both ways are safe against being killed: a backup has its name once it is whole, and a conversation is put in its place
//! by a rename once the whole backup was read and every checksum holds.

mod compression;
mod error;
mod manifest;
mod place;
mod restore;
mod staging;
mod unpack;
mod write;

pub use compression::Compression;
pub use error::{BackupError, RestoreError};
pub use manifest::Manifest;
pub use restore::{Restored, restore};
pub use write::{Backup, write_backup};

pub(crate) use staging::mend;

/// How far a backup or a restore is: after every 64 kB, and after every rename.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Bytes done.
    pub done: u64,
    /// Of so many; those that are read of the file, when restoring.
    pub of: u64,
}

/// Bytes that are moved at a time.
const CHUNK: usize = 64 << 10;
