//! Restoring a backup: all of it is unpacked and compared before anything is put in its place.

use super::manifest::Manifest;
use super::place::{There, look, put};
use super::staging::Staging;
use super::unpack::unpack;
use super::{RestoreError, Step};
use crate::archive::Archive;
use std::fs::File;
use std::path::Path;

/// What became of each conversation of a backup, by id.
#[derive(Clone, Debug)]
pub struct Restored {
    /// What the backup holds.
    pub manifest: Manifest,
    /// Put in place.
    pub restored: Vec<String>,
    /// In place already, the same.
    pub same: Vec<String>,
    /// What is there differs, and stayed as it is.
    pub different: Vec<String>,
    /// What is there goes on, is a link, or holds files of somebody else; it stayed as it is, force or not.
    pub untouched: Vec<String>,
}

/// Restores the backup at `path` into `archive`. What differs from what is there stays unless `force`. Killed on the way,
/// each conversation is there whole or as it was, and restoring again does the rest.
///
/// # Errors
/// See [`RestoreError`]. Unless it is [`RestoreError::Place`] nothing was changed.
pub fn restore(
    archive: &Archive,
    path: &Path,
    force: bool,
    progress: &mut dyn FnMut(Step),
) -> Result<Restored, RestoreError> {
    archive.mend();
    let root = archive.root();
    let staging = Staging::create(root).map_err(|source| RestoreError::Write { path: root.into(), source })?;
    let manifest = unpack(path, &staging.new_ones(), progress)?;
    let mut done = Restored { manifest, restored: vec![], same: vec![], different: vec![], untouched: vec![] };
    let of = done.manifest.conversations.len() as u64;
    for (nth, conversation) in done.manifest.conversations.iter().enumerate() {
        let (id, place) = (conversation.id.clone(), archive.folder(&conversation.id));
        let (new, old) = (staging.new_ones().join(&id), staging.old_ones().join(&id));
        match look(&place, conversation) {
            There::Same => done.same.push(id),
            There::Untouchable => done.untouched.push(id),
            There::Different if !force => done.different.push(id),
            There::Nothing | There::Different => {
                put(&new, &place, &old).map_err(|source| RestoreError::Place { path: place, source })?;
                done.restored.push(id);
            }
        }
        progress(Step { done: nth as u64 + 1, of });
    }
    // So that the renames are there after a power cut; whoever can't do that has done what can be done.
    drop(File::open(root).and_then(|root| root.sync_all()));
    Ok(done)
}
