//! How fast virtual time is, by the processor's own time: what else the machine does must not fail the test.

use duologue_conversation::virtual_time::hold;
use duologue_simulation::suite::{Sound, load};
use duologue_simulation::{MeasuredStages, cases, stage};
use rustix::time::{ClockId, clock_gettime};
use std::time::Duration;

fn cpu() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), time.tv_nsec.unsigned_abs() as u32)
}

/// Seconds of conversation per second of one processor, files and all, over a seed of every case.
fn factor(sound: Sound) -> f64 {
    let mut suite = load("turn-taking").expect("it comes with the product");
    suite.sound = sound;
    let folder = tempfile::tempdir().expect("a folder");
    let (mut simulated, began) = (0.0, cpu());
    for case in cases(&suite).expect("its cases") {
        let held = hold(stage(&suite, &case, 1, &MeasuredStages::default()).expect("a stage")).expect("it is held");
        held.write(&folder.path().join(&case.id), sound == Sound::Opus).expect("it is written");
        simulated += held.summary.duration_s;
    }
    simulated / (cpu() - began).as_secs_f64()
}

#[test]
fn a_conversation_is_held_many_times_as_fast_as_real_time() {
    let (opus, plain) = (factor(Sound::Opus), factor(Sound::Plain));
    println!(
        "times real time on one processor: {opus:.0} with Opus and the live detector, {plain:.0} with plain sound"
    );
    // On a quiet machine it is 80 and 1,000 and more; one that compiles beside shares its caches.
    assert!(cfg!(debug_assertions) || opus > 50.0 && plain > 500.0, "{opus:.0} and {plain:.0}");
}
