//! Two runs of a suite beside each other: what got better and worse, with confidence intervals over seeds.

use crate::figures::definition;
use crate::results::{CaseResult, Run};
use duologue_ids::Seed;
use duologue_score::Better;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};

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
    /// Cases of A that B does not have.
    pub missing: Vec<String>,
    /// Cases of B that A does not have.
    pub added: Vec<String>,
    /// Cases of both that were not held with the same seeds; only the seeds of both are compared.
    pub other_seeds: Vec<OtherSeeds>,
    /// Whether A and B were held to the end.
    pub complete: [bool; 2],
}

/// A case that was not held with the same seeds in both runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OtherSeeds {
    /// Which case.
    pub case: String,
    /// Seeds in A.
    pub a: usize,
    /// Seeds in B.
    pub b: usize,
    /// Seeds in both: those that are compared.
    pub both: usize,
}

/// Why two runs can't be compared.
#[derive(Debug, thiserror::Error)]
pub enum CompareError {
    /// Nothing of one is in the other.
    #[error(
        "these runs do not fit together: A is of the suite `{a}`, B of `{b}`, and no case was held with the same seed in both{}\n  \
         help: compare two runs of one suite",
        if *.complete { "" } else { "; one of them was stopped before all was held" }
    )]
    NothingInCommon {
        /// The suite of A.
        a: String,
        /// The suite of B.
        b: String,
        /// Both were held to the end.
        complete: bool,
    },
}

impl Comparison {
    /// Whether B is not shown to be as good as A: something clearly got worse, fails now, or was not held.
    pub fn is_regression(&self) -> bool {
        let not_compared = self.other_seeds.iter().any(|seeds| seeds.both == 0);
        let not_held = !self.missing.is_empty() || not_compared || !self.complete[1];
        not_held || !self.newly_failing.is_empty() || self.changes.iter().any(Change::is_worse)
    }

    /// What does not fit, a sentence each.
    pub fn remarks(&self) -> Vec<String> {
        let names = ["A", "B"].into_iter().zip(self.complete).filter(|(_, complete)| !complete);
        let incomplete = names.map(|(name, _)| format!("{name} is incomplete: it was stopped before all was held"));
        let missing = self.missing.iter().map(|case| format!("missing in B: {case}"));
        let added = self.added.iter().map(|case| format!("only in B: {case}"));
        let seeds = self.other_seeds.iter().map(|s| {
            let compared = match s.both {
                0 => "none is in both, so it is not compared".to_owned(),
                n => format!("only the {} of both are compared", n),
            };
            format!("other seeds: {} has {} in A and {} in B; {compared}", s.case, s.a, s.b)
        });
        incomplete.chain(missing).chain(added).chain(seeds).collect()
    }
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
    /// 95 % confidence interval of the difference, from the seeds' own differences: the percentile bootstrap (Efron, 1979),
    /// or Student's t where that is wider, since the bootstrap of few values is too narrow (Hesterberg, 2015).
    pub interval: [f64; 2],
    /// Which way is good.
    pub better: Better,
}

impl Change {
    /// Whether the interval leaves no doubt that it changed.
    pub fn is_clear(&self) -> bool {
        self.interval[0] > 0.0 || self.interval[1] < 0.0
    }

    /// Whether it clearly got worse.
    pub fn is_worse(&self) -> bool {
        let bad = match self.better {
            Better::Higher => self.difference < 0.0,
            Better::Lower => self.difference > 0.0,
            Better::Neither => false,
        };
        bad && self.is_clear()
    }

    /// In a word.
    pub fn verdict(&self) -> &'static str {
        match (self.is_clear(), self.better) {
            (false, _) => "as before",
            (true, Better::Neither) => "differs",
            (true, _) if self.is_worse() => "worse",
            (true, _) => "better",
        }
    }
}

/// Compares B with A, seed by seed.
///
/// # Errors
/// There is nothing to compare: no case of both was held with one seed.
pub fn compare(a: &Run, b: &Run) -> Result<Comparison, CompareError> {
    let (complete, suites) = ([a.complete, b.complete], (&a.suite, &b.suite));
    let cases = |run: &Run| run.cases.iter().map(|c| (c.id.clone(), c.clone())).collect::<BTreeMap<_, _>>();
    let (a, b) = (cases(a), cases(b));
    let both: Vec<(&CaseResult, &CaseResult)> = a.iter().filter_map(|(id, case)| Some((case, b.get(id)?))).collect();
    let ids = |changed: &dyn Fn(&CaseResult, &CaseResult) -> bool| {
        both.iter().filter(|(a, b)| changed(a, b)).map(|(a, _)| a.id.clone()).collect::<Vec<_>>()
    };
    let other_seeds: Vec<OtherSeeds> = both.iter().filter_map(|(a, b)| other_seeds(a, b)).collect();
    if other_seeds.iter().filter(|s| s.both == 0).count() == both.len() {
        return Err(CompareError::NothingInCommon {
            a: suites.0.clone(),
            b: suites.1.clone(),
            complete: complete == [true; 2],
        });
    }
    let beside = |of: &BTreeMap<String, CaseResult>, other: &BTreeMap<String, CaseResult>| {
        of.keys().filter(|id| !other.contains_key(*id)).cloned().collect::<Vec<_>>()
    };
    Ok(Comparison {
        newly_failing: ids(&|a, b| a.passed && !b.passed),
        newly_passing: ids(&|a, b| !a.passed && b.passed),
        missing: beside(&a, &b),
        added: beside(&b, &a),
        changes: both.iter().flat_map(|(a, b)| changes(a, b)).collect(),
        other_seeds,
        complete,
    })
}

/// `None` where both have the same.
fn other_seeds(a: &CaseResult, b: &CaseResult) -> Option<OtherSeeds> {
    let seeds = |case: &CaseResult| case.conversations.iter().map(|c| c.seed).collect::<BTreeSet<_>>();
    let (of_a, of_b) = (seeds(a), seeds(b));
    let both = of_a.intersection(&of_b).count();
    (of_a != of_b).then(|| OtherSeeds { case: a.id.clone(), a: of_a.len(), b: of_b.len(), both })
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
        better: definition(metric).map_or(Better::Neither, |d| d.better),
    }
}

/// The wider of two intervals of the mean: the 2.5th and 97.5th percentile of the means of draws with replacement, and
/// Student's t. One seed says nothing about others: then the interval reaches from zero to the difference itself.
fn interval(differences: &[f64]) -> [f64; 2] {
    if let [only] = differences {
        return [only.min(0.0), only.max(0.0)];
    }
    let mut rng = Seed(differences.len() as u64).derive("bootstrap").rng();
    let n = differences.len();
    let mean_of = |values: &mut dyn Iterator<Item = f64>| values.sum::<f64>() / n as f64;
    let mut means: Vec<f64> = (0..DRAWS).map(|_| mean_of(&mut (0..n).map(|_| differences[rng.below(n)]))).collect();
    means.sort_by(f64::total_cmp);
    let mean = mean_of(&mut differences.iter().copied());
    let variance = differences.iter().map(|d| (d - mean).powi(2)).sum::<f64>() / (n - 1) as f64;
    let reach = student(n - 1) * (variance / n as f64).sqrt();
    [means[DRAWS * 25 / 1_000].min(mean - reach), means[DRAWS * 975 / 1_000].max(mean + reach)]
}

/// The 97.5th percentile of Student's t with so many degrees of freedom. Beyond the table: the first two terms of its
/// expansion in the normal percentile (Abramowitz and Stegun, 26.7.5).
fn student(freedom: usize) -> f64 {
    const TABLE: [f64; 12] = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179];
    const NORMAL: f64 = 1.959_964;
    let beyond = || NORMAL + (NORMAL.powi(3) + NORMAL) / (4.0 * freedom as f64);
    TABLE.get(freedom.saturating_sub(1)).copied().unwrap_or_else(beyond)
}

fn round(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
