use crate::case::{Case, CaseError, cases};
use crate::explore::{Conditions, breaches};
use crate::place::{PlaceError, begin, reserve};
use crate::replay::{HeldWith, write_held_with};
use crate::results::{CaseResult, ConversationResult, Run, Seeds};
use crate::stage::{MeasuredStages, stage};
use crate::suite::{Sound, Suite};
use duologue_conversation::FolderError;
use duologue_conversation::scenario::{Side, Verdict};
use duologue_conversation::virtual_time::{Held, hold};
use duologue_sim::{DuetError, StimulusKind};
use duologue_voice::{SessionError, SpeechSource};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// How a suite is run.
#[derive(Clone, Debug)]
pub struct RunConfig {
    /// Seeds of each case; the suite says how many where this does not.
    pub seeds: Option<u32>,
    /// The first seed.
    pub from: u64,
    /// Conversations at once.
    pub jobs: usize,
    /// Where conversations are kept; nothing is written without it. An earlier run that is kept there goes.
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
    /// The folder of the run can't be used.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// It ended before all conversations were held.
    #[error("{}; {} of {planned} conversations were held and are kept", .why.as_ref().map_or("stopped".to_owned(), |w| w.to_string()), .run.conversations)]
    Unfinished {
        /// What was held until then.
        run: Box<Run>,
        /// Conversations that were to be held.
        planned: usize,
        /// What went wrong; `None`: somebody stopped it.
        why: Option<Box<RunError>>,
    },
}

/// Holds all conversations of a suite. `each` is told of every one that ended, from any thread.
///
/// # Errors
/// A case can't be set up, or a result can't be written, or somebody stopped it; what was held until then is in
/// [`RunError::Unfinished`]. That a conversation fails its criteria is a result.
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
    let seeds = Seeds { first: config.from, count: config.seeds.unwrap_or(suite.seeds).max(1) };
    let jobs: Vec<(usize, u64)> =
        (0..chosen.len()).flat_map(|case| seeds.all().map(move |seed| (case, seed))).collect();
    let named = || (suite.id.clone(), suite.title.clone());
    if let Some(out) = &config.out {
        begin(out, &Run::of(named(), seeds, Vec::new(), jobs.len()))?;
    }
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
    let done = std::mem::take(&mut *lock(&done));
    let results = done.chunks(seeds.count as usize).zip(&chosen);
    let results = results.map(|(held, case)| (held.iter().flatten().cloned().collect::<Vec<_>>(), case));
    let cases = results
        .filter(|(held, _)| !held.is_empty())
        .map(|(held, case)| CaseResult::of((case.id.clone(), case.title.clone()), &case.expect, held));
    let run = Run::of(named(), seeds, cases.collect(), jobs.len());
    match lock(&failed).take() {
        None if run.complete => Ok(run),
        why => Err(RunError::Unfinished { run: Box::new(run), planned: jobs.len(), why: why.map(Box::new) }),
    }
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
        if let Err(error) = reserve(out).and_then(|()| keep(&held, suite, &path, config.audio)) {
            // Half a conversation is none, and where the disk is full its room is needed for what was held before.
            drop(std::fs::remove_dir_all(&path));
            return Err(error.into());
        }
    }
    let mut result = ConversationResult::of(&held, seed, folder);
    if case.situation.is_some() {
        result.judge(std::iter::once(took_part(&held)));
    }
    if suite.invariants {
        result.judge(breaches(&held, &Conditions::of(suite, case)).into_iter().map(Verdict::from));
    }
    Ok(result)
}

/// Whether the agent under test did anything at all: it has to have answered a caller who said something to it, and to
/// have spoken in any case. Without it bounds of what did not happen would hold by silence.
fn took_part(held: &Held) -> Verdict {
    let was_asked = held.stimuli.iter().any(|(_, stimulus)| stimulus.kind == StimulusKind::Turn);
    let mut spoken = held.transcript.utterances.iter().filter(|u| u.speaker == Side::Support && !u.text.is_empty());
    let passed = spoken.any(|u| !was_asked || u.source == Some(SpeechSource::Reply));
    let (criterion, missed) = match was_asked {
        true => ("the agent under test answers", "the caller spoke to it, and it never answered"),
        false => ("the agent under test speaks", "it never said anything"),
    };
    let why = if passed { "it did" } else { missed };
    Verdict { criterion: criterion.to_owned(), passed, why: why.to_owned() }
}

/// Writes a conversation as a live one is kept.
fn keep(held: &Held, suite: &Suite, path: &Path, audio: bool) -> Result<(), FolderError> {
    held.write(path, audio && suite.sound == Sound::Opus)?;
    let held_with = HeldWith { sound: suite.sound, turns: suite.turns };
    write_held_with(path, &held_with).map_err(|source| FolderError::Write { path: path.into(), source })
}
