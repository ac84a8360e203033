use crate::case::{Case, CaseError, cases};
use crate::explore::{Conditions, breaches};
use crate::replay::{HeldWith, write_held_with};
use crate::results::{CaseResult, ConversationResult, Run};
use crate::stage::{MeasuredStages, stage};
use crate::suite::{Sound, Suite};
use duologue_conversation::FolderError;
use duologue_conversation::scenario::Verdict;
use duologue_conversation::virtual_time::hold;
use duologue_sim::DuetError;
use duologue_voice::SessionError;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// How a suite is run.
#[derive(Clone, Debug)]
pub struct RunConfig {
    /// Seeds of each case, from 1; the suite says how many where this does not.
    pub seeds: Option<u32>,
    /// Conversations at once.
    pub jobs: usize,
    /// Where conversations are kept; nothing is written without it.
    pub out: Option<PathBuf>,
    /// Only cases whose name has this in it.
    pub only: Option<String>,
    /// Whether each conversation's sound is kept.
    pub audio: bool,
    /// What was measured of each stage on this machine.
    pub measured: MeasuredStages,
}

/// Why a suite could not be run.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// A case can't be set up.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// No case is left.
    #[error("no case of `{suite}` has `{only}` in its name\n  help: there are {known}")]
    Nothing {
        /// The suite.
        suite: String,
        /// What was asked for.
        only: String,
        /// All cases.
        known: String,
    },
    /// A session can't be made.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// A conversation can't go on.
    #[error("{conversation}: {why}")]
    Conversation {
        /// Which.
        conversation: String,
        /// Why.
        why: DuetError,
    },
    /// A folder can't be written.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// Somebody stopped it.
    #[error("stopped; {held} of {all} conversations were held and are kept")]
    Cancelled {
        /// Conversations until then.
        held: usize,
        /// Conversations of the suite.
        all: usize,
    },
}

/// Holds all conversations of a suite. `each` is told of every one that ended, from any thread.
///
/// # Errors
/// A case can't be set up, or a result can't be written. That a conversation fails its criteria is a result.
pub fn run(
    suite: &Suite,
    config: &RunConfig,
    cancel: &AtomicBool,
    each: impl Fn(&Case, &ConversationResult) + Sync,
) -> Result<Run, RunError> {
    let all = cases(suite)?;
    let chosen: Vec<&Case> =
        all.iter().filter(|case| config.only.as_ref().is_none_or(|only| case.id.contains(only.as_str()))).collect();
    if chosen.is_empty() {
        let known = all.iter().map(|c| c.id.as_str()).collect::<Vec<_>>().join(", ");
        return Err(RunError::Nothing {
            suite: suite.id.clone(),
            only: config.only.clone().unwrap_or_default(),
            known,
        });
    }
    let seeds = config.seeds.unwrap_or(suite.seeds).max(1);
    let jobs: Vec<(usize, u64)> =
        (0..chosen.len()).flat_map(|case| (1..=u64::from(seeds)).map(move |seed| (case, seed))).collect();
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<Option<ConversationResult>>> = Mutex::new(vec![None; jobs.len()]);
    let failed: Mutex<Option<RunError>> = Mutex::new(None);
    let work = || {
        loop {
            let n = next.fetch_add(1, Ordering::Relaxed);
            let Some(&(case, seed)) = jobs.get(n) else { return };
            if cancel.load(Ordering::Relaxed) || lock(&failed).is_some() {
                return;
            }
            match hold_one(suite, chosen[case], seed, config) {
                Ok(result) => {
                    each(chosen[case], &result);
                    lock(&done)[n] = Some(result);
                }
                Err(e) => drop(lock(&failed).get_or_insert(e)),
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..config.jobs.clamp(1, jobs.len()) {
            scope.spawn(work);
        }
    });
    if let Some(error) = lock(&failed).take() {
        return Err(error);
    }
    let done = std::mem::take(&mut *lock(&done));
    let held: Vec<ConversationResult> = done.iter().flatten().cloned().collect();
    if held.len() < jobs.len() {
        return Err(RunError::Cancelled { held: held.len(), all: jobs.len() });
    }
    let results = held.chunks(seeds as usize).zip(&chosen);
    let cases =
        results.map(|(held, case)| CaseResult::of((case.id.clone(), case.title.clone()), &case.expect, held.to_vec()));
    Ok(Run::of((suite.id.clone(), suite.title.clone()), seeds, cases.collect()))
}

/// A thread that panicked while it held the lock had a defect of its own; what the others did is whole.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

fn hold_one(suite: &Suite, case: &Case, seed: u64, config: &RunConfig) -> Result<ConversationResult, RunError> {
    let staged = stage(suite, case, seed, &config.measured)?;
    let id = staged.id.clone();
    let held = hold(staged).map_err(|why| RunError::Conversation { conversation: id, why })?;
    let folder = format!("conversations/{}/s{seed:03}", case.id);
    if let Some(out) = &config.out {
        let path = Path::new(out).join(&folder);
        held.write(&path, config.audio && suite.sound == Sound::Opus)?;
        let held_with = HeldWith { sound: suite.sound, turns: suite.turns };
        write_held_with(&path, &held_with).map_err(|source| FolderError::Write { path, source })?;
    }
    let mut result = ConversationResult::of(&held, seed, folder);
    if suite.invariants {
        result.judge(breaches(&held, &Conditions::of(suite, case)).into_iter().map(Verdict::from));
    }
    Ok(result)
}
