//! What always holds of a conversation, judged from outside: from both voices as they were sent, the transcript, and what
//! the sessions report. Each judge says less than it could where a path or a room makes it unsure.

mod conditions;
mod floor;
mod observed;
mod words;

pub use conditions::Conditions;

use duologue_conversation::scenario::Verdict;
use duologue_conversation::virtual_time::Held;
use observed::Observed;
use serde::Serialize;

/// What always holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Invariant {
    /// Nobody takes own words for the other party's.
    HearsItself,
    /// Two that listen do not go on waiting for each other.
    TwoThatWait,
    /// What is said undisturbed over a good path is recognised.
    LostUtterance,
    /// The words that are kept of an utterance are those in the sound, and its times are those of the sound.
    TranscriptDisagrees,
    /// Two that want the floor do not go on talking at once, time and again.
    EndlessOverlap,
    /// Nobody's turn is taken for over in the midst of a word.
    TurnCutShort,
    /// What is said answers the last turn, not one before it.
    StaleReply,
    /// Nothing fails for good.
    Failure,
    /// Nothing panics.
    Panic,
}

impl Invariant {
    /// Its name, as in files.
    pub fn as_str(self) -> &'static str {
        match self {
            Invariant::HearsItself => "hears_itself",
            Invariant::TwoThatWait => "two_that_wait",
            Invariant::LostUtterance => "lost_utterance",
            Invariant::TranscriptDisagrees => "transcript_disagrees",
            Invariant::EndlessOverlap => "endless_overlap",
            Invariant::TurnCutShort => "turn_cut_short",
            Invariant::StaleReply => "stale_reply",
            Invariant::Failure => "failure",
            Invariant::Panic => "panic",
        }
    }
}

/// An invariant that was broken.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Breach {
    /// Which.
    pub invariant: Invariant,
    /// When, seconds from the start.
    pub at_s: f64,
    /// What was seen.
    pub why: String,
}

impl From<Breach> for Verdict {
    fn from(breach: Breach) -> Verdict {
        let criterion = format!("invariant `{}`", breach.invariant.as_str());
        Verdict { criterion, passed: false, why: format!("at {:.2} s: {}", breach.at_s, breach.why) }
    }
}

/// What a conversation broke, by time. Nothing, if all is well.
pub fn breaches(held: &Held, conditions: &Conditions) -> Vec<Breach> {
    let seen = Observed::of(held, conditions);
    let judges: [fn(&Observed<'_>) -> Vec<Breach>; 7] = [
        words::hears_itself,
        words::lost_utterance,
        words::transcript_disagrees,
        floor::two_that_wait,
        floor::endless_overlap,
        floor::turn_cut_short,
        floor::stale_reply,
    ];
    let mut breaches: Vec<Breach> = judges.iter().flat_map(|judge| judge(&seen)).collect();
    if let Some(error) = &held.summary.error {
        let at_s = held.summary.duration_s;
        breaches.push(Breach { invariant: Invariant::Failure, at_s, why: error.clone() });
    }
    breaches.sort_by(|a, b| a.at_s.total_cmp(&b.at_s));
    breaches
}
