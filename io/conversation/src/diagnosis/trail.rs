//! How far a side came: which stage of its pipeline owed an answer when nothing more was reported.

use super::Facts;
use crate::awaited::Stage;
use crate::scenario::Side;
use duologue_voice::Event;

/// Where a side stood at the end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Trail {
    /// It began a reply.
    pub(super) began: bool,
    /// Its language model wrote to the end, once.
    pub(super) wrote: bool,
    /// Words of it were played, once.
    pub(super) played: bool,
    /// It noticed that the other spoke.
    pub(super) noticed: bool,
    /// Words of the other were recognised, once.
    pub(super) recognised: bool,
    /// A reply was begun of which nothing came.
    pub(super) owes_reply: bool,
    /// The other spoke and stopped, and no words came of it.
    pub(super) owes_words: bool,
}

pub(super) fn trail(facts: &Facts, side: Side) -> Trail {
    let mut trail = Trail::default();
    for told in facts.told(side) {
        match &told.event {
            Event::SpeechCreated { .. } => (trail.began, trail.owes_reply, trail.owes_words) = (true, true, false),
            Event::UsageCollected { .. } => trail.wrote = true,
            Event::SpeechProgress { .. } => (trail.played, trail.owes_reply) = (true, false),
            Event::ConversationItemAdded { .. } | Event::ToolCalled { .. } => trail.owes_reply = false,
            Event::UserStateChanged { speaking: true } => trail.noticed = true,
            Event::UserStateChanged { speaking: false } => trail.owes_words = true,
            Event::UserInputTranscribed { text } => {
                (trail.recognised, trail.owes_words) = (trail.recognised || !text.trim().is_empty(), false);
            }
            Event::UserTurnCompleted { .. } | Event::Backchannel { .. } | Event::OverlapIgnored { .. } => {
                trail.owes_words = false;
            }
            _ => {}
        }
    }
    trail
}

impl Trail {
    /// The stage that owed an answer at the end, where one did.
    pub(super) fn owing(&self) -> Option<Stage> {
        match (self.owes_reply, self.owes_words) {
            // Tokens are reported once all are there; before that it may be either, and mostly is the slower one.
            (true, _) if self.wrote && !self.played => Some(Stage::Tts),
            (true, _) => Some(Stage::Llm),
            (false, true) => Some(Stage::Stt),
            (false, false) => None,
        }
    }
}
