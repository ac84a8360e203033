//! Whose words are where: in the sound, in the transcript, in what the other side recognised.

use super::observed::{FRAME_S, Observed, words};
use super::{Breach, Invariant};
use duologue_conversation::Utterance;
use duologue_sim::understand;
use duologue_voice::Event;
use std::collections::BTreeSet;

/// Shorter words may be made up by noise.
const LETTERS: usize = 4;

/// Words of a turn that this side said itself, and the other never did.
pub(super) fn hears_itself(seen: &Observed<'_>) -> Vec<Breach> {
    if !seen.conditions.echo_within_reach {
        return Vec::new();
    }
    let said = [0, 1].map(|side| {
        let kept = seen.said(side).flat_map(|u| words(&u.text));
        // Also what was cut off so early that nothing of it was kept.
        kept.chain(words(&understand(&seen.held.sound[side]))).collect::<BTreeSet<String>>()
    });
    let of_turn = |side: usize, text: &str| {
        let own = |w: &String| w.len() >= LETTERS && said[side].contains(w) && !said[1 - side].contains(w);
        words(text).into_iter().filter(own).collect::<Vec<_>>()
    };
    let turns = seen.events.iter().filter_map(|h| match &h.event {
        Event::UserTurnCompleted { text, .. } if seen.conditions.agents[h.side()] => Some((h.t, h.side(), text)),
        _ => None,
    });
    turns
        .filter_map(|(at_s, side, text)| {
            let own = of_turn(side, text);
            let why = format!("{} took its own words `{}` for the other party's", name(side), own.join(" "));
            (!own.is_empty()).then_some(Breach { invariant: Invariant::HearsItself, at_s, why })
        })
        .collect()
}

/// An utterance that an agent could hear undisturbed to its end, and of which words never reached it.
pub(super) fn lost_utterance(seen: &Observed<'_>) -> Vec<Breach> {
    let demanding = |side: usize| {
        seen.conditions.clean_path && seen.conditions.clean_voice == [true; 2] && seen.conditions.agents[1 - side]
    };
    let all = (0..2).filter(|side| demanding(*side)).flat_map(|side| seen.said(side).map(move |u| (side, u)));
    all.filter_map(|(side, utterance)| {
        let end = utterance.end_s.filter(|end| is_undisturbed(seen, side, (utterance.start_s, *end)))?;
        let heard = recognised(seen, 1 - side, utterance.start_s);
        let all: Vec<String> = words(&utterance.text).into_iter().filter(|w| w.len() >= LETTERS).collect();
        let lost: Vec<String> = all.iter().filter(|w| !heard.contains(*w)).cloned().collect();
        // A codec, and a voice that is cut off, cost a word; packets that come too late for a buffer that
        // does not know the path yet cost more, but never all.
        let late = if seen.conditions.even_path { 0 } else { all.len().saturating_sub(1).max(1) };
        let spare = usize::from(seen.conditions.coded) + usize::from(utterance.interrupted) + late;
        let why = format!("`{}` of what {} said undisturbed was never recognised", lost.join(" "), name(side));
        (lost.len() > spare).then_some(Breach { invariant: Invariant::LostUtterance, at_s: end, why })
    })
    .collect()
}

/// Nothing else sounded from shortly before it to its end, it was meant for the other party, and the call went on long
/// enough.
fn is_undisturbed(seen: &Observed<'_>, side: usize, (start, end): (f64, f64)) -> bool {
    // What the other says behind the end of it, as it hears it, is an answer.
    let other = seen.frames(1 - side, start - 0.5, end + seen.conditions.delay_s);
    let closed = seen.events.iter().find(|h| matches!(h.event, Event::Closed { .. })).map_or(seen.end_s(), |h| h.t);
    !other.contains(&true)
        && !seen.is_aside(side, start - 1.0, end + 1.0)
        && end + seen.conditions.decision_s + 1.0 < closed
}

/// All words that a side recognised since.
fn recognised(seen: &Observed<'_>, side: usize, since_s: f64) -> BTreeSet<String> {
    let of = |event: &Event| match event {
        Event::UserTurnCompleted { text, .. } | Event::Backchannel { text } | Event::OverlapIgnored { text } => {
            words(text)
        }
        _ => Vec::new(),
    };
    seen.events.iter().filter(|h| h.side() == side && h.t >= since_s).flat_map(|h| of(&h.event)).collect()
}

/// The text that is kept of an utterance against its sound, and its times against the sound's.
///
/// Of one that was cut off a word more or less may be kept, and one more for each six seconds or so of the clause, as the
/// place in a clause is told by letters. A voice that stood still for a moment has a word in two pieces.
pub(super) fn transcript_disagrees(seen: &Observed<'_>) -> Vec<Breach> {
    let clean = (0..2).filter(|side| seen.conditions.clean_voice[*side]);
    let all = clean.flat_map(|side| seen.said(side).map(move |u| (side, u)));
    all.filter_map(|(side, utterance)| {
        let end = utterance.end_s?;
        let scripted = !seen.conditions.agents[side];
        // A script that the end of the call cuts off keeps its words: it is no transcript of anybody's.
        if scripted && utterance.interrupted {
            return None;
        }
        let why = wrong_words(seen, side, utterance, end).or_else(|| wrong_times(seen, side, utterance, end))?;
        Some(Breach { invariant: Invariant::TranscriptDisagrees, at_s: end, why })
    })
    .collect()
}

fn wrong_words(seen: &Observed<'_>, side: usize, utterance: &Utterance, end: f64) -> Option<String> {
    let kept = words(&utterance.text);
    let spoken = words(&understand(seen.sound(side, utterance.start_s - 0.05, end + 0.06)));
    let stood_still = seen
        .events
        .iter()
        .filter(|h| h.side() == side && matches!(h.event, Event::Interrupted { .. }))
        .filter(|h| (utterance.start_s..=end).contains(&h.t))
        .count();
    let cut = if utterance.interrupted { 1 + kept.len().max(spoken.len()) / 6 } else { 0 };
    let spare = cut + stood_still + if seen.conditions.coded { 1 + kept.len() / 10 } else { 0 };
    let missing = |of: &[String], from: &[String]| of.iter().filter(|w| !from.contains(w)).cloned().collect::<Vec<_>>();
    let (unspoken, unkept) = (missing(&kept, &spoken), missing(&spoken, &kept));
    let told = |words: &[String], what: &str| {
        (words.len() > spare).then(|| format!("{} {what} `{}`", name(side), words.join(" ")))
    };
    told(&unspoken, "is said to have said what is not in its sound:")
        .or_else(|| told(&unkept, "said what is not in the transcript:"))
}

/// Further than this from the sound times are wrong, seconds; a codec hears half a frame before and after.
const TIME_S: f64 = 0.15;

fn wrong_times(seen: &Observed<'_>, side: usize, utterance: &Utterance, end: f64) -> Option<String> {
    // A caller that spells begins with a pause.
    if !seen.conditions.agents[side] {
        return None;
    }
    let from = utterance.start_s - 0.3;
    let frames = seen.frames(side, from.max(0.0), end);
    let first = frames.iter().position(|v| *v).map(|n| from.max(0.0) + n as f64 * FRAME_S);
    let last = frames.iter().rposition(|v| *v).map(|n| from.max(0.0) + (n + 1) as f64 * FRAME_S);
    let told = |what: &str, told: f64, real: Option<f64>| match real {
        Some(real) if (told - real).abs() <= TIME_S => None,
        Some(real) => {
            Some(format!("{} is said to have {what} at {told:.2} s, its sound did at {real:.2} s", name(side)))
        }
        None => Some(format!("{} is said to have spoken until {told:.2} s, and has no sound there", name(side))),
    };
    let before = seen.said(side).any(|u| u.end_s.is_some_and(|e| e > from && e <= utterance.start_s));
    let begun = if before { None } else { told("begun", utterance.start_s, first) };
    begun.or_else(|| told("ended", end, last))
}

fn name(side: usize) -> &'static str {
    if side == 0 { "the agent" } else { "the caller" }
}
