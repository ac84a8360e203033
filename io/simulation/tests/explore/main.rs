//! The search for faults: what is planted is found and made small, and without it the same seeds find nothing.

use duologue_simulation::explore::{Adjust, ExploreConfig, Explored, Invariant, examine, explore};
use duologue_simulation::suite::parse;
use duologue_simulation::{RunConfig, run};
use duologue_voice::Fault;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

/// So many seeds are enough for each of the faults, a few at a time.
const SEEDS: u64 = 120;
const STEP: u64 = 12;

fn with(fault: Option<Fault>) -> Adjust {
    Arc::new(move |config| config.fault = fault)
}

fn search(fault: Option<Fault>, from: u64, seeds: u64, out: Option<&Path>) -> Explored {
    let config = ExploreConfig {
        from,
        seeds: Some(seeds),
        jobs: 2,
        keep: 1,
        out: out.map(Into::into),
        adjust: with(fault),
        ..ExploreConfig::default()
    };
    explore(&config, &AtomicBool::new(false), |_| {}).unwrap()
}

/// The fault shows as this invariant; its smallest case has few acts, breaks it when it is read back, and does not break
/// it without the fault.
fn finds(fault: Fault, invariant: Invariant) {
    let out = tempfile::tempdir().unwrap();
    let mut steps = (1..=SEEDS).step_by(STEP as usize);
    let finding = steps.find_map(|from| {
        let explored = search(Some(fault), from, STEP, Some(out.path()));
        explored.findings.into_iter().find(|f| f.breach.invariant == invariant)
    });
    let finding = finding.unwrap_or_else(|| panic!("{fault:?} is not found"));
    let text = std::fs::read_to_string(finding.file.as_ref().unwrap()).unwrap();
    let suite = parse("found.yaml", "found", &text).unwrap();
    let situation = &suite.situations[0];
    let acts = situation.caller.len() + situation.caller_agent.as_ref().map_or(0, |c| c.lines.len());
    assert!(acts <= 3, "{fault:?} is not small:\n{text}");
    let breaks = |fault| examine(&suite, &with(fault)).unwrap().breaches.iter().any(|b| b.invariant == invariant);
    assert!(breaks(Some(fault)), "{fault:?} does not show again:\n{text}");
    assert!(!breaks(None), "it shows without {fault:?}:\n{text}");
    println!("{fault:?}, seed {}; the smallest:\n{text}", finding.seed);
}

#[test]
fn an_echo_that_is_heard_is_found() {
    finds(Fault::EchoIsHeard, Invariant::HearsItself);
}

#[test]
fn a_nudge_that_is_lost_is_found() {
    finds(Fault::NudgeIsLost, Invariant::TwoThatWait);
}

#[test]
fn an_utterance_that_is_dropped_is_found() {
    finds(Fault::UtteranceIsDropped, Invariant::LostUtterance);
}

#[test]
fn a_history_that_keeps_too_much_is_found() {
    finds(Fault::WholeTextIsKept, Invariant::TranscriptDisagrees);
}

#[test]
fn without_a_fault_the_same_seeds_find_nothing() {
    let explored = search(None, 1, SEEDS, None);
    assert_eq!(explored.cases, SEEDS);
    assert_eq!(explored.findings, []);
}

#[test]
fn a_suite_that_asks_for_it_fails_with_the_name_of_what_it_breaks() {
    let text = "
title: An agent that has nothing to say
sound: plain
seeds: 1
network: { delay_ms: 0, jitter_ms: 0, loss: 0 }
invariants: true
situations:
  - id: speechless
    title: Its model is silent
    greeting: Good morning.
    agent: [\"\"]
    caller: [{ say: How do I get a new card? }, { hang_up: true }]
";
    let suite = parse("speechless.yaml", "speechless", text).unwrap();
    let config = RunConfig {
        seeds: None,
        from: 1,
        jobs: 1,
        out: None,
        only: None,
        audio: false,
        measured: duologue_simulation::MeasuredStages::default(),
    };
    let held = run(&suite, &config, &AtomicBool::new(false), |_, _| {}).unwrap();
    let failures = held.cases[0].conversations[0].failures();
    assert!(!held.cases[0].passed && failures.iter().any(|f| f.starts_with("invariant `failure`")), "{failures:?}");
}
