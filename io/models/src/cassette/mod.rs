//! Cassettes: what providers answered once, with its timings, to be answered again for ever, without network or key.
//!
//! [`Recorder`] wraps the models of a conversation and writes down what they are asked and what they answer.
//! [`Cassette::open`] reads it: as plain data ([`Exchange`]), by request ([`Player`]: answers with delays and no clock,
//! for virtual time), or as models again ([`Replay`]).
//!
//! # Matching
//! A request is on a cassette where lane, stage and what matters are the same: model, instructions, names, history, tools
//! and hint; text, voice and speed; sound and language. Seed, sampling and limits do not count. What was asked several
//! times is answered in the order of the recording, then with the last answer again; answers that nobody listened to the
//! end of are given only where there is no whole one. Sound that went through a live call is never the same to the bit:
//! where the exact utterance is not there, the next one of that lane with about the same length is taken. A recogniser
//! that could listen while somebody speaks is recorded, and played, one utterance at a time.
//!
//! # Format, version 1
//! JSON lines in UTF-8. The first line is `{"cassette": 1, "made_by": ..., "models": {LANE: {STAGE: MODEL}}}`; every other
//! one is an exchange, written when it is over:
//!
//! ```text
//! {"lane": "support", "stage": "llm", "asked": {...}, "pieces": [{"us": 412000, "text": "Hello"}, ...], "end": {...}}
//! ```
//!
//! A lane is one agent. `us` is the time from the request to the piece in microseconds. A piece is one of `text`,
//! `tool_call`, `done`, `audio` (`rate`, `words`, and `pcm`: 16 bit, little endian, base64) and `transcript`. `end` is
//! `"complete"`, `{"failed": {"us", "error"}}` or `{"cancelled": {"us"}}`. In `asked`, sound stands as its SHA-256 and its
//! number of samples. A last line without a line break is what a killed recording leaves; it is left out. Keys are on no
//! cassette; what was said is, so treat one like the recording of a call.

mod asked;
mod file;
mod play;
mod record;
mod replay;

pub use file::{Answer, Cassette, CassetteError, End, Exchange, Models, Recorded, Stage};
pub use play::{NotRecorded, Player};
pub use record::Recorder;
pub use replay::Replay;

#[cfg(test)]
mod tests;
