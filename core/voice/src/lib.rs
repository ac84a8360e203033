//! One party's side of a voice conversation, as a machine without input or output.
//!
//! A [`Session`] hears the other party, decides when its turn is over, has a reply written and spoken, plays it, and
//! gives way when the other party cuts in. It has no clock and no socket: the sound it hears, 20 ms at a time, is its
//! clock, slow work leaves it as an [`Effect`] and comes back as an [`Input`] with the same number. Answers that have
//! become stale are dropped in one line, so nothing needs to be cancelled in time.
//!
//! ```
//! use duologue_ids::Mono;
//! use duologue_media::Frame;
//! use duologue_voice::{Effect, Input, Opening, Output, Session, SessionConfig, Spoken};
//!
//! let mut config = SessionConfig::new("Joe", "Anna", "You are Joe of Northwind Internet.");
//! config.opening = Opening::Say("Northwind Internet, this is Joe.".into());
//! config.output_rate = 16_000;
//! let mut joe = Session::new(config).unwrap();
//!
//! let mut played = 0;
//! joe.handle(Mono::ZERO, Input::Start);
//! for tick in 0..50 {
//!     let now = Mono::from_millis(20 * tick);
//!     joe.handle(now, Input::Audio(Frame::silence(16_000)));
//!     loop {
//!         match joe.poll() {
//!             Output::Effect(Effect::Speak { turn, clause, text }) => {
//!                 assert_eq!(text, "Northwind Internet, this is Joe.");
//!                 let sound = Spoken::Audio { rate: 16_000, samples: vec![1000; 4_800] };
//!                 joe.handle(now, Input::Spoken { turn, clause, result: Ok(sound) });
//!                 joe.handle(now, Input::Spoken { turn, clause, result: Ok(Spoken::Done) });
//!             }
//!             Output::Play(_) => played += 1,
//!             Output::Timeout(_) => break,
//!             _ => {}
//!         }
//!     }
//! }
//! assert_eq!(played, 15, "300 ms of speech are fifteen frames");
//! assert_eq!(joe.history().items().len(), 1);
//! ```
//!
//! # How a turn goes
//!
//! 1. **Hear** (`echo`, `listening`, `hearing`): own speech that comes back from the other end is taken for silence; the
//!    speech gate says when the other party speaks. When it falls silent, the sound of its turn so far leaves as
//!    [`Effect::Transcribe`]; a recogniser that streams has had it by then as [`Effect::Listen`], piece by piece.
//! 2. **Turn** (`hearing`): the words are there and the silence has lasted [`Endpointing::min_delay`] (or longer, where
//!    [`EndOfTurn`] doubts that it is the end). A reply may have been begun meanwhile: preemptive generation.
//! 3. **Reply** (`replying`, `tools`): text streams in, is cut into clauses, each clause leaves as [`Effect::Speak`].
//! 4. **Play** (`playout`): one frame per tick; the history keeps only what was really heard, by the times of the words
//!    where the voice tells them.
//! 5. **Give way** (`floor`): speech of [`Interruption::min_duration`] that is near and certain stops playback at once;
//!    words confirm it, their absence resumes it; something shorter waits for its words. Openings, nudges and collisions
//!    are decided there too.
//!
//! [`Party`] puts a session between its ear and its mouth; [`EndWatch`] says when a conversation of two is over.

mod config;
mod echo;
mod effect;
mod ending;
mod event;
#[cfg(feature = "planted-faults")]
mod fault;
mod floor;
mod hearing;
mod hooks;
mod listening;
mod party;
mod playout;
mod realtime;
mod reply;
mod replying;
mod session;
mod tools;

pub use config::{
    Brain, Cascade, Collision, Endpointing, Hearing, Interruption, Nudge, Opening, Realtime, SessionConfig, Step,
};
pub use effect::{Effect, EffectRunner, Failure, Input, Spoken, SpokenWord};
pub use ending::{EndWatch, Limits};
pub use event::{AgentState, CloseReason, Event, SpeechSource, TurnMetrics};
#[cfg(feature = "planted-faults")]
pub use fault::Fault;
pub use hooks::{EndOfTurn, Hooks, NoHooks, TrailingWords};
pub use party::{HEARING_RATE, Microphone, Party, Request};
pub use session::{Output, Session, SessionError};
pub use tools::{END_CALL, end_call};
