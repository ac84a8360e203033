//! Putting a conversation in its place.

use super::manifest::{ManifestConversation, ManifestFile, hash_files};
use crate::archive::{ELSEWHERE, follow};
use crate::keeping::{PINNED, holds_nothing_else, is_running, own_files};
use std::fs;
use std::io;
use std::path::Path;

/// What lies where a conversation of a backup belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum There {
    /// Nothing, or a pointer that leads nowhere.
    Nothing,
    /// The same.
    Same,
    /// Another one, or the same at another time.
    Different,
    /// It goes on, is a link, or holds files of somebody else: it is not replaced by force either.
    Untouchable,
}

pub(super) fn look(place: &Path, wanted: &ManifestConversation) -> There {
    let Ok(metadata) = fs::symlink_metadata(place) else { return There::Nothing };
    if !metadata.is_dir() {
        return There::Untouchable;
    }
    let folder = follow(place.to_path_buf());
    let names: Vec<String> = own_files(&folder).into_iter().filter(|name| name != PINNED).collect();
    let is_pointer = place.join(ELSEWHERE).is_file();
    let is_empty = || fs::read_dir(place).is_ok_and(|mut entries| entries.next().is_none());
    match names.is_empty() {
        true if is_pointer || is_empty() => There::Nothing,
        _ if is_running(&folder) => There::Untouchable,
        _ if is_same(&folder, &names, wanted) => There::Same,
        _ if is_pointer || holds_nothing_else(place) => There::Different,
        _ => There::Untouchable,
    }
}

fn is_same(folder: &Path, names: &[String], wanted: &ManifestConversation) -> bool {
    let wanted: Vec<&ManifestFile> = wanted.files.iter().filter(|f| f.name != PINNED).collect();
    let has_all = wanted.len() == names.len();
    has_all && hash_files(folder, names).is_ok_and(|found| wanted.iter().all(|w| found.contains(w)))
}

/// Moves `new` to `place`; what is there goes to `old` first, and comes back should the second step fail.
pub(super) fn put(new: &Path, place: &Path, old: &Path) -> io::Result<()> {
    let replaces = match fs::rename(place, old) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => false,
        moved => moved.map(|()| true)?,
    };
    let put = fs::rename(new, place);
    if put.is_err() && replaces {
        fs::rename(old, place)?;
    }
    put
}
