//! The folder of one conversation: files that grow while it goes on, and that open after a `kill -9`.

use crate::keeping::{REMOVING, finish_in};
use serde::Serialize;
use std::collections::HashMap;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

/// Names of what is kept.
pub mod names {
    /// Both voices, left and right.
    pub const STEREO: &str = "stereo.ogg";
    /// What was said, as said and as heard.
    pub const TRANSCRIPT: &str = "transcript.json";
    /// The same for reading.
    pub const TRANSCRIPT_TEXT: &str = "transcript.txt";
    /// The same as captions.
    pub const CAPTIONS: &str = "captions.vtt";
    /// Everything both sessions reported, one JSON object a line.
    pub const EVENTS: &str = "events.jsonl";
    /// Figures of each turn, one JSON object a line.
    pub const METRICS: &str = "metrics.jsonl";
    /// What came of it.
    pub const SUMMARY: &str = "summary.json";
    /// The page.
    pub const REPORT: &str = "report.html";
    /// What was to be played, and by whom: the scenario with its personas, by which a call that was cut off is judged.
    pub const SCENARIO: &str = "scenario.json";

    /// Marks a conversation that no rule may remove; an empty file.
    pub const PINNED: &str = "pinned";

    /// One voice alone.
    pub fn track(side: crate::scenario::Side) -> String {
        format!("{}.ogg", side.as_str())
    }

    /// All of them, by kind, as `summary.json` lists them.
    pub fn all() -> [(&'static str, String); 11] {
        use crate::scenario::Side;
        [
            ("stereo", STEREO.to_string()),
            ("support", track(Side::Support)),
            ("customer", track(Side::Customer)),
            ("transcript", TRANSCRIPT.to_string()),
            ("transcript_text", TRANSCRIPT_TEXT.to_string()),
            ("captions", CAPTIONS.to_string()),
            ("events", EVENTS.to_string()),
            ("metrics", METRICS.to_string()),
            ("scenario", SCENARIO.to_string()),
            ("summary", SUMMARY.to_string()),
            ("report", REPORT.to_string()),
        ]
    }
}

/// Why nothing can be kept.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The folder can't be made.
    #[error("cannot make the folder {path}: {source}\n  help: choose another with `--out DIR`")]
    Create {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// There is a conversation in it.
    #[error("{path} already holds a conversation\n  help: choose another folder with `--out DIR`, or remove it first")]
    Occupied {
        /// Which.
        path: PathBuf,
    },
    /// There is a file of somebody else's where one of the conversation's would be.
    #[error(
        "{path} is there already and belongs to no conversation; it would be overwritten\n  \
         help: choose another folder with `--out DIR`, or move the file away"
    )]
    Foreign {
        /// Which.
        path: PathBuf,
    },
    /// A file can't be written.
    #[error("cannot write {path}: {source}\n  help: {}; what was recorded until then is kept", advice(.source))]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

enum Job {
    Append(String, Vec<u8>),
    Replace(String, Vec<u8>),
}

/// Makes the folder of a conversation that is about to begin, so that a mistake is known before models are loaded.
///
/// # Errors
/// It can't be made, or there is a conversation in it, or somebody else's file that would be overwritten.
pub fn prepare_folder(path: &Path) -> Result<(), FolderError> {
    std::fs::create_dir_all(path).map_err(|source| FolderError::Create { path: path.into(), source })?;
    if path.join(REMOVING).is_file() {
        // What was there was being removed when its process was killed. What stays of it is told as what it is.
        drop(finish_in(path));
        std::fs::create_dir_all(path).map_err(|source| FolderError::Create { path: path.into(), source })?;
    }
    check_free(path)
}

/// Files are added to or replaced, so nothing but an empty file may be there under one of their names.
fn check_free(path: &Path) -> Result<(), FolderError> {
    let is_taken = |name: &String| std::fs::metadata(path.join(name)).is_ok_and(|m| !m.is_file() || m.len() > 0);
    match names::all().into_iter().map(|(_, name)| name).find(is_taken) {
        None => Ok(()),
        Some(_) if holds_a_conversation(path) => Err(FolderError::Occupied { path: path.into() }),
        Some(name) => Err(FolderError::Foreign { path: path.join(name) }),
    }
}

/// The summary is the first file that a conversation writes.
fn holds_a_conversation(path: &Path) -> bool {
    #[derive(serde::Deserialize)]
    struct Identified {
        #[serde(rename = "conversation_id")]
        _id: String,
    }
    let summary = std::fs::read(path.join(names::SUMMARY)).ok();
    summary.is_some_and(|bytes| serde_json::from_slice::<Identified>(&bytes).is_ok())
}

/// What to do about a file that can't be written.
fn advice(source: &io::Error) -> String {
    match source.kind() {
        io::ErrorKind::FileTooLarge => match largest_file() {
            Some(bytes) => format!(
                "this process may write {bytes} bytes to a file and no more; raise that limit (`ulimit -f unlimited`)"
            ),
            None => "this file system takes no larger files; choose another with `--out DIR`".to_owned(),
        },
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room and start again".to_owned(),
        _ => "check the folder's owner and permissions, or choose another with `--out DIR`".to_owned(),
    }
}

/// Bytes that this process may write to one file, where somebody set a limit.
fn largest_file() -> Option<u64> {
    rustix::process::getrlimit(rustix::process::Resource::Fsize).current
}

/// Writes files on a thread of its own, so that a slow disk never holds up the voices.
pub(crate) struct FolderWriter {
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
    failure: Arc<Mutex<Option<FolderError>>>,
    path: PathBuf,
    /// The events, locked as long as this lives, so that others can tell a conversation that goes on from one that was
    /// cut off.
    _lock: File,
}

/// Jobs that may wait: half a minute of a conversation.
const WAITING: usize = 4_096;

impl FolderWriter {
    /// Makes the folder, with `summary` in it; one that holds a conversation already is refused.
    pub(crate) fn create(path: &Path, summary: &impl Serialize) -> Result<FolderWriter, FolderError> {
        prepare_folder(path)?;
        let events = lock_events(path)?;
        let cannot_write = |name: &str| {
            let path = path.join(name);
            move |source| FolderError::Write { path, source }
        };
        let summary = serde_json::to_vec_pretty(summary).map_err(io::Error::from);
        let reserved = summary.as_ref().map_or(0, Vec::len) + GROWTH;
        let written = summary.and_then(|bytes| replace(&path.join(names::SUMMARY), &bytes));
        if written.is_err() {
            drop(std::fs::remove_file(path.join(names::EVENTS)));
        }
        written.map_err(cannot_write(names::SUMMARY))?;
        // Where there is no room for it the call will find that out.
        if std::fs::write(path.join(RESERVE), vec![1; reserved]).is_err() {
            drop(std::fs::remove_file(path.join(RESERVE)));
        }
        let growing = Growing { file: events.try_clone().map_err(cannot_write(names::EVENTS))?, length: 0 };
        let (jobs, receiver) = sync_channel(WAITING);
        let failure = Arc::new(Mutex::new(None));
        let files = Files { path: path.into(), open: HashMap::from([(names::EVENTS.to_string(), growing)]) };
        let noted = failure.clone();
        let thread = std::thread::spawn(move || files.work(&receiver, &noted));
        Ok(FolderWriter { jobs: Some(jobs), thread: Some(thread), failure, path: path.into(), _lock: events })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Adds to the end of a file.
    pub(crate) fn append(&self, name: &str, bytes: Vec<u8>) {
        self.send(Job::Append(name.to_string(), bytes));
    }

    /// Adds a line of JSON.
    pub(crate) fn append_json(&self, name: &str, value: &impl Serialize) {
        if let Ok(mut line) = serde_json::to_vec(value) {
            line.push(b'\n');
            self.append(name, line);
        }
    }

    /// Puts a whole file in place of the old one; whoever opens it finds one or the other.
    pub(crate) fn replace(&self, name: &str, bytes: Vec<u8>) {
        self.send(Job::Replace(name.to_string(), bytes));
    }

    /// The same as JSON for people.
    pub(crate) fn replace_json(&self, name: &str, value: &impl Serialize) {
        if let Ok(bytes) = serde_json::to_vec_pretty(value) {
            self.replace(name, bytes);
        }
    }

    /// What went wrong, once.
    pub(crate) fn take_failure(&self) -> Option<FolderError> {
        self.failure.lock().ok()?.take()
    }

    /// Waits until all is written; what is sent later is not. The folder still counts as that of a conversation that
    /// goes on until this is dropped.
    pub(crate) fn finish(&mut self) -> Result<(), FolderError> {
        self.stop();
        self.take_failure().map_or(Ok(()), Err)
    }

    fn send(&self, job: Job) {
        if let Some(jobs) = &self.jobs {
            // The thread only ends once this side has let go.
            drop(jobs.send(job));
        }
    }

    fn stop(&mut self) {
        self.jobs = None;
        if let Some(thread) = self.thread.take() {
            drop(thread.join());
        }
    }
}

impl Drop for FolderWriter {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Opens the events and locks them; another process that was faster has the folder.
fn lock_events(path: &Path) -> Result<File, FolderError> {
    let name = path.join(names::EVENTS);
    let events = OpenOptions::new().create(true).append(true).open(&name);
    let events = events.map_err(|source| FolderError::Write { path: name, source })?;
    match events.try_lock() {
        Err(TryLockError::WouldBlock) => Err(FolderError::Occupied { path: path.into() }),
        // Another process may have been there between the two looks. Some network disks know no locks; there a second
        // conversation that begins at the same moment in the same folder goes unnoticed.
        Ok(()) | Err(TryLockError::Error(_)) => check_free(path).map(|()| events),
    }
}

struct Files {
    path: PathBuf,
    open: HashMap<String, Growing>,
}

/// A file that is added to.
struct Growing {
    file: File,
    /// Bytes of whole pages or lines.
    length: u64,
}

impl Files {
    /// After a failure appended files stay as they are (a gap would make them unreadable); later whole files are still
    /// tried, since room may have been made.
    fn work(mut self, jobs: &Receiver<Job>, failure: &Mutex<Option<FolderError>>) {
        let mut broken = false;
        while let Ok(job) = jobs.recv() {
            let (name, result) = match job {
                Job::Append(_, _) if broken => continue,
                Job::Append(name, bytes) => {
                    let result = self.append(&name, &bytes);
                    broken = result.is_err();
                    (name, result)
                }
                Job::Replace(name, bytes) => {
                    let result = replace(&self.path.join(&name), &bytes);
                    (name, result)
                }
            };
            if let (Err(source), Ok(mut noted)) = (result, failure.lock()) {
                noted.get_or_insert(FolderError::Write { path: self.path.join(name), source });
            }
        }
    }

    fn append(&mut self, name: &str, bytes: &[u8]) -> io::Result<()> {
        if !self.open.contains_key(name) {
            let file = OpenOptions::new().create(true).append(true).open(self.path.join(name))?;
            let length = file.metadata()?.len();
            self.open.insert(name.to_string(), Growing { file, length });
        }
        self.open.get_mut(name).map_or(Ok(()), |growing| growing.append(bytes))
    }
}

impl Growing {
    /// All of `bytes` or nothing: a disk that runs full in the middle leaves no half page and no half line.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = self.file.write_all(bytes);
        match &written {
            Ok(()) => self.length += bytes.len() as u64,
            Err(_) => drop(self.file.set_len(self.length)),
        }
        written
    }
}

/// Room on the disk that is given back for the summary, so that one that is full does not cost the reason why.
pub(crate) const RESERVE: &str = ".reserve";
/// What a summary gains until the end, beside what grows with the length of the call: figures, verdicts, the reason why.
const GROWTH: usize = 8 << 10;

/// What a file is called while it is written.
pub(crate) fn unfinished(path: &Path) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    PathBuf::from(beside)
}

/// Writes beside the file and renames over it.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let beside = unfinished(path);
    let written = std::fs::write(&beside, bytes).and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        drop(std::fs::remove_file(&beside));
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn summary() -> serde_json::Value {
        json!({ "conversation_id": "c-1" })
    }

    #[test]
    fn an_occupied_folder_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = FolderWriter::create(dir.path(), &summary()).unwrap();
        let written = std::fs::read(dir.path().join(names::SUMMARY)).unwrap();
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&written).unwrap(), summary(), "from the start");
        writer.append("a.txt", b"one ".to_vec());
        writer.append("a.txt", b"two".to_vec());
        writer.finish().unwrap();
        assert_eq!(std::fs::read(dir.path().join("a.txt")).unwrap(), b"one two");
        assert!(matches!(FolderWriter::create(dir.path(), &summary()), Err(FolderError::Occupied { .. })));
    }

    #[test]
    fn a_file_of_somebody_else_is_never_overwritten_nor_added_to() {
        for (_, name) in names::all() {
            let dir = tempfile::tempdir().unwrap();
            std::fs::write(dir.path().join(names::EVENTS), b"").unwrap();
            std::fs::write(dir.path().join("notes.txt"), b"somebody's own").unwrap();
            prepare_folder(dir.path()).unwrap();
            let path = dir.path().join(name);
            std::fs::write(&path, b"{}").unwrap();
            for refused in [prepare_folder(dir.path()), FolderWriter::create(dir.path(), &summary()).map(drop)] {
                let told = refused.unwrap_err().to_string();
                assert!(told.starts_with(&format!("{} is there already", path.display())), "{told}");
                assert!(told.contains("`--out DIR`"), "{told}");
            }
            assert_eq!(std::fs::read(&path).unwrap(), b"{}");
        }
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(names::REPORT)).unwrap();
        assert!(matches!(prepare_folder(dir.path()), Err(FolderError::Foreign { .. })), "nor a folder");
    }

    #[test]
    fn advice_fits_what_went_wrong() {
        let told = |kind: io::ErrorKind| FolderError::Write { path: "a".into(), source: kind.into() }.to_string();
        assert!(told(io::ErrorKind::StorageFull).contains("make room"));
        assert!(told(io::ErrorKind::PermissionDenied).contains("permissions"));
        assert!(!told(io::ErrorKind::FileTooLarge).contains("make room"));
    }

    #[test]
    fn a_disk_that_takes_no_more_is_told_and_the_rest_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let mut writer = FolderWriter::create(dir.path(), &summary()).unwrap();
        writer.append("kept.txt", b"kept".to_vec());
        // A folder in the place of the file can't be appended to, like a full disk.
        std::fs::create_dir(dir.path().join("broken.txt")).unwrap();
        writer.append("broken.txt", b"lost".to_vec());
        writer.append("kept.txt", b" not".to_vec());
        let error = writer.finish().unwrap_err().to_string();
        assert!(error.contains("broken.txt") && error.contains("help:"), "{error}");
        assert_eq!(std::fs::read(dir.path().join("kept.txt")).unwrap(), b"kept");
    }
}
