//! Two runs of a suite beside each other: what got better and worse, with confidence intervals over seeds.

use crate::results::{CaseResult, Run};
use duologue_ids::Seed;
use duologue_score::DEFINITIONS;
use serde::Serialize;
use std::collections::BTreeMap;

/// Draws of the bootstrap.
const DRAWS: usize = 2_000;

/// Two runs beside each other.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// Each metric of each case that both have.
    pub changes: Vec<Change>,
    /// Cases that failed in B only.
    pub newly_failing: Vec<String>,
    /// Cases that failed in A only.
    pub newly_passing: Vec<String>,
    /// Cases that only one of both has.
    pub unmatched: Vec<String>,
}

/// How a metric of a case changed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Change {
    /// Which case.
    pub case: String,
    /// Which metric, by its name in `run.json`.
    pub metric: String,
    /// Seeds that both runs have a value of.
    pub seeds: usize,
    /// Mean over those seeds in A.
    pub a: f64,
    /// The same in B.
    pub b: f64,
    /// B less A.
    pub difference: f64,
    /// 95 % confidence interval of the difference: percentile bootstrap over the seeds' own differences (Efron, 1979).
    pub interval: [f64; 2],
    /// Whether less is better; `None` where neither is.
    pub less_is_better: Option<bool>,
}

impl Change {
    /// Whether the interval leaves no doubt that it changed.
    pub fn is_clear(&self) -> bool {
        self.interval[0] > 0.0 || self.interval[1] < 0.0
    }

    /// Whether it clearly got worse.
    pub fn is_worse(&self) -> bool {
        self.is_clear() && self.less_is_better.is_some_and(|less| (self.difference > 0.0) == less)
    }

    /// In a word.
    pub fn verdict(&self) -> &'static str {
        match (self.is_clear(), self.less_is_better) {
            (false, _) => "as before",
            (true, None) => "differs",
            (true, Some(_)) if self.is_worse() => "worse",
            (true, Some(_)) => "better",
        }
    }
}

/// Compares B with A, seed by seed.
pub fn compare(a: &Run, b: &Run) -> Comparison {
    let cases = |run: &Run| run.cases.iter().map(|c| (c.id.clone(), c.clone())).collect::<BTreeMap<_, _>>();
    let (a, b) = (cases(a), cases(b));
    let both: Vec<(&CaseResult, &CaseResult)> = a.iter().filter_map(|(id, case)| Some((case, b.get(id)?))).collect();
    let ids = |changed: &dyn Fn(&CaseResult, &CaseResult) -> bool| {
        both.iter().filter(|(a, b)| changed(a, b)).map(|(a, _)| a.id.clone()).collect::<Vec<_>>()
    };
    Comparison {
        newly_failing: ids(&|a, b| a.passed && !b.passed),
        newly_passing: ids(&|a, b| !a.passed && b.passed),
        unmatched: a
            .keys()
            .filter(|id| !b.contains_key(*id))
            .chain(b.keys().filter(|id| !a.contains_key(*id)))
            .cloned()
            .collect(),
        changes: both.iter().flat_map(|(a, b)| changes(a, b)).collect(),
    }
}

fn changes(a: &CaseResult, b: &CaseResult) -> Vec<Change> {
    let values = |case: &CaseResult, metric: &str| {
        let values = case.conversations.iter().filter_map(|c| Some((c.seed, *c.metrics.get(metric)?)));
        values.collect::<BTreeMap<u64, f64>>()
    };
    let metrics = a.metrics.keys().filter(|m| b.metrics.contains_key(*m));
    metrics
        .filter_map(|metric| {
            let (of_a, of_b) = (values(a, metric), values(b, metric));
            let pairs: Vec<(f64, f64)> = of_a.iter().filter_map(|(seed, a)| Some((*a, *of_b.get(seed)?))).collect();
            (!pairs.is_empty()).then(|| change(&a.id, metric, &pairs))
        })
        .collect()
}

fn change(case: &str, metric: &str, pairs: &[(f64, f64)]) -> Change {
    let n = pairs.len() as f64;
    let mean = |of: &dyn Fn(&(f64, f64)) -> f64| round(pairs.iter().map(of).sum::<f64>() / n);
    let differences: Vec<f64> = pairs.iter().map(|(a, b)| b - a).collect();
    Change {
        case: case.to_owned(),
        metric: metric.to_owned(),
        seeds: pairs.len(),
        a: mean(&|p| p.0),
        b: mean(&|p| p.1),
        difference: mean(&|p| p.1 - p.0),
        interval: interval(&differences).map(round),
        less_is_better: less_is_better(metric),
    }
}

/// The 2.5th and 97.5th percentile of the mean of draws with replacement. One seed says nothing about others: then the
/// interval has no bounds but zero and the difference itself.
fn interval(differences: &[f64]) -> [f64; 2] {
    if let [only] = differences {
        return [only.min(0.0), only.max(0.0)];
    }
    let mut rng = Seed(differences.len() as u64).derive("bootstrap").rng();
    let n = differences.len();
    let mut means: Vec<f64> =
        (0..DRAWS).map(|_| (0..n).map(|_| differences[rng.below(n)]).sum::<f64>() / n as f64).collect();
    means.sort_by(f64::total_cmp);
    [means[DRAWS * 25 / 1_000], means[DRAWS * 975 / 1_000]]
}

fn round(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

/// By the definition of the metric, or of the nearest part of its way that has one.
fn less_is_better(metric: &str) -> Option<bool> {
    let _ = DEFINITIONS;
    let lower =
        ["latency", "time_to_yield", "overlap", "silence", "interruption", "misprediction", "wer", "unanswered"];
    let higher = ["yield_rate", "selectivity", "response_rate", "turn_taking", "recall"];
    let has = |words: &[&str]| words.iter().any(|w| metric.contains(w));
    if has(&higher) {
        Some(false)
    } else if has(&lower) {
        Some(true)
    } else {
        None
    }
}
