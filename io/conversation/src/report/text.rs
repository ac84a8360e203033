//! The transcript to read: plain text.

use super::facts;
use super::html::{clock, milliseconds, percent};
use super::marks;
use super::model::{Report, Utterance, side};
use super::scores::pooled_wer;
use super::timeline::{Moment, moments, utterances};
use duologue_score::compare;
use std::fmt::Write;

/// A readable transcript with head and verdicts: `transcript.txt`. Where the other party heard other words, they stand
/// below the line.
pub fn render_text(report: &Report) -> String {
    let mut out = String::new();
    head(&mut out, report);
    for moment in moments(report, &utterances(report)) {
        match moment {
            Moment::Said(_, utterance) => said(&mut out, report, utterance),
            Moment::Tool(call) => {
                let _ = writeln!(
                    out,
                    "[{}] * {} called {}({}): {}{}",
                    clock(call.at_s),
                    line(&report.speaker(call.by).name),
                    line(&call.name),
                    if call.arguments.is_null() { String::new() } else { call.arguments.to_string() },
                    if call.failed { "failed, " } else { "" },
                    line(&call.outcome)
                );
            }
            Moment::Note(note) => {
                let _ = writeln!(out, "[{}] * {}", clock(note.at_s), line(&note.text));
            }
            Moment::Marked(mark) => {
                let _ = writeln!(out, "* {}", line(&marks::sentence(report, mark)));
            }
        }
    }
    tail(&mut out, report);
    out
}

fn head(out: &mut String, report: &Report) {
    let [a, b] = &report.speakers;
    let _ = writeln!(out, "{}", line(&report.title));
    let _ = writeln!(out, "{} ({}) and {} ({})", line(&a.name), line(&a.side), line(&b.name), line(&b.side));
    let _ =
        writeln!(out, "{}, {} min, seed {}", facts::date(&report.started_at), clock(report.duration_s), report.seed);
    for remark in report.remarks.iter().chain(&report.error) {
        let _ = writeln!(out, "{}", line(remark));
    }
    out.push('\n');
}

fn said(out: &mut String, report: &Report, u: &Utterance) {
    let cut = if u.interrupted { " [interrupted]" } else { "" };
    let _ = writeln!(out, "[{}] {}: {}{cut}", clock(u.start_s), line(&report.speaker(u.speaker).name), line(&u.said));
    if let Some(heard) = &u.heard {
        let errors = compare(&u.said, heard).errors;
        if errors.total() > 0 {
            let listener = line(&report.speaker(1 - side(u.speaker)).name);
            let heard = if heard.trim().is_empty() { "nothing".to_owned() } else { line(heard) };
            let _ = writeln!(out, "       {listener} heard: {heard} (WER {})", percent(u.wer.unwrap_or(errors.rate())));
        }
    }
}

fn tail(out: &mut String, report: &Report) {
    let _ = writeln!(out, "\n{}", line(&facts::ending(report)));
    if report.unfinished && !report.verdicts.is_empty() {
        let _ = writeln!(out, "{}", facts::UNFINISHED);
    }
    for verdict in &report.verdicts {
        let sign = if verdict.passed { "passed" } else { "FAILED" };
        let _ = writeln!(out, "{sign}: {} ({})", line(&verdict.criterion), line(&verdict.why));
    }
    let m = &report.metrics;
    let ms = |v: Option<f64>| v.map_or("-".to_owned(), milliseconds);
    let _ = writeln!(
        out,
        "Turns {}, response time p50 {} p95 {}, talk-over {}, silence {}, words misheard {}",
        m.turns,
        ms(m.heard_e2e_latency_ms.p50),
        ms(m.heard_e2e_latency_ms.p95),
        percent(m.overlap_ratio),
        percent(m.silence_ratio),
        pooled_wer(m).map_or("-".to_owned(), percent)
    );
}

/// One line, whatever was in it.
fn line(text: &str) -> String {
    text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
}
