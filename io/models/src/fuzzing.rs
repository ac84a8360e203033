//! What servers send, for the fuzz targets: each takes any bytes and must neither panic nor hang.

pub use crate::deepgram::fuzzing::recognition;
pub use crate::elevenlabs::fuzzing::{scribe, timed_speech};
pub use crate::genai::fuzzing::events;
pub use crate::minimax::fuzzing::hex_speech;
pub use crate::openai::fuzzing::{realtime, refusal, reply, speech, transcript};
