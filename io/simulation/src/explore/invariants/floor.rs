//! Who has the floor: silences, overlaps, turns that end, replies that come too late.

use super::observed::{FRAME_S, Observed};
use super::{Breach, Invariant};
use duologue_voice::{AgentState, Event};

/// Both listen, neither hears the other speak, and it goes on for longer than a nudge takes to come.
pub(super) fn two_that_wait(seen: &Observed<'_>) -> Vec<Breach> {
    let mut busy = [[false; 2]; 2];
    let mut since = Some(0.0);
    let mut breaches = Vec::new();
    let mut end_wait = |since: &mut Option<f64>, now: f64| {
        if let Some(began) = since.take().filter(|began| now - began > seen.conditions.silence_s) {
            let why = format!("both waited for {:.1} s; an agent breaks a silence sooner", now - began);
            breaches.push(Breach { invariant: Invariant::TwoThatWait, at_s: began, why });
        }
    };
    for happening in &seen.events {
        let of = &mut busy[happening.side()];
        match &happening.event {
            Event::AgentStateChanged { state } => {
                of[0] = matches!(state, AgentState::Thinking | AgentState::Speaking);
            }
            Event::UserStateChanged { speaking } => of[1] = *speaking,
            Event::Closed { .. } => {
                end_wait(&mut since, happening.t);
                break;
            }
            _ => continue,
        }
        match busy == [[false; 2]; 2] {
            true => drop(since.get_or_insert(happening.t)),
            false => end_wait(&mut since, happening.t),
        }
    }
    breaches
}

/// Both voices at once for longer than giving way takes, seconds, beside the time that an interruption takes.
const OVERLAP_S: f64 = 2.5;
/// A pause as between words does not end an overlap.
const WORD_PAUSE: usize = 10;

/// It happens once that two talk at once for long; twice is once too often.
pub(super) fn endless_overlap(seen: &Observed<'_>) -> Vec<Breach> {
    if seen.conditions.clean_voice != [true; 2] || !seen.conditions.clean_path {
        return Vec::new();
    }
    let most = OVERLAP_S + seen.conditions.interruption_s + 2.0 * seen.conditions.crossing_s;
    let [a, b] = [0, 1].map(|side| seen.frames(side, 0.0, seen.end_s()));
    let both: Vec<bool> = a.iter().zip(b).map(|(a, b)| *a && *b).collect();
    let long: Vec<(f64, f64)> = stretches(&both)
        .into_iter()
        .map(|(from, to)| (from as f64 * FRAME_S, to as f64 * FRAME_S))
        .filter(|(from, to)| to - from > most && !(0..2).any(|side| seen.is_aside(side, *from, *to)))
        .collect();
    let breach = |(from, to): &(f64, f64)| {
        let why = format!("both talked at once for {:.1} s, and not for the first time", to - from);
        Breach { invariant: Invariant::EndlessOverlap, at_s: *from, why }
    };
    long.iter().skip(1).map(breach).collect()
}

/// From and to, in frames, of what is true but for short pauses.
fn stretches(frames: &[bool]) -> Vec<(usize, usize)> {
    let mut all: Vec<(usize, usize)> = Vec::new();
    for at in (0..frames.len()).filter(|at| frames[*at]) {
        match all.last_mut() {
            Some((_, to)) if at <= *to + WORD_PAUSE => *to = at + 1,
            _ => all.push((at, at + 1)),
        }
    }
    all
}

/// So much voice without a pause, seconds, is in the midst of a turn.
const MIDST_S: f64 = 0.7;

/// A turn that was taken for over although its voice had not paused.
pub(super) fn turn_cut_short(seen: &Observed<'_>) -> Vec<Breach> {
    let turns = seen.events.iter().filter(|h| matches!(h.event, Event::UserTurnCompleted { .. }));
    turns
        .filter(|h| {
            let (from, other) = (h.t - seen.conditions.crossing_s - MIDST_S, 1 - h.side());
            let frames = seen.frames(other, from, h.t);
            let sure = seen.conditions.clean_path
                && seen.conditions.even_path
                && seen.conditions.agents[h.side()]
                && from > 0.0
                && h.t < seen.end_s();
            sure && seen.conditions.clean_voice[other]
                && !frames.is_empty()
                && frames.iter().all(|v| *v)
                && !seen.is_aside(other, from, h.t)
        })
        .map(|h| {
            let why = "a turn was taken for over while its voice went on".to_owned();
            Breach { invariant: Invariant::TurnCutShort, at_s: h.t, why }
        })
        .collect()
}

/// A reply that is heard although the turn that it answers was not the last.
pub(super) fn stale_reply(seen: &Observed<'_>) -> Vec<Breach> {
    let mut newest = [(0, false); 2];
    let mut breaches = Vec::new();
    for happening in &seen.events {
        let (turn, stale) = &mut newest[happening.side()];
        match &happening.event {
            Event::SpeechCreated { turn: created, .. } => {
                *turn = *created;
                *stale = false;
            }
            Event::UserTurnCompleted { .. } => *stale = true,
            Event::MetricsCollected { turn: played, .. } if *stale || *played < *turn => {
                let why = format!("reply {played} was played, which does not answer the last turn");
                breaches.push(Breach { invariant: Invariant::StaleReply, at_s: happening.t, why });
            }
            _ => {}
        }
    }
    breaches
}
