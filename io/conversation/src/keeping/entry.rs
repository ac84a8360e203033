//! Conversations as they lie on the disk, whether or not they can be read.

use super::{PINNED, REMOVING};
use crate::archive::{follow, read_summary};
use crate::folder::{RESERVE, names, unfinished};
use crate::summary::Summary;
use std::fs::{self, File, TryLockError};
use std::path::{Path, PathBuf};

/// A conversation as it lies on the disk.
#[derive(Clone, Debug)]
pub struct Kept {
    /// Its id: the name of its place in the archive.
    pub id: String,
    /// Where its files are.
    pub folder: PathBuf,
    /// Its files are outside the archive, where somebody wanted them.
    pub is_elsewhere: bool,
    /// Its place in the archive is a symbolic link; nothing is removed through one.
    pub is_link: bool,
    /// Its process holds a lock: it goes on, or is being looked at.
    pub is_running: bool,
    /// No rule may remove it.
    pub is_pinned: bool,
    /// What it takes on the disk, by the length of its files.
    pub bytes: u64,
    /// `None` where it can't be read.
    pub summary: Option<Summary>,
}

/// All conversations in the archive at `root`, by id. Folders without a file of a conversation are none.
pub(crate) fn entries(root: &Path) -> Vec<Kept> {
    let found = fs::read_dir(root).into_iter().flatten().flatten();
    let mut kept: Vec<Kept> = found.filter_map(|e| entry(&e.path(), e.file_name().to_str()?)).collect();
    kept.sort_by(|a, b| a.id.cmp(&b.id));
    kept
}

fn entry(place: &Path, id: &str) -> Option<Kept> {
    if !is_plain_id(id) || !place.is_dir() {
        return None;
    }
    let folder = follow(place.to_path_buf());
    let is_elsewhere = folder != place;
    let files = own_files(&folder);
    let bytes = files.iter().filter_map(|name| fs::metadata(folder.join(name)).ok()).map(|m| m.len()).sum();
    let summary = read_summary(&folder).ok();
    // Another conversation may have been put in its place since.
    let is_other = is_elsewhere && summary.as_ref().is_none_or(|s| s.conversation_id != id);
    if files.is_empty() || is_other {
        return None;
    }
    Some(Kept {
        id: id.to_owned(),
        is_link: fs::symlink_metadata(place).is_ok_and(|m| m.is_symlink()),
        is_running: is_running(&folder),
        is_pinned: folder.join(PINNED).is_file(),
        is_elsewhere,
        folder,
        bytes,
        summary,
    })
}

/// Whether a text can be an id, and the name of a folder that lies where it should: letters, digits, `-`, `_` and `.`,
/// at most 64, not beginning with a dot.
pub(crate) fn is_plain_id(id: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (1..=64).contains(&id.len()) && !id.starts_with('.') && id.chars().all(is_plain)
}

/// Names of all files that a conversation may have, without those that are being written.
pub(crate) fn owned() -> impl Iterator<Item = String> {
    names::all().into_iter().map(|(_, name)| name).chain([PINNED.to_owned()])
}

/// Names of the files of a conversation that are in a folder: regular files, no links.
pub(crate) fn own_files(folder: &Path) -> Vec<String> {
    owned().filter(|name| fs::symlink_metadata(folder.join(name)).is_ok_and(|m| m.is_file())).collect()
}

/// Whether nothing is in a folder but files of a conversation.
pub(crate) fn holds_nothing_else(folder: &Path) -> bool {
    let own: Vec<String> = owned().chain([REMOVING, RESERVE].map(str::to_owned)).collect();
    let is_own = |name: &str| own.iter().any(|o| o == name || unfinished(Path::new(o)) == Path::new(name));
    fs::read_dir(folder).is_ok_and(|entries| entries.flatten().all(|e| e.file_name().to_str().is_some_and(is_own)))
}

/// Its process holds a lock on its events while it goes on.
pub(crate) fn is_running(folder: &Path) -> bool {
    let path = folder.join(names::EVENTS);
    // Whatever else lies there must not make anybody wait.
    let events = if path.is_file() { File::open(path).ok() } else { None };
    events.is_some_and(|f| matches!(f.try_lock_shared(), Err(TryLockError::WouldBlock)))
}
