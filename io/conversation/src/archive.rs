//! Conversations that were kept: finding, showing and deleting them.

use crate::conclusion::{conclude_if_cut_off, rebuild_missing};
use crate::folder::{FolderError, names, replace};
use crate::keeping::{self, Kept, PINNED, REMOVING, is_plain_id, is_running};
use crate::summary::{Status, Summary};
use crate::transcript::Transcript;
use serde::{Deserialize, Serialize};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Why a kept conversation can't be had.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// Neither an id nor a folder of one.
    #[error("there is no conversation `{0}`\n  help: `duologue conversation list` shows what is kept")]
    Unknown(String),
    /// The beginning of more than one id.
    #[error("`{name}` is the beginning of {fits} ids: {some}\n  help: write more of the one you mean")]
    Ambiguous {
        /// What was asked for.
        name: String,
        /// How many there are.
        fits: usize,
        /// The newest of them.
        some: String,
    },
    /// Its files are not what they should be.
    #[error("{path} is not readable: {reason}\n  help: the audio beside it still opens in any player")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// It still goes on.
    #[error("the conversation `{0}` is still going on\n  help: end it with Ctrl-C where it runs")]
    Running(String),
    /// Somebody wants it to stay.
    #[error("the conversation `{0}` is pinned\n  help: `duologue conversation unpin {0}` lets it go")]
    Pinned(String),
    /// It would be removed through a link.
    #[error("{path} is a link to {target}\n  help: remove the link yourself, or name the folder that it leads to")]
    Link {
        /// The link.
        path: PathBuf,
        /// Where it leads.
        target: PathBuf,
    },
    /// It still goes on, so it has no report.
    #[error(
        "the conversation `{0}` is still going on, and its report is written when it ends\n  \
         help: `duologue conversation show` tells what was said so far"
    )]
    NoReportYet(String),
    /// The report was missing and can't be written.
    #[error(transparent)]
    NoReport(#[from] FolderError),
    /// A file can't be written or removed.
    #[error("{path}: {source}")]
    Io {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The conversations under a data directory.
#[derive(Clone, Debug)]
pub struct Archive {
    root: PathBuf,
}

type Opened = (PathBuf, Summary, Transcript, Result<(), FolderError>);

/// Points from the archive to a conversation that is kept elsewhere.
#[derive(Serialize, Deserialize)]
pub(crate) struct Elsewhere {
    pub(crate) folder: PathBuf,
}

pub(crate) const ELSEWHERE: &str = "elsewhere.json";

impl Archive {
    /// The archive in `home`, which need not exist yet.
    pub fn new(home: &Path) -> Archive {
        Archive { root: home.join("conversations") }
    }

    /// Where all of them are.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// Finishes what processes that were killed had begun: removals, and restoring.
    pub fn mend(&self) {
        keeping::mend(&self.root);
        crate::backup::mend(&self.root);
    }

    /// All conversations as they lie on the disk, by id, also those that can't be read.
    pub fn kept(&self) -> Vec<Kept> {
        self.mend();
        keeping::entries(&self.root)
    }

    /// Where a conversation is kept unless somebody says otherwise.
    pub fn folder(&self, id: &str) -> PathBuf {
        self.root.join(id)
    }

    /// Remembers that a conversation is kept elsewhere.
    pub fn note(&self, id: &str, folder: &Path) -> Result<(), ArchiveError> {
        let place = self.folder(id);
        let write = || -> io::Result<()> {
            fs::create_dir_all(&place)?;
            let folder = fs::canonicalize(folder)?;
            replace(&place.join(ELSEWHERE), &serde_json::to_vec(&Elsewhere { folder })?)
        };
        write().map_err(|source| ArchiveError::Io { path: place.clone(), source })
    }

    /// All that opens, newest first. Those whose process was killed are concluded now.
    pub fn list(&self) -> Vec<(PathBuf, Summary)> {
        self.mend();
        let entries = fs::read_dir(&self.root).into_iter().flatten().flatten().filter(has_plain_name);
        let mut found: Vec<(PathBuf, Summary)> = entries
            .filter_map(|e| {
                let folder = follow(e.path());
                let mut summary = read_summary(&folder).ok()?;
                // Another conversation may have been put in its place since.
                if folder != e.path() && *summary.conversation_id != *e.file_name() {
                    return None;
                }
                // Where that can't be written the summary says so.
                drop(conclude_if_cut_off(&folder, &mut summary, &read_transcript(&folder).unwrap_or_default()));
                Some((folder, summary))
            })
            .collect();
        found.sort_by(|a, b| b.1.started_at.cmp(&a.1.started_at));
        found
    }

    /// The folder of a conversation, by id, by the beginning of an id, or by the folder itself.
    pub fn find(&self, name: &str) -> Result<PathBuf, ArchiveError> {
        let direct = Path::new(name);
        if direct.join(names::SUMMARY).is_file() {
            return Ok(direct.to_path_buf());
        }
        let mut fits = self.list();
        fits.retain(|(_, s)| !name.is_empty() && s.conversation_id.starts_with(name));
        match fits.as_slice() {
            [] => Err(ArchiveError::Unknown(name.to_string())),
            [(folder, _)] => Ok(folder.clone()),
            many => match many.iter().find(|(_, s)| s.conversation_id == name) {
                Some((folder, _)) => Ok(folder.clone()),
                None => Err(ambiguous(name, many)),
            },
        }
    }

    /// The folder of a conversation, by its full id and nothing else: for names that come from outside.
    pub fn exactly(&self, id: &str) -> Result<PathBuf, ArchiveError> {
        let unknown = || ArchiveError::Unknown(id.to_owned());
        let folder = if is_plain_id(id) { follow(self.folder(id)) } else { return Err(unknown()) };
        match read_summary(&folder) {
            Ok(summary) if summary.conversation_id == id => Ok(folder),
            Ok(_) => Err(unknown()),
            Err(_) if !folder.join(names::SUMMARY).exists() => Err(unknown()),
            Err(unreadable) => Err(unreadable),
        }
    }

    /// Those that are being held at the moment, newest first, whichever process holds them.
    pub fn running(&self) -> Vec<(PathBuf, Summary)> {
        let entries = fs::read_dir(&self.root).into_iter().flatten().flatten().filter(has_plain_name);
        let summaries = entries.filter_map(|e| {
            let folder = follow(e.path());
            Some((read_summary(&folder).ok()?, folder))
        });
        // The lock is tried last: a conversation that is about to begin has no summary yet, and needs it.
        let mut found: Vec<(PathBuf, Summary)> = summaries
            .filter(|(summary, folder)| summary.status == Status::Running && is_running(folder))
            .map(|(summary, folder)| (folder, summary))
            .collect();
        found.sort_by(|a, b| b.1.started_at.cmp(&a.1.started_at));
        found
    }

    /// What came of a conversation. One whose process was killed is concluded now, from what is on disk, and files that
    /// are made of others and are missing are made again.
    pub fn open(&self, name: &str) -> Result<(PathBuf, Summary, Transcript), ArchiveError> {
        let (folder, summary, transcript, whole) = self.open_whole(name)?;
        if let Err(e) = whole {
            tracing::debug!(%e, "its report stays unwritten");
        }
        Ok((folder, summary, transcript))
    }

    /// The page of a conversation that is over; like [`Archive::open`] it makes what is missing.
    pub fn report(&self, name: &str) -> Result<PathBuf, ArchiveError> {
        let (folder, summary, _, whole) = self.open_whole(name)?;
        if summary.status == Status::Running {
            return Err(ArchiveError::NoReportYet(summary.conversation_id));
        }
        whole?;
        Ok(folder.join(names::REPORT))
    }

    /// What is kept, and whether all that was missing could be written.
    fn open_whole(&self, name: &str) -> Result<Opened, ArchiveError> {
        let folder = self.find(name)?;
        let mut summary = read_summary(&folder)?;
        let transcript = read_transcript(&folder)?;
        let whole = conclude_if_cut_off(&folder, &mut summary, &transcript)
            .and_then(|()| rebuild_missing(&folder, &mut summary, &transcript));
        Ok((folder, summary, transcript, whole))
    }

    /// Removes all that is kept of a conversation, also of one that can't be read. Should the process be killed on the
    /// way, the next look at the archive finishes it.
    ///
    /// # Errors
    /// It is not there, goes on, is pinned, is only a link, or a file can't be removed.
    pub fn delete(&self, name: &str) -> Result<PathBuf, ArchiveError> {
        let folder = self.find_any(name)?;
        let id = read_summary(&folder).map_or_else(|_| name.to_owned(), |s| s.conversation_id);
        if let Ok(target) = fs::read_link(&folder) {
            return Err(ArchiveError::Link { path: folder, target });
        }
        if is_running(&folder) {
            return Err(ArchiveError::Running(id));
        }
        if folder.join(PINNED).is_file() {
            return Err(ArchiveError::Pinned(id));
        }
        let place = if is_plain_id(&id) { Some(self.folder(&id)) } else { None };
        keeping::remove(&folder, place.filter(|p| p.join(ELSEWHERE).is_file()).as_deref())?;
        Ok(folder)
    }

    /// As [`Archive::find`], and also what can't be read: by the full id, or by the folder.
    pub fn find_any(&self, name: &str) -> Result<PathBuf, ArchiveError> {
        let unknown = match self.find(name) {
            Err(unknown @ ArchiveError::Unknown(_)) => unknown,
            Ok(folder) => match read_summary(&folder) {
                // A `summary.json` of something else.
                Err(e) if !is_broken(&folder) && !folder.starts_with(&self.root) => return Err(e),
                _ => return Ok(folder),
            },
            found => return found,
        };
        let direct = PathBuf::from(name);
        let broken = self.kept().into_iter().find(|k| k.id == name).map(|k| k.folder);
        broken.or((direct.join(REMOVING).is_file() || is_broken(&direct)).then_some(direct)).ok_or(unknown)
    }
}

/// Whether a folder without a readable summary is that of a conversation all the same.
fn is_broken(folder: &Path) -> bool {
    [names::EVENTS, names::STEREO].iter().all(|name| folder.join(name).is_file())
}

/// Others are places that are being made or removed.
fn has_plain_name(entry: &fs::DirEntry) -> bool {
    entry.file_name().to_str().is_some_and(is_plain_id)
}

fn ambiguous(name: &str, many: &[(PathBuf, Summary)]) -> ArchiveError {
    const SHOWN: usize = 4;
    let mut some: Vec<&str> = many.iter().take(SHOWN).map(|(_, s)| s.conversation_id.as_str()).collect();
    if many.len() > SHOWN {
        some.push("…");
    }
    ArchiveError::Ambiguous { name: name.to_string(), fits: many.len(), some: some.join(", ") }
}

pub(crate) fn follow(folder: PathBuf) -> PathBuf {
    let pointer = fs::read(folder.join(ELSEWHERE)).ok();
    pointer.and_then(|b| serde_json::from_slice::<Elsewhere>(&b).ok()).map_or(folder, |e| e.folder)
}

pub(crate) fn read_summary(folder: &Path) -> Result<Summary, ArchiveError> {
    read_json(&folder.join(names::SUMMARY))
}

/// A conversation that was killed before the first word has no transcript yet.
pub(crate) fn read_transcript(folder: &Path) -> Result<Transcript, ArchiveError> {
    let path = folder.join(names::TRANSCRIPT);
    if path.exists() { read_json(&path) } else { Ok(Transcript::default()) }
}

fn read_json<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<T, ArchiveError> {
    let unreadable = |reason: String| ArchiveError::Unreadable { path: path.to_path_buf(), reason };
    let bytes = fs::read(path).map_err(|e| unreadable(e.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|e| unreadable(e.to_string()))
}
