//! MiniMax: voices.

mod config;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod speak;
mod spelled;

pub use config::MiniMaxConfig;
pub use speak::MiniMaxTts;

use crate::ModelError;
use crate::http::{Connection, Transport};
use serde::Deserialize;
use serde_json::json;
use spelled::Outcome;
use std::sync::Arc;

/// MiniMax with a key and its pool of connections. Clones are cheap and share them.
#[derive(Clone, Debug)]
pub struct MiniMax {
    transport: Arc<Transport>,
}

#[derive(Deserialize)]
struct Voices {
    base_resp: Outcome,
}

impl MiniMax {
    /// Prepares a client; nothing is sent yet.
    ///
    /// # Errors
    /// [`ModelErrorKind::Configuration`](crate::ModelErrorKind::Configuration) for a base URL that is none, for a key
    /// that can't be sent, and for a missing key where the base URL is MiniMax's own.
    pub fn new(config: MiniMaxConfig) -> Result<MiniMax, ModelError> {
        Ok(MiniMax { transport: Arc::new(Transport::new(config.into())?) })
    }

    /// A speech model ([`MiniMaxConfig::TTS_MODEL`]), also spelled as Agora does: `speech_2_6_turbo`. The voice comes
    /// with each request.
    pub fn tts(&self, model: impl AsRef<str>) -> MiniMaxTts {
        MiniMaxTts::new(self.transport.clone(), model.as_ref())
    }

    /// Asks for the list of voices, which wants a key and costs nothing.
    ///
    /// # Errors
    /// As any call: unreachable, refused key, no answer in time.
    pub async fn connection_check(&self) -> Result<Connection, ModelError> {
        let body = json!({"voice_type": "system"});
        let refused = |voices: Voices| voices.base_resp.check().map(|()| Vec::new());
        Connection::check(self.transport.post("get_voice", &|r| r.json(&body)), refused).await
    }
}
