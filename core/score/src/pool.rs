//! Several conversations as one: counts and denominators add up, percentiles are taken over all values.

use crate::align::WordErrors;
use crate::chars::CharErrors;
use crate::measure::{ratio, sum};
use crate::metrics::{EntityRecall, Mean, Metrics, PartyMetrics, Selectivity, four_decimals};
use crate::reported::Stages;
use crate::spread::{Share, Spread};
use std::collections::BTreeMap;

impl Metrics {
    /// The figures of all conversations together, parties by name. `length_ms` is their sum, `longest_silence_ms` the
    /// longest, `task_completion` the share of those that were judged; `end_reason` stays where all have the same.
    pub fn pool(all: &[Metrics]) -> Metrics {
        let count = |read: fn(&Metrics) -> usize| all.iter().map(read).sum::<usize>();
        let ms = |read: fn(&Metrics) -> u64| all.iter().map(read).sum::<u64>();
        let share = |read: fn(&Metrics) -> Share| all.iter().map(read).sum::<Share>();
        let (overlap_speech_ms, total_speech_ms) = (ms(|m| m.overlap_speech_ms), ms(|m| m.total_speech_ms));
        let (silence_ms, length_ms) = (ms(|m| m.silence_ms), ms(|m| m.length_ms));
        let stt_word_errors: BTreeMap<String, WordErrors> = added(all.iter().map(|m| &m.stt_word_errors));
        let stt_char_errors: BTreeMap<String, CharErrors> = added(all.iter().map(|m| &m.stt_char_errors));
        let reason = all.first().and_then(|m| m.end_reason.clone());
        Metrics {
            length_ms,
            turns: count(|m| m.turns),
            heard_e2e_latency_ms: Spread::pool(all.iter().map(|m| &m.heard_e2e_latency_ms)),
            overlap_ratio: ratio(overlap_speech_ms, total_speech_ms),
            overlap_speech_ms,
            total_speech_ms,
            silence_ratio: ratio(silence_ms, length_ms),
            silence_ms,
            longest_silence_ms: all.iter().map(|m| m.longest_silence_ms).max().unwrap_or(0),
            awkward_silence_count: count(|m| m.awkward_silence_count),
            interruptions: count(|m| m.interruptions),
            time_to_yield_ms: Spread::pool(all.iter().map(|m| &m.time_to_yield_ms)),
            yield_rate: share(|m| m.yield_rate),
            agent_interruption_rate: share(|m| m.agent_interruption_rate),
            eot_misprediction_count: count(|m| m.eot_misprediction_count),
            false_interruption_count: count(|m| m.false_interruption_count),
            selectivity: all.iter().map(|m| m.selectivity).sum(),
            response_rate: share(|m| m.response_rate),
            unanswered_turns: count(|m| m.unanswered_turns),
            overlaps_without_transfer: count(|m| m.overlaps_without_transfer),
            turn_taking: all.iter().map(|m| m.turn_taking).sum(),
            stt_wer: stt_word_errors.iter().map(|(k, e)| (k.clone(), four_decimals(e.rate()))).collect(),
            stt_word_errors,
            stt_cer: stt_char_errors.iter().map(|(k, e)| (k.clone(), four_decimals(e.rate()))).collect(),
            stt_char_errors,
            entity_recall: added(all.iter().map(|m| &m.entity_recall)),
            task_completion: Mean::of(all.iter().filter_map(|m| m.task_completion)).mean,
            end_reason: reason.filter(|reason| all.iter().all(|m| m.end_reason.as_ref() == Some(reason))),
            cost: sum(all.iter().map(|m| m.cost)),
            parties: parties(all),
        }
    }
}

fn parties(all: &[Metrics]) -> BTreeMap<String, PartyMetrics> {
    let mut names: Vec<&String> = all.iter().flat_map(|m| m.parties.keys()).collect();
    names.sort_unstable();
    names.dedup();
    let of = |name: &String| all.iter().filter_map(|m| m.parties.get(name)).collect::<Vec<_>>();
    names.into_iter().map(|name| (name.clone(), PartyMetrics::pool(&of(name)))).collect()
}

impl PartyMetrics {
    fn pool(all: &[&PartyMetrics]) -> PartyMetrics {
        let count = |read: fn(&PartyMetrics) -> usize| all.iter().map(|m| read(m)).sum::<usize>();
        let share = |read: fn(&PartyMetrics) -> Share| all.iter().map(|m| read(m)).sum::<Share>();
        let (words, speech_ms) = (count(|p| p.words), all.iter().map(|p| p.speech_ms).sum::<u64>());
        let mut voice = WordErrors::default();
        all.iter().for_each(|p| voice += p.tts_word_errors);
        PartyMetrics {
            turns: count(|p| p.turns),
            speech_ms,
            words,
            words_per_minute: (speech_ms > 0).then(|| (words as f64 * 60_000.0 / speech_ms as f64).round()),
            heard_e2e_latency_ms: Spread::pool(all.iter().map(|p| &p.heard_e2e_latency_ms)),
            interruptions: count(|p| p.interruptions),
            agent_interruption_rate: share(|p| p.agent_interruption_rate),
            time_to_yield_ms: Spread::pool(all.iter().map(|p| &p.time_to_yield_ms)),
            yield_rate: share(|p| p.yield_rate),
            eot_misprediction_count: count(|p| p.eot_misprediction_count),
            false_interruption_count: count(|p| p.false_interruption_count),
            selectivity: all.iter().map(|p| p.selectivity).sum(),
            response_rate: share(|p| p.response_rate),
            unanswered_turns: count(|p| p.unanswered_turns),
            awkward_silence_count: count(|p| p.awkward_silence_count),
            turn_taking: all.iter().map(|p| p.turn_taking).sum(),
            tts_wer: (voice.reference > 0).then(|| four_decimals(voice.rate())),
            tts_word_errors: voice,
            reported: Stages::pool(all.iter().map(|p| &p.reported)),
            cost: sum(all.iter().map(|p| p.cost)),
        }
    }
}

fn added<'a, T: Copy + Default + std::ops::AddAssign + 'a>(
    maps: impl Iterator<Item = &'a BTreeMap<String, T>>,
) -> BTreeMap<String, T> {
    let mut sum: BTreeMap<String, T> = BTreeMap::new();
    for (key, value) in maps.flatten() {
        *sum.entry(key.clone()).or_default() += *value;
    }
    sum
}

impl std::ops::AddAssign for EntityRecall {
    fn add_assign(&mut self, other: EntityRecall) {
        self.all = [self.all, other.all].into_iter().sum();
        self.names = [self.names, other.names].into_iter().sum();
        self.codes = [self.codes, other.codes].into_iter().sum();
        self.amounts = [self.amounts, other.amounts].into_iter().sum();
    }
}

impl std::iter::Sum for Selectivity {
    fn sum<I: Iterator<Item = Selectivity>>(all: I) -> Selectivity {
        let all: Vec<Selectivity> = all.collect();
        Selectivity {
            backchannel: all.iter().map(|s| s.backchannel).sum(),
            vocal_tic: all.iter().map(|s| s.vocal_tic).sum(),
            non_directed: all.iter().map(|s| s.non_directed).sum(),
        }
    }
}
