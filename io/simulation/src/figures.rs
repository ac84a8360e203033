//! The figures of a conversation as one flat list: a number for each metric, by its way from the top.

use duologue_score::{DEFINITIONS, Definition, Metrics};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// What a figure means: the definition of the last part of its name that has one. `heard_e2e_latency_ms` defines
/// `parties.support.heard_e2e_latency_ms.p95`.
pub fn definition(figure: &str) -> Option<&'static Definition> {
    figure.rsplit('.').find_map(|part| DEFINITIONS.iter().find(|d| d.name == part))
}

/// Every metric that has a value. A rate stands under its own name, without the counts behind it; a spread gives `p50`,
/// `p95` and `p99`; what has no event, so no value, is left out, and so is what has no definition.
pub(crate) fn figures(metrics: &Metrics) -> BTreeMap<String, f64> {
    let mut figures = BTreeMap::new();
    if let Ok(Value::Object(all)) = serde_json::to_value(metrics) {
        walk("", &all, &mut figures);
    }
    figures.retain(|name, value| value.is_finite() && definition(name).is_some());
    figures
}

fn walk(way: &str, of: &Map<String, Value>, figures: &mut BTreeMap<String, f64>) {
    for (key, value) in of {
        let name = if way.is_empty() { key.clone() } else { format!("{way}.{key}") };
        match value {
            Value::Number(number) => figures.extend(number.as_f64().map(|n| (name, n))),
            Value::Object(inner) => {
                if let Some(ratio) = inner.get("rate").or_else(|| inner.get("mean")) {
                    figures.extend(ratio.as_f64().map(|n| (name, n)));
                } else if inner.contains_key("p50") {
                    let percentiles = ["p50", "p95", "p99"].map(|p| (p, inner.get(p).and_then(Value::as_f64)));
                    let known = percentiles.into_iter().filter_map(|(p, n)| Some((format!("{name}.{p}"), n?)));
                    figures.extend(known);
                } else {
                    walk(&name, inner, figures);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use duologue_score::{Mean, PartyMetrics, Share, Spread, WordErrors};

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
    fn a_figure_is_defined_by_the_last_part_that_is() {
        assert_eq!(definition("parties.support.reported.llm_ttft_ms.p95").map(|d| d.name), Some("llm_ttft_ms"));
        assert_eq!(definition("parties.support.selectivity.backchannel").map(|d| d.name), Some("backchannel"));
        assert_eq!(definition("stt_wer.customer_heard_by_support").map(|d| d.name), Some("stt_wer"));
        assert_eq!(definition("parties.support.words"), None);
    }
}
