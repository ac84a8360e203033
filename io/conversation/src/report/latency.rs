//! Where the time before each answer went: a waterfall to scale, one row for each turn.

use super::html::{T, clock, milliseconds};
use super::model::{Report, Stages, Tokens, Utterance, side};
use super::timeline;
use crate::quantity::counted;
use duologue_score::percentile;
use std::fmt::Write;

/// One stage: class of its colour, title, and how it is read from a turn.
type Stage = (&'static str, &'static str, fn(&Stages) -> f64);

/// The stages in order.
const STAGES: [Stage; 7] = [
    ("eot", "End of turn", |s| s.end_of_turn_ms),
    ("stt", "Recognition", |s| s.stt_ms),
    ("ttft", "Model, first token", |s| s.first_token_ms.clamp(0.0, s.llm_ms.max(0.0))),
    ("llm", "Model, first clause", |s| s.llm_ms - s.first_token_ms.clamp(0.0, s.llm_ms.max(0.0))),
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

/// A turn that was timed.
struct Turn<'a> {
    number: usize,
    said: &'a Utterance,
    stages: Stages,
}

/// The section's content; empty where no turn was timed.
pub(super) fn section(report: &Report) -> String {
    let timed = |(number, said): (usize, &'_ Utterance)| {
        let stages = said.stages.filter(|s| s.total_ms.is_finite() && sum(s).is_finite())?;
        Some((number, stages))
    };
    let said = timeline::utterances(report);
    let turns: Vec<Turn<'_>> = said
        .iter()
        .enumerate()
        .filter_map(|(number, u)| timed((number, u)).map(|(number, stages)| Turn { number, said: u, stages }))
        .collect();
    if turns.is_empty() {
        return String::new();
    }
    let longest = turns.iter().map(|t| t.stages.total_ms.max(sum(&t.stages))).fold(1.0, f64::max);
    let scale = Scale::of(longest);
    let totals = spread(&turns, |s| s.total_ms);
    let rows: String = turns.iter().map(|t| row(report, t, &scale)).collect();
    let early = turns.iter().filter(|t| t.stages.preemptive).count();
    format!(
        "{stages}<div class=\"waterfall\"><div class=\"bar-row axis\" aria-hidden=\"true\"><span></span>\
         <span class=\"ticks\">{ticks}</span><span></span></div>\
         <ol class=\"bars\" id=\"bars\" tabindex=\"0\" aria-label=\"Turns\">{rows}</ol>{lines}</div>{note}",
        stages = stages(&turns, totals),
        ticks = scale.ticks(),
        lines = scale.lines(totals),
        note = if early > 0 { EARLY_NOTE } else { "" },
    )
}

const EARLY_NOTE: &str = "<p class=\"sub early-note\"><span class=\"early-sign\">early</span> The reply was begun before the \
    other's turn was known to be over; the thin line shows when model and voice worked on it.</p>";

/// p50 and p95 of one reading of all turns.
fn spread(turns: &[Turn<'_>], read: impl Fn(&Stages) -> f64) -> (f64, f64) {
    let mut values: Vec<f64> = turns.iter().map(|t| read(&t.stages)).collect();
    values.sort_unstable_by(f64::total_cmp);
    (percentile(&values, 50.0).unwrap_or(0.0), percentile(&values, 95.0).unwrap_or(0.0))
}

/// The total and each stage with its p50 and p95: legend and summary in one.
fn stages(turns: &[Turn<'_>], totals: (f64, f64)) -> String {
    let item = |class: &str, title: &str, (p50, p95): (f64, f64)| {
        format!(
            "<li><span class=\"stage-name\"><span class=\"key s-{class}\" aria-hidden=\"true\"></span>{title}</span>\
             <b>{}</b><small>p95 {}</small></li>",
            milliseconds(p50),
            milliseconds(p95)
        )
    };
    let mut html = item("total", "Whole response", totals);
    for (class, title, read) in STAGES {
        if turns.iter().any(|t| read(&t.stages) >= 0.5) {
            html += &item(class, title, spread(turns, read));
        }
    }
    format!("<ul class=\"stages\">{html}</ul>")
}

fn row(report: &Report, turn: &Turn<'_>, scale: &Scale) -> String {
    let Turn { number, said, stages } = turn;
    let name = T(&report.speaker(said.speaker).name).to_string();
    let tokens = said.tokens.map(|tokens| tokens.describe());
    let early = if stages.preemptive { "<span class=\"early-sign\">early</span>" } else { "" };
    format!(
        "<li class=\"bar-row p{side}\" data-total=\"{total:.0}\"><button type=\"button\" class=\"bar-who\" \
         data-play=\"{start:.3}\" data-goto=\"turn-{number}\" aria-label=\"Play {name} at {at}\">\
         <span class=\"pip p{side}\" aria-hidden=\"true\"></span><span class=\"bar-name\">{name}</span>\
         <span class=\"time\">{at}</span></button>{bar}<span class=\"bar-total\"{title}>{early}{time}</span></li>",
        side = side(said.speaker),
        total = stages.total_ms,
        start = super::player::finite(said.start_s),
        at = clock(said.start_s),
        bar = bar(stages, tokens.clone(), scale),
        title = tokens.map(|tokens| format!(" title=\"{tokens}\"")).unwrap_or_default(),
        time = milliseconds(stages.total_ms),
    )
}

fn bar(stages: &Stages, tokens: Option<String>, scale: &Scale) -> String {
    let mut segments = String::new();
    let mut words = Vec::new();
    for (class, title, read) in STAGES {
        let ms = read(stages);
        if ms < 0.5 {
            continue;
        }
        let text = format!("{title} {}", milliseconds(ms));
        let _ = write!(
            segments,
            "<span class=\"seg s-{class}\" style=\"width:{:.3}%\" title=\"{text}\"><i>{ms:.0}</i></span>",
            scale.percent(ms)
        );
        words.push(text);
    }
    let (line, told) = work(stages, scale);
    words.extend(told);
    words.extend(tokens);
    format!("<span class=\"bar\" role=\"img\" aria-label=\"{}\">{segments}{line}</span>", words.join(", "))
}

impl Tokens {
    /// `412 tokens read (384 cached), 36 written, 58 per second`
    fn describe(&self) -> String {
        let cached = if self.cached > 0 { format!(" ({} cached)", self.cached) } else { String::new() };
        let speed = self.per_second.filter(|speed| speed.is_finite());
        let speed = speed.map_or_else(String::new, |speed| format!(", {speed:.0} per second"));
        format!("{} read{cached}, {} written{speed}", counted(self.read, "token"), self.written)
    }
}

/// When model and voice really worked on a reply that was begun early.
fn work(stages: &Stages, scale: &Scale) -> (String, Option<String>) {
    let Some(work) = stages.work.filter(|_| stages.preemptive) else { return (String::new(), None) };
    let took = |part: Option<f64>| part.filter(|ms| ms.is_finite()).unwrap_or(0.0).max(0.0);
    let all = took(work.llm_ttfs_ms) + took(work.tts_ttfb_ms);
    let asked = if work.asked_after_ms.is_finite() { work.asked_after_ms.max(0.0) } else { 0.0 };
    let text = format!(
        "begun {} after the other's last sound: model {}, voice {}",
        milliseconds(asked),
        milliseconds(took(work.llm_ttfs_ms)),
        milliseconds(took(work.tts_ttfb_ms))
    );
    let left = scale.percent(asked).min(100.0);
    let width = scale.percent(all).min(100.0 - left);
    let line = format!("<span class=\"work\" style=\"left:{left:.3}%;width:{width:.3}%\" title=\"{text}\"></span>");
    (line, Some(text))
}

/// Milliseconds to share of the width, with round ticks.
struct Scale {
    end: f64,
    step: f64,
}

impl Scale {
    fn of(longest: f64) -> Scale {
        const STEPS: [f64; 11] = [50.0, 100.0, 200.0, 250.0, 500.0, 1e3, 2e3, 5e3, 1e4, 3e4, 6e4];
        let step = STEPS.into_iter().find(|step| longest / step <= 6.0).unwrap_or(longest / 6.0);
        Scale { end: (longest / step).ceil().max(1.0) * step, step }
    }

    fn percent(&self, ms: f64) -> f64 {
        ms / self.end * 100.0
    }

    fn ticks(&self) -> String {
        let count = (self.end / self.step).round() as usize;
        let tick = |n: usize| {
            let ms = n as f64 * self.step;
            let text = if n == 0 { "0".to_owned() } else { short(ms) };
            format!("<i style=\"left:{:.3}%\">{text}</i>", self.percent(ms))
        };
        (0..=count).map(tick).collect()
    }

    /// p50 and p95 of the totals, over all rows.
    fn lines(&self, (p50, p95): (f64, f64)) -> String {
        let line = |class: &str, ms: f64| {
            format!("<i class=\"{class}\" style=\"left:{:.3}%\"><b>{class}</b></i>", self.percent(ms).clamp(0.0, 100.0))
        };
        let both = if p95 - p50 < self.end / 50.0 { String::new() } else { line("p95", p95) };
        format!(
            "<div class=\"bar-row lines\" aria-hidden=\"true\"><span></span><span class=\"ticks\">{}{both}</span><span></span></div>",
            line("p50", p50)
        )
    }
}

/// `500 ms`, `1.5 s`.
fn short(ms: f64) -> String {
    if ms < 1000.0 { format!("{ms:.0} ms") } else { format!("{} s", (ms / 10.0).round() / 100.0) }
}
