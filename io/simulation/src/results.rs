//! What came of a run, as it stands in `run.json`: the same bytes on every run of one suite with one set of seeds.

use crate::figures::figures;
use crate::suite::Bound;
use duologue_conversation::scenario::Verdict;
use duologue_conversation::virtual_time::{Fingerprint, Held};
use duologue_voice::CloseReason;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A run of a suite.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Run {
    /// Id of the suite.
    pub suite: String,
    /// Its title.
    pub title: String,
    /// Version of Duologue.
    pub version: String,
    /// Seeds of each case.
    pub seeds: u32,
    /// The first of them.
    #[serde(default = "one")]
    pub first_seed: u64,
    /// All conversations that were to be held were held. A run that is going on, or was stopped, is not complete.
    #[serde(default = "yes")]
    pub complete: bool,
    /// Each case, in the suite's order.
    pub cases: Vec<CaseResult>,
    /// Conversations that were held.
    pub conversations: usize,
    /// Of which all criteria held.
    pub passed: usize,
    /// Cases in which a conversation failed, or a bound was missed.
    pub cases_failed: usize,
    /// Seconds of virtual time, all conversations together.
    pub simulated_s: f64,
}

fn one() -> u64 {
    1
}

fn yes() -> bool {
    true
}

/// What came of a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaseResult {
    /// Its name.
    pub id: String,
    /// A line for people.
    pub title: String,
    /// One for each seed.
    pub conversations: Vec<ConversationResult>,
    /// The mean of each metric over the seeds in which it has a value.
    pub metrics: BTreeMap<String, f64>,
    /// What became of its bounds.
    pub bounds: Vec<BoundResult>,
    /// Nothing failed.
    pub passed: bool,
}

/// So many seeds, one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seeds {
    pub(crate) first: u64,
    pub(crate) count: u32,
}

impl Seeds {
    pub(crate) fn all(self) -> impl Iterator<Item = u64> + Clone {
        (0..u64::from(self.count)).map(move |n| self.first.saturating_add(n))
    }
}

/// What came of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ConversationResult {
    /// Its seed.
    pub seed: u64,
    /// Its folder, from that of the run.
    pub folder: String,
    /// Seconds.
    pub duration_s: f64,
    /// Why it ended.
    pub end_reason: Option<CloseReason>,
    /// What went wrong, where something did.
    pub error: Option<String>,
    /// All criteria held.
    pub passed: bool,
    /// Each criterion.
    pub verdicts: Vec<Verdict>,
    /// Every metric that has a value, by name: `heard_e2e_latency_ms.p95`, `parties.support.yield_rate`.
    pub metrics: BTreeMap<String, f64>,
    /// What has to come out the same twice.
    pub fingerprint: Fingerprint,
}

/// What became of a bound.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct BoundResult {
    /// Of which metric.
    pub metric: String,
    /// What was wanted.
    pub bound: Bound,
    /// The mean over the seeds; `None` where no conversation had a value.
    pub value: Option<f64>,
    /// It held. A metric that has no value misses its bound: it would be held by saying nothing.
    pub passed: bool,
}

impl ConversationResult {
    pub(crate) fn of(held: &Held, seed: u64, folder: String) -> ConversationResult {
        let summary = &held.summary;
        ConversationResult {
            seed,
            folder,
            duration_s: summary.duration_s,
            end_reason: summary.end_reason,
            error: summary.error.clone(),
            passed: summary.goal_reached && summary.error.is_none(),
            verdicts: summary.verdicts.clone(),
            metrics: figures(&summary.metrics),
            fingerprint: held.fingerprint(),
        }
    }

    /// What else was judged of it.
    pub(crate) fn judge(&mut self, verdicts: impl Iterator<Item = Verdict>) {
        self.verdicts.extend(verdicts);
        self.passed &= self.verdicts.iter().all(|v| v.passed);
    }

    /// Why it failed, a line each.
    pub fn failures(&self) -> Vec<String> {
        let missed = self.verdicts.iter().filter(|v| !v.passed).map(|v| format!("{}: {}", v.criterion, v.why));
        self.error.iter().cloned().chain(missed).collect()
    }
}

impl CaseResult {
    pub(crate) fn of(
        (id, title): (String, String),
        expect: &BTreeMap<String, Bound>,
        conversations: Vec<ConversationResult>,
    ) -> CaseResult {
        let metrics = means(&conversations);
        let bounds: Vec<BoundResult> = expect.iter().map(|(metric, bound)| judged(metric, *bound, &metrics)).collect();
        let passed = conversations.iter().all(|c| c.passed) && bounds.iter().all(|b| b.passed);
        CaseResult { id, title, conversations, metrics, bounds, passed }
    }
}

impl Run {
    /// `planned` is how many conversations were to be held.
    pub(crate) fn of((suite, title): (String, String), seeds: Seeds, cases: Vec<CaseResult>, planned: usize) -> Run {
        let all = || cases.iter().flat_map(|c| &c.conversations);
        Run {
            suite,
            title,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            seeds: seeds.count,
            first_seed: seeds.first,
            complete: all().count() == planned,
            conversations: all().count(),
            passed: all().filter(|c| c.passed).count(),
            cases_failed: cases.iter().filter(|c| !c.passed).count(),
            // The sum of nothing is -0.
            simulated_s: (all().map(|c| c.duration_s).sum::<f64>() * 1e3).round().abs() / 1e3,
            cases,
        }
    }
}

fn judged(metric: &str, bound: Bound, metrics: &BTreeMap<String, f64>) -> BoundResult {
    let value = metrics.get(metric).copied();
    let holds = |v: f64| bound.min.is_none_or(|min| v >= min) && bound.max.is_none_or(|max| v <= max);
    BoundResult { metric: metric.to_owned(), bound, value, passed: value.is_some_and(holds) }
}

fn means(conversations: &[ConversationResult]) -> BTreeMap<String, f64> {
    let mut sums: BTreeMap<&String, (f64, u32)> = BTreeMap::new();
    for (name, value) in conversations.iter().flat_map(|c| &c.metrics) {
        let sum = sums.entry(name).or_default();
        *sum = (sum.0 + value, sum.1 + 1);
    }
    sums.into_iter().map(|(name, (sum, n))| (name.clone(), (sum / f64::from(n) * 1e4).round() / 1e4)).collect()
}
