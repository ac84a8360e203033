//! The transcript: bubbles on two sides, tool calls, silences and notes between them.

use super::html::{T, clock, milliseconds, percent};
use super::model::{Mark, Note, Report, ToolCall, Utterance, side};
use super::timeline::{Moment, moments};
use super::{marks, player, timeline};
use crate::quantity::counted;
use duologue_score::{Comparison, MarkKind, compare};
use serde_json::Value;
use std::fmt::Write;
use std::ops::Range;

/// The list items of the transcript.
pub(super) fn items(report: &Report) -> String {
    let utterances = timeline::utterances(report);
    let mut badges: Vec<Vec<&Mark>> = vec![Vec::new(); utterances.len()];
    for mark in marks::sorted(report) {
        if let Some(of) = marks::utterance_of(mark, &utterances).and_then(|number| badges.get_mut(number)) {
            of.push(mark);
        }
    }
    let mut html = String::new();
    for moment in moments(report, &utterances) {
        html += &match moment {
            Moment::Said(number, utterance) => {
                turn(report, (number, utterance), badges.get(number).map_or(&[], Vec::as_slice))
            }
            Moment::Tool(call) => tool(report, call),
            Moment::Note(n) => note(n),
            Moment::Marked(mark) => marked_place(report, mark),
        };
    }
    if report.utterances.is_empty() {
        html += "<li class=\"empty\">Nobody said anything.</li>";
    }
    html
}

fn turn(report: &Report, (number, u): (usize, &Utterance), badges: &[&Mark]) -> String {
    let speaker = report.speaker(u.speaker);
    let comparison = u.heard.as_deref().map(|heard| compare(&u.said, heard));
    let missed = comparison.as_ref().map_or(&[][..], |c| &c.said);
    let mut html = format!(
        "<li class=\"turn p{side}\" id=\"turn-{number}\" data-turn=\"{number}\"><div class=\"bubble\">\
         <div class=\"meta\"><span class=\"who\">{name}</span>\
         <button type=\"button\" class=\"at\" data-play=\"{start:.3}\" aria-label=\"Play {name} at {at}\">\
         <svg class=\"tri\" viewBox=\"0 0 10 10\" aria-hidden=\"true\"><path d=\"M2 1l7 4-7 4z\"/></svg>{at}</button>",
        side = side(u.speaker),
        name = T(&speaker.name),
        start = player::finite(u.start_s),
        at = clock(u.start_s),
    );
    for mark in badges {
        let (class, _) = marks::sign(mark.kind);
        let _ = write!(
            html,
            "<span class=\"badge\"><span class=\"sample {class}\" aria-hidden=\"true\"></span>{}</span>",
            T(&marks::badge(report, mark))
        );
    }
    if u.interrupted {
        html += "<span class=\"badge cut\" title=\"The other party cut in here\">interrupted</span>";
    }
    if let Some(stages) = u.stages.filter(|s| s.total_ms.is_finite()) {
        let _ = write!(
            html,
            "<span class=\"lag\" title=\"From the end of the other's speech to the first sound\">{}</span>",
            milliseconds(stages.total_ms)
        );
    }
    let _ = write!(html, "</div><p class=\"said\">{}</p>", marked(&u.said, missed, "missed"));
    if let (Some(heard), Some(comparison)) = (&u.heard, &comparison) {
        html += &heard_as(report, u, heard, comparison);
    }
    html + "</div></li>"
}

fn heard_as(report: &Report, u: &Utterance, heard: &str, comparison: &Comparison) -> String {
    let listener = T(&report.speaker(1 - side(u.speaker)).name).to_string();
    let wer = u.wer.unwrap_or_else(|| comparison.errors.rate());
    if comparison.errors.total() == 0 {
        return format!(
            "<p class=\"heard exact\"><span class=\"tick\" aria-hidden=\"true\">✓</span> {listener} heard every word</p>"
        );
    }
    let text =
        if heard.trim().is_empty() { "<em>nothing</em>".to_owned() } else { marked(heard, &comparison.heard, "wrong") };
    format!(
        "<p class=\"heard\"><span class=\"label\">{listener} heard</span> {text} \
         <span class=\"wer\" title=\"Word error rate: {errors} of {words}\">WER {wer}</span></p>",
        errors = comparison.errors.total(),
        words = counted(comparison.errors.reference, "word"),
        wer = percent(wer),
    )
}

/// `text`, escaped, with the ranges marked. Ranges come in order and lie on character borders.
fn marked(text: &str, ranges: &[Range<usize>], class: &str) -> String {
    let mut html = String::new();
    let mut from = 0;
    for range in ranges {
        let (Some(before), Some(inside)) = (text.get(from..range.start), text.get(range.clone())) else { continue };
        let _ = write!(html, "{}<mark class=\"{class}\">{}</mark>", T(before), T(inside));
        from = range.end;
    }
    let _ = write!(html, "{}", T(text.get(from..).unwrap_or_default()));
    html
}

fn tool(report: &Report, call: &ToolCall) -> String {
    let (word, sign) = if call.failed { ("failed", "✕") } else { ("done", "✓") };
    let latency = call.latency_ms.map(|ms| format!(" in {}", milliseconds(ms))).unwrap_or_default();
    format!(
        "<li class=\"event tool p{side}{failed}\"><details><summary><span class=\"sample tool\" aria-hidden=\"true\"></span>\
         <span class=\"call\"><span class=\"time\">{at}</span> {who} calls <code class=\"name\">{name}</code>\
         <span class=\"arguments\">{brief}</span></span>\
         <span class=\"result\"><span aria-hidden=\"true\">{sign}</span> {word}{latency}</span>\
         <span class=\"answer\">{short}</span></summary>\
         <dl><dt>Arguments</dt><dd><pre>{arguments}</pre></dd><dt>Answer</dt><dd><pre>{outcome}</pre></dd></dl></details></li>",
        side = side(call.by),
        failed = if call.failed { " failed" } else { "" },
        at = clock(call.at_s),
        who = T(&report.speaker(call.by).name),
        name = T(&call.name),
        brief = brief(&call.arguments),
        short = T(&shortened(&call.outcome)),
        arguments = T(&pretty(&call.arguments)),
        outcome = T(&serde_json::from_str(&call.outcome).map_or_else(|_| call.outcome.clone(), |v| pretty(&v))),
    )
}

/// `code: "47291"`, each argument for itself.
fn brief(arguments: &Value) -> String {
    let Some(map) = arguments.as_object() else { return String::new() };
    let one = |(key, value): (&String, &Value)| {
        format!("<span class=\"argument\"><i>{}</i> {}</span>", T(key), T(&shortened(&value.to_string())))
    };
    map.iter().map(one).collect()
}

fn pretty(value: &Value) -> String {
    if value.is_null() { String::new() } else { serde_json::to_string_pretty(value).unwrap_or_default() }
}

/// One line's worth; the whole stands below.
fn shortened(text: &str) -> String {
    const LINE: usize = 90;
    if text.chars().nth(LINE).is_none() {
        text.to_owned()
    } else {
        text.chars().take(LINE - 1).chain(['…']).collect()
    }
}

fn note(note: &Note) -> String {
    format!("<li class=\"event note\"><p><span class=\"time\">{}</span> {}</p></li>", clock(note.at_s), T(&note.text))
}

fn marked_place(report: &Report, mark: &Mark) -> String {
    let (class, _) = marks::sign(mark.kind);
    let quiet = if mark.kind == MarkKind::AwkwardSilence { " quiet" } else { "" };
    format!(
        "<li class=\"event note{quiet}\"><p><span class=\"sample {class} p{by}\" aria-hidden=\"true\"></span>{}</p></li>",
        T(&marks::sentence(report, mark)),
        by = side(mark.by),
    )
}
