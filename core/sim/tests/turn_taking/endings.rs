use crate::log::{over_internet, parties, play, runners};
use duologue_ids::Mono;
use duologue_sim::ScriptedRunner;
use duologue_voice::{CloseReason, Opening};
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
