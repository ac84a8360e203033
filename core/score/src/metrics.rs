use crate::align::{WordErrors, compare};
use crate::floor::{Transfer, walk};
use crate::spread::Spread;
use crate::track::Track;
use crate::words::normalise;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::time::Duration;

/// A start this far before the other's end is an interruption; a shorter overlap is a quick answer, which people do not
/// notice (Heldner, "Detection thresholds for gaps, overlaps, and no-gap-no-overlaps", JASA 130, 2011: 120 ms; the value
/// here leaves room for the 20 ms grid and the voice detector).
pub const INTERRUPTION_OVERLAP: Duration = Duration::from_millis(200);

/// A silence longer than this is awkward (EVA's limit for a late answer).
pub const AWKWARD_SILENCE: Duration = Duration::from_millis(2_750);

/// Everything that is measured.
#[derive(Clone, Debug)]
pub struct Measured<'a> {
    /// Length of the recording.
    pub length: Duration,
    /// The two parties; their order matters to nothing but [`Utterance::speaker`].
    pub parties: [Party<'a>; 2],
    /// What they said, in any order.
    pub utterances: &'a [Utterance<'a>],
}

/// One party.
#[derive(Clone, Debug)]
pub struct Party<'a> {
    /// Its side: `customer`, `support`. A key of the metrics.
    pub name: &'a str,
    /// When it spoke, on the clock of the recording.
    pub speech: &'a Track,
}

/// What one party said and the other heard.
#[derive(Clone, Copy, Debug)]
pub struct Utterance<'a> {
    /// Place in [`Measured::parties`].
    pub speaker: usize,
    /// The words, cut where the voice was cut.
    pub said: &'a str,
    /// What the other's speech recognition made of it. `None`: there was none, and nothing is counted; an empty text means
    /// that every word was lost.
    pub heard: Option<&'a str>,
}

/// What a conversation was worth, in figures. The names are those of LiveKit's simulation metrics, tau-voice and EVA where
/// they have one; [`crate::DEFINITIONS`] says what each means. Ratios lie between 0 and 1, rounded to four decimals.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
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
    /// The longest time in which nobody spoke, beginning and end of the recording included.
    pub longest_silence_ms: u64,
    /// Silences of more than 2.75 s between the first word and the last.
    pub awkward_silences: usize,
    /// Transfers by a start more than 200 ms before the other's end.
    pub interruptions: usize,
    /// From the start of an interruption until the other is silent.
    pub time_to_yield_ms: Spread,
    /// Speech of one that began and ended inside the other's: backchannels, vain attempts.
    pub overlaps_without_transfer: usize,
    /// Word error rate of speech recognition, keyed by [`direction`], over all utterances that were heard.
    pub stt_wer: BTreeMap<String, f64>,
    /// The counts behind `stt_wer`, for pooling.
    pub stt_word_errors: BTreeMap<String, WordErrors>,
    /// Figures of each party, keyed by its name.
    pub parties: BTreeMap<String, PartyMetrics>,
}

/// Figures of one party.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
}

/// The key of a direction of hearing: `customer_heard_by_support`.
pub fn direction(speaker: &str, listener: &str) -> String {
    format!("{speaker}_heard_by_{listener}")
}

/// Measures a conversation.
pub fn measure(of: &Measured<'_>) -> Metrics {
    let [a, b] = [of.parties[0].speech, of.parties[1].speech];
    let (moves, inside) = walk([a, b]);
    let (speech, overlap) = (a.union(b), a.overlap(b));
    let silence = speech.silence(of.length);
    let opener = opener(a, b);
    let yields = moves.iter().filter(|t| is_interruption(t)).map(|t| -t.offset_ms as f64);

    Metrics {
        turns: moves.len() + usize::from(opener.is_some()),
        heard_e2e_latency_ms: latency(moves.iter()),
        overlap_ratio: ratio(overlap.duration(), speech.duration()),
        overlap_speech_ms: whole_ms(overlap.duration()),
        total_speech_ms: whole_ms(speech.duration()),
        silence_ratio: ratio(silence.duration(), of.length),
        longest_silence_ms: silence.intervals().iter().map(|i| whole_ms(i.duration())).max().unwrap_or(0),
        awkward_silences: speech.intervals().windows(2).filter(|w| w[1].start - w[0].end > AWKWARD_SILENCE).count(),
        interruptions: moves.iter().filter(|t| is_interruption(t)).count(),
        time_to_yield_ms: Spread::of(yields),
        overlaps_without_transfer: inside,
        stt_wer: word_errors(of).into_iter().map(|(key, errors)| (key, four_decimals(errors.rate()))).collect(),
        stt_word_errors: word_errors(of),
        parties: (0..2).map(|i| (of.parties[i].name.to_owned(), party(of, i, &moves, opener))).collect(),
    }
}

fn party(of: &Measured<'_>, index: usize, moves: &[Transfer], opener: Option<usize>) -> PartyMetrics {
    let spoken = of.parties[index].speech.duration();
    let mine = || moves.iter().filter(|t| t.to == index);
    let words = of.utterances.iter().filter(|u| u.speaker == index).map(|u| normalise(u.said).len()).sum();
    let per_minute = words as f64 * 60.0 / spoken.as_secs_f64();
    PartyMetrics {
        turns: mine().count() + usize::from(opener == Some(index)),
        speech_ms: whole_ms(spoken),
        words,
        words_per_minute: (!spoken.is_zero()).then_some(per_minute.round()),
        heard_e2e_latency_ms: latency(mine()),
        interruptions: mine().filter(|t| is_interruption(t)).count(),
    }
}

fn word_errors(of: &Measured<'_>) -> BTreeMap<String, WordErrors> {
    let mut sums: BTreeMap<String, WordErrors> = BTreeMap::new();
    for utterance in of.utterances {
        let (Some(heard), Some(speaker)) = (utterance.heard, of.parties.get(utterance.speaker)) else { continue };
        let listener = of.parties[1 - utterance.speaker].name;
        *sums.entry(direction(speaker.name, listener)).or_default() += compare(utterance.said, heard).errors;
    }
    sums
}

/// Who spoke first; of two at the same instant the first party, as in [`crate::transfers`].
fn opener(a: &Track, b: &Track) -> Option<usize> {
    match (a.intervals().first(), b.intervals().first()) {
        (Some(a), Some(b)) => Some(usize::from(b.start < a.start)),
        (Some(_), None) => Some(0),
        (None, Some(_)) => Some(1),
        (None, None) => None,
    }
}

fn is_interruption(transfer: &Transfer) -> bool {
    transfer.offset_ms < -(INTERRUPTION_OVERLAP.as_millis() as i64)
}

fn latency<'a>(moves: impl Iterator<Item = &'a Transfer>) -> Spread {
    Spread::of(moves.map(|t| t.offset_ms as f64))
}

fn whole_ms(duration: Duration) -> u64 {
    u64::try_from((duration.as_nanos() + 500_000) / 1_000_000).unwrap_or(u64::MAX)
}

fn ratio(part: Duration, whole: Duration) -> f64 {
    if whole.is_zero() { 0.0 } else { four_decimals(part.as_secs_f64() / whole.as_secs_f64()) }
}

fn four_decimals(value: f64) -> f64 {
    (value * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests;
