//! Criteria that the metrics of the recording decide.

use super::judge::{Evidence, within};
use super::{By, ConversationFacts, Criterion, Latency, Side};
use crate::quantity::{counted, dollars};
use duologue_score::{EntityRecall, Metrics, Share, Spread, WordErrors, direction};

/// Whether a measured criterion holds. While the call runs none does.
pub(super) fn measured_verdict(criterion: &Criterion, facts: &ConversationFacts) -> Evidence {
    let metrics = facts.metrics.as_ref().ok_or("it is measured when the call is over")?;
    match criterion {
        Criterion::EntitiesHeard(wanted) => {
            let share: Share = recalls(metrics, wanted.by).map(|recall| recall.all).sum();
            let rate = share.rate.ok_or("no name, code or amount was said and listened to")?;
            within(rate >= wanted.min, format!("{} of {} were heard", share.count, share.of))
        }
        Criterion::WordErrors(wanted) => {
            let errors = word_errors(metrics, wanted.by).ok_or("no word was said and listened to")?;
            let why = format!("{:.1} %, {} of {}", errors.rate() * 100.0, errors.total(), errors.reference);
            within(errors.rate() <= wanted.max, why)
        }
        Criterion::Latency(wanted) => latency(metrics, wanted),
        Criterion::MaxTalkOver(max) => within(
            metrics.overlap_ratio <= *max,
            format!("both spoke {:.1} % of the time", metrics.overlap_ratio * 100.0),
        ),
        Criterion::MaxSilenceS(max) => {
            let longest = metrics.longest_silence_ms as f64 / 1e3;
            within(longest <= *max, format!("the longest silence took {longest:.1} s"))
        }
        Criterion::MaxCost(max) => cost(metrics, facts, *max),
        // Judged by what was said and done.
        _ => Err("it is not measured".to_owned()),
    }
}

fn cost(metrics: &Metrics, facts: &ConversationFacts, max: f64) -> Evidence {
    let cost = metrics.cost.ok_or_else(|| match facts.unpriced.as_slice() {
        [] => "what it cost is not known: no model was at work, or nobody counted what it consumed".to_owned(),
        reasons => {
            format!("what it cost is not known: {}; give the price under `prices` in duologue.yaml", reasons.join("; "))
        }
    })?;
    let why = match facts.untold_requests {
        // What is free stays so.
        untold if untold > 0 && cost > 0.0 => {
            let requests = counted(untold, "request");
            format!("it cost at least {}: {requests} that did not end told no tokens", dollars(cost))
        }
        _ => format!("it cost {}", dollars(cost)),
    };
    within(cost <= max, why)
}

/// By whom something was heard: the keys of the directions.
fn directions(by: By) -> impl Iterator<Item = String> {
    let listeners = [Side::Support, Side::Customer].into_iter().filter(move |side| by.includes(*side));
    listeners.map(|side| direction(side.other().as_str(), side.as_str()))
}

fn recalls(metrics: &Metrics, by: By) -> impl Iterator<Item = EntityRecall> {
    directions(by).filter_map(|key| metrics.entity_recall.get(&key).copied())
}

fn word_errors(metrics: &Metrics, by: By) -> Option<WordErrors> {
    let mut all = directions(by).filter_map(|key| metrics.stt_word_errors.get(&key).copied());
    let mut sum = all.next()?;
    all.for_each(|errors| sum += errors);
    Some(sum)
}

fn latency(metrics: &Metrics, wanted: &Latency) -> Evidence {
    let of =
        |side: Side| metrics.parties.get(side.as_str()).map(|p| p.heard_e2e_latency_ms.clone()).unwrap_or_default();
    let spread: Spread = match wanted.by {
        By::Support => of(Side::Support),
        By::Customer => of(Side::Customer),
        By::Either => metrics.heard_e2e_latency_ms.clone(),
    };
    let (Some(p50), Some(p95)) = (spread.p50, spread.p95) else { return Err("nobody answered anybody".to_owned()) };
    let holds = |is: f64, limit: Option<u32>| limit.is_none_or(|limit| is <= f64::from(limit));
    let why = format!("p50 {p50} ms, p95 {p95} ms of {}", spread.count);
    within(holds(p50, wanted.p50_ms) && holds(p95, wanted.p95_ms), why)
}
