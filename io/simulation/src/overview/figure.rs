//! Columns of figures: which there are, and how they read.

use crate::figures::definition;
use crate::results::{BoundResult, CaseResult, Run};
use duologue_conversation::report::html::{milliseconds, percent};
use std::collections::BTreeSet;

const RESPONSE_P50: &str = "parties.support.heard_e2e_latency_ms.p50";
const RESPONSE_P95: &str = "parties.support.heard_e2e_latency_ms.p95";
const TIME_TO_YIELD: &str = "parties.support.time_to_yield_ms.p50";
const SELECTIVITY: [&str; 3] = [
    "parties.support.selectivity.backchannel",
    "parties.support.selectivity.vocal_tic",
    "parties.support.selectivity.non_directed",
];
/// More bounds than these have no column of their own; they stand with the failures.
const MOST_OF_BOUNDS: usize = 4;

/// A figure of every case.
pub(super) struct Column {
    pub(super) title: String,
    pub(super) meaning: String,
    /// Its names in `run.json`; of several it is the mean.
    names: Vec<String>,
}

impl Column {
    fn new(title: &str, names: &[&str]) -> Column {
        let meaning = names.first().and_then(|n| definition(n)).map_or("", |d| d.meaning);
        let names = names.iter().map(|n| (*n).to_owned()).collect();
        Column { title: title.to_owned(), meaning: meaning.to_owned(), names }
    }

    /// Its value in a case.
    pub(super) fn value(&self, case: &CaseResult) -> Option<f64> {
        let values: Vec<f64> = self.names.iter().filter_map(|name| case.metrics.get(name).copied()).collect();
        (!values.is_empty()).then(|| values.iter().sum::<f64>() / values.len() as f64)
    }

    /// The bound of it that a case missed.
    pub(super) fn missed<'a>(&self, case: &'a CaseResult) -> Option<&'a BoundResult> {
        case.bounds.iter().find(|b| !b.passed && self.names.contains(&b.metric))
    }

    pub(super) fn shown(&self, value: f64) -> String {
        shown(self.names.first().map_or("", String::as_str), value)
    }
}

/// The columns of a run: what turn-taking is measured by, and what the suite has bounds of; those without any value are
/// left out.
pub(super) fn columns(run: &Run) -> Vec<Column> {
    let mut columns = vec![
        Column::new("Response p50", &[RESPONSE_P50]),
        Column::new("Response p95", &[RESPONSE_P95]),
        Column::new("Time to yield", &[TIME_TO_YIELD]),
        Column::new("Yields", &["parties.support.yield_rate"]),
        Column::new("Selectivity", &SELECTIVITY),
        Column::new("Overlap", &["overlap_ratio"]),
        Column::new("WER", &["stt_wer.customer_heard_by_support"]),
        Column::new("Turn-taking", &["parties.support.turn_taking"]),
    ];
    let known = |name: &str, columns: &[Column]| columns.iter().any(|c| c.names.iter().any(|n| n == name));
    let bounds: BTreeSet<&str> = run.cases.iter().flat_map(|c| &c.bounds).map(|b| b.metric.as_str()).collect();
    let own: Vec<&str> = bounds.into_iter().filter(|name| !known(name, &columns)).take(MOST_OF_BOUNDS).collect();
    columns.extend(own.into_iter().map(|name| Column::new(&title(name), &[name])));
    columns.retain(|column| run.cases.iter().any(|case| column.value(case).is_some()));
    columns
}

/// A figure's name for people: `Response time p95, support`.
pub(super) fn title(name: &str) -> String {
    let Some(definition) = definition(name) else { return name.to_owned() };
    let mut parts = name.split('.');
    let party = (parts.next() == Some("parties")).then(|| parts.next()).flatten();
    let last = name.rsplit('.').next().unwrap_or_default();
    let spread = if matches!(last, "p50" | "p95" | "p99") { format!(" {last}") } else { String::new() };
    let of = party.or_else(|| last.split_once("_heard_by_").map(|(speaker, _)| speaker));
    let of = of.map_or(String::new(), |of| format!(", {of}"));
    format!("{}{spread}{of}", definition.title)
}

/// A value as people write it.
pub(super) fn shown(name: &str, value: f64) -> String {
    match definition(name).map(|d| d.unit) {
        Some("ms") => milliseconds(value),
        Some("share") => percent(value),
        Some("score") => format!("{value:.2}"),
        _ if value.fract() == 0.0 => format!("{value:.0}"),
        _ => format!("{value:.1}"),
    }
}

/// `at most 1.00 s`.
pub(super) fn wanted(bound: &BoundResult) -> String {
    let limits = [("at least", bound.bound.min), ("at most", bound.bound.max)];
    let limits = limits.into_iter().filter_map(|(word, v)| Some(format!("{word} {}", shown(&bound.metric, v?))));
    limits.collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_have_names_for_people() {
        assert_eq!(title(RESPONSE_P95), "Response time p95, support");
        assert_eq!(title("stt_wer.customer_heard_by_support"), "Word error rate, customer");
        assert_eq!(title("overlap_ratio"), "Talk-over");
        assert_eq!(title("what_is_this"), "what_is_this");
        assert_eq!((shown(RESPONSE_P95, 1_234.0), shown("overlap_ratio", 0.031)), ("1.23 s".into(), "3.1 %".into()));
    }
}
