use crate::events::{IGNORE_WINDOW, Kind, Reading};
use crate::measured::Measured;
use crate::stimulus::StimulusKind;
use crate::waiting::{awkward_silences, unanswered};
use duologue_ids::Mono;
use serde::{Deserialize, Serialize};

/// Something that happened in the recording, for a time line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// What.
    pub kind: MarkKind,
    /// Whose it is: place in [`crate::Measured::parties`]. [`MarkKind`] says in which sense.
    pub by: usize,
    /// From, on the clock of the recording (nanoseconds in JSON).
    pub start: Mono,
    /// To.
    pub end: Mono,
    /// Milliseconds from `start` until the other stopped, where it did. Of what was no interruption: within a second.
    pub yielded_after_ms: Option<u64>,
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkKind {
    /// `by` began to speak while the other spoke, and meant to go on.
    Interruption,
    /// `by` showed that it listens.
    Backchannel,
    /// `by` coughed, laughed or the like.
    VocalTic,
    /// `by` spoke to somebody else.
    NonDirected,
    /// `by` made a short sound inside the other's speech, of which nothing is known.
    Overlap,
    /// Both began within 0.2 s of each other; `by` began second.
    Collision,
    /// `by` stopped speaking because of something that was no interruption. From its stop until it went on.
    FalseInterruption,
    /// `by` began in a pause of the other's turn, which then went on.
    EotMisprediction,
    /// `by` should have spoken and did not for too long.
    AwkwardSilence,
    /// The turn of `by` got no answer.
    Unanswered,
}

/// What happened, by start.
pub fn marks(of: &Measured<'_>) -> Vec<Mark> {
    let reading = Reading::of(of);
    let mut marks = Vec::new();
    for event in &reading.events {
        let (kind, by) = match event.kind {
            Kind::Interruption => (MarkKind::Interruption, event.by),
            Kind::Overlap => (MarkKind::Overlap, event.by),
            Kind::Collision => (MarkKind::Collision, event.by),
            Kind::GoesOn => (MarkKind::EotMisprediction, 1 - event.by),
            Kind::Ignorable(StimulusKind::Backchannel) => (MarkKind::Backchannel, event.by),
            Kind::Ignorable(StimulusKind::VocalTic) => (MarkKind::VocalTic, event.by),
            Kind::Ignorable(StimulusKind::NonDirected | StimulusKind::Interruption) => {
                (MarkKind::NonDirected, event.by)
            }
        };
        let mark = |kind, by, start, end, yielded_after_ms| Mark { kind, by, start, end, yielded_after_ms };
        marks.push(mark(kind, by, event.at.start, event.at.end, event.yielded_after_ms()));
        if let (Kind::Ignorable(_), Some((stopped, on))) = (event.kind, event.stop)
            && event.yielded_within(IGNORE_WINDOW)
        {
            let end = on.unwrap_or(Mono::ZERO + of.length).max(stopped);
            marks.push(mark(MarkKind::FalseInterruption, 1 - event.by, stopped, end, None));
        }
    }
    let silent = |kind, (by, at): (usize, crate::Interval)| Mark {
        kind,
        by,
        start: at.start,
        end: at.end,
        yielded_after_ms: None,
    };
    marks.extend(awkward_silences(of, &reading).into_iter().map(|gap| silent(MarkKind::AwkwardSilence, gap)));
    marks.extend(unanswered(of, &reading).into_iter().map(|turn| silent(MarkKind::Unanswered, turn)));
    marks.sort_by_key(|m| (m.start, m.end, m.by, m.kind));
    marks
}
