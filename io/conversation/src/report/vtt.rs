//! WebVTT captions.

use super::model::Report;
use super::timeline;
use std::fmt::Write;

/// Captions for the recording, a cue for each utterance with its speaker as the voice: `captions.vtt`.
pub fn render_vtt(report: &Report) -> String {
    let mut out = String::from("WEBVTT\n");
    for (number, u) in timeline::utterances(report).into_iter().enumerate() {
        // A cue that ends where it starts is never shown.
        let end = u.end_s.max(u.start_s + 0.1);
        let _ = write!(
            out,
            "\n{}\n{} --> {}\n<v {}>{}{}\n",
            number + 1,
            stamp(u.start_s),
            stamp(end),
            escaped(&report.speaker(u.speaker).name),
            escaped(&u.said),
            if u.interrupted { " —" } else { "" },
        );
    }
    out
}

/// `00:01:02.345`.
fn stamp(seconds: f64) -> String {
    let ms = if seconds.is_finite() { (seconds.max(0.0) * 1000.0).round() as u64 } else { 0 };
    format!("{:02}:{:02}:{:02}.{:03}", ms / 3_600_000, ms / 60_000 % 60, ms / 1_000 % 60, ms % 1_000)
}

/// Cue text: no markup, no blank line (which would end the cue).
fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
