//! A file on its way: hashed while it is written, under another name until its hash is right.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::catalogue::ModelFile;
use super::disk;
use super::error::{DiskError, PlanError, SourceError};
use super::progress::CancelFlag;

/// Bytes per read: large enough that system calls do not count, small enough that progress is smooth.
pub(super) const CHUNK: usize = 256 * 1024;

/// An incomplete file of the catalogue.
pub(super) struct PartFile<'a> {
    wanted: &'a ModelFile,
    path: PathBuf,
    file: File,
    hasher: Sha256,
    len: u64,
}

impl<'a> PartFile<'a> {
    /// Opens what an earlier attempt left, or an empty file, and hashes what is there.
    pub(super) fn resume(path: &Path, wanted: &'a ModelFile) -> Result<Self, DiskError> {
        if let Some(dir) = path.parent() {
            disk::make_dir(dir)?;
        }
        let file = File::options().create(true).truncate(false).read(true).write(true).open(path);
        let file = file.map_err(DiskError::new("open", path))?;
        let mut part = Self { wanted, path: path.to_owned(), file, hasher: Sha256::new(), len: 0 };
        let mut buffer = vec![0; CHUNK];
        loop {
            match part.file.read(&mut buffer).map_err(DiskError::new("read", path))? {
                0 => break,
                n => {
                    part.hasher.update(&buffer[..n]);
                    part.len += n as u64;
                }
            }
        }
        if part.len > wanted.bytes {
            part.restart()?;
        }
        Ok(part)
    }

    /// Opens an empty file.
    pub(super) fn fresh(path: &Path, wanted: &'a ModelFile) -> Result<Self, DiskError> {
        disk::delete(path)?;
        Self::resume(path, wanted)
    }

    /// Throws away what is there.
    pub(super) fn restart(&mut self) -> Result<(), DiskError> {
        let emptied = self.file.set_len(0).and_then(|()| self.file.seek(SeekFrom::Start(0)));
        emptied.map_err(DiskError::new("empty", &self.path))?;
        self.hasher = Sha256::new();
        self.len = 0;
        Ok(())
    }

    /// Appends bytes. What is past the pinned size is the caller's mistake.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<(), DiskError> {
        self.file.write_all(bytes).map_err(DiskError::new("write", &self.path))?;
        self.hasher.update(bytes);
        self.len += bytes.len() as u64;
        Ok(())
    }

    /// Bytes that are there.
    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Bytes that are still to come.
    pub(super) fn missing(&self) -> u64 {
        self.wanted.bytes - self.len
    }

    /// Whether all bytes are there and right.
    pub(super) fn is_right(&self) -> bool {
        self.len == self.wanted.bytes && hex(self.hasher.clone()) == self.wanted.sha256
    }

    /// Moves the file to its final name if it is right, and deletes it if not.
    pub(super) fn settle(self, to: &Path, place: &str) -> Result<(), SourceError> {
        let right = self.is_right();
        if !right {
            drop(self.file);
            disk::delete(&self.path)?;
            if self.len != self.wanted.bytes {
                return Err(SourceError::WrongSize {
                    place: place.to_owned(),
                    got: self.len,
                    wanted: self.wanted.bytes,
                });
            }
            let (got, wanted) = (hex(self.hasher), self.wanted.sha256.to_owned());
            return Err(SourceError::WrongHash { place: place.to_owned(), got, wanted });
        }
        self.file.sync_all().map_err(DiskError::new("write", &self.path))?;
        drop(self.file);
        Ok(disk::settle(&self.path, to)?)
    }
}

/// Why a file could not be hashed.
#[derive(Debug)]
pub(super) enum HashError {
    Disk(DiskError),
    Cancelled,
}

impl From<DiskError> for HashError {
    fn from(error: DiskError) -> Self {
        Self::Disk(error)
    }
}

impl From<HashError> for SourceError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Disk(error) => Self::Disk(error),
            HashError::Cancelled => Self::Cancelled,
        }
    }
}

impl From<HashError> for PlanError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Disk(error) => Self::Disk(error),
            HashError::Cancelled => Self::Cancelled,
        }
    }
}

/// The SHA-256 of a file in lower-case hexadecimal. `on_bytes` gets the bytes read so far.
pub(super) fn sha256_of(path: &Path, cancel: &CancelFlag, on_bytes: &mut dyn FnMut(u64)) -> Result<String, HashError> {
    let disk = |error| HashError::Disk(DiskError::new("read", path)(error));
    let mut file = File::open(path).map_err(disk)?;
    let (mut hasher, mut buffer, mut done) = (Sha256::new(), vec![0; CHUNK], 0);
    loop {
        if cancel.is_cancelled() {
            return Err(HashError::Cancelled);
        }
        match file.read(&mut buffer).map_err(disk)? {
            0 => return Ok(hex(hasher)),
            n => {
                hasher.update(&buffer[..n]);
                done += n as u64;
                on_bytes(done);
            }
        }
    }
}

fn hex(hasher: Sha256) -> String {
    use std::fmt::Write as _;
    hasher.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
