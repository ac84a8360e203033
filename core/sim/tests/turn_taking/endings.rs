use crate::log::{FRAME, over_internet, parties, play, runners};
use duologue_ids::Mono;
use duologue_sim::ScriptedRunner;
use duologue_voice::{CloseReason, Event, Opening, Step};
use std::time::Duration;

#[test]
fn two_that_never_stop_are_stopped() {
    let [mut joe, anna] = parties(1);
    joe.opening = Opening::Say("Hello.".into());
    let mut config = over_internet(1, 600);
    config.limits.turns = 7;
    let (ending, log) = play(config, [joe.clone(), anna.clone()], runners(1));
    assert_eq!((ending.reason, log.items().len()), (CloseReason::TurnLimit, 7));

    let (ending, _) = play(over_internet(1, 30), [joe, anna], runners(1));
    assert_eq!(ending.reason, CloseReason::DurationLimit);
    assert!(ending.at <= Mono::from_millis(30_040), "{:?}", ending.at);
}

#[test]
fn a_model_with_nothing_to_say_ends_the_call_instead_of_hanging() {
    let [mut joe, anna] = parties(1);
    joe.opening = Opening::Say("Hello.".into());
    let silent = || ScriptedRunner::new([""; 0]);
    let (ending, _) = play(over_internet(1, 600), [joe, anna], [silent(), silent()]);
    assert_eq!(ending.reason, CloseReason::EmptyResponse);
    assert!(ending.at < Mono::from_millis(10_000));
}

#[test]
fn silence_ends_it() {
    let [mut joe, mut anna] = parties(1);
    for p in [&mut joe, &mut anna] {
        let never = Duration::from_secs(3_600);
        p.nudge.opening = (never, never);
    }
    let mut config = over_internet(1, 600);
    config.limits.silence = Duration::from_secs(15);
    let (ending, _) = play(config, [joe, anna], runners(1));
    assert_eq!(ending.reason, CloseReason::Inactivity);
}

#[test]
fn an_agent_that_nobody_answers_asks_three_times_and_hangs_up() {
    let [mut joe, mut anna] = parties(1);
    joe.opening = Opening::Say("Hello.".into());
    // Anna hears everything, and has nothing to say.
    let never = Duration::from_secs(3_600);
    (anna.nudge.opening, anna.nudge.silence) = ((never, never), (never, never));
    anna.endpointing.min_delay = never;
    anna.endpointing.max_delay = never;
    let (ending, log) = play(over_internet(1, 600), [joe, anna], runners(1));
    assert_eq!((ending.reason, ending.by), (CloseReason::Inactivity, Some(0)));
    assert_eq!(log.count(|e| matches!(e, Event::Nudged)), 3);
    assert!(ending.at < Mono::from_millis(70_000), "{:?}", ending.at);
}

#[test]
fn whoever_was_hung_up_on_talks_to_nobody() {
    for seed in 0..40 {
        let [mut joe, mut anna] = parties(seed);
        joe.opening = Opening::Say("Hello.".into());
        // Joe breaks silences in no time, so that he has something to say just when Anna hangs up.
        joe.nudge.silence = (Duration::from_millis(100), Duration::from_millis(2_000));
        anna.course = [Step { hint: "Goodbye.".into(), call: None, end_call: true }].into();
        let (ending, log) = play(over_internet(seed, 600), [joe, anna], runners(seed));
        assert_eq!((ending.reason, ending.by), (CloseReason::AgentEnded, Some(1)));
        let late = log.packets.iter().filter(|(at, _)| *at > ending.at + FRAME).count();
        assert_eq!(late, 0, "seed {seed}: {:?}", log.items());
        let anna_was_heard = log.count(|e| matches!(e, Event::UserTurnCompleted { text, .. } if text.contains("Anna")));
        assert_eq!(anna_was_heard, 1, "seed {seed}: her last words are recognised");
    }
}
