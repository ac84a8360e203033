//! What is known of a conversation: the contents of its folder, as far as they can be read.

use crate::archive::{read_summary, read_transcript};
use crate::folder::names;
use crate::keeping::is_running;
use crate::measure::{RecordedSide, read_side};
use crate::scenario::Side;
use crate::summary::Summary;
use crate::transcript::Transcript;
use duologue_ids::Mono;
use duologue_score::Track;
use duologue_voice::Event;
use serde::Deserialize;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// A file that should be there.
#[derive(Clone, Debug, PartialEq)]
pub enum Readable<T> {
    /// It is, and this is in it.
    Yes(T),
    /// It is not.
    Missing,
    /// It can't be read, for this reason.
    No(String),
}

impl<T> Readable<T> {
    pub(super) fn value(&self) -> Option<&T> {
        match self {
            Readable::Yes(value) => Some(value),
            Readable::Missing | Readable::No(_) => None,
        }
    }
}

/// One side of the recording.
#[derive(Clone, Debug, Default)]
pub struct SideFacts {
    /// When it was audible.
    pub speech: Track,
    /// Length of its track; nothing where there is none, or it does not open.
    pub length: Duration,
    /// Length of the file in bytes; `None` where there is none.
    pub bytes: Option<u64>,
}

/// A line of `events.jsonl`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Told {
    /// Seconds from the start.
    pub t: f64,
    /// Whose session.
    pub side: Side,
    /// What.
    #[serde(flatten)]
    pub event: Event,
}

/// Everything that a diagnosis looks at.
#[derive(Clone, Debug)]
pub struct Facts {
    /// A process holds its lock.
    pub is_running: bool,
    /// `summary.json`.
    pub summary: Readable<Summary>,
    /// `transcript.json`.
    pub transcript: Readable<Transcript>,
    /// The events that can be read, in the order of the file.
    pub events: Vec<Told>,
    /// Lines of `events.jsonl` that can't be.
    pub torn_lines: usize,
    /// Of the support agent and of the customer.
    pub sides: [SideFacts; 2],
    /// Who should open, where that is known.
    pub opener: Option<Side>,
}

/// Reads what is kept in `folder`. Nothing is changed, and nothing is an error.
pub fn read_facts(folder: &Path) -> Facts {
    let (events, torn_lines) = read_events(&fs::read(folder.join(names::EVENTS)).unwrap_or_default());
    let there = |name: &str| folder.join(name).is_file();
    let summary = if there(names::SUMMARY) { readable(read_summary(folder)) } else { Readable::Missing };
    let transcript = if there(names::TRANSCRIPT) { readable(read_transcript(folder)) } else { Readable::Missing };
    Facts {
        is_running: is_running(folder),
        summary,
        transcript,
        events,
        torn_lines,
        sides: [Side::Support, Side::Customer].map(|side| side_facts(folder, side)),
        opener: opener(folder),
    }
}

fn readable<T>(read: Result<T, crate::archive::ArchiveError>) -> Readable<T> {
    match read {
        Ok(value) => Readable::Yes(value),
        Err(crate::archive::ArchiveError::Unreadable { reason, .. }) => Readable::No(reason),
        Err(e) => Readable::No(e.to_string()),
    }
}

/// Lines that can be read, and how many can't.
pub(super) fn read_events(bytes: &[u8]) -> (Vec<Told>, usize) {
    let text = String::from_utf8_lossy(bytes);
    let (mut events, mut torn) = (Vec::new(), 0);
    for line in text.lines().filter(|l| !l.trim().is_empty()) {
        match serde_json::from_str::<Told>(line) {
            Ok(told) if told.t.is_finite() && told.t >= 0.0 => events.push(told),
            // A later version may report what this one does not know.
            Err(_) if serde_json::from_str::<serde_json::Value>(line).is_ok() => {}
            _ => torn += 1,
        }
    }
    (events, torn)
}

fn side_facts(folder: &Path, side: Side) -> SideFacts {
    let RecordedSide { speech, length, .. } = read_side(folder, side);
    let bytes = fs::metadata(folder.join(names::track(side))).ok().filter(|m| m.is_file()).map(|m| m.len());
    SideFacts { speech, length, bytes }
}

fn opener(folder: &Path) -> Option<Side> {
    let value: serde_json::Value = serde_json::from_slice(&fs::read(folder.join(names::SCENARIO)).ok()?).ok()?;
    let opens = value.pointer("/scenario/opens").or_else(|| value.get("opens"))?;
    serde_json::from_value(opens.clone()).ok()
}

impl Facts {
    /// Place of a side in [`Facts::sides`].
    pub(super) fn side(&self, side: Side) -> &SideFacts {
        let [support, customer] = &self.sides;
        match side {
            Side::Support => support,
            Side::Customer => customer,
        }
    }

    /// Seconds of the recording, or of what was reported where that is longer.
    pub(super) fn length_s(&self) -> f64 {
        let told = self.events.last().map_or(0.0, |e| e.t);
        self.sides.iter().map(|s| s.length.as_secs_f64()).fold(told, f64::max)
    }

    /// Utterances of a side in the transcript.
    pub(super) fn said(&self, side: Side) -> usize {
        self.transcript.value().map_or(0, |t| t.utterances.iter().filter(|u| u.speaker == side).count())
    }

    /// Seconds in which a side is audible.
    pub(super) fn audible_s(&self, side: Side) -> f64 {
        self.side(side).speech.duration().as_secs_f64()
    }

    /// What one session reported.
    pub(super) fn told(&self, side: Side) -> impl Iterator<Item = &Told> {
        self.events.iter().filter(move |e| e.side == side)
    }

    /// When anybody was first audible.
    pub(super) fn first_sound_s(&self) -> Option<f64> {
        let first = |s: &SideFacts| s.speech.intervals().first().map(|i| i.start.since(Mono::ZERO).as_secs_f64());
        self.sides.iter().filter_map(first).reduce(f64::min)
    }
}
