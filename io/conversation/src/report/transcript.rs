//! The transcript: bubbles on two sides, tool calls and notes between them.

use super::html::{T, clock, milliseconds, percent};
use super::model::{Note, Report, ToolCall, Utterance, side};
use super::timeline::{Moment, moments};
use crate::quantity::counted;
use duologue_score::{Comparison, compare};
use std::fmt::Write;
use std::ops::Range;

/// The list items of the transcript.
pub(super) fn items(report: &Report) -> String {
    let mut html = String::new();
    for moment in moments(report) {
        html += &match moment {
            Moment::Said(number, utterance) => turn(report, number, utterance),
            Moment::Tool(call) => tool(report, call),
            Moment::Note(n) => note(n),
        };
    }
    if report.utterances.is_empty() {
        html += "<li class=\"empty\">Nobody said anything.</li>";
    }
    html
}

fn turn(report: &Report, number: usize, u: &Utterance) -> String {
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
        start = u.start_s,
        at = clock(u.start_s),
    );
    if let Some(stages) = &u.stages {
        let _ = write!(
            html,
            "<span class=\"lag\" title=\"From the end of the other's speech to the first sound\">{}</span>",
            milliseconds(stages.total_ms)
        );
    }
    let _ = write!(html, "</div><p class=\"said\">{}", marked(&u.said, missed, "missed"));
    if u.interrupted {
        html += "<span class=\"cut\" title=\"The other party cut in here\">interrupted</span>";
    }
    html += "</p>";
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
        let _ =
            write!(html, "{}<mark class=\"{class}\">{}</mark>", T(&text[from..range.start]), T(&text[range.clone()]));
        from = range.end;
    }
    let _ = write!(html, "{}", T(&text[from..]));
    html
}

fn tool(report: &Report, call: &ToolCall) -> String {
    let arguments = match &call.arguments {
        serde_json::Value::Null => String::new(),
        value => value.to_string(),
    };
    format!(
        "<li class=\"event tool p{side}{failed}\"><details><summary><span class=\"dot\" aria-hidden=\"true\"></span>\
         <span class=\"time\">{at}</span><span>{who} called <code class=\"name\">{name}</code></span>\
         <span class=\"result\">{result}</span></summary><dl><dt>Arguments</dt><dd><pre>{arguments}</pre></dd>\
         <dt>Answer</dt><dd><pre>{outcome}</pre></dd></dl></details></li>",
        side = side(call.by),
        failed = if call.failed { " failed" } else { "" },
        at = clock(call.at_s),
        who = T(&report.speaker(call.by).name),
        name = T(&call.name),
        result = if call.failed { "failed" } else { "done" },
        arguments = T(&arguments),
        outcome = T(&call.outcome),
    )
}

fn note(note: &Note) -> String {
    format!("<li class=\"event note\"><p><span class=\"time\">{}</span> {}</p></li>", clock(note.at_s), T(&note.text))
}
