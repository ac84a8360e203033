//! The folder of one conversation: files that grow while it goes on, and that open after a `kill -9`.

use serde::Serialize;
use std::collections::HashMap;
use std::fs::{File, OpenOptions};
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

    /// One voice alone.
    pub fn track(side: crate::scenario::Side) -> String {
        format!("{}.ogg", side.as_str())
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
    /// A file can't be written.
    #[error("cannot write {path}: {source}\n  help: what was recorded until then is kept; make room and start again")]
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

/// Writes files on a thread of its own, so that a slow disk never holds up the voices.
pub(crate) struct FolderWriter {
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
    failure: Arc<Mutex<Option<FolderError>>>,
    path: PathBuf,
}

/// Jobs that may wait: half a minute of a conversation.
const WAITING: usize = 4_096;

impl FolderWriter {
    /// Makes the folder; one that holds a conversation already is refused.
    pub(crate) fn create(path: &Path) -> Result<FolderWriter, FolderError> {
        std::fs::create_dir_all(path).map_err(|source| FolderError::Create { path: path.into(), source })?;
        if path.join(names::SUMMARY).exists() {
            return Err(FolderError::Occupied { path: path.into() });
        }
        let (jobs, receiver) = sync_channel(WAITING);
        let failure = Arc::new(Mutex::new(None));
        let files = Files { path: path.into(), open: HashMap::new() };
        let noted = failure.clone();
        let thread = std::thread::spawn(move || files.work(&receiver, &noted));
        Ok(FolderWriter { jobs: Some(jobs), thread: Some(thread), failure, path: path.into() })
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

    /// Waits until all is written.
    pub(crate) fn finish(mut self) -> Result<(), FolderError> {
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

struct Files {
    path: PathBuf,
    open: HashMap<String, File>,
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
            if name == names::EVENTS {
                // Held while the conversation goes on, so that others can tell it from one that was cut off.
                file.try_lock().map_err(io::Error::from)?;
            }
            self.open.insert(name.to_string(), file);
        }
        match self.open.get_mut(name) {
            Some(file) => file.write_all(bytes),
            None => Ok(()),
        }
    }
}

/// Writes beside the file and renames over it.
pub(crate) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".part");
    let beside = PathBuf::from(beside);
    let written = std::fs::write(&beside, bytes).and_then(|()| std::fs::rename(&beside, path));
    if written.is_err() {
        drop(std::fs::remove_file(&beside));
    }
    written
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_occupied_folder_is_refused_and_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let writer = FolderWriter::create(dir.path()).unwrap();
        writer.append("a.txt", b"one ".to_vec());
        writer.append("a.txt", b"two".to_vec());
        writer.replace(names::SUMMARY, b"{}".to_vec());
        writer.finish().unwrap();
        assert_eq!(std::fs::read(dir.path().join("a.txt")).unwrap(), b"one two");
        assert!(matches!(FolderWriter::create(dir.path()), Err(FolderError::Occupied { .. })));
    }

    #[test]
    fn a_disk_that_takes_no_more_is_told_and_the_rest_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let writer = FolderWriter::create(dir.path()).unwrap();
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
