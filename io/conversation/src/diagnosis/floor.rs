//! Silence where somebody should speak, and speech over speech.

use super::{Facts, Finding};
use duologue_ids::Mono;
use duologue_voice::Event;

/// Whoever opens is heard by then: a nudge comes within three seconds.
const LATE_S: f64 = 5.0;
/// People who speak at once for so long are not listening.
const OVERLAP_S: f64 = 3.0;
/// Part of all speech.
const OVERLAP_RATIO: f64 = 0.25;
/// Shorter calls say nothing about it.
const ENOUGH_SPEECH_S: f64 = 5.0;
/// Nobody waits so long for an answer.
const GAP_S: f64 = 10.0;

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    [late_start(facts), talk_over(facts), long_gap(facts), nudges(facts)].into_iter().flatten().collect()
}

fn late_start(facts: &Facts) -> Option<Finding> {
    let first = facts.first_sound_s().filter(|first| *first > LATE_S)?;
    let finding = Finding::trouble(
        "late_start",
        format!("nobody was heard for the first {first:.1} s"),
        "the language model or the voice of whoever opens was slow to begin: models that are still loading, a slow endpoint",
        "give the scenario a `greeting`, which needs no language model; look at the first turn's waterfall in the report",
    );
    Some(Finding { side: facts.opener, ..finding })
}

fn talk_over(facts: &Facts) -> Option<Finding> {
    let [support, customer] = &facts.sides;
    let both = support.speech.overlap(&customer.speech);
    let anybody = support.speech.union(&customer.speech).duration().as_secs_f64();
    let longest = both.intervals().iter().map(|i| i.duration().as_secs_f64()).fold(0.0, f64::max);
    let ratio = if anybody > 0.0 { both.duration().as_secs_f64() / anybody } else { 0.0 };
    if longest < OVERLAP_S && (ratio < OVERLAP_RATIO || anybody < ENOUGH_SPEECH_S) {
        return None;
    }
    Some(Finding::trouble(
        "talk_over",
        format!("both spoke at once for {:.0} % of the speech, {longest:.1} s at a stretch", 100.0 * ratio),
        "neither gives way: at least one does not hear the other while it speaks, or answers itself",
        "look at the overlaps in the report; check the interruption settings, and that no line carries an echo",
    ))
}

fn long_gap(facts: &Facts) -> Option<Finding> {
    let [support, customer] = &facts.sides;
    let speech = support.speech.union(&customer.speech);
    let gaps = speech.intervals().windows(2).filter_map(|pair| match pair {
        [a, b] => Some((b.start.since(a.end).as_secs_f64(), a.end.since(Mono::ZERO).as_secs_f64())),
        _ => None,
    });
    let (longest, at) = gaps.max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(gap, _)| *gap >= GAP_S)?;
    Some(Finding::remark(
        "long_silence",
        format!("nobody spoke for {longest:.1} s, from {at:.1} s on"),
        "an answer took that long: a slow model, a busy machine, or words that were not recognised",
        "look at the waterfall of the turn after it in the report: its longest bar is the stage to change",
    ))
}

fn nudges(facts: &Facts) -> Option<Finding> {
    let nudges = facts.events.iter().filter(|e| matches!(e.event, Event::Nudged)).count();
    (nudges >= 3).then(|| {
        Finding::remark(
            "many_nudges",
            format!("somebody had to break the silence {nudges} times"),
            "one side often gives no answer: its recogniser hears nothing, or its model is slower than patience",
            "compare said and heard in the report",
        )
    })
}
