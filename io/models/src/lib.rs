//! Clients of speech and language models, behind three traits: [`Llm`], [`Stt`], [`Tts`]; and behind a fourth, [`RealtimeModel`],
//! those that are all three.
//!
//! A stream that is dropped is cancelled: nothing goes on computing or costing for an answer that nobody waits for.
//! Every trouble comes back as a [`ModelError`]: what went wrong, where, what to do next, and whether trying again
//! can help.
//!
//! - [`openai`]: OpenAI, and any server that speaks its protocol, by base URL and key; its Realtime API, which hears and
//!   speaks over one WebSocket per call.
//! - [`deepgram`]: speech to text while it is spoken ([`StreamingStt`]), and Aura's voices.
//! - [`elevenlabs`]: voices that tell when each word begins, and Scribe, which hears while it is spoken too.
//! - [`minimax`]: its voices, streamed.
//! - [`genai`]: language models of Anthropic and Google.
//! - [`cassette`]: what any of them answered, recorded once and played again for ever.
//! - [`scripted`]: lines from a dialogue file, for tests, demonstrations and recorded examples.
//!
//! What they cost is told by [`Prices`].
//!
//! ```
//! use duologue_ids::Redacted;
//! use duologue_models::openai::{OpenAi, OpenAiConfig};
//!
//! # fn main() -> Result<(), duologue_models::ModelError> {
//! let server = OpenAi::new(OpenAiConfig::new("http://127.0.0.1:8000/v1"))?; // no key needed on this machine
//! let (brain, ears, mouth) = (server.llm("qwen3-4b"), server.stt("whisper-1"), server.tts("tts-1"));
//!
//! // OpenAI itself wants one, and says so before the first call does.
//! let error = OpenAi::new(OpenAiConfig::default()).err().expect("there is no key");
//! assert!(error.to_string().contains("OPENAI_API_KEY"));
//! let config = OpenAiConfig { api_key: Some(Redacted::new("sk-...".into())), ..OpenAiConfig::default() };
//! assert!(!format!("{config:?}").contains("sk-"));
//! # Ok(())
//! # }
//! ```
//!
//! # Why no client crate
//! Two kept crates were judged for the OpenAI protocol. `async-openai` 0.43 takes any base URL, but its types insist on
//! fields that compatible servers leave out; it buffers a spoken answer whole unless it comes as events, puts no bound
//! on what a server may send, and logs answers that it can't read, which are people's words. `genai` 0.7 streams chat
//! with tools and has timeouts, but neither transcribes nor speaks. What is left to write over `reqwest` and the
//! event-stream decoder `sse-core` (which bounds an event, and keeps its state wherever a chunk ends) is small:
//! tolerant wire types, and one place that turns trouble into [`ModelError`].

pub mod cassette;
pub mod deepgram;
pub mod elevenlabs;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod genai;
mod http;
pub mod minimax;
pub mod openai;
mod pcm;
mod prices;
mod provider;
pub mod scripted;
mod text;
mod wav;

pub use http::{Connection, Timeouts};
pub use prices::{Price, Prices, Quote};
pub use provider::{ChatStream, Llm, ModelError, ModelErrorKind, SpeechRequest, SpeechStream, SpokenAudio};
pub use provider::{Heard, HeardStream, Sound, SoundStream, StreamingStt};
pub use provider::{RealtimeConfig, RealtimeConnection, RealtimeModel};
pub use provider::{Stt, TranscribeRequest, Transcript, Tts, WordTime};
pub use text::{NotText, text};
