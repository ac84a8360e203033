use crate::log::{SEEDS, over_internet, parties, play, runners};
use duologue_ids::Mono;
use duologue_voice::{Event, Opening};
use std::time::Duration;

#[test]
fn when_nobody_opens_somebody_speaks_within_three_seconds() {
    for seed in 0..SEEDS {
        let (_, log) = play(over_internet(seed, 12), parties(seed), runners(seed));
        let first = log.first_sound().expect("somebody speaks");
        assert!(first <= Mono::from_millis(3_000), "seed {seed}: {first:?}");
        assert!(log.items().len() >= 2, "seed {seed}: a conversation follows");
    }
}

#[test]
fn when_both_open_one_has_the_floor_within_a_second_and_a_half() {
    for seed in 0..SEEDS {
        let [mut joe, mut anna] = parties(seed);
        joe.opening = Opening::Say("Northwind Internet, this is Joe, how can I help you today?".into());
        anna.opening = Opening::Say("Hello, my internet has stopped working this morning, can you help?".into());
        let (_, log) = play(over_internet(seed, 12), [joe, anna], runners(seed));
        let clean_from = log.first_sound().expect("somebody speaks") + Duration::from_millis(1_500);
        assert_eq!(log.overlap(clean_from, Mono::FAR), Duration::ZERO, "seed {seed}");
        let truncated = log.items().iter().filter(|(_, _, interrupted)| *interrupted).count();
        assert!(truncated <= 1 + 1, "seed {seed}: {:?}", log.items());
        let at_start = log.items().iter().take(3).filter(|(_, _, interrupted)| *interrupted).count();
        assert!(at_start <= 1, "seed {seed}: {:?}", log.items());
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

#[test]
fn no_agent_answers_itself() {
    for seed in 0..SEEDS {
        let [mut joe, anna] = parties(seed);
        joe.opening = Opening::Say("Northwind Internet, this is Joe.".into());
        let (_, log) = play(over_internet(seed, 30), [joe, anna], runners(seed));
        let mut said = [String::new(), String::new()];
        for (_, side, event) in &log.events {
            match event {
                Event::SpeechProgress { text, .. } => {
                    said[*side].push(' ');
                    said[*side].push_str(text);
                }
                Event::UserTurnCompleted { text, .. } => {
                    for word in text.split_whitespace() {
                        assert!(said[1 - side].contains(word), "seed {seed}: side {side} heard `{word}`");
                    }
                    let name = ["Joe,", "Anna,"][*side];
                    assert!(!text.contains(&format!("of {name}")), "seed {seed}: side {side} heard itself: {text}");
                }
                _ => {}
            }
        }
        assert!(log.count(|e| matches!(e, Event::UserTurnCompleted { .. })) >= 4, "seed {seed}");
    }
}
