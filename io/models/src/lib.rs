//! Clients of speech and language models, behind three traits: [`Llm`], [`Stt`], [`Tts`].
//!
//! A stream that is dropped is cancelled: nothing goes on computing or costing for an answer that nobody waits for.

mod provider;

pub use provider::{Llm, ModelError, ModelErrorKind, SpeechRequest, SpeechStream, SpokenAudio, Stt, TranscribeRequest, Transcript, Tts, WordTime};
pub use provider::ChatStream;
