//! The one test here that looks at the clock: how fast virtual time is, is what it is about.
#![allow(clippy::disallowed_types, clippy::disallowed_methods, clippy::disallowed_macros)]

use crate::log::{Log, over_internet, parties, play, runners};
use duologue_voice::{CloseReason, Opening};
use std::time::{Duration, Instant};

fn an_hour() -> Log {
    let [mut joe, anna] = parties(9);
    joe.opening = Opening::Say("Northwind Internet, this is Joe.".into());
    let (ending, log) = play(over_internet(9, 3_600), [joe, anna], runners(9));
    assert_eq!(ending.reason, CloseReason::DurationLimit);
    log
}

#[test]
fn an_hour_takes_seconds_and_comes_out_the_same_twice() {
    let began = Instant::now();
    let first = an_hour();
    let took = began.elapsed();
    let second = an_hour();
    assert!(first.items().len() > 400, "{} turns", first.items().len());
    assert!(first.events == second.events, "events differ");
    assert!(first.packets == second.packets, "packets differ");
    println!("an hour of conversation took {took:?}");
    assert!(took < Duration::from_secs(10), "{took:?}");
}
