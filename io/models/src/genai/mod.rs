//! Language models of Anthropic (Messages) and of Google (Gemini), through the crate `genai`.
//!
//! One [`Anthropic`] or [`Gemini`] is one server with its key and its connections; models are named per agent. The crate
//! writes the request and reads the event stream. The rest is here: `request` says in its words what a conversation needs,
//! `reply` makes deltas of its events and `trouble` a [`ModelError`] of its errors.
//!
//! # What the crate leaves to us
//! Judged was `genai` 0.7.2. It streams, knows both dialects well, has deadlines for headers and for each read, keeps the
//! headers of a refusal, and a stream that is dropped closes its connection. What it does not do, and where it is done:
//!
//! | matter | the crate | here |
//! |---|---|---|
//! | retries, `retry-after`, back-off | none | those of all providers, in front of the first event |
//! | a server that pings or drips for ever | waits for ever | [`Timeouts::answer`](crate::Timeouts) bounds an answer, and an event that is never complete counts as a stall |
//! | length of a reply | unbounded | text and tool arguments end at 1 MiB |
//! | length of one event, of an error's body | unbounded | only by time: what a server can send within `stall` or `first_byte`. The crate copies an incomplete event with every piece, which slows such a server down before it fills the memory |
//! | a Gemini stream that breaks off | looks complete | one without a finish reason is an error |
//! | a prompt that Gemini blocks | an error without a reason | the reason is read from the raw event |
//! | two Gemini calls of one tool | may get the same id | numbered through |
//! | what errors quote | whole answers and requests | one line, 300 characters, without the key |
//! | the key | a plain header | a header marked as sensitive, which the crate never sees |
//! | its log | quotes events, which are people's words | the command turns it off |
//! | redirects, compressed bombs | followed, unpacked | neither |
//!
//! [`ModelError`]: crate::ModelError

mod config;
#[cfg(feature = "fuzzing")]
pub(crate) mod fuzzing;
mod reply;
mod request;
mod service;
mod stream;
mod trouble;

pub use config::{AnthropicConfig, GeminiConfig};
pub use stream::GenaiLlm;

use crate::ModelError;
use crate::http::Connection;
use service::{Api, Service};
use std::sync::Arc;

/// Anthropic's Messages API, or a server that speaks it. Clones are cheap and share their connections.
#[derive(Clone, Debug)]
pub struct Anthropic {
    service: Arc<Service>,
}

impl Anthropic {
    /// Prepares a client; nothing is sent yet.
    ///
    /// # Errors
    /// [`ModelErrorKind::Configuration`](crate::ModelErrorKind::Configuration) for a base URL that is none, for a key
    /// that can't be sent, and for a missing key where the base URL is Anthropic's own.
    pub fn new(config: AnthropicConfig) -> Result<Anthropic, ModelError> {
        Ok(Anthropic { service: Arc::new(Service::open(Api::Anthropic, config.into())?) })
    }

    /// A language model of this server ([`AnthropicConfig::LLM_MODEL`]).
    pub fn llm(&self, model: impl Into<String>) -> GenaiLlm {
        GenaiLlm::new(self.service.clone(), model.into())
    }

    /// Asks for the list of models: is the server there, and does it take the key? Not tried a second time.
    ///
    /// # Errors
    /// As any call: unreachable, refused key, no answer in time.
    pub async fn connection_check(&self) -> Result<Connection, ModelError> {
        self.service.connection_check().await
    }
}

/// Google's Gemini API, or a server that speaks it. Clones are cheap and share their connections.
#[derive(Clone, Debug)]
pub struct Gemini {
    service: Arc<Service>,
}

impl Gemini {
    /// Prepares a client; nothing is sent yet.
    ///
    /// # Errors
    /// [`ModelErrorKind::Configuration`](crate::ModelErrorKind::Configuration) for a base URL that is none, for a key
    /// that can't be sent, and for a missing key where the base URL is Google's own.
    pub fn new(config: GeminiConfig) -> Result<Gemini, ModelError> {
        Ok(Gemini { service: Arc::new(Service::open(Api::Gemini, config.into())?) })
    }

    /// A language model of this server ([`GeminiConfig::LLM_MODEL`]).
    pub fn llm(&self, model: impl Into<String>) -> GenaiLlm {
        GenaiLlm::new(self.service.clone(), model.into())
    }

    /// Asks for the list of models: is the server there, and does it take the key? Not tried a second time.
    ///
    /// # Errors
    /// As any call: unreachable, refused key, no answer in time.
    pub async fn connection_check(&self) -> Result<Connection, ModelError> {
        self.service.connection_check().await
    }
}
