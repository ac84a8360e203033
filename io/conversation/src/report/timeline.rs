//! Everything that happened, in order of time.

use super::model::{Note, Report, ToolCall, Utterance};

/// One thing that happened.
pub(super) enum Moment<'a> {
    /// Somebody spoke. The number counts utterances from 0 in order of time.
    Said(usize, &'a Utterance),
    /// A tool was called.
    Tool(&'a ToolCall),
    /// Something else.
    Note(&'a Note),
}

/// Utterances in order of time.
pub(super) fn utterances(report: &Report) -> Vec<&Utterance> {
    let mut sorted: Vec<&Utterance> = report.utterances.iter().collect();
    sorted.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
    sorted
}

/// Utterances, tool calls and notes in order of time.
pub(super) fn moments(report: &Report) -> Vec<Moment<'_>> {
    let mut all: Vec<(f64, Moment<'_>)> = Vec::new();
    all.extend(report.notes.iter().map(|note| (note.at_s, Moment::Note(note))));
    all.extend(utterances(report).into_iter().enumerate().map(|(i, u)| (u.start_s, Moment::Said(i, u))));
    all.extend(report.tool_calls.iter().map(|call| (call.at_s, Moment::Tool(call))));
    all.sort_by(|a, b| a.0.total_cmp(&b.0));
    all.into_iter().map(|(_, moment)| moment).collect()
}
