//! One platform in a data directory at a time.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

const NAME: &str = "up.lock";

/// Why there can be none here.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LockError {
    #[error(
        "another `duologue up` uses {0}\n  help: end that one, or give this one a data directory of its own with --home"
    )]
    Taken(PathBuf),
    #[error("cannot use {path} as data directory: {source}\n  help: check its owner, or choose another with --home")]
    Io { path: PathBuf, source: io::Error },
}

/// Held as long as the platform runs; the system lets go of it also where the process is killed.
#[derive(Debug)]
pub(crate) struct HomeLock(#[allow(dead_code, reason = "held for its lock")] File);

impl HomeLock {
    pub(crate) fn take(home: &Path) -> Result<HomeLock, LockError> {
        let failed = |source| LockError::Io { path: home.to_owned(), source };
        std::fs::create_dir_all(home).map_err(failed)?;
        let options = &mut OpenOptions::new();
        let mut file = options.create(true).write(true).truncate(false).open(home.join(NAME)).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(LockError::Taken(home.to_owned())),
            Err(TryLockError::Error(source)) => return Err(failed(source)),
        }
        // For people who wonder whose it is.
        file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id())).map_err(failed)?;
        Ok(HomeLock(file))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_one_is_refused_until_the_first_is_over() {
        let home = tempfile::tempdir().unwrap();
        let first = HomeLock::take(home.path()).unwrap();
        let told = HomeLock::take(home.path()).unwrap_err().to_string();
        assert!(told.contains("another `duologue up`") && told.contains("--home"), "{told}");
        drop(first);
        HomeLock::take(home.path()).unwrap();
    }
}
