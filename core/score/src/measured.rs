use crate::entities::Entity;
use crate::reported::StageTimes;
use crate::stimulus::Stimulus;
use crate::track::{Interval, Track};
use duologue_ids::Mono;
use std::time::Duration;

/// Everything that is measured: two tracks, and what anybody in the room could see.
#[derive(Clone, Debug)]
pub struct Measured<'a> {
    /// Length of the recording.
    pub length: Duration,
    /// The two parties; their order matters to nothing but the places by which others name them.
    pub parties: [Party<'a>; 2],
    /// What they said, in any order.
    pub utterances: &'a [Utterance<'a>],
    /// Labels of sounds whose purpose is known, in any order.
    pub stimuli: &'a [Stimulus],
    /// Tool calls: who called, and when. A silence with one in it may last longer (EVA).
    pub tool_calls: &'a [(usize, Mono)],
    /// Names, codes and amounts that matter. Numbers in the utterances are found without being listed.
    pub entities: &'a [Entity],
    /// Why it ended, in the words of LiveKit's simulations: `agent_ended`, `inactivity`, …
    pub end_reason: Option<&'a str>,
    /// Whether the task was completed, where something says: the end state of the back ends, the scenario's criteria.
    pub task_completed: Option<bool>,
}

impl<'a> Measured<'a> {
    /// A recording of this length with these parties, of which nothing else is known.
    pub fn new(length: Duration, parties: [Party<'a>; 2]) -> Measured<'a> {
        Measured {
            length,
            parties,
            utterances: &[],
            stimuli: &[],
            tool_calls: &[],
            entities: &[],
            end_reason: None,
            task_completed: None,
        }
    }
}

/// One party.
#[derive(Clone, Debug)]
pub struct Party<'a> {
    /// Its side: `customer`, `support`. A key of the metrics.
    pub name: &'a str,
    /// When it spoke, on the clock of the recording.
    pub speech: &'a Track,
    /// What it says about its own replies; see [`crate::PartyMetrics::reported`].
    pub reported: &'a [StageTimes],
    /// What its models cost, US dollars, where prices are known.
    pub cost: Option<f64>,
}

impl<'a> Party<'a> {
    /// A party that reports nothing.
    pub fn new(name: &'a str, speech: &'a Track) -> Party<'a> {
        Party { name, speech, reported: &[], cost: None }
    }
}

/// What one party said and the other heard.
#[derive(Clone, Copy, Debug)]
pub struct Utterance<'a> {
    /// Place in [`Measured::parties`].
    pub speaker: usize,
    /// The words, cut where the voice was cut.
    pub said: &'a str,
    /// What the other's speech recognition made of it. `None`: there was none, and nothing is counted; an empty text means
    /// that every word was lost.
    pub heard: Option<&'a str>,
    /// When, where that is known. Only backchannels need it.
    pub spoken: Option<Interval>,
    /// What the voice was to say, and what a recogniser outside the conversation heard in its recording, where one
    /// listened. For the word error rate of the voice.
    pub voiced: Option<(&'a str, &'a str)>,
}

impl<'a> Utterance<'a> {
    /// An utterance of which neither time nor voice is known.
    pub fn new(speaker: usize, said: &'a str, heard: Option<&'a str>) -> Utterance<'a> {
        Utterance { speaker, said, heard, spoken: None, voiced: None }
    }
}
