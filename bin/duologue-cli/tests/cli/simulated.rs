//! `simulate`, `compare` and `replay`: what they print, keep and answer with.

use crate::{duologue, last_json};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Output;

/// One caller, one agent, plain sound: half a second of work.
const SUITE: &str = "\
title: One call
sound: plain
situations:
  - id: order
    title: A caller asks for an order
    greeting: Northwind, this is Joe.
    agent: [It comes tomorrow morning., You are welcome.]
    caller:
      - say: Where is my order?
      - say: Thank you very much.
      - hang_up: true
    expect:
      turns: {min: 4}
";

fn run(home: &Path, arguments: &[&str]) -> Output {
    duologue(home).args(arguments).output().expect("it starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Every file below `folder` by its path, but for the one that tells how long the run took.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(at) = folders.pop() {
        for entry in std::fs::read_dir(at).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("timing.json") {
                let name = path.strip_prefix(folder).expect("below").to_string_lossy().into_owned();
                all.insert(name, std::fs::read(&path).expect("a file"));
            }
        }
    }
    all
}

#[test]
fn a_suite_comes_out_the_same_twice_and_another_seed_differs() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("one.yaml"), SUITE).unwrap();
    let held = run(home.path(), &["--json", "simulate", "one.yaml", "--seeds", "2", "--out", "a"]);
    assert_eq!(held.status.code(), Some(0), "{}", text(&held.stderr));
    let figures = last_json(&held.stdout);
    assert_eq!(
        (&figures["conversations"], &figures["passed"], &figures["cases_failed"]),
        (&2.into(), &2.into(), &0.into())
    );
    assert!(figures["realtime_factor"].as_f64().is_some_and(|f| f > 1.0), "{figures}");
    let held = run(home.path(), &["simulate", "one.yaml", "--seeds", "2", "--out", "b"]);
    assert!(text(&held.stdout).contains("2 of 2 conversations passed"), "{}", text(&held.stdout));

    let (a, b) = (files(&home.path().join("a")), files(&home.path().join("b")));
    assert_eq!(a.keys().collect::<Vec<_>>(), b.keys().collect::<Vec<_>>());
    a.iter().for_each(|(name, bytes)| assert!(bytes == &b[name], "{name} differs"));
    assert!(text(&a["junit.xml"]).contains("<testsuite") && a.contains_key("index.html") && a.contains_key("run.json"));
    let events = |seed: &str| &a[&format!("conversations/order/{seed}/events.jsonl")];
    assert_ne!(events("s001"), events("s002"));

    let same = run(home.path(), &["compare", "a", "b", "--check"]);
    assert_eq!(same.status.code(), Some(0), "{}", text(&same.stderr));
    assert!(text(&same.stdout).contains("nothing differs"));
}

#[test]
fn what_misses_its_bounds_fails_and_is_named() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("one.yaml"), SUITE.replace("min: 4", "min: 400")).unwrap();
    let held = run(home.path(), &["--json", "simulate", "one.yaml", "--seeds", "1", "--out", "a"]);
    assert_eq!(held.status.code(), Some(1));
    assert_eq!(last_json(&held.stdout)["failed"][0]["case"], "order", "{}", text(&held.stdout));
    let junit = std::fs::read_to_string(home.path().join("a/junit.xml")).unwrap();
    assert!(junit.contains("<failure") && junit.contains("400"), "{junit}");
}

#[test]
fn a_suite_that_does_not_fit_is_refused_with_its_line() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("one.yaml"), SUITE.replace("hang_up", "hangup")).unwrap();
    let refused = run(home.path(), &["simulate", "one.yaml"]);
    assert_eq!(refused.status.code(), Some(1));
    let told = text(&refused.stderr);
    assert!(told.contains("one.yaml:11") && told.contains("hang_up"), "{told}");
    let missing = run(home.path(), &["simulate", "no-such-suite"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(text(&missing.stderr).contains("turn-taking"), "it says what there is: {}", text(&missing.stderr));
}

#[test]
fn a_replay_decides_as_before_unless_something_is_changed() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("one.yaml"), SUITE.replace("sound: plain\n", "")).unwrap();
    let held = run(home.path(), &["simulate", "one.yaml", "--seeds", "1", "--out", "a"]);
    assert_eq!(held.status.code(), Some(0), "{}", text(&held.stderr));
    let call = "a/conversations/order/s001";
    let again = |more: &[&str]| {
        let replayed = run(home.path(), &[&["--json", "replay", call, "--check"], more].concat());
        (replayed.status.code(), last_json(&replayed.stdout))
    };
    let (code, same) = again(&[]);
    assert_eq!((code, &same["same"]), (Some(0), &Value::Bool(true)), "{same}");
    let (code, slower) = again(&["--set", "endpointing_min_delay_ms=1200"]);
    assert_eq!((code, &slower["same"]), (Some(1), &Value::Bool(false)));
    assert!(slower["counts"]["moved"].as_u64().is_some_and(|n| n >= 1), "{slower}");
    let unknown = run(home.path(), &["replay", call, "--set", "endpointing.delay=1"]);
    assert_eq!(unknown.status.code(), Some(1));
    assert!(text(&unknown.stderr).contains("endpointing_min_delay_ms"), "{}", text(&unknown.stderr));
}
