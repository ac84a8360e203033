use crate::log::{over_internet, parties, play, runners};
use duologue_ids::Mono;
use duologue_sim::{Latency, LinkConfig};
use duologue_voice::{Event, Opening};
use std::time::Duration;

#[test]
fn a_conversation_of_two_has_hardly_any_overlap_and_few_gaps() {
    for seed in 0..20 {
        let [mut joe, anna] = parties(seed);
        joe.opening = Opening::Say("Northwind Internet, this is Joe.".into());
        let (_, log) = play(over_internet(seed, 120), [joe, anna], runners(seed));
        assert_eq!(log.overlap(Mono::ZERO, Mono::FAR), Duration::ZERO, "seed {seed}");
        assert!(log.items().len() >= 16, "seed {seed}: {} turns in two minutes", log.items().len());
        assert!(log.items().iter().rev().skip(1).all(|(_, _, interrupted)| !interrupted), "seed {seed}");
    }
}

#[test]
fn a_bad_network_costs_words_not_the_conversation() {
    for seed in 0..20 {
        let [mut joe, anna] = parties(seed);
        joe.opening = Opening::Say("Northwind Internet, this is Joe.".into());
        let mut config = over_internet(seed, 120);
        let bad =
            LinkConfig { delay: Duration::from_millis(80), jitter: Duration::from_millis(60), loss: 0.05, echo: None };
        config.links = [bad; 2];
        let (_, log) = play(config, [joe, anna], runners(seed));
        assert!(log.items().len() >= 10, "seed {seed}: {} turns", log.items().len());
    }
}

#[test]
fn a_reply_begun_early_saves_time() {
    let medians: Vec<f64> = [false, true]
        .iter()
        .map(|&preemptive| {
            let [mut joe, mut anna] = parties(5);
            joe.opening = Opening::Say("Northwind Internet, this is Joe.".into());
            joe.preemptive = preemptive;
            anna.preemptive = preemptive;
            let mut providers = runners(5);
            for p in &mut providers {
                (p.stt, p.llm, p.tts) = (Latency::fixed_ms(100), Latency::fixed_ms(500), Latency::fixed_ms(80));
            }
            let (_, log) = play(over_internet(5, 120), [joe, anna], providers);
            let mut latencies: Vec<f64> = log
                .events
                .iter()
                .filter_map(|(_, _, e)| match e {
                    Event::MetricsCollected { metrics, .. } => metrics.e2e_latency_ms,
                    _ => None,
                })
                .collect();
            latencies.sort_by(f64::total_cmp);
            latencies[latencies.len() / 2]
        })
        .collect();
    assert!(medians[1] + 150.0 < medians[0], "with {} without {}", medians[1], medians[0]);
}
