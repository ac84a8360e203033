use crate::align::WordErrors;
use crate::chars::CharErrors;
use crate::reported::Stages;
use crate::spread::{Share, Spread};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What a conversation was worth, in figures. The names are those of LiveKit's simulation metrics, tau-voice and EVA where
/// they have one; [`crate::DEFINITIONS`] says what each means. Ratios lie between 0 and 1, rounded to four decimals.
///
/// Where a figure needs an agent and a user, each party is taken for the agent once: see [`PartyMetrics`]. The figure here
/// is then that of both together.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Metrics {
    /// Length of the recording.
    pub length_ms: u64,
    /// Times that somebody held the floor: transfers and one, or none if nobody spoke.
    pub turns: usize,
    /// Floor-transfer offset: end of one party's speech to the start of the other's, as heard; overlap is negative.
    pub heard_e2e_latency_ms: Spread,
    /// Time in which both speak / time in which anybody speaks.
    pub overlap_ratio: f64,
    /// Numerator of `overlap_ratio`, for pooling over conversations.
    pub overlap_speech_ms: u64,
    /// Denominator of `overlap_ratio`.
    pub total_speech_ms: u64,
    /// Time in which nobody speaks / length of the recording.
    pub silence_ratio: f64,
    /// Numerator of `silence_ratio`; the denominator is `length_ms`.
    pub silence_ms: u64,
    /// The longest time in which nobody spoke, beginning and end of the recording included.
    pub longest_silence_ms: u64,
    /// Silences between the first word and the last of more than 2.75 s, or 4 s where a tool was called in them.
    #[serde(alias = "awkward_silences")]
    pub awkward_silence_count: usize,
    /// Times that one began to speak while the other spoke, and meant to go on.
    pub interruptions: usize,
    /// From the start of an interruption until the other is silent, where that is within 2 s.
    pub time_to_yield_ms: Spread,
    /// Of the interruptions, those to which the other yielded within 2 s.
    pub yield_rate: Share,
    /// Interruptions per turn of the interrupted.
    pub agent_interruption_rate: Share,
    /// Times that one began before the other's turn was over.
    pub eot_misprediction_count: usize,
    /// Times that one stopped for what was no interruption.
    pub false_interruption_count: usize,
    /// What was no interruption and was rightly ignored.
    pub selectivity: Selectivity,
    /// Turns that were answered before their speaker had to speak again.
    pub response_rate: Share,
    /// Turns that were not.
    pub unanswered_turns: usize,
    /// Speech of one that began and ended inside the other's: backchannels, vain attempts.
    pub overlaps_without_transfer: usize,
    /// EVA's score of the timing of each turn.
    pub turn_taking: Mean,
    /// Word error rate of speech recognition, keyed by [`direction`], over all utterances that were heard.
    pub stt_wer: BTreeMap<String, f64>,
    /// The counts behind `stt_wer`, for pooling.
    pub stt_word_errors: BTreeMap<String, WordErrors>,
    /// Character error rate of speech recognition, keyed by [`direction`].
    pub stt_cer: BTreeMap<String, f64>,
    /// The counts behind `stt_cer`.
    pub stt_char_errors: BTreeMap<String, CharErrors>,
    /// Names, codes and amounts that were said and heard, keyed by [`direction`].
    pub entity_recall: BTreeMap<String, EntityRecall>,
    /// Whether the task was completed: 1 or 0; missing where nothing says.
    pub task_completion: Option<f64>,
    /// Why the conversation ended.
    pub end_reason: Option<String>,
    /// What it cost, US dollars; missing where a price is not known.
    pub cost: Option<f64>,
    /// Figures of each party, keyed by its name.
    pub parties: BTreeMap<String, PartyMetrics>,
}

/// Figures of one party. Where a figure needs an agent and a user, the party is the agent and the other one the user.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct PartyMetrics {
    /// Times that it held the floor.
    pub turns: usize,
    /// Time that it spoke.
    pub speech_ms: u64,
    /// Words said, in normal form (a word per digit).
    pub words: usize,
    /// Words said per minute of its own speech. `None` if it did not speak.
    pub words_per_minute: Option<f64>,
    /// `heard_e2e_latency_ms` of the transfers to this party: how quickly it answers.
    pub heard_e2e_latency_ms: Spread,
    /// Interruptions by this party.
    pub interruptions: usize,
    /// Those per turn of the other. May exceed 1.
    pub agent_interruption_rate: Share,
    /// From the start of the other's interruption until this party is silent, where that is within 2 s.
    pub time_to_yield_ms: Spread,
    /// Of the other's interruptions, those to which this party yielded within 2 s.
    pub yield_rate: Share,
    /// Times that it began before the other's turn was over.
    pub eot_misprediction_count: usize,
    /// Times that it stopped for what was no interruption.
    pub false_interruption_count: usize,
    /// What the other did that was no interruption, and this party rightly ignored.
    pub selectivity: Selectivity,
    /// Turns of the other that it answered.
    pub response_rate: Share,
    /// Turns of the other that it did not answer.
    pub unanswered_turns: usize,
    /// Awkward silences that it should have ended.
    pub awkward_silence_count: usize,
    /// EVA's score of its timing.
    pub turn_taking: Mean,
    /// Word error rate of its voice: what it was to say against what a recogniser outside the conversation heard.
    pub tts_wer: Option<f64>,
    /// The counts behind `tts_wer`.
    pub tts_word_errors: WordErrors,
    /// Times by stage, as the party itself reports them.
    #[serde(skip_serializing_if = "Stages::is_empty")]
    pub reported: Stages,
    /// What its models cost, US dollars.
    pub cost: Option<f64>,
}

/// What was no interruption, and was correctly ignored: spoken through (no stop within 1.0 s), or not answered (no reply
/// within 2.0 s of its end) where it fell into silence. tau-voice: S_BC, S_VT, S_ND.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Selectivity {
    /// "Mm-hmm".
    pub backchannel: Share,
    /// Coughs and the like.
    pub vocal_tic: Share,
    /// Speech to somebody else.
    pub non_directed: Share,
}

/// Names, codes and amounts: how many that were said were heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct EntityRecall {
    /// All three kinds.
    pub all: Share,
    /// Names.
    pub names: Share,
    /// Codes: numbers, dates and times, digit by digit.
    pub codes: Share,
    /// Amounts of money.
    pub amounts: Share,
}

/// A mean that pools.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Mean {
    /// `sum / count`, four decimals; `null` of none.
    pub mean: Option<f64>,
    /// Sum of the values.
    pub sum: f64,
    /// How many.
    pub count: usize,
}

impl Mean {
    /// Of these values.
    pub fn of(values: impl IntoIterator<Item = f64>) -> Mean {
        let (sum, count) = values.into_iter().fold((0.0, 0), |(sum, n), value| (sum + value, n + 1));
        Mean::new(sum, count)
    }

    fn new(sum: f64, count: usize) -> Mean {
        let sum = four_decimals(sum);
        Mean { mean: (count > 0).then(|| four_decimals(sum / count as f64)), sum, count }
    }
}

impl std::iter::Sum for Mean {
    fn sum<I: Iterator<Item = Mean>>(means: I) -> Mean {
        let (sum, count) = means.fold((0.0, 0), |(sum, count), mean| (sum + mean.sum, count + mean.count));
        Mean::new(sum, count)
    }
}

/// The key of a direction of hearing: `customer_heard_by_support`.
pub fn direction(speaker: &str, listener: &str) -> String {
    format!("{speaker}_heard_by_{listener}")
}

pub(crate) fn four_decimals(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}
