//! OpenAI, and any server that speaks its protocol: chat completions, transcriptions and speech.
//!
//! One [`OpenAi`] is one server with its key and its connections; models are named per stage. The request path is the
//! same for all: `http` sends, waits, tries again and turns trouble into a [`ModelError`], and a
//! reader without input or output makes sense of the bytes: `reply` of streamed chat, `pcm` of speech.
//!
//! [`ModelError`]: crate::ModelError

mod chat;
mod config;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
pub(crate) mod messages;
mod realtime;
pub(crate) mod reply;
mod speech;
mod transcribe;
mod transcript;
pub(crate) mod wire;

pub use crate::http::{Connection, Timeouts};
pub use chat::OpenAiLlm;
pub use config::OpenAiConfig;
pub use realtime::OpenAiRealtime;
pub use speech::OpenAiTts;
pub use transcribe::OpenAiStt;

use crate::ModelError;
use crate::http::Transport;
use std::sync::Arc;
use wire::ModelList;

/// One server: its address, its key and its pool of connections. Clones are cheap and share them.
#[derive(Clone, Debug)]
pub struct OpenAi {
    transport: Arc<Transport>,
}

impl OpenAi {
    /// Prepares a client; nothing is sent yet.
    ///
    /// # Errors
    /// [`ModelErrorKind::Configuration`](crate::ModelErrorKind::Configuration) for a base URL that is none, for a key
    /// that can't be sent, and for a missing key where the base URL is OpenAI's own.
    pub fn new(config: OpenAiConfig) -> Result<OpenAi, ModelError> {
        Ok(OpenAi { transport: Arc::new(Transport::new(config.into())?) })
    }

    /// A language model of this server ("gpt-4o-mini").
    pub fn llm(&self, model: impl Into<String>) -> OpenAiLlm {
        OpenAiLlm::new(self.transport.clone(), model.into())
    }

    /// A transcription model of this server ("whisper-1").
    pub fn stt(&self, model: impl Into<String>) -> OpenAiStt {
        OpenAiStt::new(self.transport.clone(), model.into())
    }

    /// A speech model of this server ("gpt-4o-mini-tts"); the voice comes with each request.
    pub fn tts(&self, model: impl Into<String>) -> OpenAiTts {
        OpenAiTts::new(self.transport.clone(), model.into())
    }

    /// A speech-to-speech model of this server ("gpt-realtime").
    pub fn realtime(&self, model: impl Into<String>) -> OpenAiRealtime {
        OpenAiRealtime::new(self.transport.clone(), model.into())
    }

    /// Asks for the list of models, the cheapest call there is: is the server there, and does it take the key?
    /// Not tried a second time.
    ///
    /// # Errors
    /// As any call: unreachable, refused key, no answer in time.
    pub async fn connection_check(&self) -> Result<Connection, ModelError> {
        let models = |list: ModelList| Ok(list.data.into_iter().map(|m| m.id).collect());
        Connection::check(self.transport.get_once("models"), models).await
    }
}
