use duologue_chat::{ToolCall, ToolOutcome, Usage};
use serde::{Deserialize, Serialize};

/// What a session tells those who watch it. Names follow LiveKit Agents where it has the event.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// This party changed what it does.
    AgentStateChanged {
        /// What it does now.
        state: AgentState,
    },
    /// The other party began or ceased to speak.
    UserStateChanged {
        /// Whether it speaks.
        speaking: bool,
    },
    /// What the other party said so far in this turn, as recognised.
    UserInputTranscribed {
        /// The words.
        text: String,
    },
    /// The other party's turn is over.
    UserTurnCompleted {
        /// What it said, as recognised.
        text: String,
        /// From the end of its speech to the decision that it was the end, ms.
        end_of_turn_delay_ms: f64,
        /// From the end of its speech to the words, ms.
        transcription_delay_ms: f64,
    },
    /// A reply was begun.
    SpeechCreated {
        /// Number of the turn.
        turn: u32,
        /// Why this party speaks.
        source: SpeechSource,
        /// The scenario's hint, where there is one.
        hint: Option<String>,
    },
    /// The first sound of a reply is being played, or a clause further on; or a word, where the voice tells their times.
    SpeechProgress {
        /// Number of the turn.
        turn: u32,
        /// The clauses, or words, whose playback has begun.
        text: String,
    },
    /// The reply is over.
    ConversationItemAdded {
        /// Number of the turn.
        turn: u32,
        /// What was really heard of it; empty where it was cut off at once.
        text: String,
        /// It was cut off.
        interrupted: bool,
    },
    /// Figures of a reply, once its first sound is played.
    MetricsCollected {
        /// Number of the turn.
        turn: u32,
        /// The figures.
        metrics: TurnMetrics,
    },
    /// Tokens of a reply, once for each time that the model was asked for it.
    UsageCollected {
        /// Number of the turn.
        turn: u32,
        /// The figures.
        usage: Usage,
        /// From the request until the model was done, ms: of the last request, where tools made it several. 0 in events
        /// of older versions.
        #[serde(default)]
        generation_ms: f64,
    },
    /// A tool was called.
    ToolCalled {
        /// The call.
        call: ToolCall,
    },
    /// A tool answered, failed or took too long.
    ToolReturned {
        /// [`ToolCall::id`].
        id: String,
        /// Its name.
        name: String,
        /// What came of it.
        outcome: ToolOutcome,
    },
    /// The other party spoke long enough to take the floor: playback stands still.
    Interrupted {
        /// Number of the turn.
        turn: u32,
    },
    /// It was no interruption after all; playback goes on.
    FalseInterruption {
        /// Number of the turn.
        turn: u32,
    },
    /// The other party showed that it listens.
    Backchannel {
        /// Its words.
        text: String,
    },
    /// The other party said something short into this party's speech and stopped.
    OverlapIgnored {
        /// Its words.
        text: String,
    },
    /// Both began at once.
    Collision {
        /// This party gave way.
        yielded: bool,
    },
    /// Nobody spoke, so this party does.
    Nudged,
    /// Something failed; the session goes on where `fatal` is false.
    Error {
        /// For people.
        message: String,
        /// The session ends.
        fatal: bool,
    },
    /// The session is over.
    Closed {
        /// Why.
        reason: CloseReason,
    },
}

/// What a party does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentState {
    /// Before [`crate::Input::Start`].
    Initializing,
    /// It hears.
    Listening,
    /// It prepares a reply.
    Thinking,
    /// It is heard.
    Speaking,
}

/// Why a party speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SpeechSource {
    /// It opens the conversation.
    Opening,
    /// It answers.
    Reply,
    /// It breaks a silence.
    Nudge,
    /// It was told what to say.
    Say,
}

/// Latency of one reply by stage, milliseconds. `None` where the stage did not happen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TurnMetrics {
    /// End of the other's speech → end of turn decided.
    pub end_of_turn_delay_ms: Option<f64>,
    /// End of the other's speech → its words.
    pub transcription_delay_ms: Option<f64>,
    /// Reply asked for → first token.
    pub llm_ttft_ms: Option<f64>,
    /// Reply asked for → first clause.
    pub llm_ttfs_ms: Option<f64>,
    /// First clause sent → first sound back.
    pub tts_ttfb_ms: Option<f64>,
    /// End of the other's speech → first frame of the reply played.
    pub e2e_latency_ms: Option<f64>,
    /// The reply was begun before the turn was known to be over.
    pub preemptive: bool,
}

/// Why a session ended; the names of LiveKit's simulations where they have one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// The scenario's success criteria are met.
    ScenarioCompleted,
    /// This party hung up.
    AgentEnded,
    /// The other party hung up.
    PeerEnded,
    /// Nobody spoke for too long.
    Inactivity,
    /// So many turns were allowed.
    TurnLimit,
    /// So much time was allowed.
    DurationLimit,
    /// The language model had nothing to say, twice.
    EmptyResponse,
    /// A provider failed for good.
    AgentError,
    /// One of the agents never came.
    AgentJoinTimeout,
    /// Somebody stopped it.
    Cancelled,
}
