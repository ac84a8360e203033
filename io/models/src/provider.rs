use async_trait::async_trait;
use duologue_chat::{ChatDelta, ChatRequest, RealtimeCommand, RealtimeEvent, ToolSpec};
use futures::stream::BoxStream;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;

/// A streamed reply; ends after [`ChatDelta::Done`] or an error.
pub type ChatStream = BoxStream<'static, Result<ChatDelta, ModelError>>;
/// Streamed speech, in order; ends after the last chunk or an error.
pub type SpeechStream = BoxStream<'static, Result<SpokenAudio, ModelError>>;

/// A language model.
#[async_trait]
pub trait Llm: Send + Sync {
    /// Starts a reply.
    async fn chat(&self, request: ChatRequest) -> Result<ChatStream, ModelError>;

    /// Prepares for the requests of a party with these instructions: a local model reads them ahead. Returns when that is
    /// done, at once where there is nothing to prepare. Trouble shows in the first reply.
    async fn prewarm(&self, _instructions: &str) {}
}

/// Speech to text, one utterance a request.
#[async_trait]
pub trait Stt: Send + Sync {
    /// Recognises one utterance.
    async fn transcribe(&self, request: TranscribeRequest) -> Result<Transcript, ModelError>;

    /// The same model taking the sound while it is spoken; `None` where it can't.
    fn streaming(&self) -> Option<&dyn StreamingStt> {
        None
    }
}

/// Speech to text while the speech goes on.
#[async_trait]
pub trait StreamingStt: Send + Sync {
    /// Begins to recognise `sound`, in a BCP-47 language. The stream ends after the answer to what was asked last once
    /// `sound` has ended, or with an error; then the same sound may be given to [`Stt::transcribe`].
    async fn listen(&self, language: Arc<str>, sound: SoundStream) -> Result<HeardStream, ModelError>;
}

/// Sound for a [`StreamingStt`].
pub type SoundStream = BoxStream<'static, Sound>;
/// What a [`StreamingStt`] recognises, in order; ends after an error.
pub type HeardStream = BoxStream<'static, Result<Heard, ModelError>>;

/// What goes into a recognition that streams.
#[derive(Clone, Debug, PartialEq)]
pub enum Sound {
    /// 16 kHz mono, 16 bit, any length.
    Samples(Vec<i16>),
    /// All that came before is to be recognised now; answered by exactly one [`Heard::Final`]. More may follow.
    Finalize,
}

/// What comes out of it. Both hold all words since the beginning of the stream.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// May still change.
    Interim(String),
    /// The answer to a [`Sound::Finalize`].
    Final(Transcript),
}

/// Text to speech.
#[async_trait]
pub trait Tts: Send + Sync {
    /// Starts to speak one clause.
    async fn speak(&self, request: SpeechRequest) -> Result<SpeechStream, ModelError>;
}

/// Speech to speech: hears and speaks in one.
#[async_trait]
pub trait RealtimeModel: Send + Sync {
    /// Opens a session for one party of one conversation. Once this returns, the model hears and answers without delay.
    async fn connect(&self, config: RealtimeConfig) -> Result<RealtimeConnection, ModelError>;
}

/// What a session of a [`RealtimeModel`] begins with.
#[derive(Clone, Debug, PartialEq)]
pub struct RealtimeConfig {
    /// Who it is and how it speaks.
    pub instructions: Arc<str>,
    /// What it may call.
    pub tools: Arc<[ToolSpec]>,
    /// The provider's name of the voice.
    pub voice: Arc<str>,
    /// 1.0 is the voice's own pace.
    pub speed: f32,
    /// BCP-47, of what it hears.
    pub language: Arc<str>,
    /// Silence that ends a stretch of speech, where its detector goes by silence.
    pub stretch_silence: Duration,
}

/// An open session. It is driven by whoever asks for events; dropping them closes it.
pub struct RealtimeConnection {
    /// What the conversation tells the model. It fills up where the provider does not read.
    pub commands: mpsc::Sender<RealtimeCommand>,
    /// What the model tells; ends when `commands` is dropped, or after an error, which ends the session.
    pub events: BoxStream<'static, Result<RealtimeEvent, ModelError>>,
}

/// One utterance to recognise.
#[derive(Clone, Debug)]
pub struct TranscribeRequest {
    /// 16 kHz mono, 16 bit.
    pub audio: Arc<[i16]>,
    /// BCP-47 language, "en" by default.
    pub language: Arc<str>,
}

/// What was recognised.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Transcript {
    /// The words; empty where there was no speech.
    pub text: String,
    /// Confidence in 0..=1, where the model gives one.
    pub confidence: Option<f32>,
}

/// One clause to speak.
#[derive(Clone, Debug, PartialEq)]
pub struct SpeechRequest {
    /// The words.
    pub text: String,
    /// The provider's name of the voice.
    pub voice: Arc<str>,
    /// 1.0 is the voice's own pace.
    pub speed: f32,
}

/// A chunk of speech.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SpokenAudio {
    /// Sample rate in Hz, the same in all chunks of a stream.
    pub rate: u32,
    /// Mono, 16 bit, any length.
    pub samples: Vec<i16>,
    /// When the words begin, relative to the start of the stream, where the provider says so.
    pub words: Vec<WordTime>,
}

/// Where a word lies in its stream.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct WordTime {
    /// The word as it stands in the text.
    pub word: String,
    /// From the start of the stream.
    pub start: Duration,
    /// From the start of the stream.
    pub end: Duration,
}

/// Why a model did not answer, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{provider}: {message}\n  help: {help}")]
pub struct ModelError {
    /// Which provider, as the configuration names it ("openai", "local").
    pub provider: String,
    /// What kind of trouble, for deciding whether to try again.
    pub kind: ModelErrorKind,
    /// What went wrong, in a sentence.
    pub message: String,
    /// What the user can do next.
    pub help: String,
    /// The provider's client has tried again by itself as often, or waited as long, as makes sense: asking once more at
    /// once is no use, whatever the kind.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub given_up: bool,
}

impl ModelError {
    /// Whether the same request may succeed when it is sent again at once.
    pub fn is_transient(&self) -> bool {
        !self.given_up && self.kind.is_transient()
    }
}

/// Kinds of trouble with a model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ModelErrorKind {
    /// The set-up is wrong: a missing key, an unknown voice, a missing model. Trying again is no use.
    Configuration,
    /// The provider refused the key.
    Unauthorized,
    /// Too many requests; try again after the time, where given.
    RateLimited {
        /// What the provider asked for.
        retry_after: Option<Duration>,
    },
    /// Not reachable, or the connection broke off.
    Unavailable,
    /// No answer in time.
    TimedOut,
    /// It answered something that does not fit its documented format.
    Malformed,
    /// Its answer goes on far beyond what was asked for; the rest was not read.
    Endless,
    /// It refused this request (for instance, too long).
    Rejected,
    /// A local engine died.
    Crashed,
}

impl ModelErrorKind {
    /// Whether the same request may succeed when sent again at once; where a limit is reached, that only makes it worse.
    pub fn is_transient(self) -> bool {
        matches!(self, Self::Unavailable | Self::TimedOut | Self::Crashed)
    }
}
