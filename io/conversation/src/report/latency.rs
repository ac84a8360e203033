//! Where the time before each answer went: one stacked bar for each turn.

use super::html::{T, clock, milliseconds};
use super::model::{Report, Stages, side};
use super::timeline;
use duologue_score::percentile;
use std::fmt::Write;

/// One stage: class of its colour, title, and how it is read from a turn.
type Stage = (&'static str, &'static str, fn(&Stages) -> f64);

/// The stages in order.
const STAGES: [Stage; 6] = [
    ("eot", "End-of-turn delay", |s| s.end_of_turn_ms),
    ("stt", "Speech recognition", |s| s.stt_ms),
    ("llm", "Language model, first clause", |s| s.llm_ms),
    ("tts", "Voice, first sound", |s| s.tts_ms),
    ("out", "Playout", |s| s.playout_ms),
    ("rest", "Other", rest),
];

/// Time that no stage accounts for; less than a frame of it is rounding.
fn rest(s: &Stages) -> f64 {
    let missing = s.total_ms - sum(s);
    if missing < 20.0 { 0.0 } else { missing }
}

fn sum(s: &Stages) -> f64 {
    s.end_of_turn_ms + s.stt_ms + s.llm_ms + s.tts_ms + s.playout_ms
}

/// The section's content; empty where no turn was timed.
pub(super) fn section(report: &Report) -> String {
    let turns: Vec<_> =
        timeline::utterances(report).into_iter().enumerate().filter_map(|(i, u)| Some((i, u, u.stages?))).collect();
    let longest = turns.iter().map(|(_, _, s)| s.total_ms).fold(1.0, f64::max);
    if turns.is_empty() {
        return String::new();
    }
    let all: Vec<Stages> = turns.iter().map(|t| t.2).collect();
    let mut rows =
        format!("<li class=\"bar-row typical\"><span class=\"bar-who\">Median</span>{}</li>", typical(&all, longest));
    for (number, u, stages) in &turns {
        let _ = write!(
            rows,
            "<li class=\"bar-row p{side}\"><button type=\"button\" class=\"bar-who\" data-play=\"{start:.3}\" \
             data-goto=\"turn-{number}\"><span class=\"pip\" aria-hidden=\"true\"></span>{name}<span class=\"time\">{at}\
             </span></button>{bar}</li>",
            side = side(u.speaker),
            start = u.start_s,
            name = T(&report.speaker(u.speaker).name),
            at = clock(u.start_s),
            bar = bar(stages, longest, stages.total_ms),
        );
    }
    let mut legend = String::new();
    for (class, title, read) in STAGES {
        if all.iter().any(|s| read(s) > 0.0) {
            let _ = write!(legend, "<li><span class=\"key s-{class}\" aria-hidden=\"true\"></span>{title}</li>");
        }
    }
    format!("<ul class=\"legend\">{legend}</ul><ol class=\"bars\">{rows}</ol>")
}

fn bar(stages: &Stages, longest: f64, total: f64) -> String {
    let mut segments = String::new();
    let mut words = Vec::new();
    for (class, title, read) in STAGES {
        let ms = read(stages);
        if ms < 0.5 {
            continue;
        }
        let width = ms / longest * 100.0;
        let _ = write!(
            segments,
            "<span class=\"seg s-{class}\" style=\"width:{width:.3}%\" title=\"{title}: {}\"><i>{ms:.0}</i></span>",
            milliseconds(ms)
        );
        words.push(format!("{title} {}", milliseconds(ms)));
    }
    format!(
        "<span class=\"bar\" role=\"img\" aria-label=\"{words}\">{segments}</span><span class=\"bar-total\">{total}</span>",
        words = words.join(", "),
        total = milliseconds(total),
    )
}

/// The median of each stage for itself, and of the totals; the segments need not add up to it.
fn typical(turns: &[Stages], longest: f64) -> String {
    let median = |read: fn(&Stages) -> f64| {
        let mut values: Vec<f64> = turns.iter().map(read).collect();
        values.sort_unstable_by(f64::total_cmp);
        percentile(&values, 50.0).unwrap_or(0.0)
    };
    let mut stages = Stages {
        end_of_turn_ms: median(|s| s.end_of_turn_ms),
        stt_ms: median(|s| s.stt_ms),
        llm_ms: median(|s| s.llm_ms),
        tts_ms: median(|s| s.tts_ms),
        playout_ms: median(|s| s.playout_ms),
        total_ms: 0.0,
    };
    stages.total_ms = sum(&stages) + median(rest);
    bar(&stages, longest, median(|s| s.total_ms))
}
