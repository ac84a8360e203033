//! Everything that happened, in order of time.

use super::marks;
use super::model::{Mark, Note, Report, ToolCall, Utterance};

/// One thing that happened.
pub(super) enum Moment<'a> {
    /// Somebody spoke. The number counts utterances from 0 in order of time.
    Said(usize, &'a Utterance),
    /// A tool was called.
    Tool(&'a ToolCall),
    /// Something else.
    Note(&'a Note),
    /// A place that was marked and belongs to no utterance.
    Marked(&'a Mark),
}

/// Utterances in order of time.
pub(super) fn utterances(report: &Report) -> Vec<&Utterance> {
    let mut sorted: Vec<&Utterance> = report.utterances.iter().collect();
    sorted.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
    sorted
}

/// Utterances (as [`utterances`] gives them), tool calls, notes and places in order of time.
pub(super) fn moments<'a>(report: &'a Report, utterances: &[&'a Utterance]) -> Vec<Moment<'a>> {
    let mut all: Vec<(f64, Moment<'_>)> = Vec::new();
    all.extend(report.notes.iter().map(|note| (note.at_s, Moment::Note(note))));
    let places = marks::sorted(report).into_iter().filter(|m| marks::utterance_of(m, utterances).is_none());
    all.extend(places.map(|mark| (mark.start_s, Moment::Marked(mark))));
    all.extend(utterances.iter().enumerate().map(|(i, u)| (u.start_s, Moment::Said(i, u))));
    all.extend(report.tool_calls.iter().map(|call| (call.at_s, Moment::Tool(call))));
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all.into_iter().map(|(_, moment)| moment).collect()
}
