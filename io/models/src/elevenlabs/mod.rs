//! ElevenLabs: voices that tell when each word begins, and the recogniser Scribe.

mod aligned;
mod config;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
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

    /// A transcription model ([`ElevenLabsConfig::STT_MODEL`]).
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
