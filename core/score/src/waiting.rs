//! Who waited for whom: answers, missing answers, silences.

use crate::events::{AWKWARD_SILENCE, AWKWARD_SILENCE_WITH_TOOL, INTERRUPTION_OVERLAP, Reading, tool_called};
use crate::floor::Turn;
use crate::measured::Measured;
use crate::spread::Share;
use crate::track::{Interval, Track};
use duologue_ids::Mono;

/// Whether a silence is longer than anybody should wait.
fn is_awkward(of: &Measured<'_>, from: Mono, to: Mono) -> bool {
    let tool = tool_called(of, from, to);
    to.since(from) > if tool { AWKWARD_SILENCE_WITH_TOOL } else { AWKWARD_SILENCE }
}

/// Silences between the first word and the last that are too long, each with the party that should have ended it: the one
/// that did not speak last.
pub(crate) fn awkward_silences(of: &Measured<'_>, reading: &Reading) -> Vec<(usize, Interval)> {
    let track = |by: usize| of.parties[by].speech;
    let both: Track = track(0).union(track(1));
    let gaps = both.intervals().windows(2).map(|w| Interval::new(w[0].end, w[1].start));
    let awkward = gaps.filter(|gap| is_awkward(of, gap.start, gap.end));
    awkward.map(|gap| (1 - last_speaker(reading, gap.start), gap)).collect()
}

/// Whose speech ended last by then.
fn last_speaker(reading: &Reading, by_then: Mono) -> usize {
    reading.segments.iter().filter(|s| s.at.end <= by_then).max_by_key(|s| (s.at.end, s.is_turn())).map_or(0, |s| s.by)
}

/// Turns, or parts of them, after which their speaker waited in vain: it spoke again itself, or the recording ended. Each
/// with its speaker, from its end to the end of the wait.
pub(crate) fn unanswered(of: &Measured<'_>, reading: &Reading) -> Vec<(usize, Interval)> {
    let mut found = Vec::new();
    for (i, turn) in reading.turns.iter().enumerate() {
        let next = reading.turns.get(i + 1).map_or(Mono(u64::MAX), |t| t.start);
        let mut until = turn.start;
        for segment in reading.segments.iter().filter(|s| s.by == turn.by && s.is_turn()) {
            let inside = turn.start <= segment.at.start && segment.at.start < next;
            if inside && until > turn.start && is_awkward(of, until, segment.at.start) {
                found.push((turn.by, Interval::new(until, segment.at.start)));
            }
            until = if inside { until.max(segment.at.end) } else { until };
        }
        let end = Mono::ZERO + of.length;
        if i + 1 == reading.turns.len() && is_awkward(of, turn.end, end) {
            found.push((turn.by, Interval::new(turn.end, end)));
        }
    }
    found
}

/// Turns of the other that this party answered, of all that ended while it was silent and left it time to answer.
pub(crate) fn response_rate(of: &Measured<'_>, reading: &Reading, by: usize) -> Share {
    let missed = unanswered(of, reading).iter().filter(|(speaker, _)| *speaker != by).count();
    let quick = |a: &Turn, b: &Turn| a.end.since(b.start) <= INTERRUPTION_OVERLAP;
    let answered = reading.turns.windows(2).filter(|w| w[1].by == by && quick(&w[0], &w[1])).count();
    Share::new(answered, answered + missed)
}
