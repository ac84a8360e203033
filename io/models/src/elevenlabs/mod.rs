//! ElevenLabs: voices that tell when each word begins, and the recogniser Scribe, over a WebSocket while it is spoken, or a
//! whole utterance at a time.
//!
//! `listen` drives one WebSocket, and `recognition` makes sense of its messages without input or output. Where each rule of
//! theirs is from:
//!
//! - Address, query, header, messages and the kinds of error: the [reference], an AsyncAPI document, with its servers and
//!   models; ElevenLabs' own clients for Python and JavaScript send the same, and a `sample_rate`.
//! - `session_started` comes first, an error before the connection is closed: the [events].
//! - A commit is a message without sound; 20 to 30 s between commits; the server commits by itself after 90 s: the
//!   [commits]. Others saw it do so after 36 s.
//! - Messages of 0.1 to 1 s: the guide to streaming.
//! - At least 0.3 s of sound for a commit, or `commit_throttled` and a closed connection: the server's own words in
//!   <https://github.com/elevenlabs/packages/issues/378>.
//! - Seen by others on the live service, not documented: a key is refused on a connection that stands already; a commit of
//!   silence is answered with an empty text; a partial may repeat a segment after its answer; a connection without sound for
//!   about 15 s is closed with code 1000.
//!
//! [reference]: https://elevenlabs.io/docs/api-reference/speech-to-text/v-1-speech-to-text-realtime
//! [events]: https://elevenlabs.io/docs/eleven-api/guides/how-to/speech-to-text/realtime/event-reference
//! [commits]: https://elevenlabs.io/docs/eleven-api/guides/how-to/speech-to-text/realtime/transcripts-and-commit-strategies

mod aligned;
mod config;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod listen;
mod recognition;
mod speak;
mod transcribe;

pub use config::ElevenLabsConfig;
pub use speak::ElevenLabsTts;
pub use transcribe::ElevenLabsStt;

use crate::ModelError;
use crate::http::{Connection, Transport};
use serde::Deserialize;
use std::sync::Arc;

/// ElevenLabs with a key and its pool of connections. Clones are cheap and share them.
#[derive(Clone, Debug)]
pub struct ElevenLabs {
    transport: Arc<Transport>,
}

#[derive(Deserialize)]
struct Model {
    model_id: String,
}

impl ElevenLabs {
    /// Prepares a client; nothing is sent yet.
    ///
    /// # Errors
    /// [`ModelErrorKind::Configuration`](crate::ModelErrorKind::Configuration) for a base URL that is none, for a key
    /// that can't be sent, and for a missing key where the base URL is ElevenLabs' own.
    pub fn new(config: ElevenLabsConfig) -> Result<ElevenLabs, ModelError> {
        Ok(ElevenLabs { transport: Arc::new(Transport::new(config.into())?) })
    }

    /// A speech model ([`ElevenLabsConfig::TTS_MODEL`]); the voice comes with each request.
    pub fn tts(&self, model: impl Into<String>) -> ElevenLabsTts {
        ElevenLabsTts::new(self.transport.clone(), model.into())
    }

    /// A transcription model ([`ElevenLabsConfig::STT_MODEL`]); one whose name has "realtime" in it streams.
    pub fn stt(&self, model: impl Into<String>) -> ElevenLabsStt {
        ElevenLabsStt::new(self.transport.clone(), model.into())
    }

    /// Asks for the list of models, which wants a key and costs nothing. Not tried a second time.
    ///
    /// # Errors
    /// As any call: unreachable, refused key, no answer in time.
    pub async fn connection_check(&self) -> Result<Connection, ModelError> {
        let names = |models: Vec<Model>| Ok(models.into_iter().map(|m| m.model_id).collect());
        Connection::check(self.transport.get_once("models"), names).await
    }
}
