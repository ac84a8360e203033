//! Metrics: tiles at the top, all figures with their definitions below.

use super::html::{T, milliseconds, percent};
use super::marks;
use super::model::{Report, SCRIPTED_CALLER, Speaker};
use crate::quantity::{counted, dollars};
use duologue_score::{DEFINITIONS, MarkKind, Metrics, Share, Spread, direction};
use serde_json::Value;
use std::fmt::Write;

/// The figures that a reader looks for first.
pub(super) fn tiles(report: &Report) -> String {
    let m = &report.metrics;
    let (p50, p95) = halves(response(report));
    let wer = pooled_wer(m).map_or("–".to_owned(), percent);
    let backchannels = report.marks.iter().filter(|mark| mark.kind == MarkKind::Backchannel).count();
    let listening = if marks::legend(report).is_empty() {
        counted(m.overlaps_without_transfer, "short overlap")
    } else {
        counted(backchannels, "backchannel")
    };
    let silences = counted(m.awkward_silence_count, "awkward silence");
    let tiles = [
        ("Response time", p50, format!("p95 {p95}")),
        ("Turns", m.turns.to_string(), format!("{:.0} words a minute", words_per_minute(m))),
        ("Interruptions", m.interruptions.to_string(), listening),
        ("Words misheard", wer, "both directions".to_owned()),
        ("Talk-over", percent(m.overlap_ratio), "of the speech".to_owned()),
        ("Silence", percent(m.silence_ratio), silences),
    ];
    let mut html = String::new();
    for (title, value, more) in tiles {
        let _ = write!(
            html,
            "<li class=\"tile\"><span class=\"tile-name\">{title}</span><strong>{value}</strong>\
             <span class=\"tile-more\">{more}</span></li>"
        );
    }
    html
}

/// Response times of both, or of the agent alone where the other party is a script: how fast that is says nothing.
fn response(report: &Report) -> &Spread {
    let is_script = |s: &Speaker| s.models.iter().any(|m| m.stage == "llm" && m.name == SCRIPTED_CALLER);
    let agent = report.speakers.iter().position(is_script).map(|script| &report.speakers[1 - script]);
    let agent = agent.and_then(|agent| report.metrics.parties.get(&agent.side));
    agent.map_or(&report.metrics.heard_e2e_latency_ms, |party| &party.heard_e2e_latency_ms)
}

fn words_per_minute(m: &Metrics) -> f64 {
    let (words, ms) = m.parties.values().fold((0, 0), |(w, t), p| (w + p.words, t + p.speech_ms));
    if ms == 0 { 0.0 } else { words as f64 * 60_000.0 / ms as f64 }
}

/// Every figure with what it means: rows of a table, both together and each party for itself.
pub(super) fn table(report: &Report) -> String {
    let all = serde_json::to_value(&report.metrics).unwrap_or_default();
    let mut html = String::new();
    for definition in DEFINITIONS {
        let values = [
            together(report, &all, definition.name),
            party(report, &all, definition.name, 0),
            party(report, &all, definition.name, 1),
        ];
        let cells = values.map(|value| cell(definition.unit, &value?));
        if cells.iter().all(Option::is_none) {
            continue;
        }
        let [both, first, second] = cells.map(|c| c.unwrap_or_else(|| "<span class=\"none\">–</span>".to_owned()));
        let _ = write!(
            html,
            "<tr><th scope=\"row\"><span class=\"metric-title\">{title}</span> <code>{name}</code>\
             <p class=\"meaning\">{meaning} <span class=\"source\">Unit: {unit}. Source: {source}.</span></p></th>\
             <td data-of=\"Both\">{both}</td><td class=\"p0\" data-of=\"{a}\">{first}</td>\
             <td class=\"p1\" data-of=\"{b}\">{second}</td></tr>",
            title = T(definition.title),
            name = T(definition.name),
            meaning = T(definition.meaning),
            unit = T(definition.unit),
            source = T(definition.source),
            a = T(&report.speakers[0].name),
            b = T(&report.speakers[1].name),
        );
    }
    html
}

/// The figure of the whole conversation. A map from directions is none: those are figures of the parties.
fn together(report: &Report, all: &Value, name: &str) -> Option<Value> {
    match name {
        "stt_wer" => pooled_wer(&report.metrics).map(Value::from),
        "entity_recall" => {
            let (count, of) =
                report.metrics.entity_recall.values().fold((0, 0), |(n, of), r| (n + r.all.count, of + r.all.of));
            serde_json::to_value(Share::new(count, of)).ok()
        }
        _ => figure_in(all, name),
    }
}

/// The figure of one party, or of what the other heard of it.
fn party(report: &Report, all: &Value, name: &str, place: usize) -> Option<Value> {
    let (me, other) = (&report.speakers[place].side, &report.speakers[1 - place].side);
    let own = all.get("parties").and_then(|parties| parties.get(me));
    let own_name = if name == "total_speech_ms" { "speech_ms" } else { name };
    own.and_then(|own| figure_in(own, own_name))
        .or_else(|| all.get(name).and_then(|by| by.get(direction(me, other))).cloned())
}

/// A figure stands in the metrics themselves or in one of their groups.
fn figure_in(metrics: &Value, name: &str) -> Option<Value> {
    let grouped = || ["selectivity", "reported"].iter().find_map(|group| metrics.get(group)?.get(name));
    metrics.get(name).or_else(grouped).cloned()
}

/// A number, or a spread, share or mean, which are told apart by what they hold.
fn cell(unit: &str, value: &Value) -> Option<String> {
    let of = |value: &Value, name: &str| value.get(name).and_then(Value::as_f64);
    if let Some(number) = value.as_f64() {
        return Some(format!("<b>{}</b>", figure(unit, number)));
    }
    if let Some(median) = of(value, "p50") {
        let more = ["p95", "p99"].iter().filter_map(|p| Some(format!("{p} {}", figure(unit, of(value, p)?))));
        let more: Vec<String> = more.chain(of(value, "count").map(|n| format!("n {n:.0}"))).collect();
        return Some(format!("<b>{}</b><small>{}</small>", figure(unit, median), more.join(" · ")));
    }
    if let (Some(rate), Some(count), Some(all)) = (of(value, "rate"), of(value, "count"), of(value, "of")) {
        return Some(format!("<b>{}</b><small>{count:.0} of {all:.0}</small>", figure(unit, rate)));
    }
    if let (Some(mean), Some(count)) = (of(value, "mean"), of(value, "count")) {
        return Some(format!("<b>{}</b><small>n {count:.0}</small>", figure(unit, mean)));
    }
    value.get("all").and_then(|all| cell(unit, all))
}

/// A number in the unit of its definition.
fn figure(unit: &str, value: f64) -> String {
    match unit {
        _ if !value.is_finite() => "–".to_owned(),
        "ms" => milliseconds(value),
        "share" => percent(value),
        "US dollars" => dollars(value),
        "score" => format!("{value:.2}"),
        _ if value.fract() == 0.0 => format!("{value:.0}"),
        _ => format!("{value:.1}"),
    }
}

/// Word error rate over both directions.
pub(super) fn pooled_wer(metrics: &Metrics) -> Option<f64> {
    let mut all = metrics.stt_word_errors.values().copied();
    let mut sum = all.next()?;
    all.for_each(|errors| sum += errors);
    Some(sum.rate())
}

fn halves(of: &Spread) -> (String, String) {
    let text = |v: Option<f64>| v.map_or("–".to_owned(), milliseconds);
    (text(of.p50), text(of.p95))
}
