//! What happened in the recording: who began in the other's speech and what became of it, who answered and who did not.

use crate::floor::{Turn, offset_ms, walk};
use crate::measured::Measured;
use crate::segments::{BACKCHANNEL, Segment, segments};
use crate::stimulus::StimulusKind;
use crate::track::Interval;
use duologue_ids::Mono;
use std::time::Duration;

/// A start this far before the other's end is an interruption; a shorter overlap is a quick answer, which people do not
/// notice (Heldner, "Detection thresholds for gaps, overlaps, and no-gap-no-overlaps", JASA 130, 2011: 120 ms; the value
/// here leaves room for the 20 ms grid and the voice detector). Two who begin this close to each other collide.
pub const INTERRUPTION_OVERLAP: Duration = Duration::from_millis(200);

/// A silence longer than this is awkward (EVA's limit for a late answer).
pub const AWKWARD_SILENCE: Duration = Duration::from_millis(2_750);

/// The same where a tool is called in the silence (EVA).
pub const AWKWARD_SILENCE_WITH_TOOL: Duration = Duration::from_millis(4_000);

/// Within this an interrupted party has to stop (tau-voice's no-yield window).
pub const YIELD_WINDOW: Duration = Duration::from_secs(2);

/// Who stops within this after something that was no interruption makes an error (tau-voice).
pub const IGNORE_WINDOW: Duration = Duration::from_secs(1);

/// Who answers something that was not meant for it within this makes an error (tau-voice).
pub const REPLY_WINDOW: Duration = Duration::from_secs(2);

/// Who goes on this soon after the other began had not finished, and does not interrupt.
pub const GOING_ON: Duration = Duration::from_millis(500);

/// Parts of one attempt to take the floor are at most this far apart.
const ATTEMPT_PAUSE: Duration = Duration::from_millis(500);
/// A silence of this length is a stop whatever the other does meanwhile.
const STOP: Duration = Duration::from_secs(1);
/// After a sound that was no interruption a silence of this length is a stop.
const HESITATION: Duration = Duration::from_millis(500);
/// A silence of this length is a stop if the other's attempt, or the sound that caused it, ends in it.
const SHORT_STOP: Duration = Duration::from_millis(400);

/// Something that one did while the other spoke, or a sound that was not meant for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    pub(crate) by: usize,
    pub(crate) at: Interval,
    pub(crate) kind: Kind,
    /// Whether a label says what it was.
    pub(crate) labelled: bool,
    /// When the other stopped speaking, and when it went on: of an interruption at any time, of what was none within
    /// [`IGNORE_WINDOW`].
    pub(crate) stop: Option<(Mono, Option<Mono>)>,
    /// Whether the other spoke when it began.
    pub(crate) in_speech: bool,
    /// What was no interruption fell into silence, and the other answered it; `None`: not scored.
    pub(crate) answered: Option<bool>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Interruption,
    /// Backchannel, tic, speech to somebody else.
    Ignorable(StimulusKind),
    Overlap,
    Collision,
    /// The other began in a pause of the turn of `by`; `at` is from the other's start to that of `by`.
    GoesOn,
}

impl Event {
    fn new(by: usize, at: Interval, kind: Kind, labelled: bool) -> Event {
        Event { by, at, kind, labelled, stop: None, in_speech: false, answered: None }
    }

    /// Milliseconds from the start until the other stopped.
    pub(crate) fn yielded_after_ms(&self) -> Option<u64> {
        self.stop.map(|(at, _)| u64::try_from(offset_ms(self.at.start, at)).unwrap_or(0))
    }

    /// Whether the other stopped within a window.
    pub(crate) fn yielded_within(&self, window: Duration) -> bool {
        self.stop.is_some_and(|(at, _)| at.since(self.at.start) <= window)
    }

    /// Of what was no interruption: whether it was rightly ignored. `None`: nothing was at stake.
    pub(crate) fn ignored(&self) -> Option<bool> {
        if self.in_speech { Some(self.stop.is_none()) } else { self.answered.map(|answered| !answered) }
    }
}

/// The recording, read once.
pub(crate) struct Reading {
    pub(crate) segments: Vec<Segment>,
    pub(crate) turns: Vec<Turn>,
    pub(crate) inside: usize,
    /// By start.
    pub(crate) events: Vec<Event>,
}

impl Reading {
    pub(crate) fn of(of: &Measured<'_>) -> Reading {
        let segments = segments(of);
        let (turns, inside) = walk(&segments);
        let mut reading = Reading { segments, turns, inside, events: Vec::new() };
        reading.events = reading.labelled(of).into_iter().chain(reading.unlabelled()).collect();
        reading.events.sort_by_key(|e| (e.at.start, e.by));
        reading
    }

    /// Stretches of one party.
    fn of_party(&self, by: usize) -> impl DoubleEndedIterator<Item = &Segment> + Clone {
        self.segments.iter().filter(move |s| s.by == by)
    }

    /// The stretch in which a party speaks at a time.
    fn speaking(&self, by: usize, at: Mono) -> Option<&Segment> {
        self.of_party(by).find(|s| s.at.start <= at && at < s.at.end)
    }

    /// One event for each label, at the time when the sound was heard, or else where the label has it.
    fn labelled(&self, of: &Measured<'_>) -> Vec<Event> {
        let event = |label: &crate::Stimulus| {
            let mut heard = self
                .of_party(label.by)
                .filter(|s| s.labelled && s.kind == Some(label.kind) && s.at.intersection(&label.interval).is_some());
            let at = match (heard.next(), heard.next_back()) {
                (Some(first), last) => Interval::new(first.at.start, last.unwrap_or(first).at.end),
                (None, _) => label.interval,
            };
            let kind = match label.kind {
                StimulusKind::Interruption => Kind::Interruption,
                other => Kind::Ignorable(other),
            };
            self.judged(Event::new(label.by, at, kind, true))
        };
        // A label of an interruption that fell into silence is a turn like any other.
        let events = of.stimuli.iter().filter(|s| s.by < 2).map(event);
        events.filter(|e| e.kind != Kind::Interruption || self.speaking(1 - e.by, e.at.start).is_some()).collect()
    }

    fn unlabelled(&self) -> Vec<Event> {
        let mut events: Vec<Event> = Vec::new();
        for segment in self.segments.iter().filter(|s| !s.labelled) {
            let Some(other) = self.speaking(1 - segment.by, segment.at.start) else { continue };
            if !other.is_turn() || (other.at.start == segment.at.start && segment.by == 0) {
                continue;
            }
            let last = events.iter_mut().rev().find(|e| e.by == segment.by && e.kind == Kind::Interruption);
            if let Some(last) = last
                && segment.is_turn()
                && segment.at.start.since(last.at.end) <= ATTEMPT_PAUSE
                && last.stop.is_none_or(|(at, _)| at > segment.at.start)
            {
                last.at.end = segment.at.end;
                *last = self.judged(*last);
                continue;
            }
            let Some(kind) = self.kind(segment, other) else { continue };
            let at = if kind == Kind::GoesOn { Interval::new(other.at.start, segment.at.start) } else { segment.at };
            events.push(self.judged(Event::new(segment.by, at, kind, false)));
        }
        events
    }

    /// What a start in the other's speech is; `None`: a quick answer.
    fn kind(&self, segment: &Segment, other: &Segment) -> Option<Kind> {
        if let Some(kind) = segment.kind {
            return Some(Kind::Ignorable(kind));
        }
        let (lead, rest) = (segment.at.start.since(other.at.start), other.at.end.since(segment.at.start));
        if lead <= GOING_ON && self.goes_on(segment, other) {
            return Some(Kind::GoesOn);
        }
        if lead <= INTERRUPTION_OVERLAP {
            return Some(Kind::Collision);
        }
        if rest <= INTERRUPTION_OVERLAP {
            return None;
        }
        let unknown = !segment.worded && segment.at.duration() <= BACKCHANNEL && segment.at.end < other.at.end;
        Some(if unknown { Kind::Overlap } else { Kind::Interruption })
    }

    /// Whether the other began in a pause of this speaker's turn.
    fn goes_on(&self, segment: &Segment, other: &Segment) -> bool {
        let before = self.segments.iter().filter(|s| s.is_turn() && s.at.start < other.at.start);
        before.max_by_key(|s| s.at.end).is_some_and(|last| {
            last.by == segment.by
                && other.at.start >= last.at.end
                && segment.at.start.since(last.at.end) <= AWKWARD_SILENCE
        })
    }

    /// Fills in how the other reacted.
    fn judged(&self, event: Event) -> Event {
        let in_speech = self.speaking(1 - event.by, event.at.start).is_some();
        let (stop, answered) = match (event.kind, in_speech) {
            (Kind::Interruption, true) => (self.stop(&event), None),
            (Kind::Ignorable(_), true) => (self.stop(&event).filter(|&stop| self.is_error(&event, stop)), None),
            (Kind::Ignorable(kind), false) => (None, self.answered(&event, kind)),
            _ => (None, None),
        };
        Event { stop, in_speech, answered, ..event }
    }

    /// When the other stopped, and when it went on. For what was no interruption a shorter silence is a stop too: nobody
    /// took the floor, so nobody had to be waited for.
    fn stop(&self, event: &Event) -> Option<(Mono, Option<Mono>)> {
        let mut rest = self.of_party(1 - event.by).filter(|s| s.at.end > event.at.start).peekable();
        while let Some(segment) = rest.next() {
            let Some(next) = rest.peek() else { return Some((segment.at.end, None)) };
            let pause = next.at.start.since(segment.at.end);
            let covers_end = segment.at.end < event.at.end && event.at.end <= next.at.start;
            let stop = if event.kind == Kind::Interruption { STOP } else { HESITATION };
            if pause >= stop || (pause >= SHORT_STOP && covers_end) {
                return Some((segment.at.end, Some(next.at.start)));
            }
        }
        None
    }

    /// Whether a stop is the fault of what should have been ignored. Of a backchannel that nobody labelled it is so only if
    /// the other goes on before anybody else speaks: else its turn may simply have been over.
    fn is_error(&self, event: &Event, (at, on): (Mono, Option<Mono>)) -> bool {
        let replied =
            || self.of_party(event.by).any(|s| s.is_turn() && s.at.start >= at && on.is_none_or(|on| s.at.start < on));
        at.since(event.at.start) <= IGNORE_WINDOW && (event.labelled || (on.is_some() && !replied()))
    }

    /// Whether the other answered a sound that fell into silence and was not meant for it. Not scored where it owed an
    /// answer anyway.
    fn answered(&self, event: &Event, kind: StimulusKind) -> Option<bool> {
        let before = self.segments.iter().filter(|s| s.is_turn() && s.at.start < event.at.start);
        let owes = before.max_by_key(|s| s.at.end).is_some_and(|last| last.by == event.by);
        if owes || kind == StimulusKind::Backchannel {
            return None;
        }
        let window = Interval::new(event.at.start, event.at.end + REPLY_WINDOW);
        let replies = |s: &Segment| s.is_turn() && window.start < s.at.start && s.at.start <= window.end;
        Some(self.of_party(1 - event.by).any(replies))
    }
}

/// Whether a party calls a tool in this time.
pub(crate) fn tool_called(of: &Measured<'_>, from: Mono, to: Mono) -> bool {
    of.tool_calls.iter().any(|&(_, at)| from <= at && at <= to)
}
