//! EVA's score of turn-taking (ServiceNow, eva, docs/metrics/turn_taking.md, version of August 2026).

use crate::events::{Event, INTERRUPTION_OVERLAP, Kind, Reading, tool_called};
use crate::floor::{Turn, offset_ms};
use crate::measured::Measured;
use crate::metrics::Mean;
use crate::track::{Interval, Track};
use duologue_ids::Mono;

/// Who speaks into another's speech gets at most this, however short it was.
const INTERRUPTING: f64 = 0.5;

/// The score of an answer by its latency in milliseconds: 0 up to -500, rising to 1 at 500, 1 until 2000 (3000 with a tool
/// call), falling to 0 at 3500 (5000).
pub fn latency_score(latency_ms: f64, with_tool: bool) -> f64 {
    let (sweet, late) = if with_tool { (3_000.0, 5_000.0) } else { (2_000.0, 3_500.0) };
    let rising = (latency_ms + 500.0) / 1_000.0;
    let falling = (late - latency_ms) / (late - sweet);
    rising.min(falling).clamp(0.0, 1.0)
}

/// The score of an agent that spoke into the user's turn, by the time of both speaking and the number of its attempts:
/// at most 0.5, 0 from 2000 ms or three attempts on.
pub fn interrupting_score(overlap_ms: f64, attempts: usize) -> f64 {
    let by_overlap = INTERRUPTING * (1.0 - overlap_ms / 2_000.0);
    let by_count = INTERRUPTING * (1.0 - attempts.saturating_sub(1) as f64 / 2.0);
    by_overlap.min(by_count).max(0.0)
}

/// The score of an agent that was interrupted, by the time until it stopped: 1 at once, 0 from 2000 ms on.
pub fn yield_score(yield_ms: f64) -> f64 {
    (1.0 - yield_ms / 2_000.0).clamp(0.0, 1.0)
}

/// The mean over the user's turns that this agent answered. 0 where the agent never answered the last one and the
/// conversation ended because of it.
pub(crate) fn turn_taking(of: &Measured<'_>, reading: &Reading, agent: usize) -> Mean {
    let scores: Vec<f64> = (0..reading.turns.len()).filter_map(|i| score(of, reading, agent, i)).collect();
    let missed = of.end_reason == Some("inactivity") && reading.turns.last().is_some_and(|t| t.by != agent);
    if missed { Mean::of(scores.iter().map(|_| 0.0)) } else { Mean::of(scores) }
}

/// The score of the answer to turn `i`, where it is a turn of the user and has an answer.
fn score(of: &Measured<'_>, reading: &Reading, agent: usize, i: usize) -> Option<f64> {
    let (turn, next) = (reading.turns.get(i)?, reading.turns.get(i + 1)?);
    let before = i.checked_sub(1).and_then(|b| reading.turns.get(b));
    // A turn that goes on after the agent began too early belongs to the turn before.
    let goes_on =
        |start: Mono| reading.events.iter().any(|e| e.kind == Kind::GoesOn && e.by != agent && e.at.end == start);
    if turn.by == agent || goes_on(turn.start) {
        return None;
    }
    let mut scores = Vec::new();
    let end =
        reading.turns.get(i + 2).filter(|rest| goes_on(rest.start)).map_or(turn.end, |rest| rest.end.max(turn.end));
    let attempts = attempts(reading, agent, Interval::new(turn.start, end));
    if !attempts.is_empty() || end > turn.end {
        scores.push(interrupted_score(of, reading, (agent, turn), end));
    }
    if let Some(before) = before.filter(|b| b.end.since(turn.start) > INTERRUPTION_OVERLAP) {
        scores.push(yield_score(offset_ms(turn.start, before.end) as f64));
    }
    if scores.is_empty() {
        let tool = tool_called(of, turn.start, next.start);
        scores.push(latency_score(offset_ms(turn.end, next.start) as f64, tool));
    }
    scores.into_iter().reduce(f64::min)
}

/// Interruptions by the agent that began in this time.
fn attempts(reading: &Reading, agent: usize, within: Interval) -> Vec<&Event> {
    let counts = |e: &&Event| e.by == agent && e.kind == Kind::Interruption;
    let inside = |e: &&Event| within.start <= e.at.start && e.at.start < within.end;
    reading.events.iter().filter(counts).filter(inside).collect()
}

/// The agent spoke into this turn, whose speech ended at `end`.
fn interrupted_score(of: &Measured<'_>, reading: &Reading, (agent, turn): (usize, &Turn), end: Mono) -> f64 {
    let window = Interval::new(turn.start, end);
    let mine = reading.segments.iter().filter(|s| s.by == agent && s.at.start >= turn.start);
    let speech: Track = mine.clone().map(|s| s.at).collect();
    let user: Track =
        reading.segments.iter().filter(|s| s.by != agent).filter_map(|s| s.at.intersection(&window)).collect();
    let overlap = speech.overlap(&user).duration();
    let segments = mine.clone().filter(|s| user.intervals().iter().any(|u| s.at.intersection(u).is_some())).count();
    let score = interrupting_score(overlap.as_secs_f64() * 1e3, segments);
    // How long the settled answer took after a short attempt; not where the agent just spoke on.
    let spans = mine.clone().any(|s| s.at.start <= end && end < s.at.end);
    let settled = mine.clone().map(|s| s.at.start).find(|start| *start > end).filter(|_| !spans);
    let late = settled.map(|at| latency_score(offset_ms(end, at) as f64, tool_called(of, turn.start, at)));
    late.map_or(score, |late| score.min(late))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of the tables in EVA's page.
    #[test]
    fn the_curves_are_those_of_the_page() {
        let close = |a: f64, b: f64| assert!((a - b).abs() < 0.005, "{a} is not {b}");
        let rows = [
            (-500.0, 0.0, 0.0),
            (0.0, 0.5, 0.5),
            (200.0, 0.7, 0.7),
            (500.0, 1.0, 1.0),
            (2000.0, 1.0, 1.0),
            (2750.0, 0.5, 1.0),
            (3000.0, 0.33, 1.0),
            (3500.0, 0.0, 0.75),
            (4000.0, 0.0, 0.5),
            (5000.0, 0.0, 0.0),
            (9000.0, 0.0, 0.0),
        ];
        for (ms, plain, tool) in rows {
            close(latency_score(ms, false), plain);
            close(latency_score(ms, true), tool);
        }
        for (ms, score) in [(0.0, 0.5), (500.0, 0.375), (1000.0, 0.25), (2000.0, 0.0), (7000.0, 0.0)] {
            close(interrupting_score(ms, 1), score);
        }
        for (n, score) in [(1, 0.5), (2, 0.25), (3, 0.0), (8, 0.0)] {
            close(interrupting_score(0.0, n), score);
        }
        for (ms, score) in [(0.0, 1.0), (600.0, 0.7), (1000.0, 0.5), (2000.0, 0.0), (5000.0, 0.0)] {
            close(yield_score(ms), score);
        }
    }
}
