//! A copy while the database is used, and a look at whether it is sound.

use super::open::make_private;
use crate::BackupError;
use crate::checks::CHECKS;
use rusqlite::Connection;
use std::fs::{self, File};
use std::path::{Path, PathBuf};

/// Faults told at most.
const FAULTS: u32 = 100;

/// Writes all that was committed when it began to a new file beside `path`, which the caller then puts in place.
pub(super) fn copy(connection: &Connection, part: &Path) -> rusqlite::Result<()> {
    let name = part.to_string_lossy();
    // An empty file is one that SQLite writes into.
    make_private(part).map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
    connection.execute("VACUUM INTO ?", [name.as_ref()]).map(drop)
}

/// Where a backup is made before it has its name. A name that is no text could not be given to SQLite.
pub(super) fn part_of(path: &Path) -> Result<PathBuf, BackupError> {
    let failed = |what: &str| BackupError::File { path: path.to_owned(), what: what.to_owned() };
    if path.symlink_metadata().is_ok() {
        return Err(BackupError::Exists { path: path.to_owned() });
    }
    let name = path.file_name().and_then(|name| name.to_str()).ok_or_else(|| failed("its name is not UTF-8 text"))?;
    path.to_str().ok_or_else(|| failed("its folder's name is not UTF-8 text"))?;
    let part = path.with_file_name(format!("{name}.{}.part", std::process::id()));
    let _ = fs::remove_file(&part);
    Ok(part)
}

/// Gives a backup its name once it is on the disk.
pub(super) fn put_in_place(part: &Path, path: &Path) -> Result<(), BackupError> {
    let place = || {
        File::open(part)?.sync_all()?;
        // A link fails where the name is taken; a rename would replace what is there.
        fs::hard_link(part, path)?;
        fs::remove_file(part)?;
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(folder)?.sync_all()
    };
    place().map_err(|error: std::io::Error| {
        let _ = fs::remove_file(part);
        match error.kind() {
            std::io::ErrorKind::AlreadyExists => BackupError::Exists { path: path.to_owned() },
            _ => BackupError::File { path: path.to_owned(), what: error.to_string() },
        }
    })
}

/// What is wrong with the file, and with what it says.
pub(super) fn faults(connection: &Connection) -> rusqlite::Result<Vec<String>> {
    let mut check = connection.prepare(&format!("PRAGMA integrity_check({FAULTS})"))?;
    let told = check.query_map([], |row| row.get::<_, String>(0))?.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut faults: Vec<String> = told.into_iter().filter(|line| line != "ok").collect();
    for check in CHECKS {
        let number: i64 = connection.query_row(check.counts, [], |row| row.get(0))?;
        faults.extend((number > 0).then(|| format!("{number} {}", check.what)));
    }
    Ok(faults)
}
