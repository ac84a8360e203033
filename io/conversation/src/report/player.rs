//! What the script needs: times, loudness, overlaps, marks. And the audio element.

use super::html::{T, clock, href, milliseconds, script_json};
use super::model::{Begun, MAX_EMBEDDED_AUDIO, Report, ToolCall, Utterance, side};
use super::{marks, timeline};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use duologue_ids::Mono;
use duologue_score::{Interval, Track};
use serde_json::{Value, json};
use std::fmt::Write;

/// The numbers of the player as JSON for a script element. Utterances stand in order of time, as in the transcript.
pub(super) fn data(report: &Report) -> String {
    let turns: Vec<_> = timeline::utterances(report).into_iter().map(turn).collect();
    let overlaps: Vec<_> = overlaps(report).iter().map(|(from, to)| json!([from, to])).collect();
    script_json(&json!({
        "duration": finite(report.duration_s),
        "peaksPerSecond": report.peaks_per_second,
        "peaks": report.speakers.each_ref().map(|s| STANDARD.encode(&s.peaks)),
        "names": report.speakers.each_ref().map(|s| &s.name),
        "turns": turns,
        "overlaps": overlaps,
        "marks": all_marks(report),
        "embedded": embedded(report),
    }))
}

fn turn(u: &Utterance) -> Value {
    let begun: Vec<_> = u.begun.iter().map(|Begun { at_s, utf16 }| json!([finite(*at_s), utf16])).collect();
    json!([side(u.speaker), finite(u.start_s), finite(u.end_s), begun])
}

/// Marks and tool calls: class, speaker, from, to, sentence.
fn all_marks(report: &Report) -> Vec<Value> {
    let marks = marks::sorted(report).into_iter().map(|m| {
        json!([marks::sign(m.kind).0, side(m.by), finite(m.start_s), finite(m.end_s), marks::sentence(report, m)])
    });
    let tools = report
        .tool_calls
        .iter()
        .map(|call| json!(["tool", side(call.by), finite(call.at_s), finite(call.at_s), called(report, call)]));
    marks.chain(tools).collect()
}

fn called(report: &Report, call: &ToolCall) -> String {
    let outcome = if call.failed { "failed" } else { "done" };
    let latency = call.latency_ms.map(|ms| format!(" after {}", milliseconds(ms))).unwrap_or_default();
    format!("{}: {} calls {}, {outcome}{latency}", clock(call.at_s), report.speaker(call.by).name, call.name)
}

/// The signs of the time line with their names, where there are any.
pub(super) fn legend(report: &Report) -> String {
    let mut kinds = marks::legend(report);
    if !overlaps(report).is_empty() {
        kinds.insert(0, ("both", "Both speak", 0));
    }
    if !report.tool_calls.is_empty() {
        kinds.push(("tool", "Tool call", report.tool_calls.len()));
    }
    let mut html = String::new();
    for (class, title, count) in kinds {
        let count = if count > 0 { format!(" <b>{count}</b>") } else { String::new() };
        let _ = write!(html, "<li><span class=\"sample {class}\" aria-hidden=\"true\"></span>{title}{count}</li>");
    }
    html
}

/// The audio element: bytes inside, or a link, or nothing.
pub(super) fn audio(report: &Report) -> String {
    let Some(audio) = &report.audio else { return String::new() };
    let source = if embedded(report) {
        format!("data:{};base64,{}", T(&audio.mime), STANDARD.encode(&audio.bytes))
    } else {
        href(&audio.path)
    };
    format!("<audio id=\"audio\" controls preload=\"metadata\" src=\"{source}\"></audio>")
}

pub(super) fn embedded(report: &Report) -> bool {
    report.audio.as_ref().is_some_and(|audio| (1..=MAX_EMBEDDED_AUDIO).contains(&audio.bytes.len()))
}

/// When both spoke, in seconds.
fn overlaps(report: &Report) -> Vec<(f64, f64)> {
    let track = |place: usize| -> Track {
        let own = report.utterances.iter().filter(|u| side(u.speaker) == place);
        own.map(|u| Interval::new(mono(u.start_s), mono(u.end_s))).collect()
    };
    let both = track(0).overlap(&track(1));
    both.intervals().iter().map(|i| (i.start.as_secs_f64(), i.end.as_secs_f64())).collect()
}

fn mono(seconds: f64) -> Mono {
    Mono::from_millis((finite(seconds) * 1000.0).round() as u64)
}

/// JSON has no infinity, and no time lies before the start.
pub(super) fn finite(seconds: f64) -> f64 {
    if seconds.is_finite() { seconds.clamp(0.0, 1e7) } else { 0.0 }
}
