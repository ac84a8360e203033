//! The tracks as stretches of speech, each with what it was meant as.

use crate::floor::PAUSE;
use crate::measured::Measured;
use crate::stimulus::StimulusKind;
use crate::track::{Interval, Track};
use std::time::Duration;

/// Speech this short can be a backchannel. They last 0.3 to 0.5 s in the median (Heldner, Edlund, Hjalmarsson and Laskowski,
/// "Very short utterances and timing in turn-taking", Interspeech 2011, take up to 1 s for very short).
pub const BACKCHANNEL: Duration = Duration::from_secs(1);

/// Words that are backchannels where they fall into the other's speech, and nothing else is said.
#[rustfmt::skip]
pub const BACKCHANNEL_WORDS: &[&str] = &[
    "ah", "aha", "alright", "exactly", "good", "got", "great", "hm", "hmm", "huh", "i", "it", "mhm", "mm", "mmhm", "mmhmm", "mmm", "uhhuh", "yup",
    "nice", "of", "course", "oh", "ok", "okay", "really", "right", "see", "sure", "uh", "um", "wow", "yeah", "yep", "yes",
];

/// A stretch of speech without a pause longer than [`PAUSE`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) by: usize,
    pub(crate) at: Interval,
    /// What it was meant as, where that is known.
    pub(crate) kind: Option<StimulusKind>,
    /// Whether a label says so.
    pub(crate) labelled: bool,
    /// Whether its words are known.
    pub(crate) worded: bool,
}

impl Segment {
    /// Whether it may hold the floor.
    pub(crate) fn is_turn(&self) -> bool {
        matches!(self.kind, None | Some(StimulusKind::Interruption))
    }
}

/// All stretches of speech of both parties, by start; of two that start together the first party's comes first.
pub(crate) fn segments(of: &Measured<'_>) -> Vec<Segment> {
    let tracks = [0, 1].map(|by| of.parties[by].speech.closing_gaps(PAUSE));
    let mut all = Vec::new();
    for by in 0..2 {
        for &at in tracks[by].intervals() {
            let (label, said) = (label(of, by, at), words(of, by, at));
            let backchannel = || said.is_some_and(|said| is_backchannel(said, at, &tracks[1 - by]));
            let kind = label.or_else(|| backchannel().then_some(StimulusKind::Backchannel));
            all.push(Segment { by, at, kind, labelled: label.is_some(), worded: said.is_some() });
        }
    }
    all.sort_unstable_by_key(|s| (s.at.start, s.by));
    all
}

/// The label that covers half of a stretch; of several the one that tau-voice puts first.
fn label(of: &Measured<'_>, by: usize, at: Interval) -> Option<StimulusKind> {
    let covers = |label: Interval| at.intersection(&label).is_some_and(|both| both.duration() * 2 >= at.duration());
    let mine = of.stimuli.iter().filter(|s| s.by == by && covers(s.interval));
    mine.map(|s| s.kind).min_by_key(|kind| match kind {
        StimulusKind::Backchannel => 0,
        StimulusKind::VocalTic => 1,
        StimulusKind::NonDirected => 2,
        StimulusKind::Interruption => 3,
    })
}

/// What was said in a stretch: the words of the utterance that covers half of it.
fn words<'a>(of: &Measured<'a>, by: usize, at: Interval) -> Option<&'a str> {
    let covers = |spoken: Interval| at.intersection(&spoken).is_some_and(|b| b.duration() * 2 >= at.duration());
    of.utterances.iter().find(|u| u.speaker == by && u.spoken.is_some_and(covers)).map(|u| u.said)
}

/// Short, inside the other's speech, and of the right words.
fn is_backchannel(said: &str, at: Interval, other: &Track) -> bool {
    let inside = || other.intervals().iter().any(|o| o.start < at.start && at.end < o.end);
    at.duration() <= BACKCHANNEL && inside() && is_backchannel_text(said)
}

/// Whether a line is nothing but a backchannel: at most four words, all of them in [`BACKCHANNEL_WORDS`].
pub fn is_backchannel_text(text: &str) -> bool {
    let lower = text.to_lowercase().replace(['-', '\'', '’'], "");
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphabetic()).filter(|w| !w.is_empty()).collect();
    (1..=4).contains(&words.len()) && words.iter().all(|w| BACKCHANNEL_WORDS.contains(w))
}
