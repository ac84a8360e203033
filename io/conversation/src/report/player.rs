//! What the script needs: times, loudness, overlaps. And the audio element.

use super::html::{T, href, script_json};
use super::model::{MAX_EMBEDDED_AUDIO, Report, side};
use super::timeline;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use duologue_ids::Mono;
use duologue_score::{Interval, Track};
use serde_json::json;

/// The numbers of the player as JSON for a script element. Utterances stand in order of time, as in the transcript.
pub(super) fn data(report: &Report) -> String {
    let turns: Vec<_> = timeline::utterances(report)
        .iter()
        .map(|u| json!([side(u.speaker), finite(u.start_s), finite(u.end_s)]))
        .collect();
    let marks: Vec<_> = report.tool_calls.iter().map(|call| json!([side(call.by), finite(call.at_s)])).collect();
    let overlaps: Vec<_> = overlaps(report).iter().map(|(from, to)| json!([from, to])).collect();
    script_json(&json!({
        "duration": finite(report.duration_s),
        "peaksPerSecond": report.peaks_per_second,
        "peaks": report.speakers.each_ref().map(|s| STANDARD.encode(&s.peaks)),
        "names": report.speakers.each_ref().map(|s| &s.name),
        "turns": turns,
        "overlaps": overlaps,
        "tools": marks,
        "embedded": embedded(report),
    }))
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

fn embedded(report: &Report) -> bool {
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
fn finite(seconds: f64) -> f64 {
    if seconds.is_finite() { seconds.clamp(0.0, 1e7) } else { 0.0 }
}
