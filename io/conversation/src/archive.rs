//! Conversations that were kept: finding, concluding, showing and deleting them.

use crate::folder::{FolderError, names, replace, unfinished};
use crate::measure::{self, PEAKS_PER_SECOND, RecordedSide};
use crate::report::{self, Report};
use crate::scenario::{CastScenario, Side, judge};
use crate::summary::{Status, Summary};
use crate::transcript::Transcript;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
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

/// Points from the archive to a conversation that is kept elsewhere.
#[derive(Serialize, Deserialize)]
struct Elsewhere {
    folder: PathBuf,
}

const ELSEWHERE: &str = "elsewhere.json";

impl Archive {
    /// The archive in `home`, which need not exist yet.
    pub fn new(home: &Path) -> Archive {
        Archive { root: home.join("conversations") }
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
        let entries = fs::read_dir(&self.root).into_iter().flatten().flatten();
        let mut found: Vec<(PathBuf, Summary)> = entries
            .filter_map(|e| {
                let folder = follow(e.path());
                let mut summary = read_summary(&folder).ok()?;
                // Another conversation may have been put in its place since.
                if folder != e.path() && *summary.conversation_id != *e.file_name() {
                    return None;
                }
                conclude_if_cut_off(&folder, &mut summary, &read_transcript(&folder).unwrap_or_default());
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

    /// What came of a conversation. One whose process was killed is concluded now, from what is on disk.
    pub fn open(&self, name: &str) -> Result<(PathBuf, Summary, Transcript), ArchiveError> {
        let folder = self.find(name)?;
        let mut summary = read_summary(&folder)?;
        let transcript = read_transcript(&folder)?;
        conclude_if_cut_off(&folder, &mut summary, &transcript);
        Ok((folder, summary, transcript))
    }

    /// Removes all that is kept of a conversation.
    pub fn delete(&self, name: &str) -> Result<PathBuf, ArchiveError> {
        let folder = self.find(name)?;
        let summary = read_summary(&folder)?;
        if is_running(&folder) {
            return Err(ArchiveError::Running(summary.conversation_id));
        }
        remove_files(&folder, &summary)?;
        let pointer = self.folder(&summary.conversation_id);
        if pointer.join(ELSEWHERE).is_file() {
            fs::remove_dir_all(&pointer).map_err(|source| ArchiveError::Io { path: pointer, source })?;
        }
        Ok(folder)
    }
}

fn ambiguous(name: &str, many: &[(PathBuf, Summary)]) -> ArchiveError {
    const SHOWN: usize = 4;
    let mut some: Vec<&str> = many.iter().take(SHOWN).map(|(_, s)| s.conversation_id.as_str()).collect();
    if many.len() > SHOWN {
        some.push("…");
    }
    ArchiveError::Ambiguous { name: name.to_string(), fits: many.len(), some: some.join(", ") }
}

/// Judges, measures and writes the last files of a conversation.
pub(crate) fn conclude(
    folder: &Path,
    summary: &mut Summary,
    transcript: &Transcript,
    cast: &CastScenario,
) -> Result<(), FolderError> {
    let end = summary.end_reason.and_then(|r| serde_json::to_value(r).ok());
    let end = end.as_ref().and_then(|v| v.as_str()).unwrap_or("");
    let sides = [measure::read_side(folder, Side::Support), measure::read_side(folder, Side::Customer)];
    summary.duration_s = round(sides[0].length.max(sides[1].length).as_secs_f64());
    summary.verdicts = judge(cast, &transcript.facts(summary.duration_s, end, summary.ended_by));
    summary.goal_reached = !summary.verdicts.is_empty() && summary.verdicts.iter().all(|v| v.passed);
    summary.status = Status::Ended;
    write_conclusion(folder, summary, transcript, &sides)
}

/// Concludes what is said to go on though its process is gone. Where that can't be written (a full disk, somebody else's
/// folder) the summary says why, for what was said can be read all the same.
fn conclude_if_cut_off(folder: &Path, summary: &mut Summary, transcript: &Transcript) {
    if summary.status != Status::Running {
        return;
    }
    let events = File::open(folder.join(names::EVENTS));
    // Held until all is written: of two that look at the same time one does it.
    if events.as_ref().is_ok_and(|f| matches!(f.try_lock(), Err(TryLockError::WouldBlock))) {
        return;
    }
    let sides = [measure::read_side(folder, Side::Support), measure::read_side(folder, Side::Customer)];
    summary.duration_s = round(sides[0].length.max(sides[1].length).as_secs_f64());
    summary.status = Status::CutOff;
    summary.error = Some("its process ended before the conversation did; this is what was said until then".into());
    [names::EVENTS, names::METRICS].iter().for_each(|name| drop_half_line(&folder.join(name)));
    if let Err(e) = write_conclusion(folder, summary, transcript, &sides) {
        summary.error = Some(format!("its process ended before the conversation did, and {e}"));
    }
}

/// A process that is killed while it writes may leave a part of a line.
fn drop_half_line(path: &Path) {
    let Ok(bytes) = fs::read(path) else { return };
    let whole = bytes.iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
    if whole < bytes.len()
        && let Err(e) = OpenOptions::new().write(true).open(path).and_then(|f| f.set_len(whole as u64))
    {
        tracing::debug!(%e, "half a line stays at the end of {}", path.display());
    }
}

/// Every file is tried, so that a full disk costs the large ones only; the summary comes last and says what is there.
fn write_conclusion(
    folder: &Path,
    summary: &mut Summary,
    transcript: &Transcript,
    sides: &[RecordedSide; 2],
) -> Result<(), FolderError> {
    summary.turns = transcript.utterances.len() as u32;
    summary.metrics = measure::metrics(sides, transcript);
    summary.files = files(folder);
    let page = build_report(folder, summary, transcript, sides);
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        replace(&path, bytes).map_err(|source| FolderError::Write { path, source })
    };
    let written = [
        write(names::TRANSCRIPT_TEXT, report::render_text(&page).as_bytes()),
        write(names::CAPTIONS, report::render_vtt(&page).as_bytes()),
        write(names::REPORT, report::render(&page).as_bytes()),
    ];
    let failed = written.into_iter().find_map(Result::err);
    if let Some(e) = &failed {
        summary.error.get_or_insert(e.to_string());
        summary.files.retain(|_, name| name == names::SUMMARY || folder.join(name).is_file());
    }
    let last = write(names::SUMMARY, &serde_json::to_vec_pretty(summary).unwrap_or_default());
    failed.map_or(last, Err)
}

fn build_report(folder: &Path, summary: &Summary, transcript: &Transcript, sides: &[RecordedSide; 2]) -> Report {
    // A killed process may have left half a character at the end.
    let events = fs::read(folder.join(names::EVENTS)).unwrap_or_default();
    let mut page = crate::page::report(summary, transcript, &String::from_utf8_lossy(&events));
    page.peaks_per_second = PEAKS_PER_SECOND;
    for (speaker, side) in page.speakers.iter_mut().zip(sides) {
        speaker.peaks.clone_from(&side.peaks);
    }
    if let Ok(bytes) = fs::read(folder.join(names::STEREO)) {
        page.audio = Some(report::Audio { path: names::STEREO.into(), mime: "audio/ogg".into(), bytes });
    }
    // Those that are written after the page have no size yet, or an old one.
    let final_size = |path: &str| ![names::SUMMARY, names::TRANSCRIPT_TEXT, names::CAPTIONS].contains(&path);
    for file in page.files.iter_mut().filter(|f| final_size(&f.path)) {
        file.bytes = fs::metadata(folder.join(&file.path)).ok().map(|m| m.len());
    }
    page
}

/// What is kept, by kind.
fn files(folder: &Path) -> BTreeMap<String, String> {
    let kinds = [
        ("stereo", names::STEREO.to_string()),
        ("support", names::track(Side::Support)),
        ("customer", names::track(Side::Customer)),
        ("transcript", names::TRANSCRIPT.to_string()),
        ("transcript_text", names::TRANSCRIPT_TEXT.to_string()),
        ("captions", names::CAPTIONS.to_string()),
        ("events", names::EVENTS.to_string()),
        ("metrics", names::METRICS.to_string()),
        ("summary", names::SUMMARY.to_string()),
        ("report", names::REPORT.to_string()),
    ];
    let written_now = [names::REPORT, names::TRANSCRIPT_TEXT, names::CAPTIONS, names::SUMMARY];
    let is_there = |(_, name): &(&str, String)| written_now.contains(&name.as_str()) || folder.join(name).is_file();
    kinds.into_iter().filter(is_there).map(|(kind, name)| (kind.to_string(), name)).collect()
}

fn remove_files(folder: &Path, summary: &Summary) -> Result<(), ArchiveError> {
    let known = files(folder);
    for name in known.values().chain(summary.files.values()) {
        let path = folder.join(name);
        // A process that is killed while it writes leaves the unfinished file too.
        for path in [unfinished(&path), path] {
            match fs::remove_file(&path) {
                Err(source) if source.kind() != io::ErrorKind::NotFound => {
                    return Err(ArchiveError::Io { path, source });
                }
                _ => {}
            }
        }
    }
    // Somebody else's files in it stay, and so does the folder then.
    drop(fs::remove_dir(folder));
    Ok(())
}

/// Its process holds a lock on its events while it goes on.
fn is_running(folder: &Path) -> bool {
    let events = File::open(folder.join(names::EVENTS));
    events.is_ok_and(|f| matches!(f.try_lock_shared(), Err(TryLockError::WouldBlock)))
}

fn follow(folder: PathBuf) -> PathBuf {
    let pointer = fs::read(folder.join(ELSEWHERE)).ok();
    pointer.and_then(|b| serde_json::from_slice::<Elsewhere>(&b).ok()).map_or(folder, |e| e.folder)
}

fn read_summary(folder: &Path) -> Result<Summary, ArchiveError> {
    read_json(&folder.join(names::SUMMARY))
}

/// A conversation that was killed before the first word has no transcript yet.
fn read_transcript(folder: &Path) -> Result<Transcript, ArchiveError> {
    let path = folder.join(names::TRANSCRIPT);
    if path.exists() { read_json(&path) } else { Ok(Transcript::default()) }
}

fn read_json<T: for<'a> Deserialize<'a>>(path: &Path) -> Result<T, ArchiveError> {
    let unreadable = |reason: String| ArchiveError::Unreadable { path: path.to_path_buf(), reason };
    let bytes = fs::read(path).map_err(|e| unreadable(e.to_string()))?;
    serde_json::from_slice(&bytes).map_err(|e| unreadable(e.to_string()))
}

fn round(seconds: f64) -> f64 {
    (seconds * 1e3).round() / 1e3
}
