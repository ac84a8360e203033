//! A log in a file, for an agent without a store.

use super::LogError;
use duologue_policy::{Broken, DecisionRecord, Fault, Head, verify};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{BufRead as _, BufReader, Read, Seek, SeekFrom, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// Longest line that is read; ours have a few kilobytes.
const LINE_MOST: u64 = 1024 * 1024;

/// Longest time between a line and the moment when it is on the disk.
const SYNC_WITHIN: Duration = Duration::from_millis(100);

/// A log in a file of JSON lines, of which each carries the hash of the one before.
///
/// A line is handed to the system before its decision takes effect, so that it survives the end of the process, and is on the disk
/// within 100 ms, so that no more than that is lost with the machine's power. A strict log waits for the disk. Lines that come at
/// the same time are handed over together, and share one write to the disk.
///
/// One process writes a file. A line that a dying machine left half-written is taken off when the file is opened; a file whose
/// chain does not hold is not gone on with.
#[derive(Clone, Debug)]
pub struct FileLog {
    shared: Arc<Shared>,
    _end: Arc<End>,
}

/// Why a file cannot be written on.
#[derive(Debug, thiserror::Error)]
pub enum FileLogError {
    /// It cannot be opened, read or locked.
    #[error("decision log {}: {why}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// Another process writes it.
    #[error("decision log {}: another process writes it; give each a file of its own", .0.display())]
    Taken(PathBuf),
    /// Somebody changed it.
    #[error("decision log {}: {broken}; keep the file as evidence, and name a new one", path.display())]
    Broken {
        /// The file.
        path: PathBuf,
        /// Where, and what.
        broken: Broken,
    },
}

#[derive(Debug)]
struct Shared {
    state: Mutex<State>,
    /// Wakes the thread that writes to the disk.
    wake: Condvar,
    synced: watch::Sender<Synced>,
    strict: bool,
}

#[derive(Debug)]
struct State {
    file: File,
    /// The end of the chain in the file, and bytes of its whole lines.
    head: Head,
    length: u64,
    /// The end of the chain, with what is yet to be handed to the system.
    ahead: Head,
    pending: Vec<u8>,
    batch: Arc<Batch>,
    /// When the first line was written that may not be on the disk.
    unsynced_since: Option<Instant>,
    /// What ended it: a file that could not be written may hold anything.
    broken: Option<String>,
    is_over: bool,
}

/// Lines that are handed to the system together, and what became of it.
#[derive(Debug, Default)]
struct Batch(OnceLock<Result<(), LogError>>);

/// How far the file is on the disk.
#[derive(Clone, Debug, Default)]
struct Synced {
    seq: u64,
    failed: Option<String>,
}

/// Ends the thread with the last handle, once all is on the disk.
#[derive(Debug)]
struct End(Arc<Shared>, Option<JoinHandle<()>>);

impl Drop for End {
    fn drop(&mut self) {
        self.0.state().is_over = true;
        self.0.wake.notify_all();
        if let Some(thread) = self.1.take() {
            // One that panicked has nothing more to say.
            let _ = thread.join();
        }
        // Now, and not once a process that is being started meanwhile has closed its copy. What cannot be done, closing does.
        drop(self.0.state().file.unlock());
    }
}

impl FileLog {
    /// Opens a log, which is made where there is none, and reads all of it.
    ///
    /// # Errors
    /// [`FileLogError`].
    pub fn open(path: &Path, strict: bool) -> Result<FileLog, FileLogError> {
        let unusable = |error: std::io::Error| FileLogError::Unusable { path: path.to_owned(), why: error.to_string() };
        let mut options = OpenOptions::new();
        options.read(true).append(true).create(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path).map_err(unusable)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => FileLogError::Taken(path.to_owned()),
            TryLockError::Error(error) => unusable(error),
        })?;
        let (head, length) = read(&mut file).map_err(|trouble| match trouble {
            Trouble::System(error) => unusable(error),
            Trouble::Broken(broken) => FileLogError::Broken { path: path.to_owned(), broken },
        })?;
        let written = file.metadata().map_err(unusable)?.len();
        if written > length {
            tracing::warn!(path = %path.display(), bytes = written - length, "Decision log ended in a line that was not written to its end: it was taken off");
            file.set_len(length).map_err(unusable)?;
        }
        file.sync_all().map_err(unusable)?;
        let state = State {
            file,
            head,
            length,
            ahead: head,
            pending: Vec::new(),
            batch: Arc::default(),
            unsynced_since: None,
            broken: None,
            is_over: false,
        };
        let (synced, _) = watch::channel(Synced { seq: head.seq, failed: None });
        let shared = Arc::new(Shared { state: Mutex::new(state), wake: Condvar::new(), synced, strict });
        let writer = Arc::clone(&shared);
        let thread = std::thread::Builder::new().name("decision-log".into());
        let thread = thread.spawn(move || writer.sync_loop()).map_err(unusable)?;
        Ok(FileLog { _end: Arc::new(End(Arc::clone(&shared), Some(thread))), shared })
    }

    /// How far the log has come: kept elsewhere, it proves later that nothing was cut off at the end.
    pub fn head(&self) -> Head {
        self.shared.state().head
    }

    pub(super) async fn write(&self, record: &DecisionRecord<'_>) -> Result<(), LogError> {
        let json = record.to_json();
        let (seq, batch) = self.shared.append(&json)?;
        // Whoever else is ready to write adds a line, and the first that goes on hands over all of them.
        tokio::task::yield_now().await;
        batch.0.get().map_or_else(|| self.shared.hand_over(&batch), Clone::clone)?;
        if !self.shared.strict {
            return Ok(());
        }
        let mut synced = self.shared.synced.subscribe();
        let reached = synced.wait_for(|synced| synced.seq >= seq || synced.failed.is_some()).await;
        match reached.map(|synced| synced.failed.clone()) {
            Ok(None) => Ok(()),
            Ok(Some(why)) => Err(LogError(why)),
            Err(_) => Err(LogError("the log is closed".to_owned())),
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a line to those that are handed to the system next, and says which.
    fn append(&self, json: &str) -> Result<(u64, Arc<Batch>), LogError> {
        let mut state = self.state();
        if let Some(why) = &state.broken {
            return Err(LogError(why.clone()));
        }
        let line = state.ahead.append(json);
        state.pending.extend_from_slice(line.as_bytes());
        state.pending.push(b'\n');
        if state.unsynced_since.is_none() {
            // Should nobody come to hand it over, the thread does.
            state.unsynced_since = Some(Instant::now());
            self.wake.notify_one();
        }
        Ok((state.ahead.seq, Arc::clone(&state.batch)))
    }

    /// Hands over what is waiting, which a batch that is not done is part of. It takes microseconds: what waits for the disk is
    /// another thread.
    fn hand_over(&self, batch: &Batch) -> Result<(), LogError> {
        self.state().hand_over();
        batch.0.get().cloned().unwrap_or_else(|| Err(LogError("the log lost it".to_owned())))
    }

    fn sync_loop(&self) {
        let mut state = self.state();
        loop {
            let Some(since) = state.unsynced_since else {
                if state.is_over {
                    return;
                }
                state = self.wake.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            };
            let left = SYNC_WITHIN.saturating_sub(since.elapsed());
            if !self.strict && !state.is_over && !left.is_zero() {
                state = self.wake.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
                continue;
            }
            state.hand_over();
            let seq = state.head.seq;
            state.unsynced_since = None;
            let file = state.file.try_clone();
            drop(state);
            // Lines that come meanwhile are for the next round.
            let done = file.and_then(|file| file.sync_data());
            state = self.state();
            match done {
                Ok(()) => drop(self.synced.send_replace(Synced { seq, failed: None })),
                Err(error) => {
                    // After a failed fsync nobody knows what is on the disk.
                    let why = format!("{error}: it is not written any more");
                    tracing::error!(%error, "Decision log cannot be written to the disk: all calls are denied");
                    state.broken = Some(why.clone());
                    self.synced.send_replace(Synced { seq: 0, failed: Some(why) });
                }
            }
        }
    }
}

impl State {
    fn hand_over(&mut self) {
        if self.pending.is_empty() {
            return;
        }
        let done = self.write_pending();
        if done.is_ok() {
            self.length += self.pending.len() as u64;
            self.head = self.ahead;
        } else {
            self.ahead = self.head;
        }
        self.pending.clear();
        // It is set here and nowhere else, before the next one takes its place.
        let _ = std::mem::take(&mut self.batch).0.set(done);
    }

    fn write_pending(&mut self) -> Result<(), LogError> {
        if let Some(why) = self.broken.clone().or_else(|| self.taken_away()) {
            self.broken = Some(why.clone());
            return Err(LogError(why));
        }
        let Err(error) = self.file.write_all(&self.pending) else { return Ok(()) };
        // Without the lines that may be there by half, the next ones can be tried.
        if let Err(worse) = self.file.set_len(self.length) {
            self.broken = Some(format!("{error}, and then {worse}: it is not written any more"));
        }
        Err(LogError(error.to_string()))
    }

    /// Why nobody would find what is written now.
    fn taken_away(&self) -> Option<String> {
        let metadata = match self.file.metadata() {
            Ok(metadata) => metadata,
            Err(error) => return Some(format!("{error}: it is not written any more")),
        };
        #[cfg(unix)]
        if std::os::unix::fs::MetadataExt::nlink(&metadata) == 0 {
            return Some("somebody removed the file: start again, with a new one".to_owned());
        }
        let is_cut = metadata.len() < self.length;
        is_cut.then(|| "somebody cut off the file: keep it as evidence, and start again with a new one".to_owned())
    }
}

enum Trouble {
    System(std::io::Error),
    Broken(Broken),
}

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Trouble {
        Trouble::System(error)
    }
}

/// Follows the chain to its end, and says how many bytes its whole lines have.
fn read(file: &mut (impl Read + Seek)) -> Result<(Head, u64), Trouble> {
    file.seek(SeekFrom::Start(0))?;
    let mut reader = BufReader::new(file);
    let (mut head, mut length, mut line) = (Head::default(), 0, Vec::new());
    loop {
        line.clear();
        let bytes = reader.by_ref().take(LINE_MOST).read_until(b'\n', &mut line)? as u64;
        // The line that is yet to come has the number of its record.
        let number = usize::try_from(head.seq).unwrap_or(usize::MAX).saturating_add(1);
        let broken = |fault| Trouble::Broken(Broken { line: number, seq: head.seq.saturating_add(1), fault });
        let Some(whole) = line.strip_suffix(b"\n") else {
            let is_half = bytes < LINE_MOST;
            return if is_half {
                Ok((head, length))
            } else {
                Err(broken(Fault::Unreadable("it has no end".to_owned())))
            };
        };
        head = verify(head, [String::from_utf8_lossy(whole)]).map_err(|found| broken(found.fault))?;
        length += bytes;
    }
}

/// The end of the chain in some bytes, and the length of its whole lines; none: it does not hold.
#[cfg(feature = "fuzzing")]
pub(crate) fn chain_of(bytes: &[u8]) -> Option<(Head, usize)> {
    let (head, length) = read(&mut std::io::Cursor::new(bytes)).ok()?;
    Some((head, usize::try_from(length).ok()?))
}

impl FileLog {
    /// Looks through a log, which another process may be writing, and says how far its chain holds.
    ///
    /// # Errors
    /// [`FileLogError`], with the first line that is not what was written.
    pub fn verify(path: &Path) -> Result<Head, FileLogError> {
        let unusable = |error: std::io::Error| FileLogError::Unusable { path: path.to_owned(), why: error.to_string() };
        let mut file = File::open(path).map_err(unusable)?;
        match read(&mut file) {
            Ok((head, _)) => Ok(head),
            Err(Trouble::System(error)) => Err(unusable(error)),
            Err(Trouble::Broken(broken)) => Err(FileLogError::Broken { path: path.to_owned(), broken }),
        }
    }
}
