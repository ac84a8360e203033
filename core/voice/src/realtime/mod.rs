//! The brain that hears and speaks: one model in place of recognition, writing and synthesis.
//!
//! All that makes a conversation is shared with the cascade: who has the floor, the echo guard, the playout, openings,
//! nudges, collisions, tools, the course. What differs lies here, and in one line each where the ways part:
//!
//! - the sound that is heard goes to the model as it comes, silence too, since its detector needs it ([`Session::pass_on`]);
//! - the model's detector cuts it into *stretches*; a turn may be answered once its stretches are committed (`turn`);
//! - a reply is sound with words beside it, in pieces that the model names (`voice`);
//! - an interruption of [`Interruption::min_duration`](crate::Interruption) is final: the model is told at once how much
//!   was heard, and forgets the rest. There is nothing to resume; where it turns out that nobody said anything, it is
//!   asked to go on.

mod turn;
mod voice;

use crate::effect::{Effect, Failure};
use crate::event::Event;
use crate::session::Session;
use duologue_chat::{Item, RealtimeCommand, RealtimeEvent};
use duologue_ids::Mono;
use duologue_media::Frame;
use std::collections::VecDeque;

/// Sound that leaves in one piece: 40 ms at 16 kHz. Longer ones delay the model's detector, shorter ones cost messages.
const PIECE: usize = 640;

/// What a session knows of the model at the other end of the line.
#[derive(Default)]
pub(crate) struct Line {
    /// Heard, not yet passed on.
    unsent: Vec<i16>,
    /// The model's detector hears speech.
    hears_speech: bool,
    /// Of the present turn, as far as they are committed.
    stretches: Vec<Stretch>,
    /// When it was told that there must have been speech, in the present turn.
    forced_at: Option<Mono>,
    /// The reply that the present turn cut off.
    pub(crate) cut: Option<u32>,
    /// The next reply goes on where another was cut off.
    go_on: bool,
    /// Turns that are over and whose words are awaited.
    late: VecDeque<LateTurn>,
}

/// A stretch of the other party's speech.
struct Stretch {
    item: String,
    text: Option<String>,
}

/// A turn that was answered before its words were known.
struct LateTurn {
    stretches: Vec<Stretch>,
    /// Its place in the history.
    at: usize,
    /// When its speech ended, and when that was taken for the end of the turn.
    ended: Option<Mono>,
    decided: Mono,
    /// The turn of the reply to it.
    answered_by: u32,
}

impl Line {
    /// What was heard last was no turn.
    pub(crate) fn forget_turn(&mut self) {
        self.stretches.clear();
        self.forced_at = None;
        self.cut = None;
    }

    /// The present turn can be answered.
    fn is_answerable(&self) -> bool {
        !self.hears_speech && !self.stretches.is_empty()
    }

    /// The model's detector has noticed nothing of the present turn.
    fn heard_nothing(&self) -> bool {
        !self.hears_speech && self.stretches.is_empty()
    }
}

/// Words of stretches as far as they are known, and whether they all are.
fn words(stretches: &[Stretch]) -> (String, bool) {
    let known = stretches.iter().filter_map(|s| s.text.as_deref()).map(str::trim).filter(|t| !t.is_empty());
    (known.collect::<Vec<_>>().join(" "), stretches.iter().all(|s| s.text.is_some()))
}

impl Session {
    /// Sends on what is heard.
    pub(crate) fn pass_on(&mut self, frame: &Frame) {
        let Some(line) = &mut self.line else { return };
        line.unsent.extend_from_slice(frame.samples());
        self.listening.forget_sound();
        if line.unsent.len() >= PIECE {
            let audio = std::mem::take(&mut line.unsent).into();
            self.tell(RealtimeCommand::Hear { audio });
        }
    }

    /// What the model tells. What belongs to a reply that is no longer the newest is stale.
    pub(crate) fn on_realtime(&mut self, result: Result<RealtimeEvent, Failure>) {
        if self.line.is_none() {
            return;
        }
        match result {
            Ok(RealtimeEvent::SpeechStarted) => self.on_stretch_started(),
            Ok(RealtimeEvent::Committed { item }) => self.on_stretch(item),
            Ok(RealtimeEvent::Transcribed { item, text }) => self.on_stretch_words(&item, text),
            Ok(RealtimeEvent::Audio { turn, item, rate, samples }) => self.on_sound(turn, &item, (rate, &samples)),
            Ok(RealtimeEvent::Words { turn, item, text }) => self.on_reply_words(turn, &item, &text),
            Ok(RealtimeEvent::AudioDone { turn, item }) => self.on_piece_done(turn, &item),
            Ok(RealtimeEvent::ToolCall { turn, call }) => self.on_model_calls(turn, call),
            Ok(RealtimeEvent::Done { turn, usage }) => self.on_response_done(turn, usage),
            Ok(RealtimeEvent::Failed { turn, message, transient }) => {
                self.on_response_failed(turn, Failure { message, transient });
            }
            Ok(RealtimeEvent::Trouble { message }) => self.event(Event::Error { message, fatal: false }),
            Err(failure) => self.fail(failure.message),
        }
    }

    /// What enters the conversation without being heard.
    pub(crate) fn tell_model(&mut self, item: Item) {
        if self.line.is_some() {
            self.tell(RealtimeCommand::Add(item));
        }
    }

    fn tell(&mut self, command: RealtimeCommand) {
        self.effect(Effect::Realtime(command));
    }
}
