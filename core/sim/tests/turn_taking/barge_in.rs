//! What becomes of interruptions, at one session, frame by frame.

use crate::bench::{self, frames};
use crate::log::SEEDS;
use duologue_chat::{Item, Role};
use duologue_ids::Seed;
use duologue_sim::{BABBLE_RATE, Latency, ScriptedRunner, babble, understand};
use duologue_voice::{Event, Opening, SessionConfig};
use std::time::Duration;

type Bench = bench::Bench<ScriptedRunner>;

fn bench(seed: u64) -> Bench {
    let mut config = SessionConfig::new("Joe", "Anna", "");
    config.opening = Opening::Say(
        "Northwind Internet, this is Joe, and before we begin I have to tell you a rather long story about all \
         the things that we record, keep, sell and never delete."
            .into(),
    );
    config.output_rate = BABBLE_RATE;
    config.seed = Seed(seed);
    Bench::new(config, ScriptedRunner::new(["I see. Go on, please."]))
}

impl Bench {
    fn heard_of_opening(&self) -> String {
        match self.session.history().items().first() {
            Some(Item::Message { role: Role::Assistant, text, .. }) => text.clone(),
            other => panic!("the opening comes first, not {other:?}"),
        }
    }
}

#[test]
fn the_history_keeps_what_was_heard() {
    for seed in 0..SEEDS {
        let mut bench = bench(seed);
        bench.quiet(60 + (seed % 100) as usize);
        let speech = babble("Wait, stop, I only want to know about my order please", 180.0, 1.0);
        frames(&speech).into_iter().for_each(|f| {
            bench.hear(f);
        });
        let played_until = bench.played.len();
        bench.quiet(40);
        let heard = understand(&bench.played[..played_until]);
        let kept = bench.heard_of_opening();
        let (heard, kept): (Vec<&str>, Vec<&str>) = (heard.split(' ').collect(), kept.split(' ').collect());
        // Words lie by their share of letters, so the cut may be off by one.
        assert!(heard.len().abs_diff(kept.len()) <= 1, "seed {seed}: heard {heard:?}, kept {kept:?}");
    }
}

#[test]
fn noise_without_words_pauses_and_then_resumes() {
    let mut bench = bench(1);
    bench.quiet(50);
    // A voice whose words nobody understands: it is played backwards.
    let noise: Vec<i16> = babble("Rumble rumble", 90.0, 1.0).into_iter().rev().collect();
    frames(&noise).into_iter().for_each(|f| {
        bench.hear(f);
    });
    bench.quiet(2_000);
    assert!(bench.events.iter().any(|(_, e)| matches!(e, Event::FalseInterruption { .. })));
    assert!(bench.heard_of_opening().ends_with("never delete."), "{}", bench.heard_of_opening());
    assert_eq!(
        bench.session.history().items().iter().filter(|i| matches!(i, Item::Message { role: Role::User, .. })).count(),
        0
    );
}

#[test]
fn words_that_come_late_still_take_the_floor() {
    let mut config = SessionConfig::new("Joe", "Anna", "");
    config.opening =
        Opening::Say("Northwind Internet, and before we begin I have to tell you a rather long story.".into());
    config.output_rate = BABBLE_RATE;
    config.interruption.false_timeout = Duration::from_millis(640);
    let mut runner = ScriptedRunner::new(["I see. Go on, please."]);
    runner.stt = Latency::fixed_ms(1_300);
    let mut bench = Bench::new(config, runner);
    bench.quiet(50);
    for frame in frames(&babble("Wait, stop, my order has not come", 180.0, 1.0)) {
        bench.hear(frame);
    }
    bench.quiet(300);
    let resumed = bench.events.iter().position(|(_, e)| matches!(e, Event::FalseInterruption { .. }));
    let turn = bench
        .events
        .iter()
        .position(|(_, e)| matches!(e, Event::UserTurnCompleted { text, .. } if text.contains("order")));
    assert!(resumed.is_some() && resumed < turn, "{:?}", bench.events);
    assert!(!bench.heard_of_opening().ends_with("story."), "{}", bench.heard_of_opening());
}

#[test]
fn a_backchannel_does_not_take_the_turn() {
    let mut bench = bench(1);
    bench.quiet(50);
    let mut gaps = 0;
    for frame in frames(&babble("Okay.", 180.0, 1.0)) {
        gaps += usize::from(!bench.hear(frame));
    }
    bench.quiet(1_000);
    assert_eq!(gaps, 0, "the voice never stops");
    assert!(bench.events.iter().any(|(_, e)| matches!(e, Event::Backchannel { .. })), "{:?}", bench.events);
    assert!(
        !bench.events.iter().any(|(_, e)| matches!(e, Event::UserTurnCompleted { .. } | Event::Interrupted { .. }))
    );
}
