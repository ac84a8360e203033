//! No agent answers itself: not even where all it says comes back to it from the other end.

use crate::log::{Log, SEEDS, over_internet, parties, runners_saying};
use duologue_sim::{BABBLE_RATE, Duet, EchoConfig, run};
use duologue_voice::{Event, Opening, Session};
use std::time::Duration;

const NAMES: [&str; 2] = ["joe", "anna"];

/// Six words, each of which says whose it is; no two lines share one.
fn line(side: usize, n: usize) -> String {
    let words: Vec<String> = ('a'..='f').map(|letter| format!("{}-{n}-{letter}", NAMES[side])).collect();
    format!("{}.", words.join(" "))
}

/// Twenty seconds in which Joe opens, with the detector that the product uses; and how many frames came back to each.
fn talk(seed: u64, echo: Option<EchoConfig>) -> (Log, [u64; 2]) {
    let [mut joe, anna] = parties(seed);
    joe.opening = Opening::Say(line(0, 0));
    let sessions = [joe, anna].map(|mut party| {
        party.output_rate = BABBLE_RATE;
        Session::new(party).expect("valid")
    });
    let mut config = over_internet(seed, 20);
    config.links.iter_mut().for_each(|link| link.echo = echo);
    let mut duet = Duet::with_sessions(config, sessions, runners_saying(seed, line), Log::default());
    run(&mut duet).expect("it runs");
    let echoed = [0, 1].map(|side| duet.link_stats(side).echoed);
    (duet.tap, echoed)
}

/// Neither heard a word of its own, took itself for the other, or was disturbed by itself.
fn assert_nobody_answers_itself(seed: u64, log: &Log) {
    for (at, side, event) in &log.events {
        match event {
            Event::UserInputTranscribed { text } | Event::UserTurnCompleted { text, .. } => {
                let others = text.split_whitespace().all(|word| word.starts_with(NAMES[1 - side]));
                assert!(others, "seed {seed}: {} heard `{text}` at {at:?}", NAMES[*side]);
            }
            Event::UserStateChanged { speaking: true } => {
                let spoke = |(from, until): &(_, _)| from <= at && at.since(*until) < Duration::from_millis(300);
                let there = log.speech(1 - side).iter().any(spoke);
                assert!(there, "seed {seed}: {} heard somebody at {at:?}", NAMES[*side]);
            }
            Event::Interrupted { .. }
            | Event::FalseInterruption { .. }
            | Event::Collision { .. }
            | Event::Backchannel { .. }
            | Event::OverlapIgnored { .. } => panic!("seed {seed}: {} at {at:?}: {event:?}", NAMES[*side]),
            _ => {}
        }
    }
    let items = log.items();
    assert!(items.windows(2).all(|pair| pair[0].0 != pair[1].0), "seed {seed}: they take turns: {items:?}");
    assert!(log.count(|e| matches!(e, Event::UserTurnCompleted { .. })) >= 3, "seed {seed}: {items:?}");
}

#[test]
fn no_agent_answers_itself() {
    for seed in 0..SEEDS {
        let (log, echoed) = talk(seed, None);
        assert_eq!(echoed, [0, 0]);
        assert_nobody_answers_itself(seed, &log);
    }
}

#[test]
fn no_agent_answers_its_own_echo() {
    for seed in 0..SEEDS {
        let (log, echoed) = talk(seed, Some(EchoConfig::HANDS_FREE));
        assert!(echoed.iter().all(|frames| *frames > 150), "seed {seed}: three seconds came back at least: {echoed:?}");
        assert_nobody_answers_itself(seed, &log);
    }
}
