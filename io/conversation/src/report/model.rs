use duologue_score::{MarkKind, Metrics};
use serde::{Deserialize, Serialize};

/// Audio up to this many bytes is carried inside the page; longer recordings are linked by their relative name.
pub const MAX_EMBEDDED_AUDIO: usize = 24 * 1024 * 1024;

/// The language model of a party that does what a script says and decides nothing.
pub const SCRIPTED_CALLER: &str = "scripted caller";

/// Everything that a report shows. All times are seconds from the start of the recording.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// Id of the conversation.
    pub conversation_id: String,
    /// Version of the program that held it.
    pub version: String,
    /// Headline: the scenario's title.
    pub title: String,
    /// The scenario in a sentence or two.
    #[serde(default)]
    pub summary: String,
    /// Name of the scenario's file, without its folder.
    #[serde(default)]
    pub scenario: String,
    /// When it began, RFC 3339.
    pub started_at: String,
    /// Length of the recording in seconds.
    pub duration_s: f64,
    /// Why it ended: `goal_reached`, `Joe hung up`, … Underscores become spaces.
    pub end_reason: String,
    /// The side that ended it, if one did.
    #[serde(default)]
    pub ended_by: Option<String>,
    /// The seed that gives this conversation again.
    pub seed: u64,
    /// How the language models were led.
    pub guidance: Guidance,
    /// How the conversation was held, in sentences: which model was led and how, and where no model was at work.
    #[serde(default)]
    pub remarks: Vec<String>,
    /// What went wrong, where something did.
    #[serde(default)]
    pub error: Option<String>,
    /// Both parties. The first stands on the left, upper waveform; utterances name them by place.
    pub speakers: [Speaker; 2],
    /// What was said, in any order.
    #[serde(default)]
    pub utterances: Vec<Utterance>,
    /// Tools that were called.
    #[serde(default)]
    pub tool_calls: Vec<ToolCall>,
    /// Anything else that happened: who opened, a nudge, a provider that failed.
    #[serde(default)]
    pub notes: Vec<Note>,
    /// Places of the recording that deserve a look: interruptions, backchannels, awkward silences.
    #[serde(default)]
    pub marks: Vec<Mark>,
    /// Where what the sessions report and what the recording holds differ. `None`: nobody compared them.
    #[serde(default)]
    pub findings: Option<Vec<Finding>>,
    /// The call broke off, so that the criteria are judged on a part of it.
    #[serde(default)]
    pub unfinished: bool,
    /// The scenario's criteria, judged.
    #[serde(default)]
    pub verdicts: Vec<Verdict>,
    /// The figures.
    #[serde(default)]
    pub metrics: Metrics,
    /// How many values of [`Speaker::peaks`] make a second; 20 to 50 look well.
    pub peaks_per_second: u32,
    /// The stereo recording, left channel the first speaker.
    #[serde(default)]
    pub audio: Option<Audio>,
    /// Files that lie beside the page.
    #[serde(default)]
    pub files: Vec<File>,
}

/// How the language models were led through the conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Guidance {
    /// The scenario's course gave one hint for each turn.
    #[default]
    Course,
    /// Persona and scenario only.
    Free,
    /// There were none: the lines were written beforehand.
    Scripted,
}

/// One party.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Speaker {
    /// Its side: `customer`, `support`; a key of [`Metrics::parties`].
    pub side: String,
    /// Name of the persona, as the page calls it.
    pub name: String,
    /// Name under which the agent is dispatched.
    #[serde(default)]
    pub agent_name: String,
    /// The persona in a sentence.
    #[serde(default)]
    pub persona: String,
    /// The voice it speaks with.
    #[serde(default)]
    pub voice: String,
    /// The models it used, by stage.
    #[serde(default)]
    pub models: Vec<Model>,
    /// What its models consumed, and what that cost, in words.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub consumed: Vec<Consumed>,
    /// Loudness of its channel, 0 to 255, [`Report::peaks_per_second`] values a second.
    #[serde(default)]
    pub peaks: Vec<u8>,
}

/// A model and what it was used for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Model {
    /// `llm`, `stt`, `tts`, `vad`.
    pub stage: String,
    /// Provider and model.
    pub name: String,
}

/// Something that models consumed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consumed {
    /// `tokens`, `spoken`, `heard`, `cost`.
    pub what: String,
    /// How much, with its unit.
    pub amount: String,
}

/// Words that one party said without the other's turn in between.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Utterance {
    /// 0 or 1: place in [`Report::speakers`].
    pub speaker: usize,
    /// The words that were played.
    pub said: String,
    /// What the other party's speech recognition heard.
    #[serde(default)]
    pub heard: Option<String>,
    /// First sound.
    pub start_s: f64,
    /// Last sound.
    pub end_s: f64,
    /// The other party cut it off.
    #[serde(default)]
    pub interrupted: bool,
    /// Word error rate of `heard`; worked out from both texts where it is missing.
    #[serde(default)]
    pub wer: Option<f64>,
    /// Where the time before its first sound went. Missing for the opening.
    #[serde(default)]
    pub stages: Option<Stages>,
    /// The language model's tokens for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tokens: Option<Tokens>,
    /// How far its playback had come, in order of time; between them the page goes by the sound. It may be empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub begun: Vec<Begun>,
}

/// Tokens of one reply.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tokens {
    /// Tokens read.
    pub read: u32,
    /// Of those, read from a cache.
    #[serde(default)]
    pub cached: u32,
    /// Tokens written.
    pub written: u32,
    /// Tokens written per second.
    #[serde(default)]
    pub per_second: Option<f64>,
}

/// From `at_s` on, words up to this length of [`Utterance::said`] were on their way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Begun {
    /// When.
    pub at_s: f64,
    /// Length of the text in UTF-16 code units, as scripts count them.
    pub utf16: usize,
}

/// Milliseconds from the end of the other party's speech to the first sound of the answer, stage by stage.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Stages {
    /// Waiting until the other's turn was believed to be over.
    pub end_of_turn_ms: f64,
    /// Speech recognition after that.
    pub stt_ms: f64,
    /// Language model until its first clause.
    pub llm_ms: f64,
    /// Speech synthesis until its first sound.
    pub tts_ms: f64,
    /// From there until the sound was on the line.
    pub playout_ms: f64,
    /// From end to start, as measured; more than the sum where something else took time.
    pub total_ms: f64,
    /// The part of `llm_ms` until the first token.
    #[serde(default)]
    pub first_token_ms: f64,
    /// The reply was begun before the other's turn was known to be over, so that a part of the work ran beside the waiting.
    #[serde(default)]
    pub preemptive: bool,
    /// What model and voice really took, wherever it ran.
    #[serde(default)]
    pub work: Option<Work>,
}

/// The work on one reply: when it was asked for, and how long each part took, ms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Work {
    /// From the end of the other's speech until the language model was asked.
    pub asked_after_ms: f64,
    /// Language model until its first token.
    #[serde(default)]
    pub llm_ttft_ms: Option<f64>,
    /// Language model until its first clause.
    #[serde(default)]
    pub llm_ttfs_ms: Option<f64>,
    /// Voice until its first sound, from the first clause on.
    #[serde(default)]
    pub tts_ttfb_ms: Option<f64>,
}

/// A tool call and what came of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// When it was called.
    pub at_s: f64,
    /// Place of the caller in [`Report::speakers`].
    pub by: usize,
    /// Name of the tool.
    pub name: String,
    /// Arguments, a JSON object.
    #[serde(default)]
    pub arguments: serde_json::Value,
    /// The answer, or why there was none.
    #[serde(default)]
    pub outcome: String,
    /// The tool failed or ran out of time.
    #[serde(default)]
    pub failed: bool,
    /// From the call to its answer, ms.
    #[serde(default)]
    pub latency_ms: Option<f64>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Note {
    /// When.
    pub at_s: f64,
    /// What.
    pub text: String,
}

/// A place of the recording that deserves a look.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// What happened there.
    pub kind: MarkKind,
    /// Whose it is: place in [`Report::speakers`]. A silence is of the one that should have spoken.
    pub by: usize,
    /// When it began.
    pub start_s: f64,
    /// When it was over.
    pub end_s: f64,
    /// From the start until the other stopped, ms, where it did.
    #[serde(default)]
    pub yielded_after_ms: Option<f64>,
}

/// A difference between what the sessions report and what the recording holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Where in the recording, if at one place.
    #[serde(default)]
    pub at_s: Option<f64>,
    /// What differs, and by how much.
    pub text: String,
}

/// One success criterion, judged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Verdict {
    /// What was asked for.
    pub criterion: String,
    /// Whether it was met.
    pub passed: bool,
    /// Why, with the evidence.
    #[serde(default)]
    pub why: String,
}

/// The stereo recording.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Audio {
    /// Its name relative to the page.
    pub path: String,
    /// `audio/ogg`.
    pub mime: String,
    /// The file, if it is to be carried inside the page. Empty, or more than [`MAX_EMBEDDED_AUDIO`]: it is linked.
    #[serde(skip)]
    pub bytes: Vec<u8>,
}

/// A file that lies beside the page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// Name relative to the page.
    pub path: String,
    /// What is in it.
    #[serde(default)]
    pub about: String,
    /// Its size.
    #[serde(default)]
    pub bytes: Option<u64>,
}

impl Report {
    /// The speaker at a place; a place that does not exist is the second speaker's, so that a bad report still opens.
    pub(super) fn speaker(&self, place: usize) -> &Speaker {
        &self.speakers[side(place)]
    }

    /// Criteria met.
    pub(super) fn passed(&self) -> usize {
        self.verdicts.iter().filter(|v| v.passed).count()
    }
}

/// 0 or 1.
pub(super) fn side(place: usize) -> usize {
    place.min(1)
}
