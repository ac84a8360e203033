//! Removing all files of a conversation, so that a process that is killed on the way leaves nothing half there.
//!
//! The first step renames `summary.json`, which takes no room on a full disk: from then on it is no conversation any more,
//! whoever looks. The rest goes file by file, the renamed summary last; what a killed process left is removed by the next
//! look at the archive. Only files that a conversation writes are removed: somebody else's stay, and links are removed as
//! links.

use super::entry::{holds_nothing_else, is_running, owned};
use crate::archive::{ArchiveError, ELSEWHERE, Elsewhere};
use crate::folder::{RESERVE, names, unfinished};
use serde::Deserialize;
use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// What the summary of a conversation is called while the rest is being removed.
pub(crate) const REMOVING: &str = ".removing.json";

/// Removes the conversation in `folder`, and its place in the archive where that only points to it.
pub(crate) fn remove(folder: &Path, pointer: Option<&Path>) -> Result<(), ArchiveError> {
    let failed = |path: &Path| {
        let path = path.to_path_buf();
        move |source| ArchiveError::Io { path, source }
    };
    if let Some(place) = pointer {
        rename(&place.join(ELSEWHERE), &place.join(REMOVING)).map_err(failed(place))?;
    }
    begin(folder).map_err(failed(folder))?;
    finish_in(folder)?;
    pointer.map_or(Ok(()), |place| drop_pointer(place).map_err(failed(place)))
}

/// Takes the conversation out of sight. Where there is no summary, its other files must do.
fn begin(folder: &Path) -> io::Result<()> {
    match fs::rename(folder.join(names::SUMMARY), folder.join(REMOVING)) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            // On a full disk it is removed all the same, only not to the end should the process be killed.
            drop(File::create_new(folder.join(REMOVING)));
            Ok(())
        }
        done => done,
    }
}

/// Removes what is left of a conversation whose removal has begun; one that another process is at is left to it.
pub(crate) fn finish_in(folder: &Path) -> Result<(), ArchiveError> {
    let mark = folder.join(REMOVING);
    let held = if mark.is_file() { File::open(&mark).ok() } else { None };
    if held.as_ref().is_some_and(|mark| matches!(mark.try_lock(), Err(TryLockError::WouldBlock))) {
        return Ok(());
    }
    for path in owned().chain([RESERVE.to_owned()]).map(|name| folder.join(name)) {
        // A process that is killed while it writes leaves the unfinished file too.
        for path in [unfinished(&path), path] {
            // A folder in a file's place is somebody else's.
            if fs::symlink_metadata(&path).is_ok_and(|m| !m.is_dir()) {
                remove_file(&path).map_err(|source| ArchiveError::Io { path, source })?;
            }
        }
    }
    remove_file(&mark).map_err(|source| ArchiveError::Io { path: mark, source })?;
    if holds_nothing_else(folder) {
        drop(fs::remove_dir(folder));
    }
    Ok(())
}

/// Finishes every removal that was begun in the archive at `root`. What can't be removed is tried again next time.
pub(crate) fn mend(root: &Path) {
    for entry in fs::read_dir(root).into_iter().flatten().flatten() {
        let place = entry.path();
        if !entry.file_type().is_ok_and(|t| t.is_dir()) || !place.join(REMOVING).is_file() {
            continue;
        }
        let finished = match pointed_at(&place.join(REMOVING)) {
            None => finish_in(&place),
            Some(folder) => finish_elsewhere(&place, &folder, &entry.file_name().to_string_lossy()),
        };
        if let Err(e) = finished {
            tracing::debug!(%e, "a removal that was begun stays unfinished");
        }
    }
}

/// The place in the archive says that the conversation `id` in `folder` was being removed.
fn finish_elsewhere(place: &Path, folder: &Path, id: &str) -> Result<(), ArchiveError> {
    let is_it = |name: &str| conversation_id(&folder.join(name)).is_some_and(|found| found == id);
    if is_it(names::SUMMARY) && !is_running(folder) {
        return remove(folder, None).and_then(|()| finish_elsewhere(place, folder, id));
    }
    if is_it(REMOVING) {
        finish_in(folder)?;
    }
    drop_pointer(place).map_err(|source| ArchiveError::Io { path: place.into(), source })
}

fn drop_pointer(place: &Path) -> io::Result<()> {
    remove_file(&place.join(REMOVING))?;
    drop(fs::remove_dir(place));
    Ok(())
}

fn pointed_at(mark: &Path) -> Option<PathBuf> {
    serde_json::from_slice::<Elsewhere>(&fs::read(mark).ok()?).ok().map(|e| e.folder)
}

fn conversation_id(summary: &Path) -> Option<String> {
    #[derive(Deserialize)]
    struct Identified {
        conversation_id: String,
    }
    serde_json::from_slice::<Identified>(&fs::read(summary).ok()?).ok().map(|s| s.conversation_id)
}

fn rename(from: &Path, to: &Path) -> io::Result<()> {
    fs::rename(from, to).or_else(ignore_missing)
}

fn remove_file(path: &Path) -> io::Result<()> {
    fs::remove_file(path).or_else(ignore_missing)
}

fn ignore_missing(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}
