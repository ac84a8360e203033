use super::{Bench, bench, config};
use crate::bench::frames;
use crate::log::SEEDS;
use duologue_chat::{RealtimeCommand, Role};
use duologue_sim::{BABBLE_RATE, ScriptedRealtime, babble, understand};
use duologue_voice::{AgentState, Event, Opening, SessionConfig};
use std::time::Duration;

const STORY: &str = "Northwind Internet, this is Joe, and before we begin I have to tell you a rather long story about \
                     all the things that we record, keep, sell and never delete.";

fn storyteller(seed: u64) -> SessionConfig {
    let mut config = config(seed);
    config.opening = Opening::Say(STORY.into());
    config
}

/// How much of its only cut piece the model was told was heard.
fn cut_at(bench: &Bench) -> Duration {
    let cuts: Vec<_> = bench.runner.told.iter().filter(|c| matches!(c, RealtimeCommand::Cut { .. })).collect();
    let [RealtimeCommand::Cut { heard, .. }] = cuts[..] else { panic!("one cut, not {cuts:?}") };
    let [one] = &heard[..] else { panic!("one piece was heard, not {heard:?}") };
    one.until.expect("it was cut off")
}

#[test]
fn the_model_is_told_what_was_heard_and_the_history_keeps_the_same() {
    for seed in 0..SEEDS {
        let mut bench = bench(storyteller(seed), ScriptedRealtime::new(["I see. Go on, please."]));
        bench.quiet(60 + (seed % 100) as usize);
        bench.hear_words("Wait, stop, I only want to know about my order please");
        let played = Duration::from_secs_f64(bench.played.len() as f64 / f64::from(BABBLE_RATE));
        assert!(played.abs_diff(cut_at(&bench)) <= Duration::from_millis(20), "seed {seed}");
        let heard = understand(&bench.played);
        bench.quiet(150);
        let kept = bench.said(Role::Assistant)[0].to_string();
        let (heard, kept): (Vec<&str>, Vec<&str>) = (heard.split(' ').collect(), kept.split(' ').collect());
        // Words lie by their share of letters, so the cut may be off by one.
        assert!(heard.len().abs_diff(kept.len()) <= 1, "seed {seed}: heard {heard:?}, kept {kept:?}");
        assert_eq!(bench.said(Role::User), ["Wait, stop, I only want to know about my order please"], "seed {seed}");
        let after = understand(&bench.played);
        assert!(after.ends_with("I see. Go on, please."), "the answer follows, and nothing stale: {after}");
    }
}

#[test]
fn playback_stops_after_exactly_the_configured_time() {
    let mut config = storyteller(1);
    config.interruption.min_duration = Duration::from_millis(300);
    let mut bench = bench(config, ScriptedRealtime::new(["I see."]));
    bench.quiet(100);
    let mut frames = frames(&babble("Wait, stop, listen to me for a moment", 180.0, 1.0)).into_iter();
    let still = frames.by_ref().take_while(|f| bench.hear(f.clone())).count();
    assert!((15..=18).contains(&still), "{still} frames of 20 ms");
    assert_eq!(bench.session.state(), AgentState::Listening);
    frames.for_each(|f| assert!(!bench.hear(f), "stale sound"));
}

#[test]
fn noise_that_the_model_takes_for_nothing_makes_it_go_on() {
    let mut bench = bench(storyteller(1), ScriptedRealtime::new(["and never delete."]));
    bench.quiet(100);
    bench.runner.deaf = true;
    bench.hear_words("Rumble rumble rumble");
    bench.quiet(400);
    assert_eq!(bench.count(|e| matches!(e, Event::FalseInterruption { .. })), 1);
    assert!(bench.asked()[1].is_some_and(|i| i.contains("You are Joe.") && i.contains("Go on from where")));
    assert!(bench.said(Role::User).is_empty());
    assert_eq!(bench.said(Role::Assistant).last(), Some(&"and never delete."));
}

#[test]
fn what_turns_out_to_be_no_words_makes_it_go_on_too() {
    for words in ["Okay okay right", ""] {
        let mut bench = bench(storyteller(1), ScriptedRealtime::new(["and never delete."]));
        // The words are there before the turn is over.
        bench.runner.transcribe = duologue_sim::Latency::fixed_ms(50);
        bench.quiet(100);
        let sound = babble(if words.is_empty() { "Rumble rumble rumble" } else { words }, 180.0, 1.0);
        let sound: Vec<i16> = if words.is_empty() { sound.into_iter().rev().collect() } else { sound };
        frames(&sound).into_iter().for_each(|f| {
            bench.hear(f);
        });
        bench.quiet(400);
        assert_eq!(bench.count(|e| matches!(e, Event::FalseInterruption { .. })), 1, "{words}");
        assert!(bench.said(Role::User).is_empty(), "{words}");
        assert_eq!(bench.said(Role::Assistant).last(), Some(&"and never delete."), "{words}");
    }
}

#[test]
fn a_backchannel_does_not_take_the_turn() {
    let mut bench = bench(storyteller(1), ScriptedRealtime::new(["I see."]));
    bench.quiet(80);
    let gaps = frames(&babble("Okay.", 180.0, 1.0)).into_iter().filter(|f| !bench.hear(f.clone())).count();
    bench.quiet(1_000);
    assert_eq!(gaps, 0, "the voice never stops");
    assert_eq!(bench.count(|e| matches!(e, Event::Backchannel { text } if text == "Okay.")), 1, "{:?}", bench.events);
    assert_eq!(bench.count(|e| matches!(e, Event::UserTurnCompleted { .. } | Event::Interrupted { .. })), 0);
    assert_eq!(bench.said(Role::Assistant)[0], STORY);
}

#[test]
fn a_reply_that_was_begun_too_early_is_never_heard_and_forgotten() {
    let mut bench = bench(config(1), ScriptedRealtime::new(["Good, and what is it?"]));
    bench.hear_words("Hello, my order");
    // The model's detector commits after 300 ms, the turn is over after 500 ms: in between she goes on.
    bench.quiet(20);
    bench.hear_words("has not arrived");
    bench.quiet(300);
    let unheard = |c: &RealtimeCommand| matches!(c, RealtimeCommand::Cut { heard, .. } if heard.is_empty());
    assert_eq!(bench.runner.told.iter().filter(|c| unheard(c)).count(), 1, "{:?}", bench.runner.told);
    assert_eq!(bench.asked().len(), 2);
    assert_eq!(bench.said(Role::User), ["Hello, my order has not arrived"]);
    assert_eq!(bench.said(Role::Assistant), ["Good, and what is it?"]);
    assert_eq!(understand(&bench.played), "Good, and what is it?");
}
