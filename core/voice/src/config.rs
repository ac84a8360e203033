use duologue_chat::{ToolCall, ToolSpec};
use duologue_ids::Seed;
use std::sync::Arc;
use std::time::Duration;

/// One party's side, before it begins.
#[derive(Clone, Debug)]
pub struct SessionConfig {
    /// System instructions: who this party is and how it speaks.
    pub instructions: Arc<str>,
    /// Its name, as it stands before its lines.
    pub speaker: Arc<str>,
    /// The other party's name.
    pub listener: Arc<str>,
    /// What thinks for it.
    pub brain: Brain,
    /// Tools that the model may call, beside the built-in `end_call`.
    pub tools: Arc<[ToolSpec]>,
    /// Tools, by name, whose calls end when the other party takes the floor from the reply that asked for them. Others go on:
    /// what they did is done, and the model learns of it.
    pub called_off: Arc<[String]>,
    /// How the conversation begins on this side.
    pub opening: Opening,
    /// The scenario's steps of this party, one a turn; empty = the model runs free.
    pub course: Arc<[Step]>,
    /// When the other party's turn is over.
    pub endpointing: Endpointing,
    /// When the other party may cut in.
    pub interruption: Interruption,
    /// What to do when both begin at once.
    pub collision: Collision,
    /// What to do when nobody speaks.
    pub nudge: Nudge,
    /// Begin a reply before the turn is known to be over; nothing of it is heard before.
    pub preemptive: bool,
    /// What is taken for speech.
    pub hearing: Hearing,
    /// Sample rate of the frames that this party plays, Hz: 8, 16, 24 or 48 kHz.
    pub output_rate: u32,
    /// All randomness of this party.
    pub seed: Seed,
    /// A fault to plant, in tests of those who look for faults.
    #[cfg(feature = "planted-faults")]
    pub fault: Option<crate::Fault>,
}

impl SessionConfig {
    /// A party with the default behaviour of the field: 0.5 s to the end of a turn, 0.5 s to an interruption.
    pub fn new(speaker: &str, listener: &str, instructions: &str) -> SessionConfig {
        SessionConfig {
            instructions: instructions.into(),
            speaker: speaker.into(),
            listener: listener.into(),
            brain: Brain::Cascade(Cascade::default()),
            tools: Arc::new([]),
            called_off: Arc::new([]),
            opening: Opening::Wait,
            course: Arc::new([]),
            endpointing: Endpointing::default(),
            interruption: Interruption::default(),
            collision: Collision::default(),
            nudge: Nudge::default(),
            preemptive: true,
            hearing: Hearing::default(),
            output_rate: 24_000,
            seed: Seed::default(),
            #[cfg(feature = "planted-faults")]
            fault: None,
        }
    }
}

/// What thinks for a party.
#[derive(Clone, Debug, PartialEq)]
pub enum Brain {
    /// Speech to text → language model → text to speech.
    Cascade(Cascade),
    /// One model that hears and speaks.
    Realtime(Realtime),
}

/// Settings of a cascade.
#[derive(Clone, Debug, PartialEq)]
pub struct Cascade {
    /// Sampling temperature; `None` leaves it to the provider.
    pub temperature: Option<f32>,
    /// Longest reply, in tokens.
    pub max_tokens: u32,
}

impl Default for Cascade {
    fn default() -> Self {
        Cascade { temperature: None, max_tokens: 120 }
    }
}

/// Settings of a speech-to-speech model.
#[derive(Clone, Debug, PartialEq)]
pub struct Realtime {
    /// The provider's name of the model.
    pub model: String,
}

/// How a conversation begins on one side.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opening {
    /// The other party begins.
    Wait,
    /// With these words.
    Say(String),
    /// With words of the model's own.
    Generate,
}

/// One step of a scenario's course.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What the line is about, for the model.
    pub hint: String,
    /// A tool to call before the line; its result is in the history when the line is written.
    pub call: Option<ToolCall>,
    /// Hang up after the line.
    pub end_call: bool,
}

/// When the other party's turn is over.
#[derive(Clone, Debug, PartialEq)]
pub struct Endpointing {
    /// Silence that ends a turn that sounds complete.
    pub min_delay: Duration,
    /// Silence that ends a turn that does not.
    pub max_delay: Duration,
    /// Learn from the other party's pauses: the delay moves between the two towards one and a half times the moving
    /// average of the pauses it made within turns.
    pub dynamic: bool,
    /// Below this probability of the semantic detector a turn is taken for incomplete; the further below, the longer the
    /// silence that ends it, up to `max_delay`.
    pub threshold: f32,
}

impl Default for Endpointing {
    fn default() -> Self {
        Endpointing {
            min_delay: Duration::from_millis(500),
            max_delay: Duration::from_millis(2_500),
            dynamic: false,
            threshold: 0.5,
        }
    }
}

/// When the other party may cut in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interruption {
    /// Whether it may at all.
    pub enabled: bool,
    /// How long it has to speak; words that are no backchannel ("stop") take the floor sooner.
    pub min_duration: Duration,
    /// How many words have to be recognised before the reply is given up.
    pub min_words: usize,
    /// Without words for so long after it fell silent again, playback goes on.
    pub false_timeout: Duration,
}

impl Default for Interruption {
    fn default() -> Self {
        Interruption {
            enabled: true,
            min_duration: Duration::from_millis(500),
            min_words: 1,
            false_timeout: Duration::from_secs(2),
        }
    }
}

/// What to do when both begin at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collision {
    /// Two beginnings this close together are a collision.
    pub window: Duration,
    /// This party gives way. Of two parties of ours exactly one does.
    pub yields: bool,
    /// Having given way into silence (the other gave way too), it tries again after a time from this range.
    pub backoff: (Duration, Duration),
}

impl Default for Collision {
    fn default() -> Self {
        Collision {
            window: Duration::from_millis(600),
            yields: true,
            backoff: (Duration::from_millis(250), Duration::from_millis(900)),
        }
    }
}

/// What to do when nobody speaks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nudge {
    /// At the beginning: speak after a time from this range.
    pub opening: (Duration, Duration),
    /// Later: speak after a time from this range.
    pub silence: (Duration, Duration),
    /// So many in a row that nobody answers are enough: instead of one more, hang up.
    pub most: u32,
}

impl Default for Nudge {
    fn default() -> Self {
        Nudge {
            opening: (Duration::from_millis(1_200), Duration::from_millis(1_800)),
            silence: (Duration::from_millis(7_000), Duration::from_millis(10_000)),
            most: 3,
        }
    }
}

/// What is taken for speech.
#[derive(Clone, Debug, PartialEq)]
pub struct Hearing {
    /// Speech this long starts an utterance.
    pub min_speech: Duration,
    /// Silence this long ends it and sends it to be recognised.
    pub min_silence: Duration,
    /// Sound before the start that belongs to it.
    pub pre_roll: Duration,
    /// Longer utterances are recognised in pieces.
    pub max_utterance: Duration,
    /// The recogniser takes the sound while it is spoken.
    pub streaming: bool,
}

impl Default for Hearing {
    fn default() -> Self {
        Hearing {
            min_speech: Duration::from_millis(50),
            min_silence: Duration::from_millis(200),
            pre_roll: Duration::from_millis(300),
            max_utterance: Duration::from_secs(25),
            streaming: false,
        }
    }
}
