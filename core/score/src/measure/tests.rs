use super::*;
use crate::measured::{Party, Utterance};
use crate::track::{Interval, Track};
use duologue_ids::Mono;
use proptest::prelude::*;

fn track(spans: &[(u64, u64)]) -> Track {
    spans.iter().map(|&(a, b)| Interval::new(Mono::from_millis(a), Mono::from_millis(b))).collect()
}

fn metrics(customer: &Track, support: &Track, length_ms: u64, utterances: &[Utterance<'_>]) -> Metrics {
    let parties = [Party::new("customer", customer), Party::new("support", support)];
    measure(&Measured { utterances, ..Measured::new(Duration::from_millis(length_ms), parties) })
}

#[test]
fn a_polite_conversation() {
    let (c, s) = (track(&[(1_000, 3_000), (6_600, 8_000)]), track(&[(4_000, 6_000), (9_000, 9_500)]));
    let said = [
        Utterance::new(0, "My code is 47291.", Some("my code is four seven two nine nine")),
        Utterance::new(1, "Thank you, one moment.", Some("thank you one moment")),
        Utterance::new(0, "Sure.", None),
    ];
    let m = metrics(&c, &s, 10_000, &said);
    assert_eq!(m.turns, 4);
    assert_eq!(m.heard_e2e_latency_ms.values, [600.0, 1_000.0, 1_000.0]);
    assert_eq!((m.overlap_ratio, m.silence_ratio), (0.0, 0.41));
    assert_eq!((m.longest_silence_ms, m.awkward_silence_count, m.interruptions), (1_000, 0, 0));
    assert_eq!(m.stt_wer["customer_heard_by_support"], 0.125);
    assert_eq!(m.stt_wer["support_heard_by_customer"], 0.0);
    assert_eq!(m.parties["customer"].turns, 2);
    assert_eq!(m.parties["customer"].words, 9);
    assert_eq!(m.parties["customer"].words_per_minute, Some(159.0));
    assert_eq!(m.parties["customer"].heard_e2e_latency_ms.p50, Some(600.0));
}

#[test]
fn an_interruption_is_a_negative_latency_and_a_yield() {
    let m = metrics(&track(&[(0, 2_600)]), &track(&[(2_000, 5_000)]), 5_000, &[]);
    assert_eq!(m.interruptions, 1);
    assert_eq!(m.heard_e2e_latency_ms.p50, Some(-600.0));
    assert_eq!(m.time_to_yield_ms.p95, Some(600.0));
    assert_eq!((m.overlap_speech_ms, m.total_speech_ms, m.overlap_ratio), (600, 5_000, 0.12));
    assert_eq!(m.parties["support"].interruptions, 1);
    assert_eq!(m.parties["customer"].interruptions, 0);
    // A start just before the end is a quick answer.
    assert_eq!(metrics(&track(&[(0, 2_150)]), &track(&[(2_000, 5_000)]), 5_000, &[]).interruptions, 0);
}

#[test]
fn nobody_speaks() {
    let m = metrics(&Track::default(), &Track::default(), 40_000, &[]);
    assert_eq!((m.turns, m.silence_ratio, m.longest_silence_ms, m.overlap_ratio), (0, 1.0, 40_000, 0.0));
    assert_eq!(m.heard_e2e_latency_ms.p50, None);
    assert_eq!(m.parties["support"].words_per_minute, None);
    assert_eq!(metrics(&Track::default(), &Track::default(), 0, &[]).silence_ratio, 0.0);
}

#[test]
fn heard_nothing_is_every_word_lost() {
    let said = [Utterance::new(1, "Hello there", Some(""))];
    assert_eq!(metrics(&Track::default(), &Track::default(), 1, &said).stt_wer["support_heard_by_customer"], 1.0);
}

#[test]
fn json_has_the_agreed_names_and_comes_back() {
    let m = metrics(&track(&[(0, 1_000)]), &track(&[(1_500, 2_000)]), 3_000, &[]);
    let json = serde_json::to_value(&m).unwrap();
    assert_eq!(json["heard_e2e_latency_ms"]["p50"], 500.0);
    assert_eq!(json["overlap_ratio"], 0.0);
    assert!(json["stt_wer"].is_object());
    assert_eq!(serde_json::from_value::<Metrics>(json).unwrap(), m);
}

#[test]
fn every_figure_is_defined_once() {
    let json = serde_json::to_value(Metrics::default()).unwrap();
    let mut fields: Vec<&str> = json.as_object().unwrap().keys().map(String::as_str).collect();
    fields.retain(|f| !matches!(*f, "parties" | "stt_word_errors" | "stt_char_errors" | "selectivity"));
    let defined: Vec<&str> = crate::DEFINITIONS.iter().map(|d| d.name).collect();
    for field in fields {
        assert_eq!(defined.iter().filter(|d| **d == field).count(), 1, "{field}");
    }
}

proptest! {
    #[test]
    fn ratios_are_shares_and_sides_do_not_matter(
        a in prop::collection::vec((0u64..50_000, 0u64..4_000), 0..10),
        b in prop::collection::vec((0u64..50_000, 0u64..4_000), 0..10),
    ) {
        let make = |s: &[(u64, u64)]| track(&s.iter().map(|&(at, long)| (at, at + long)).collect::<Vec<_>>());
        let (a, b) = (make(&a), make(&b));
        let m = metrics(&a, &b, 60_000, &[]);
        prop_assert!((0.0..=1.0).contains(&m.overlap_ratio) && (0.0..=1.0).contains(&m.silence_ratio));
        prop_assert_eq!(m.parties.values().map(|p| p.turns).sum::<usize>(), m.turns);
        let swapped = metrics(&b, &a, 60_000, &[]);
        prop_assert_eq!(swapped.overlap_ratio, m.overlap_ratio);
        prop_assert_eq!(swapped.silence_ratio, m.silence_ratio);
        prop_assert_eq!(swapped.interruptions, m.interruptions);
        prop_assert_eq!(Metrics::pool(std::slice::from_ref(&m)), m.clone());
        prop_assert_eq!(swapped.longest_silence_ms, m.longest_silence_ms);
    }
}
