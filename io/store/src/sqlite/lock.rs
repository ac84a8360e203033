//! One process at a time.

use crate::OpenError;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

/// Most bytes read of what the holder says about itself.
const HOLDER_MAX: u64 = 300;

/// Held while the database is open. The file stays where it is afterwards: were it removed, two processes could each
/// lock a file of that name.
///
/// It is not the database itself that is locked: closing a second handle of that would drop SQLite's own locks.
#[derive(Debug)]
pub(super) struct Lock(#[expect(dead_code, reason = "closing the file is what releases the lock")] File);

impl Lock {
    /// Takes the lock beside the database at `path`.
    pub(super) fn take(path: &Path, instance: &str) -> Result<Lock, OpenError> {
        let beside = path_of(path);
        let trouble = |error: std::io::Error| OpenError::File { path: beside.clone(), what: error.to_string() };
        let mut file =
            OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&beside).map_err(trouble)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder = holder(&mut file);
                return Err(OpenError::Locked { path: path.to_owned(), holder });
            }
            Err(TryLockError::Error(error)) => return Err(trouble(error)),
        }
        let line = format!("process {} (instance `{instance}`)\n", std::process::id());
        let write = |file: &mut File| {
            file.set_len(0)?;
            file.seek(SeekFrom::Start(0))?;
            file.write_all(line.as_bytes())
        };
        write(&mut file).map_err(trouble)?;
        Ok(Lock(file))
    }
}

fn path_of(database: &Path) -> PathBuf {
    let mut name = database.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

/// What the other process wrote, which may be just about to.
fn holder(file: &mut File) -> String {
    let mut text = Vec::new();
    let read = file.take(HOLDER_MAX).read_to_end(&mut text);
    let text = String::from_utf8_lossy(&text);
    match (read, text.lines().next()) {
        (Ok(_), Some(line)) if !line.trim().is_empty() => line.trim().chars().filter(|c| !c.is_control()).collect(),
        _ => "another process".to_owned(),
    }
}
