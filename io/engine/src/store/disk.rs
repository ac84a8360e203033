//! Where the cache is, how much room there is, and who may write to it.

use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use etcetera::BaseStrategy;

use super::error::{DiskError, OpenError};
use super::progress::CancelFlag;

/// Room that a fetch leaves free, in bytes, so that it does not starve the rest of the machine.
pub(super) const MARGIN: u64 = 64 * 1024 * 1024;

const LOCK_POLL: Duration = Duration::from_millis(200);
/// A child process shares its parent's lock between fork and exec, so a lock that was just given back may look taken
/// for that moment. Only one that stays taken is.
const LOCK_ATTEMPTS: u32 = 6;
const LOCK_RETRY: Duration = Duration::from_millis(20);

/// `duologue/models` below the platform's usual place for caches.
pub(super) fn usual_place() -> Result<PathBuf, OpenError> {
    let strategy = etcetera::base_strategy::choose_native_strategy().map_err(|_| OpenError::NoCachePlace)?;
    Ok(strategy.cache_dir().join("duologue").join("models"))
}

/// Bytes that this user may still write below `dir`, which must exist.
pub fn free_bytes(dir: &Path) -> Result<u64, DiskError> {
    let stat =
        rustix::fs::statvfs(dir).map_err(|error| DiskError::new("measure the free space of", dir)(error.into()))?;
    Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Makes a directory and those above it.
pub(super) fn make_dir(dir: &Path) -> Result<(), DiskError> {
    fs::create_dir_all(dir).map_err(DiskError::new("create", dir))
}

/// Moves a complete file to its final name, durably.
pub(super) fn settle(from: &Path, to: &Path) -> Result<(), DiskError> {
    if let Some(dir) = to.parent() {
        make_dir(dir)?;
    }
    fs::rename(from, to).map_err(DiskError::new("move into place", to))?;
    // The rename itself must survive a power cut; file systems that cannot sync a directory do it anyway.
    if let Some(Ok(dir)) = to.parent().map(File::open) {
        let _ = dir.sync_all();
    }
    Ok(())
}

/// Deletes a file or folder; one that is not there is fine.
pub(super) fn delete(path: &Path) -> Result<(), DiskError> {
    let outcome = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    match outcome {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(DiskError::new("delete", path)(error)),
        _ => Ok(()),
    }
}

/// Bytes of a file; zero if there is none.
pub(super) fn size_of(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |found| found.len())
}

/// Bytes of all files below a directory. What cannot be read counts as nothing: it is for showing only.
pub(super) fn size_below(dir: &Path) -> u64 {
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let size = |entry: fs::DirEntry| match entry.metadata() {
        Ok(found) if found.is_dir() => size_below(&entry.path()),
        Ok(found) => found.len(),
        Err(_) => 0,
    };
    entries.map(size).sum()
}

/// The right to change the cache. The operating system gives it back when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct CacheLock {
    _file: File,
}

impl CacheLock {
    /// Takes the lock if nobody has it.
    pub(super) fn try_take(dir: &Path) -> Result<Option<Self>, DiskError> {
        make_dir(dir)?;
        let path = dir.join(".lock");
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.map_err(DiskError::new("open", &path))?;
        for attempt in 1.. {
            match file.try_lock() {
                Ok(()) => break,
                Err(TryLockError::WouldBlock) if attempt == LOCK_ATTEMPTS => return Ok(None),
                Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_RETRY),
                Err(TryLockError::Error(error)) => return Err(DiskError::new("lock", &path)(error)),
            }
        }
        Ok(Some(Self { _file: file }))
    }

    /// Waits for the lock; `None` when cancelled. `on_wait` is called once if somebody else has it.
    pub(super) fn take(dir: &Path, cancel: &CancelFlag, on_wait: impl FnOnce()) -> Result<Option<Self>, DiskError> {
        if let Some(lock) = Self::try_take(dir)? {
            return Ok(Some(lock));
        }
        on_wait();
        while !cancel.is_cancelled() {
            if let Some(lock) = Self::try_take(dir)? {
                return Ok(Some(lock));
            }
            cancel.wait(LOCK_POLL);
        }
        Ok(None)
    }
}
