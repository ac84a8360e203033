//! Where a backup is unpacked: a hidden folder of the archive, so that a rename puts things in their place. What a process
//! leaves there that was killed is cleared away by the next look at the archive.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

const PREFIX: &str = ".restoring-";
const NEW: &str = "new";
const OLD: &str = "old";
const LOCK: &str = ".lock";

/// A folder for one restore; it goes when this does.
pub(super) struct Staging {
    folder: PathBuf,
    lock: PathBuf,
    _held: File,
}

impl Staging {
    pub(super) fn create(root: &Path) -> io::Result<Staging> {
        let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos());
        let folder = root.join(format!("{PREFIX}{}-{nanos}", std::process::id()));
        let lock = lock_of(&folder);
        fs::create_dir_all(root)?;
        // Locked before the folder is there: nobody takes it for one that was left.
        let held = File::create_new(&lock)?;
        held.lock()?;
        fs::create_dir_all(folder.join(NEW))?;
        fs::create_dir(folder.join(OLD))?;
        Ok(Staging { folder, lock, _held: held })
    }

    /// Where conversations wait for their place.
    pub(super) fn new_ones(&self) -> PathBuf {
        self.folder.join(NEW)
    }

    /// Where those go that are replaced.
    pub(super) fn old_ones(&self) -> PathBuf {
        self.folder.join(OLD)
    }
}

impl Drop for Staging {
    fn drop(&mut self) {
        clear(&self.folder, &self.lock);
    }
}

fn lock_of(folder: &Path) -> PathBuf {
    let mut name = folder.as_os_str().to_owned();
    name.push(LOCK);
    PathBuf::from(name)
}

/// Brings back what was being replaced, and removes the rest.
fn clear(folder: &Path, lock: &Path) {
    if let Some(root) = folder.parent() {
        for old in fs::read_dir(folder.join(OLD)).into_iter().flatten().flatten() {
            let place = root.join(old.file_name());
            if fs::symlink_metadata(&place).is_err() {
                drop(fs::rename(old.path(), place));
            }
        }
    }
    if fs::remove_dir_all(folder).is_ok() || !folder.exists() {
        drop(fs::remove_file(lock));
    }
}

/// Clears away what processes left in `root` that are gone.
pub(crate) fn mend(root: &Path) {
    for entry in fs::read_dir(root).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
        let folder = root.join(name.trim_end_matches(LOCK));
        let lock = lock_of(&folder);
        let held = File::open(&lock);
        if held.as_ref().is_ok_and(|f| matches!(f.try_lock(), Err(TryLockError::WouldBlock))) {
            continue;
        }
        // A lock of which the folder is not there yet may be about to be locked: it is left for the next time unless old.
        let is_fresh =
            || lock.metadata().and_then(|m| m.modified()).is_ok_and(|m| m.elapsed().is_ok_and(|e| e.as_secs() < 60));
        if folder.is_dir() || !is_fresh() {
            clear(&folder, &lock);
        }
    }
}
