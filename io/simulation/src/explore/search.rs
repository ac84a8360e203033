use super::draw::draw;
use super::examine::{Adjust, ExamineError, examine};
use super::invariants::{Breach, Invariant};
use super::shrink::shrink;
use super::write::suite_file;
use crate::suite::Suite;
use serde::Serialize;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How a search goes.
#[derive(Clone)]
pub struct ExploreConfig {
    /// The first seed.
    pub from: u64,
    /// So many seeds at most.
    pub seeds: Option<u64>,
    /// No new case is begun after so long; shrinking comes on top.
    pub duration: Option<Duration>,
    /// Cases at once.
    pub jobs: usize,
    /// Where the smallest cases are written; nothing is without it.
    pub out: Option<PathBuf>,
    /// So many cases of each invariant are shrunk, those with the lowest seeds.
    pub keep: usize,
    /// Another version of the logic.
    pub adjust: Adjust,
}

impl Default for ExploreConfig {
    fn default() -> Self {
        let adjust: Adjust = Arc::new(|_| {});
        ExploreConfig { from: 1, seeds: None, duration: None, jobs: 1, out: None, keep: 3, adjust }
    }
}

/// Why a search ended early.
#[derive(Debug, thiserror::Error)]
pub enum ExploreError {
    /// What was drawn can't be held.
    #[error("seed {seed} draws a case that can't be held; this is a defect: {why}")]
    Held {
        /// Which.
        seed: u64,
        /// Why.
        why: ExamineError,
    },
    /// A case can't be written.
    #[error("cannot write {path}: {why}\n  help: choose another folder with `--out DIR`")]
    Write {
        /// Where.
        path: PathBuf,
        /// Why.
        why: io::Error,
    },
}

/// How far a search is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Progress<'a> {
    /// A case was held.
    Held {
        /// Its seed.
        seed: u64,
        /// The first thing that it broke, if anything.
        breach: Option<&'a Breach>,
    },
    /// A case is being made small.
    Shrinking {
        /// Its seed.
        seed: u64,
        /// What it broke.
        invariant: Invariant,
    },
}

/// What a search found.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Explored {
    /// Cases that were held.
    pub cases: u64,
    /// Seconds of virtual time.
    pub simulated_s: f64,
    /// The first seed that was not begun: where to go on.
    pub next_seed: u64,
    /// Everything that broke, by seed.
    pub findings: Vec<Finding>,
}

/// An invariant that a case broke.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Finding {
    /// The case's seed.
    pub seed: u64,
    /// What it broke first of this kind.
    pub breach: Breach,
    /// The smallest case, where it was made small.
    #[serde(skip)]
    pub smallest: Option<Suite>,
    /// Where that is written.
    pub file: Option<PathBuf>,
}

/// Looks for faults until seeds or time run out, or somebody cancels; then makes small what was found. `tell` is called
/// from any thread.
///
/// # Errors
/// A case can't be held, or written. That something broke is a result.
pub fn explore(
    config: &ExploreConfig,
    cancel: &AtomicBool,
    tell: impl Fn(Progress<'_>) + Sync,
) -> Result<Explored, ExploreError> {
    let mut explored = search(config, cancel, &tell)?;
    let mut kept: BTreeMap<Invariant, usize> = BTreeMap::new();
    for finding in &mut explored.findings {
        let count = kept.entry(finding.breach.invariant).or_default();
        *count += 1;
        if *count <= config.keep && !cancel.load(Ordering::Relaxed) {
            tell(Progress::Shrinking { seed: finding.seed, invariant: finding.breach.invariant });
            make_small(finding, config)?;
        }
    }
    Ok(explored)
}

fn search(
    config: &ExploreConfig,
    cancel: &AtomicBool,
    tell: &(impl Fn(Progress<'_>) + Sync),
) -> Result<Explored, ExploreError> {
    let (began, next) = (Instant::now(), AtomicU64::new(config.from));
    let explored: Mutex<Result<Explored, ExploreError>> = Mutex::new(Ok(Explored::default()));
    let work = || {
        while !cancel.load(Ordering::Relaxed) && config.duration.is_none_or(|most| began.elapsed() < most) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if config.seeds.is_some_and(|count| seed - config.from >= count) {
                return;
            }
            let examined = examine(&draw(seed), &config.adjust);
            let mut explored = explored.lock().unwrap_or_else(PoisonError::into_inner);
            let Ok(so_far) = explored.as_mut() else { return };
            match examined {
                Ok(examined) => {
                    tell(Progress::Held { seed, breach: examined.breaches.first() });
                    so_far.cases += 1;
                    so_far.simulated_s += examined.duration_s;
                    so_far.next_seed = so_far.next_seed.max(seed + 1);
                    so_far.findings.extend(first_of_each(seed, examined.breaches));
                }
                Err(why) => *explored = Err(ExploreError::Held { seed, why }),
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..config.jobs.max(1) {
            scope.spawn(work);
        }
    });
    let mut explored = explored.into_inner().unwrap_or_else(PoisonError::into_inner)?;
    explored.findings.sort_by_key(|f| (f.seed, f.breach.invariant));
    explored.simulated_s = (explored.simulated_s * 1e3).round() / 1e3;
    Ok(explored)
}

fn first_of_each(seed: u64, breaches: Vec<Breach>) -> Vec<Finding> {
    let mut first: BTreeMap<Invariant, Finding> = BTreeMap::new();
    for breach in breaches {
        first.entry(breach.invariant).or_insert(Finding { seed, breach, smallest: None, file: None });
    }
    first.into_values().collect()
}

fn make_small(finding: &mut Finding, config: &ExploreConfig) -> Result<(), ExploreError> {
    let invariant = finding.breach.invariant;
    let Some(shrunk) = shrink(&draw(finding.seed), invariant, &config.adjust) else { return Ok(()) };
    let breach = shrunk.examined.breaches.iter().find(|b| b.invariant == invariant).unwrap_or(&finding.breach);
    let mut remarks = vec![
        format!(
            "Found by `duologue simulate --explore` from seed {}, made small in {} trials.",
            finding.seed, shrunk.trials
        ),
        format!("Breaks `{}` at {:.2} s: {}", invariant.as_str(), breach.at_s, breach.why),
        "What was reported about then:".to_owned(),
    ];
    remarks.extend(around(&shrunk.examined.events, breach.at_s).map(|line| format!("  {line}")));
    if let Some(out) = &config.out {
        let path = out.join(format!("{}-{}.yaml", invariant.as_str().replace('_', "-"), finding.seed));
        write(out, &path, &suite_file(&shrunk.suite, &remarks))?;
        finding.file = Some(path);
    }
    finding.smallest = Some(shrunk.suite);
    Ok(())
}

/// The last events before a time, and the first behind it.
fn around(events: &str, at_s: f64) -> impl Iterator<Item = &str> {
    let lines: Vec<&str> = events.lines().filter(|l| !l.contains("usage_collected")).collect();
    let time = |line: &str| serde_json::from_str::<serde_json::Value>(line).ok()?["t"].as_f64();
    let at = lines.iter().position(|l| time(l).is_some_and(|t| t > at_s)).unwrap_or(lines.len());
    lines.into_iter().skip(at.saturating_sub(12)).take(16)
}

fn write(folder: &Path, path: &Path, text: &str) -> Result<(), ExploreError> {
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(path, text));
    written.map_err(|why| ExploreError::Write { path: path.to_owned(), why })
}
