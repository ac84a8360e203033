//! Metrics: four tiles at the top, all figures with their definitions below.

use super::html::{T, milliseconds, percent};
use super::model::Report;
use crate::quantity::counted;
use duologue_score::{DEFINITIONS, Metrics, Spread, direction};
use std::fmt::Write;

/// The figures that a reader looks for first.
pub(super) fn tiles(report: &Report) -> String {
    let m = &report.metrics;
    let (p50, p95) = halves(&m.heard_e2e_latency_ms);
    let wer = pooled_wer(m).map_or("–".to_owned(), percent);
    let tiles = [
        ("Response time", p50, format!("p95 {p95}")),
        ("Turns", m.turns.to_string(), counted(m.interruptions, "interruption")),
        ("Words misheard", wer, "both directions".to_owned()),
        ("Talk-over", percent(m.overlap_ratio), format!("{} silence", percent(m.silence_ratio))),
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

/// Every figure with what it means.
pub(super) fn table(report: &Report) -> String {
    let mut html = String::new();
    for definition in DEFINITIONS {
        let value = value(report, definition.name);
        if value.is_empty() {
            continue;
        }
        let _ = write!(
            html,
            "<div class=\"metric\"><dt>{title} <code>{name}</code></dt><dd class=\"value\">{value}</dd>\
             <dd class=\"meaning\">{meaning}</dd></div>",
            title = T(definition.title),
            name = definition.name,
            meaning = T(definition.meaning),
        );
    }
    html
}

fn value(report: &Report, name: &str) -> String {
    let m = &report.metrics;
    match name {
        "heard_e2e_latency_ms" => {
            spread(&m.heard_e2e_latency_ms)
                + &each(report, |side| spread(&m.parties.get(side)?.heard_e2e_latency_ms).into())
        }
        "turns" => m.turns.to_string() + &each(report, |side| Some(m.parties.get(side)?.turns.to_string())),
        "overlap_ratio" => percent(m.overlap_ratio),
        "overlap_speech_ms" => milliseconds(m.overlap_speech_ms as f64),
        "total_speech_ms" => {
            let own = |side: &str| Some(milliseconds(m.parties.get(side)?.speech_ms as f64));
            milliseconds(m.total_speech_ms as f64) + &each(report, own)
        }
        "silence_ratio" => percent(m.silence_ratio),
        "longest_silence_ms" => milliseconds(m.longest_silence_ms as f64),
        "awkward_silence_count" => m.awkward_silence_count.to_string(),
        "interruptions" => {
            m.interruptions.to_string() + &each(report, |side| Some(m.parties.get(side)?.interruptions.to_string()))
        }
        "time_to_yield_ms" if m.time_to_yield_ms.count > 0 => spread(&m.time_to_yield_ms),
        "overlaps_without_transfer" => m.overlaps_without_transfer.to_string(),
        "stt_wer" => word_errors(report),
        "words_per_minute" => each(report, |side| Some(format!("{:.0}", m.parties.get(side)?.words_per_minute?))),
        _ => String::new(),
    }
}

/// One line for each party that has a figure.
fn each(report: &Report, read: impl Fn(&str) -> Option<String>) -> String {
    let mut html = String::new();
    for (place, speaker) in report.speakers.iter().enumerate() {
        if let Some(figure) = read(&speaker.side) {
            let _ = write!(
                html,
                "<span class=\"each p{place}\"><span class=\"pip\" aria-hidden=\"true\"></span>{} <b>{figure}</b></span>",
                T(&speaker.name)
            );
        }
    }
    html
}

fn word_errors(report: &Report) -> String {
    let [a, b] = &report.speakers;
    let mut html = pooled_wer(&report.metrics).map_or_else(String::new, percent);
    for (place, (from, to)) in [(a, b), (b, a)].into_iter().enumerate() {
        if let Some(rate) = report.metrics.stt_wer.get(&direction(&from.side, &to.side)) {
            let _ = write!(
                html,
                "<span class=\"each p{place}\"><span class=\"pip\" aria-hidden=\"true\"></span>{}, heard by {} \
                 <b>{}</b></span>",
                T(&from.name),
                T(&to.name),
                percent(*rate)
            );
        }
    }
    html
}

/// Word error rate over both directions.
pub(super) fn pooled_wer(metrics: &Metrics) -> Option<f64> {
    let mut all = metrics.stt_word_errors.values().copied();
    let mut sum = all.next()?;
    all.for_each(|errors| sum += errors);
    Some(sum.rate())
}

fn spread(of: &Spread) -> String {
    if of.count == 0 {
        return "–".to_owned();
    }
    let (p50, p95) = halves(of);
    format!("{p50} <small>p95 {p95}</small>")
}

fn halves(of: &Spread) -> (String, String) {
    let text = |v: Option<f64>| v.map_or("–".to_owned(), milliseconds);
    (text(of.p50), text(of.p95))
}
