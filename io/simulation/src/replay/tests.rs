use super::*;
use crate::{MeasuredStages, cases, stage, suite};
use duologue_conversation::names;
use duologue_conversation::scenario::Side;
use duologue_conversation::virtual_time::hold;
use proptest::prelude::*;
use std::path::Path;

const INTERRUPTION: &str = "\
title: The caller cuts in
situations:
  - id: interruption
    title: The caller cuts in and wants the floor
    greeting: Good morning, this is the service desk of Northwind. How can I help you today?
    agent:
      - You can order a new card by telephone or by post, and I will gladly tell you how both of them work in detail, because there are some differences that you should know about before you decide.
      - A new card costs five pounds, and it is free if the old one was stolen.
    caller:
      - say: How do I get a new card?
      - backchannel: mhm
        after_ms: 1500
      - interrupt: Sorry, wait, I only want to know what a new one costs.
        after_ms: 3500
      - hang_up: true
";

const WITH_TOOLS: &str = "\
title: A call by its course
scenarios:
  - scenario: internet-outage
";

fn held(yaml: &str, seed: u64, folder: &Path) {
    let suite = suite::parse("suite.yaml", "suite", yaml).unwrap();
    let case = cases(&suite).unwrap().remove(0);
    let held = hold(stage(&suite, &case, seed, &MeasuredStages::default()).unwrap()).unwrap();
    held.write(folder, true).unwrap();
    write_held_with(folder, &HeldWith { sound: suite.sound, turns: suite.turns }).unwrap();
}

fn replayed(folder: &Path, side: Side, settings: &[&str]) -> Diff {
    let recording = Recording::read(folder, side).unwrap();
    let mut turns = recording.turns();
    settings.iter().for_each(|s| set(&mut turns, s).unwrap());
    replay(&recording, Logic { turns, hears_again: false }).unwrap()
}

fn told(diff: &Diff) -> String {
    serde_json::to_string_pretty(&diff.decisions.iter().filter(|p| p.verdict != Verdict::Same).collect::<Vec<_>>())
        .unwrap()
}

fn only(diff: &Diff, kind: Kind) -> &Pair {
    diff.decisions.iter().find(|p| p.kind == kind && p.then.is_some()).unwrap_or_else(|| panic!("{kind:?}: {diff:?}"))
}

#[test]
fn the_same_logic_decides_the_same() {
    let folder = tempfile::tempdir().unwrap();
    for seed in 1..=3 {
        held(INTERRUPTION, seed, folder.path());
        let diff = replayed(folder.path(), Side::Support, &[]);
        assert!(diff.is_same() && diff.counts.same >= 8, "seed {seed}: {:?} {}", diff.counts, told(&diff));
        assert_eq!(diff.notes, Vec::<String>::new());
        assert_eq!(only(&diff, Kind::Interrupted).verdict, Verdict::Same);
    }
}

#[test]
fn both_agents_of_a_scenario_decide_the_same() {
    let folder = tempfile::tempdir().unwrap();
    held(WITH_TOOLS, 2, folder.path());
    for side in [Side::Support, Side::Customer] {
        let diff = replayed(folder.path(), side, &[]);
        assert!(diff.is_same() && diff.counts.same >= 10, "{side}: {:?} {}", diff.counts, told(&diff));
        if side == Side::Support {
            assert_eq!(only(&diff, Kind::HungUp).verdict, Verdict::Same);
        }
    }
}

#[test]
fn a_detector_that_hears_again_decides_nearly_the_same() {
    let folder = tempfile::tempdir().unwrap();
    held(INTERRUPTION, 2, folder.path());
    let recording = Recording::read(folder.path(), Side::Support).unwrap();
    let diff = replay(&recording, Logic { turns: recording.turns(), hears_again: true }).unwrap();
    assert_eq!((diff.counts.new, diff.counts.gone), (0, 0), "{}", told(&diff));
    assert!(diff.decisions.iter().all(|p| p.by_ms.is_some_and(|by| by.abs() <= 250.0)), "{}", told(&diff));
}

#[test]
fn another_duration_moves_the_interruption_by_the_difference() {
    let folder = tempfile::tempdir().unwrap();
    held(INTERRUPTION, 1, folder.path());
    for (setting, by) in [("interruption.min_duration_ms=800", 300.0), ("interruption.min_duration_ms=300", -200.0)] {
        let diff = replayed(folder.path(), Side::Support, &[setting]);
        let interrupted = only(&diff, Kind::Interrupted);
        assert_eq!(interrupted.verdict, Verdict::Moved, "{setting}: {}", told(&diff));
        let moved = interrupted.by_ms.unwrap();
        assert!((moved - by).abs() <= 60.0, "{setting}: by {moved} ms");
        assert!(!diff.is_same());
    }
}

#[test]
fn a_longer_wait_moves_the_ends_of_turns() {
    let folder = tempfile::tempdir().unwrap();
    held(INTERRUPTION, 1, folder.path());
    let diff = replayed(folder.path(), Side::Support, &["endpointing.min_delay_ms=900"]);
    let over = only(&diff, Kind::TurnOver);
    assert!((340.0..=460.0).contains(&over.by_ms.unwrap()), "{}", told(&diff));
}

#[test]
fn what_is_missing_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let read = |side| Recording::read(folder.path(), side).map(|r| r.notes().to_vec()).map_err(|e| e.to_string());
    assert!(read(Side::Support).unwrap_err().contains("scenario.json"));
    held(INTERRUPTION, 1, folder.path());
    assert!(read(Side::Customer).unwrap_err().contains("replay the support instead"));
    std::fs::remove_file(folder.path().join(names::SUMMARY)).unwrap();
    assert!(read(Side::Support).unwrap()[0].contains("seed"));
    let events = folder.path().join(names::EVENTS);
    let mut torn = std::fs::read(&events).unwrap();
    torn.truncate(torn.len() - 20);
    std::fs::write(&events, &torn).unwrap();
    assert!(read(Side::Support).unwrap()[1].contains("1 line of events.jsonl can't be read"));
    std::fs::write(&events, "{").unwrap();
    assert!(read(Side::Support).unwrap_err().contains("tells of nothing that the support did"));
    std::fs::remove_file(&events).unwrap();
    assert!(read(Side::Support).unwrap_err().contains("events.jsonl"));
    held(INTERRUPTION, 1, folder.path());
    std::fs::remove_file(folder.path().join(names::STEREO)).unwrap();
    assert!(read(Side::Support).unwrap_err().contains("no recording of the customer"));
}

/// One line of an account of somebody's, with anything for its values.
fn line() -> impl Strategy<Value = String> {
    let text = prop_oneof![Just(String::new()), Just("Yes.".to_owned()), "[a-z. é]{0,30}"];
    let number = prop_oneof![Just(-1.0), 0.0..30.0f64, Just(1e300)];
    (number.clone(), 0..14, 0u32..4, text, any::<bool>(), number).prop_map(|(t, kind, turn, text, flag, ms)| {
        let event = match kind {
            0 => serde_json::json!({"event": "user_state_changed", "speaking": flag}),
            1 => serde_json::json!({"event": "user_input_transcribed", "text": text}),
            2 => serde_json::json!({"event": "user_turn_completed", "text": text, "end_of_turn_delay_ms": ms, "transcription_delay_ms": ms}),
            3 => serde_json::json!({"event": "speech_created", "turn": turn, "source": if flag { "reply" } else { "say" }, "hint": null}),
            4 => serde_json::json!({"event": "speech_progress", "turn": turn, "text": text}),
            5 => serde_json::json!({"event": "conversation_item_added", "turn": turn, "text": text, "interrupted": flag}),
            6 => serde_json::json!({"event": "metrics_collected", "turn": turn, "metrics": {"llm_ttft_ms": ms, "tts_ttfb_ms": ms, "preemptive": flag}}),
            7 => serde_json::json!({"event": "interrupted", "turn": turn}),
            8 => serde_json::json!({"event": "false_interruption", "turn": turn}),
            9 => serde_json::json!({"event": "tool_called", "call": {"id": text, "name": "x", "arguments": {}}}),
            10 => serde_json::json!({"event": "tool_returned", "id": text, "name": "x", "outcome": {"ok": 1}}),
            11 => serde_json::json!({"event": "closed", "reason": if flag { "agent_ended" } else { "inactivity" }}),
            12 => serde_json::json!({"event": "nudged"}),
            _ => serde_json::json!({"event": "backchannel", "text": text}),
        };
        let mut line = serde_json::json!({"t": t, "side": "support"});
        line.as_object_mut().unwrap().extend(event.as_object().unwrap().clone());
        if flag && kind == 13 { text } else { line.to_string() }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_account_is_survived(lines in prop::collection::vec(line(), 0..40), cut in 0.0..1.0f64) {
        static SCENE: std::sync::LazyLock<tempfile::TempDir> = std::sync::LazyLock::new(|| {
            let folder = tempfile::tempdir().unwrap();
            held(INTERRUPTION, 1, folder.path());
            folder
        });
        let folder = tempfile::tempdir().unwrap();
        for name in [names::SCENARIO, names::SUMMARY, names::STEREO] {
            std::fs::copy(SCENE.path().join(name), folder.path().join(name)).unwrap();
        }
        let sound = std::fs::read(folder.path().join(names::STEREO)).unwrap();
        std::fs::write(folder.path().join(names::STEREO), &sound[..(sound.len() as f64 * cut) as usize]).unwrap();
        std::fs::write(folder.path().join(names::EVENTS), lines.join("\n")).unwrap();
        if let Ok(recording) = Recording::read(folder.path(), Side::Support) {
            let turns = recording.turns();
            let diff = replay(&recording, Logic { turns, hears_again: cut < 0.5 }).unwrap();
            let Counts { same, moved, new, gone } = diff.counts;
            prop_assert_eq!(same + moved + new + gone, diff.decisions.len());
        }
    }
}
