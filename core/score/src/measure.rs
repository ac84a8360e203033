use crate::align::{WordErrors, compare};
use crate::chars::{CharErrors, compare_chars};
use crate::entities::{EntityKind, recall, shares};
use crate::events::{Event, Kind, Reading, YIELD_WINDOW};
use crate::floor::{Transfer, transfers_of};
use crate::measured::Measured;
use crate::metrics::{EntityRecall, Metrics, PartyMetrics, Selectivity, direction, four_decimals};
use crate::reported::Stages;
use crate::spread::{Share, Spread};
use crate::stimulus::StimulusKind;
use crate::turn_taking::turn_taking;
use crate::waiting::{awkward_silences, response_rate, unanswered};
use crate::words::normalise;
use std::collections::BTreeMap;
use std::time::Duration;

/// Measures a conversation.
pub fn measure(of: &Measured<'_>) -> Metrics {
    let [a, b] = [of.parties[0].speech, of.parties[1].speech];
    let reading = Reading::of(of);
    let moves = transfers_of(&reading.turns);
    let (speech, overlap) = (a.union(b), a.overlap(b));
    let silence = speech.silence(of.length);
    let parties = [0, 1].map(|by| party(of, &reading, &moves, by));
    let texts = Texts::of(of);
    let each = || parties.iter();

    Metrics {
        length_ms: whole_ms(of.length),
        turns: reading.turns.len(),
        heard_e2e_latency_ms: latency(moves.iter()),
        overlap_ratio: ratio(whole_ms(overlap.duration()), whole_ms(speech.duration())),
        overlap_speech_ms: whole_ms(overlap.duration()),
        total_speech_ms: whole_ms(speech.duration()),
        silence_ratio: ratio(whole_ms(silence.duration()), whole_ms(of.length)),
        silence_ms: whole_ms(silence.duration()),
        longest_silence_ms: silence.intervals().iter().map(|i| whole_ms(i.duration())).max().unwrap_or(0),
        awkward_silence_count: each().map(|p| p.awkward_silence_count).sum(),
        interruptions: each().map(|p| p.interruptions).sum(),
        time_to_yield_ms: Spread::pool(each().map(|p| &p.time_to_yield_ms)),
        yield_rate: each().map(|p| p.yield_rate).sum(),
        agent_interruption_rate: each().map(|p| p.agent_interruption_rate).sum(),
        eot_misprediction_count: each().map(|p| p.eot_misprediction_count).sum(),
        false_interruption_count: each().map(|p| p.false_interruption_count).sum(),
        selectivity: each().map(|p| p.selectivity).sum(),
        response_rate: each().map(|p| p.response_rate).sum(),
        unanswered_turns: each().map(|p| p.unanswered_turns).sum(),
        overlaps_without_transfer: reading.inside,
        turn_taking: each().map(|p| p.turn_taking).sum(),
        stt_wer: texts.words.iter().map(|(key, errors)| (key.clone(), four_decimals(errors.rate()))).collect(),
        stt_word_errors: texts.words,
        stt_cer: texts.chars.iter().map(|(key, errors)| (key.clone(), four_decimals(errors.rate()))).collect(),
        stt_char_errors: texts.chars,
        entity_recall: texts.entities,
        task_completion: of.task_completed.map(|done| if done { 1.0 } else { 0.0 }),
        end_reason: of.end_reason.map(str::to_owned),
        cost: sum(of.parties.iter().map(|p| p.cost)),
        parties: of.parties.iter().map(|p| p.name.to_owned()).zip(parties).collect(),
    }
}

fn party(of: &Measured<'_>, reading: &Reading, moves: &[Transfer], by: usize) -> PartyMetrics {
    let spoken = of.parties[by].speech.duration();
    let said: usize = of.utterances.iter().filter(|u| u.speaker == by).map(|u| normalise(u.said).len()).sum();
    let turns = |by| reading.turns.iter().filter(|t| t.by == by).count();
    let began = |kind| reading.events.iter().filter(move |e| e.by == by && e.kind == kind);
    let endured = || reading.events.iter().filter(|e| e.by != by);
    let barged: Vec<&Event> = endured().filter(|e| e.kind == Kind::Interruption).collect();
    let yielded = |e: &&Event| e.yielded_within(YIELD_WINDOW);
    let ignorable = || endured().filter(|e| matches!(e.kind, Kind::Ignorable(_)));
    let voice = tts_errors(of, by);
    PartyMetrics {
        turns: turns(by),
        speech_ms: whole_ms(spoken),
        words: said,
        words_per_minute: (whole_ms(spoken) > 0).then(|| (said as f64 * 60_000.0 / whole_ms(spoken) as f64).round()),
        heard_e2e_latency_ms: latency(moves.iter().filter(|t| t.to == by)),
        interruptions: began(Kind::Interruption).count(),
        agent_interruption_rate: Share::new(began(Kind::Interruption).count(), turns(1 - by)),
        time_to_yield_ms: Spread::of(
            barged.iter().copied().filter(yielded).filter_map(Event::yielded_after_ms).map(|ms| ms as f64),
        ),
        yield_rate: Share::among(barged.iter().copied(), yielded),
        // Whoever is labelled to interrupt knows that the other has not finished.
        eot_misprediction_count: began(Kind::Interruption).filter(|e| !e.labelled).count()
            + endured().filter(|e| e.kind == Kind::GoesOn).count(),
        false_interruption_count: ignorable().filter(|e| e.stop.is_some()).count(),
        selectivity: selectivity(ignorable()),
        response_rate: response_rate(of, reading, by),
        unanswered_turns: unanswered(of, reading).iter().filter(|(speaker, _)| *speaker != by).count(),
        awkward_silence_count: awkward_silences(of, reading).iter().filter(|(who, _)| *who == by).count(),
        turn_taking: turn_taking(of, reading, by),
        tts_wer: (voice.reference > 0).then(|| four_decimals(voice.rate())),
        tts_word_errors: voice,
        reported: Stages::of(of.parties[by].reported),
        cost: of.parties[by].cost,
    }
}

fn selectivity<'a>(events: impl Iterator<Item = &'a Event> + Clone) -> Selectivity {
    let of = |kind| {
        let outcomes = events.clone().filter(|e| e.kind == Kind::Ignorable(kind)).filter_map(Event::ignored);
        Share::among(outcomes, |ignored| *ignored)
    };
    Selectivity {
        backchannel: of(StimulusKind::Backchannel),
        vocal_tic: of(StimulusKind::VocalTic),
        non_directed: of(StimulusKind::NonDirected),
    }
}

/// What the texts say, by direction of hearing.
#[derive(Default)]
struct Texts {
    words: BTreeMap<String, WordErrors>,
    chars: BTreeMap<String, CharErrors>,
    entities: BTreeMap<String, EntityRecall>,
}

impl Texts {
    fn of(of: &Measured<'_>) -> Texts {
        let mut texts = Texts::default();
        let mut outcomes: BTreeMap<String, Vec<(EntityKind, bool)>> = BTreeMap::new();
        for utterance in of.utterances {
            let (Some(heard), Some(speaker)) = (utterance.heard, of.parties.get(utterance.speaker)) else { continue };
            let key = direction(speaker.name, of.parties[1 - utterance.speaker].name);
            *texts.words.entry(key.clone()).or_default() += compare(utterance.said, heard).errors;
            *texts.chars.entry(key.clone()).or_default() += compare_chars(utterance.said, heard);
            outcomes.entry(key).or_default().extend(recall(utterance.said, heard, of.entities));
        }
        texts.entities = outcomes.into_iter().map(|(key, outcomes)| (key, shares(&outcomes))).collect();
        texts
    }
}

fn tts_errors(of: &Measured<'_>, by: usize) -> WordErrors {
    let mut sum = WordErrors::default();
    for utterance in of.utterances.iter().filter(|u| u.speaker == by) {
        if let Some((wanted, heard)) = utterance.voiced {
            sum += compare(wanted, heard).errors;
        }
    }
    sum
}

fn latency<'a>(moves: impl Iterator<Item = &'a Transfer>) -> Spread {
    Spread::of(moves.map(|t| t.offset_ms as f64))
}

/// Nothing as soon as one is not known: a part would pass for the whole.
pub(crate) fn sum(values: impl Iterator<Item = Option<f64>>) -> Option<f64> {
    values.reduce(|a, b| Some(a? + b?)).flatten()
}

fn whole_ms(duration: Duration) -> u64 {
    u64::try_from((duration.as_nanos() + 500_000) / 1_000_000).unwrap_or(u64::MAX)
}

/// Of whole milliseconds, so that pooled conversations give the same.
pub(crate) fn ratio(part_ms: u64, whole_ms: u64) -> f64 {
    if whole_ms == 0 { 0.0 } else { four_decimals(part_ms as f64 / whole_ms as f64) }
}

#[cfg(test)]
mod tests;
