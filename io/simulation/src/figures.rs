//! The figures of a conversation as one flat list: a number for each metric, by its way from the top.

use duologue_conversation::scenario::Side;
use duologue_score::{DEFINITIONS, Definition, EntityRecall, Metrics, PartyMetrics, Spread, Stages, direction};
use serde_json::{Map, Value};
use std::collections::{BTreeMap, BTreeSet};

/// What a figure means: the definition of the last part of its name that has one. `heard_e2e_latency_ms` defines
/// `parties.support.heard_e2e_latency_ms.p95`.
pub fn definition(figure: &str) -> Option<&'static Definition> {
    figure.rsplit('.').find_map(|part| DEFINITIONS.iter().find(|d| d.name == part))
}

/// Every metric that has a value. A rate stands under its own name, without the counts behind it; a spread gives `p50`,
/// `p95` and `p99`; what has no event, so no value, is left out, and so is what has no definition.
pub(crate) fn figures(metrics: &Metrics) -> BTreeMap<String, f64> {
    let values = places(metrics).into_iter().filter_map(|(name, value)| Some((name, value?)));
    values.filter(|(_, value)| value.is_finite()).collect()
}

/// Every name that a figure of a conversation between customer and support agent can have: those that bounds may take.
pub(crate) fn figure_names() -> BTreeSet<String> {
    let sides = [Side::Support.as_str(), Side::Customer.as_str()];
    // Stages that took no time are left out where they are written, so one of them has to have taken some.
    let reported = Stages { llm_ttft_ms: Spread::of([1.0]), ..Stages::default() };
    let party = PartyMetrics { reported, ..PartyMetrics::default() };
    let mut metrics = Metrics::default();
    for (speaker, listener) in [(sides[0], sides[1]), (sides[1], sides[0])] {
        metrics.parties.insert(speaker.to_owned(), party.clone());
        metrics.stt_wer.insert(direction(speaker, listener), 0.0);
        metrics.stt_cer.insert(direction(speaker, listener), 0.0);
        metrics.entity_recall.insert(direction(speaker, listener), EntityRecall::default());
    }
    let names = places(&metrics).into_keys();
    // The only one that is a word.
    names.filter(|name| name != "end_reason").collect()
}

/// Where a figure can stand that has a definition, and what stands there.
fn places(metrics: &Metrics) -> BTreeMap<String, Option<f64>> {
    let mut places = BTreeMap::new();
    if let Ok(Value::Object(all)) = serde_json::to_value(metrics) {
        walk("", &all, &mut places);
    }
    places.retain(|name, _| definition(name).is_some());
    places
}

fn walk(way: &str, of: &Map<String, Value>, places: &mut BTreeMap<String, Option<f64>>) {
    for (key, value) in of {
        let name = if way.is_empty() { key.clone() } else { format!("{way}.{key}") };
        match value {
            Value::Number(_) | Value::Null => drop(places.insert(name, value.as_f64())),
            Value::Object(inner) => {
                if let Some(ratio) = inner.get("rate").or_else(|| inner.get("mean")) {
                    places.insert(name, ratio.as_f64());
                } else if inner.contains_key("p50") {
                    let percentiles = ["p50", "p95", "p99"].map(|p| (p, inner.get(p).and_then(Value::as_f64)));
                    places.extend(percentiles.map(|(p, n)| (format!("{name}.{p}"), n)));
                } else {
                    walk(&name, inner, places);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use duologue_score::{Mean, Share, WordErrors};

    #[test]
    fn a_metric_is_one_number() {
        let mut metrics = Metrics {
            heard_e2e_latency_ms: Spread::of([400.0, 600.0]),
            yield_rate: Share::new(3, 4),
            turn_taking: Mean::of([0.5, 1.0]),
            ..Metrics::default()
        };
        metrics.selectivity.backchannel = Share::new(1, 1);
        metrics.stt_wer.insert("customer_heard_by_support".into(), 0.25);
        metrics.stt_word_errors.insert("customer_heard_by_support".into(), WordErrors::default());
        let support = PartyMetrics { time_to_yield_ms: Spread::of([700.0]), ..PartyMetrics::default() };
        metrics.parties.insert("support".into(), support);
        let figures = figures(&metrics);
        for (name, value) in [
            ("heard_e2e_latency_ms.p50", 500.0),
            ("heard_e2e_latency_ms.p95", 590.0),
            ("yield_rate", 0.75),
            ("turn_taking", 0.75),
            ("selectivity.backchannel", 1.0),
            ("stt_wer.customer_heard_by_support", 0.25),
            ("parties.support.time_to_yield_ms.p50", 700.0),
        ] {
            assert_eq!(figures.get(name), Some(&value), "{name} of {figures:?}");
        }
        let without_event =
            ["selectivity.vocal_tic", "response_rate", "parties.support.yield_rate", "time_to_yield_ms.p50"];
        assert!(without_event.iter().all(|name| !figures.contains_key(*name)), "{figures:?}");
        let parts = ["count", "of", "sum", "rate", "mean", "reference", "substitutions", "values", "words"];
        let is_part = |name: &String| name.rsplit('.').next().is_some_and(|last| parts.contains(&last));
        assert!(!figures.keys().any(is_part), "{figures:?}");
    }

    #[test]
    fn every_figure_has_a_known_name() {
        let names = figure_names();
        for name in [
            "turns",
            "overlap_ratio",
            "heard_e2e_latency_ms.p99",
            "parties.support.time_to_yield_ms.p95",
            "parties.customer.selectivity.non_directed",
            "parties.support.reported.llm_ttfs_ms.p50",
            "parties.support.tts_wer",
            "stt_wer.support_heard_by_customer",
            "entity_recall.customer_heard_by_support.codes",
            "task_completion",
        ] {
            assert!(names.contains(name), "{name} is missing in {names:?}");
        }
        for name in ["end_reason", "parties", "turns.p95", "parties.agent.turns", "yield_rate.count"] {
            assert!(!names.contains(name), "{name}");
        }
    }

    #[test]
    fn a_figure_is_defined_by_the_last_part_that_is() {
        assert_eq!(definition("parties.support.reported.llm_ttft_ms.p95").map(|d| d.name), Some("llm_ttft_ms"));
        assert_eq!(definition("parties.support.selectivity.backchannel").map(|d| d.name), Some("backchannel"));
        assert_eq!(definition("stt_wer.customer_heard_by_support").map(|d| d.name), Some("stt_wer"));
        assert_eq!(definition("parties.support.words"), None);
    }
}
