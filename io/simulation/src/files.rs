use crate::junit::junit;
use crate::overview::overview;
use crate::place::release;
use crate::results::Run;
use duologue_conversation::names;
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// What came of a run, for programs.
pub(crate) const RESULTS: &str = "run.json";
/// How long it took.
pub(crate) const TIMING: &str = "timing.json";
/// The same for CI.
pub(crate) const TESTS: &str = "junit.xml";
/// The same for people.
pub(crate) const PAGE: &str = "index.html";

/// How long a run took: all that is not the same on every run, in a file of its own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    /// Seconds.
    pub elapsed_s: f64,
    /// Conversations at once.
    pub jobs: usize,
    /// Seconds of conversation per second that passed.
    pub realtime_factor: f64,
    /// The same per conversation at once: per processor, where there were no more than processors.
    pub realtime_factor_per_job: f64,
}

impl Timing {
    /// Of a run that took so long.
    pub fn of(run: &Run, elapsed: Duration, jobs: usize) -> Timing {
        let elapsed_s = elapsed.as_secs_f64().max(1e-6);
        // More jobs than conversations do nothing.
        let jobs = jobs.clamp(1, run.conversations.max(1));
        let factor = run.simulated_s / elapsed_s;
        let round = |x: f64| (x * 10.0).round() / 10.0;
        Timing {
            elapsed_s: (elapsed_s * 1e3).round() / 1e3,
            jobs,
            realtime_factor: round(factor),
            realtime_factor_per_job: round(factor / jobs as f64),
        }
    }
}

/// Why results can't be written or read.
#[derive(Debug, thiserror::Error)]
pub enum FilesError {
    /// A file can't be written.
    #[error("cannot write {path}: {why}\n  help: choose another folder with `--out DIR`")]
    Write {
        /// Which.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// A file can't be read.
    #[error("{path} cannot be read: {why}\n  help: give the folder that `duologue simulate --out` made")]
    Read {
        /// Which.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
    /// A file is no run.
    #[error("{path} is not what `duologue simulate` writes: {why}")]
    Format {
        /// Which.
        path: PathBuf,
        /// Why.
        why: serde_json::Error,
    },
}

/// Writes `run.json`, `timing.json`, `junit.xml` and `index.html` into a folder; each of them whole or not at all.
///
/// # Errors
/// One of them can't be written.
pub fn write_run(out: &Path, run: &Run, timing: &Timing) -> Result<(), FilesError> {
    release(out);
    let write = |name: &str, bytes: Vec<u8>| {
        let (path, beside) = (out.join(name), out.join(format!("{name}.part")));
        let written = std::fs::create_dir_all(out)
            .and_then(|()| std::fs::write(&beside, bytes))
            .and_then(|()| std::fs::rename(&beside, &path));
        if written.is_err() {
            drop(std::fs::remove_file(&beside));
        }
        written.map_err(|why| FilesError::Write { path, why })
    };
    write(RESULTS, serde_json::to_vec_pretty(run).unwrap_or_default())?;
    write(TIMING, serde_json::to_vec_pretty(timing).unwrap_or_default())?;
    write(TESTS, junit(run).into_bytes())?;
    let has_recording = |folder: &str| out.join(folder).join(names::STEREO).is_file();
    write(PAGE, overview(run, &has_recording).into_bytes())
}

/// Reads a run: its folder, or its `run.json`.
///
/// # Errors
/// It can't be read, or is no run.
pub fn read_run(path: &Path) -> Result<Run, FilesError> {
    let path = if path.is_dir() { path.join(RESULTS) } else { path.to_owned() };
    let bytes = std::fs::read(&path).map_err(|why| FilesError::Read { path: path.clone(), why })?;
    serde_json::from_slice(&bytes).map_err(|why| FilesError::Format { path, why })
}
