//! Deepgram: speech to text over a WebSocket while it is spoken, or a whole utterance at a time, and Aura's voices.
//!
//! `listen` drives one WebSocket, and `recognition` makes sense of its messages without input or output.

mod config;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod listen;
mod recognition;
mod speak;
mod transcribe;

pub use config::DeepgramConfig;
pub use speak::DeepgramTts;
pub use transcribe::DeepgramStt;

use crate::ModelError;
use crate::http::{Connection, Transport};
use serde_json::{Map, Value};
use std::sync::Arc;

/// Deepgram with a key and its pool of connections. Clones are cheap and share them.
#[derive(Clone, Debug)]
pub struct Deepgram {
    transport: Arc<Transport>,
}

impl Deepgram {
    /// Prepares a client; nothing is sent yet.
    ///
    /// # Errors
    /// [`ModelErrorKind::Configuration`](crate::ModelErrorKind::Configuration) for a base URL that is none, for a key that can't be sent, and for a missing key
    /// where the base URL is Deepgram's own.
    pub fn new(config: DeepgramConfig) -> Result<Deepgram, ModelError> {
        Ok(Deepgram { transport: Arc::new(Transport::new(config.into())?) })
    }

    /// A transcription model ([`DeepgramConfig::STT_MODEL`]).
    pub fn stt(&self, model: impl Into<String>) -> DeepgramStt {
        DeepgramStt::new(self.transport.clone(), model.into())
    }

    /// A family of voices ([`DeepgramConfig::TTS_MODEL`]) or one voice of it; the voice comes with each request.
    pub fn tts(&self, model: impl Into<String>) -> DeepgramTts {
        DeepgramTts::new(self.transport.clone(), model.into())
    }

    /// Asks what the key is good for, the cheapest call there is that wants one. Not tried a second time.
    ///
    /// # Errors
    /// As any call: unreachable, refused key, no answer in time.
    pub async fn connection_check(&self) -> Result<Connection, ModelError> {
        let none = |_: Map<String, Value>| Ok(Vec::new());
        Connection::check(self.transport.get_once("auth/token"), none).await
    }
}
