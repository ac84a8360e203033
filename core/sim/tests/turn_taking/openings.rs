use crate::bench::{Bench, frames};
use crate::log::{SEEDS, over_internet, parties, play, runners};
use duologue_ids::Mono;
use duologue_sim::{BABBLE_RATE, Latency, ScriptedRunner, babble, understand};
use duologue_voice::{Event, Opening, SessionConfig};
use std::time::Duration;

#[test]
fn when_nobody_opens_somebody_speaks_within_three_seconds() {
    for seed in 0..SEEDS {
        let (_, log) = play(over_internet(seed, 12), parties(seed), runners(seed));
        let first = log.first_sound().expect("somebody speaks");
        assert!(first <= Mono::from_millis(3_000), "seed {seed}: {first:?}");
        assert!(log.count(|e| matches!(e, Event::Nudged)) >= 1, "seed {seed}: nobody was asked to open");
        assert!(log.items().len() >= 2, "seed {seed}: a conversation follows");
    }
}

#[test]
fn when_both_open_one_has_the_floor_within_a_second_and_a_half() {
    for seed in 0..SEEDS {
        let [mut joe, mut anna] = parties(seed);
        joe.opening = Opening::Say("Northwind Internet, this is Joe, how can I help you today?".into());
        anna.opening = Opening::Say("Hello, my internet has stopped working this morning, can you help?".into());
        // Whichever of the two keeps the floor.
        let keeper = (seed % 2) as usize;
        (joe.collision.yields, anna.collision.yields) = (keeper != 0, keeper != 1);
        let mut providers = runners(seed);
        // So close together that neither can hear the other before it speaks.
        providers.iter_mut().for_each(|p| p.tts = Latency::uniform_ms(50, 150));
        let (ending, log) = play(over_internet(seed, 12), [joe, anna], providers);
        let first = log.first_sound().expect("somebody speaks");
        assert!(log.overlap(first, Mono::FAR) > Duration::ZERO, "seed {seed}: both open");
        assert!(log.count(|e| matches!(e, Event::Collision { .. })) >= 1, "seed {seed}");

        let clean_from = first + Duration::from_millis(1_500);
        assert_eq!(log.overlap(clean_from, Mono::FAR), Duration::ZERO, "seed {seed}");
        let holds = |side| log.speech(side).iter().any(|(from, until)| *from <= clean_from && clean_from < *until);
        assert_eq!([holds(keeper), holds(1 - keeper)], [true, false], "seed {seed}: one has the floor");
        let heard_out = log.items().into_iter().find(|(side, _, _)| *side == keeper).expect("a message");
        assert!(!heard_out.2 && heard_out.1.ends_with('?'), "seed {seed}: {heard_out:?}");

        assert!(log.truncated(ending) <= 1, "seed {seed}: {:?}", log.items());
        assert!(log.items().len() >= 2, "seed {seed}: a conversation follows");
    }
}

#[test]
fn when_both_give_way_they_still_find_each_other() {
    for seed in 0..SEEDS {
        let [mut joe, mut anna] = parties(seed);
        joe.collision.yields = true;
        joe.opening = Opening::Say("Northwind Internet, this is Joe.".into());
        anna.opening = Opening::Say("Hello, is anybody there?".into());
        let (_, log) = play(over_internet(seed, 30), [joe, anna], runners(seed));
        let clean = log.items().iter().filter(|(_, _, interrupted)| !interrupted).count();
        assert!(clean >= 3, "seed {seed}: {:?}", log.events);
    }
}

/// A line that begins with a second of noise, which nobody recognises as words.
#[test]
fn noise_before_the_first_word_does_not_cost_the_opening() {
    for opening in [Opening::Say("Northwind Internet, this is Joe.".into()), Opening::Generate, Opening::Wait] {
        let mut config = SessionConfig::new("Joe", "Anna", "");
        config.opening = opening.clone();
        config.output_rate = BABBLE_RATE;
        let mut runner = ScriptedRunner::new(["Good morning, this is Joe."]);
        // Its voice is not there before the noise is.
        runner.tts = Latency::fixed_ms(400);
        let mut bench = Bench::new(config, runner);
        let noise: Vec<i16> = babble("Rumble rumble rumble", 110.0, 1.0).into_iter().rev().collect();
        for frame in frames(&noise) {
            assert!(!bench.hear(frame), "{opening:?}: it speaks into the noise");
        }
        assert!(bench.count(|e| matches!(e, Event::UserStateChanged { speaking: true })) > 0, "{opening:?}");
        bench.quiet(250);
        let said = understand(&bench.played);
        assert!(said.ends_with("this is Joe."), "{opening:?}: {said:?} within five seconds");
    }
}
