//! Who talked, who was heard, and whether sound and words agree.

use super::trail::trail;
use super::{Facts, Finding, SIDES};
use crate::awaited::Stage;
use crate::scenario::Side;

/// A side that is audible for less than this did not talk.
const AUDIBLE_S: f64 = 0.3;
/// A call in which nobody had said anything by then has a trouble.
const PATIENCE_S: f64 = 6.0;
/// From here on hardly a word arrived.
const LOST: f64 = 0.8;
/// From here on the other guesses.
const MISHEARD: f64 = 0.4;

fn talked(facts: &Facts, side: Side) -> bool {
    facts.said(side) > 0 || facts.audible_s(side) >= AUDIBLE_S
}

/// Nobody talked, or only one did.
pub(super) fn silent_sides(facts: &Facts) -> Vec<Finding> {
    let silent: Vec<Side> = SIDES.into_iter().filter(|side| !talked(facts, *side)).collect();
    match silent.as_slice() {
        [_, _] => nobody(facts).into_iter().collect(),
        [side] if facts.length_s() >= PATIENCE_S => vec![only_one(facts, *side)],
        _ => Vec::new(),
    }
}

fn nobody(facts: &Facts) -> Option<Finding> {
    if facts.is_running && facts.length_s() < PATIENCE_S {
        return None;
    }
    let opener = facts.opener;
    let owing = opener.into_iter().chain(SIDES).find_map(|side| Some((side, trail(facts, side).owing()?)));
    let (side, cause) = match (owing, opener) {
        (Some((side, stage)), _) => (Some(side), owed(facts, side, stage)),
        (None, Some(side)) if facts.events.is_empty() => {
            (Some(side), format!("{} was to open, and its session never began to", facts.name(side)))
        }
        (None, Some(side)) => (Some(side), format!("{} was to open and did not", facts.name(side))),
        (None, None) => (None, "no session reports that it began to speak".to_owned()),
    };
    let seen = format!("both were there for {:.1} s, and nobody talked", facts.length_s());
    let finding = Finding::trouble(
        "nobody_talked",
        seen,
        cause,
        "run `duologue doctor`, which tries models and endpoints, then hold it again",
    );
    Some(Finding { side, ..finding })
}

fn owed(facts: &Facts, side: Side, stage: Stage) -> String {
    format!("the {} of {}{} owed an answer until the end", stage.name(), facts.name(side), facts.model(side, stage))
}

fn only_one(facts: &Facts, silent: Side) -> Finding {
    let trail = trail(facts, silent);
    let (other, who) = (facts.name(silent.other()), facts.name(silent));
    let cause = match trail.owing() {
        Some(stage) => owed(facts, silent, stage),
        None if !trail.noticed && !trail.began => format!("{who} never noticed that {other} spoke: its line is deaf"),
        None if !trail.recognised => {
            format!("the speech recognition of {who}{} made no words of what it heard", facts.model(silent, Stage::Stt))
        }
        None => format!("{who} heard words and gave no answer"),
    };
    let seen = format!("only {other} talked, for {:.1} s; nothing was heard of {who}", facts.audible_s(silent.other()));
    let next = format!(
        "run `duologue doctor`; try another provider for this side (`--{silent}-stt`, `--{silent}-llm`, `--{silent}-tts`)"
    );
    Finding::trouble("one_silent", seen, cause, next).of(silent)
}

pub(super) fn findings(facts: &Facts) -> Vec<Finding> {
    let mut found: Vec<Finding> = SIDES.into_iter().filter_map(|side| unheard(facts, side)).collect();
    found.extend(SIDES.into_iter().filter_map(|side| no_sound(facts, side)));
    found.extend(no_text(facts));
    found
}

/// What a side said did not arrive as words at the other.
fn unheard(facts: &Facts, speaker: Side) -> Option<Finding> {
    let listener = speaker.other();
    let utterances = &facts.transcript.value()?.utterances;
    let mine: Vec<_> = utterances.iter().filter(|u| u.speaker == speaker && u.end_s.is_some()).collect();
    let heard = mine.iter().filter(|u| u.heard.as_deref().is_some_and(|h| !h.trim().is_empty())).count();
    let (who, to) = (facts.name(speaker), facts.name(listener));
    let model = facts.model(listener, Stage::Stt);
    if heard == 0 && mine.len() >= 2 {
        let cause = if trail(facts, listener).noticed {
            format!("the speech recognition of {to}{model} made no words of it")
        } else {
            format!("{to} never noticed that somebody spoke: its line is deaf, or the voice is too quiet")
        };
        let seen = format!("{who} spoke {} times, and {to} recognised nothing of it", mine.len());
        let next = format!(
            "listen to {}; try another recogniser with `--{listener}-stt`",
            crate::folder::names::track(speaker)
        );
        return Some(Finding::trouble("never_heard", seen, cause, next).of(listener));
    }
    let rates: Vec<f64> = mine.iter().filter_map(|u| u.wer).filter(|w| w.is_finite()).collect();
    let mean = rates.iter().map(|w| w.min(1.0)).sum::<f64>() / rates.len() as f64;
    if rates.len() < 2 || mean < MISHEARD {
        return None;
    }
    let seen = format!("of what {who} said {:.0} % of the words arrived wrong at {to}", 100.0 * mean);
    let cause =
        format!("the speech recognition of {to}{model} does not know this voice or language, or the line is bad");
    let next = format!(
        "compare said and heard in the report; try another voice (`--{speaker}-voice`) or recogniser (`--{listener}-stt`)"
    );
    Some(
        match mean >= LOST {
            true => Finding::trouble("words_lost", seen, cause, next),
            false => Finding::remark("words_misheard", seen, cause, next),
        }
        .of(listener),
    )
}

/// Words without sound.
fn no_sound(facts: &Facts, side: Side) -> Option<Finding> {
    let track = facts.side(side);
    let has_words = facts.said(side) > 0 && !track.length.is_zero();
    if !has_words || facts.audible_s(side) >= AUDIBLE_S {
        return None;
    }
    let seen = format!(
        "the transcript has words of {}, and its track of {:.1} s is silent",
        facts.name(side),
        facts.length_s()
    );
    let cause = format!("the voice{} gave silence in place of speech", facts.model(side, Stage::Tts));
    let next = format!(
        "listen to {}; try another voice with `--{side}-voice` or `--{side}-tts`",
        crate::folder::names::track(side)
    );
    Some(Finding::trouble("no_sound", seen, cause, next).of(side))
}

/// Sound without words.
fn no_text(facts: &Facts) -> Option<Finding> {
    let audible: f64 = SIDES.into_iter().map(|side| facts.audible_s(side)).sum();
    let is_empty = match &facts.transcript {
        super::Readable::Yes(t) => t.utterances.is_empty(),
        super::Readable::Missing => true,
        // Told as a file that can't be read.
        super::Readable::No(_) => false,
    };
    if !is_empty || audible < 1.0 {
        return None;
    }
    Some(Finding::trouble(
        "empty_transcript",
        format!("{audible:.1} s of speech are recorded, and the transcript is empty"),
        if facts.was_killed() {
            "the process was killed before the first words were written, or the file was removed"
        } else {
            "the transcript was lost: the disk was full, or the file was removed or emptied"
        },
        "the audio is whole: listen to stereo.ogg, or restore the transcript from a backup",
    ))
}
