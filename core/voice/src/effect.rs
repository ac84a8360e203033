use crate::CloseReason;
use duologue_chat::{ChatDelta, ChatRequest, RealtimeCommand, RealtimeEvent, ToolCall, ToolOutcome};
use duologue_ids::Mono;
use duologue_media::Frame;
use std::sync::Arc;
use std::time::Duration;

/// Slow work that the session asks for. Its answers come back as [`Input`]s with the same number; what has become stale
/// by then is dropped, so a runner may cancel late or not at all.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Recognise this as it is spoken; only where [`Hearing::streaming`](crate::Hearing::streaming) says so. What comes of
    /// it is asked for by [`Effect::Transcribe`], which carries the same sound again for a recogniser that lost it.
    Listen {
        /// That of the [`Effect::Transcribe`] to come.
        utterance: u32,
        /// How many samples of this sound went before; 0 begins a new sound, and ends the one before.
        from: usize,
        /// The next samples, 16 kHz mono.
        audio: Vec<i16>,
    },
    /// Nothing follows the sound that [`Effect::Listen`] gave.
    StopListening,
    /// Recognise what the other party said so far in this turn, 16 kHz mono.
    Transcribe {
        /// Comes back in [`Input::Transcribed`].
        utterance: u32,
        /// From shortly before the first word to shortly after the last.
        audio: Arc<[i16]>,
    },
    /// Write a reply.
    Generate {
        /// Comes back in [`Input::Generated`].
        turn: u32,
        /// For the language model.
        request: Box<ChatRequest>,
    },
    /// Speak one clause.
    Speak {
        /// Comes back in [`Input::Spoken`].
        turn: u32,
        /// Number of the clause within the turn.
        clause: u32,
        /// The words.
        text: String,
    },
    /// Run a tool.
    CallTool {
        /// Which, and with what; its id comes back in [`Input::ToolReturned`].
        call: ToolCall,
        /// After this the session goes on without it.
        timeout: Duration,
    },
    /// Nobody waits for this call any more, which is to end.
    CancelTool {
        /// [`ToolCall::id`].
        id: String,
    },
    /// Tell the speech-to-speech model. What it tells comes as [`Input::Realtime`], whenever it likes.
    Realtime(RealtimeCommand),
    /// Nobody waits for this recognition any more.
    CancelTranscribe {
        /// Which.
        utterance: u32,
    },
    /// Nobody waits for the text and the voice of this turn any more.
    CancelTurn {
        /// Which.
        turn: u32,
    },
}

/// What happens to a session.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// Both parties are there: the conversation begins.
    Start,
    /// What this party hears, 20 ms at 16 kHz, every 20 ms: the clock of its media.
    Audio(Frame),
    /// The words of [`Effect::Listen`] so far; they may still change.
    Overheard {
        /// The effect's number.
        utterance: u32,
        /// All words of the sound.
        text: String,
    },
    /// Answer to [`Effect::Transcribe`].
    Transcribed {
        /// The effect's number.
        utterance: u32,
        /// The words; empty where there were none.
        result: Result<String, Failure>,
    },
    /// Part of the answer to [`Effect::Generate`].
    Generated {
        /// The effect's number.
        turn: u32,
        /// The next piece.
        result: Result<ChatDelta, Failure>,
    },
    /// Part of the answer to [`Effect::Speak`].
    Spoken {
        /// The effect's turn.
        turn: u32,
        /// The effect's clause.
        clause: u32,
        /// The next piece.
        result: Result<Spoken, Failure>,
    },
    /// A provider has trouble that ends nothing, and whoever watches should know.
    Trouble {
        /// For people: what went wrong and what comes of it.
        message: String,
    },
    /// Answer to [`Effect::CallTool`].
    ToolReturned {
        /// [`ToolCall::id`].
        id: String,
        /// What came of it.
        outcome: ToolOutcome,
    },
    /// What the speech-to-speech model tells; an error ends the session.
    Realtime(Result<RealtimeEvent, Failure>),
    /// Say this, as it stands, as soon as the floor is free.
    Say(String),
    /// The other party hung up. What it said last is still recognised, but nobody hears this party any more, so it says no
    /// more.
    PeerLeft,
    /// The conversation ends here.
    Close(CloseReason),
}

/// A piece of synthesised speech.
#[derive(Clone, Debug, PartialEq)]
pub enum Spoken {
    /// Sound, mono 16 bit, any length.
    Audio {
        /// Hz, the same for all pieces of a clause.
        rate: u32,
        /// The samples.
        samples: Vec<i16>,
    },
    /// When the next words of the clause are spoken, in order; where a provider knows it.
    Words(Vec<SpokenWord>),
    /// The clause is complete.
    Done,
}

/// Where a word lies in its clause.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SpokenWord {
    /// As it stands in the text.
    pub text: String,
    /// From the start of the clause's sound.
    pub start: Duration,
    /// From the start of the clause's sound.
    pub end: Duration,
}

/// An effect that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// For people: what went wrong and what to do.
    pub message: String,
    /// Whether the same effect may succeed when tried again.
    pub transient: bool,
}

/// The one door through which effects leave, live, scripted, from a cassette or simulated.
///
/// A runner that knows its answers beforehand returns them with their delays. A live one returns nothing and sends them
/// later, through whatever drives the session.
pub trait EffectRunner {
    /// Begins an effect at `now`.
    fn perform(&mut self, now: Mono, effect: Effect) -> Vec<(Duration, Input)>;
}

impl<R: EffectRunner + ?Sized> EffectRunner for Box<R> {
    fn perform(&mut self, now: Mono, effect: Effect) -> Vec<(Duration, Input)> {
        (**self).perform(now, effect)
    }
}
