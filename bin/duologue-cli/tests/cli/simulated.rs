//! `simulate`, `compare` and `replay`: what they print, keep and answer with.

use crate::{duologue, last_json};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Output, Stdio};

/// One caller, one agent, plain sound: half a second of work.
pub(crate) const SUITE: &str = "\
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

/// A folder with this suite in it.
fn folder_with(suite: &str) -> tempfile::TempDir {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("one.yaml"), suite).unwrap();
    home
}

#[test]
fn runs_that_do_not_fit_are_no_success() {
    let two = SUITE.replace("situations:", "lines: [{name: clean}, {name: phone}]\nsituations:");
    let home = folder_with(&two);
    std::fs::write(home.path().join("other.yaml"), SUITE.replace("id: order", "id: parcel")).unwrap();
    for arguments in [
        ["one.yaml", "--seeds=3", "--out=a", "--json"],
        ["one.yaml", "--seeds=1", "--out=b", "--only=clean"],
        ["other.yaml", "--seeds=1", "--out=c", "--json"],
    ] {
        let held = run(home.path(), &[&["simulate"], &arguments[..]].concat());
        assert_eq!(held.status.code(), Some(0), "{}", text(&held.stderr));
    }
    for more in [&["--check"][..], &[]] {
        let strange = run(home.path(), &[&["compare", "a", "c"], more].concat());
        assert_eq!(strange.status.code(), Some(1), "{}", text(&strange.stdout));
        let told = text(&strange.stderr);
        assert!(told.contains("do not fit together") && told.contains("`one`") && told.contains("`other`"), "{told}");
    }
    let part = run(home.path(), &["compare", "a", "b", "--check"]);
    assert_eq!(part.status.code(), Some(1), "{}", text(&part.stdout));
    let told = text(&part.stdout);
    assert!(told.contains("missing in B: order.phone") && told.contains("order.clean has 3 in A and 1 in B"), "{told}");
    assert_eq!(run(home.path(), &["compare", "a", "b"]).status.code(), Some(0));
}

#[test]
fn a_folder_is_taken_again_from_a_run_and_from_nobody_else() {
    let home = folder_with(SUITE);
    let held = run(home.path(), &["simulate", "one.yaml", "--seeds", "3", "--out", "a"]);
    assert_eq!(held.status.code(), Some(0), "{}", text(&held.stderr));
    std::fs::write(home.path().join("a/notes.txt"), "mine").unwrap();
    let held = run(home.path(), &["simulate", "one.yaml", "--seeds", "1", "--out", "a"]);
    assert_eq!(held.status.code(), Some(0), "{}", text(&held.stderr));
    let left = files(&home.path().join("a"));
    assert!(left.contains_key("conversations/order/s001/report.html") && left.contains_key("notes.txt"));
    assert!(!left.keys().any(|name| name.contains("s002") || name.contains("s003")), "{:?}", left.keys());
    std::fs::create_dir(home.path().join("mine")).unwrap();
    std::fs::write(home.path().join("mine/index.html"), "my own").unwrap();
    let refused = run(home.path(), &["simulate", "one.yaml", "--out", "mine"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(
        text(&refused.stderr).contains("help: choose another folder with `--out DIR`"),
        "{}",
        text(&refused.stderr)
    );
    assert_eq!(files(&home.path().join("mine")).into_values().collect::<Vec<_>>(), [b"my own"]);
}

#[cfg(unix)]
#[test]
fn a_run_that_is_stopped_leaves_what_was_held_and_says_so() {
    let home = folder_with(SUITE);
    let whole = run(home.path(), &["simulate", "one.yaml", "--seeds", "2", "--out", "whole"]);
    assert_eq!(whole.status.code(), Some(0), "{}", text(&whole.stderr));
    let mut command = duologue(home.path());
    command.args(["simulate", "one.yaml", "--seeds", "100000", "--jobs", "1", "--out", "a"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
    // Once it has begun the second it has held one; watching the folder is no matter of time.
    while !home.path().join("a/conversations/order/s002").exists() {
        assert!(child.try_wait().expect("it is ours").is_none(), "it ended by itself");
        std::thread::yield_now();
    }
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).expect("it is there");
    let stopped = child.wait_with_output().expect("it ends");
    assert_eq!(stopped.status.code(), Some(130), "{}", text(&stopped.stderr));
    let left = files(&home.path().join("a"));
    let results: Value = serde_json::from_slice(&left["run.json"]).expect("JSON");
    assert_eq!(results["complete"], false);
    let held = results["cases"][0]["conversations"].as_array().map_or(0, Vec::len);
    assert_eq!(held, left.keys().filter(|name| name.ends_with("report.html")).count(), "what is kept is told");
    assert!(text(&left["index.html"]).contains("This run is incomplete"));
    assert!(text(&left["junit.xml"]).contains("<error") && text(&left["junit.xml"]).contains("seed 1"));
    assert!(!left.contains_key(".reserve"));
    let compared = run(home.path(), &["compare", "whole", "a", "--check"]);
    assert_eq!(compared.status.code(), Some(1));
    assert!(text(&compared.stdout).contains("B is incomplete"), "{}", text(&compared.stdout));
}

#[test]
fn one_seed_is_held_again_as_it_was() {
    let home = folder_with(SUITE);
    for (seeds, out) in [(["--from=1", "--seeds=3"], "all"), (["--from=3", "--seeds=1"], "one")] {
        let held = run(home.path(), &["simulate", "one.yaml", seeds[0], seeds[1], "--out", out]);
        assert_eq!(held.status.code(), Some(0), "{}", text(&held.stderr));
    }
    let [all, one] = ["all", "one"].map(|out| files(&home.path().join(out).join("conversations/order")));
    assert!(one.keys().all(|name| name.starts_with("s003/")), "{:?}", one.keys());
    one.iter().for_each(|(name, bytes)| assert!(bytes == &all[name], "{name} differs"));
    let dead = run(home.path(), &["simulate", "one.yaml", "--for", "5"]);
    assert_eq!(dead.status.code(), Some(2), "{}", text(&dead.stderr));
}

#[test]
fn an_agent_that_never_answers_does_not_pass() {
    let deaf = SUITE
        .replace("situations:", "network: {loss: 1.0}\nsituations:")
        .replace("turns: {min: 4}", "turns: {max: 99}");
    let deaf = deaf.replace("sound: plain\n", "");
    let home = folder_with(&deaf);
    let held = run(home.path(), &["--json", "simulate", "one.yaml", "--seeds", "1", "--out", "a"]);
    assert_eq!(held.status.code(), Some(1), "{}", text(&held.stdout));
    assert!(text(&held.stdout).contains("the agent under test answers"), "{}", text(&held.stdout));
}

#[test]
fn what_a_suite_names_is_not_shown() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join(".env.test"), "OPENAI_API_KEY=sk-secret\n").unwrap();
    std::fs::write(home.path().join("keys.yaml"), "sk-Secret1: [\n  sk-secret2\n").unwrap();
    for (place, named) in [
        ("scenario", "./.env.test"),
        ("scenario", "./keys.yaml"),
        ("persona", "./.env.test"),
        ("persona", "./keys.yaml"),
    ] {
        let suite = match place {
            "scenario" => format!("title: x\nscenarios: [{{scenario: {named}}}]\n"),
            _ => format!("title: x\nscenarios: [{{scenario: card-block, customers: [{named}]}}]\n"),
        };
        std::fs::write(home.path().join("one.yaml"), suite).unwrap();
        let refused = run(home.path(), &["simulate", "one.yaml", "--json"]);
        assert_eq!(refused.status.code(), Some(1));
        let told = text(&refused.stderr) + &text(&refused.stdout);
        assert!(told.contains(named) && told.contains(":1:") | told.contains(":2:") | told.contains(":3:"), "{told}");
        assert!(!told.to_lowercase().contains("secret"), "{told}");
    }
}

#[test]
fn a_run_in_a_named_folder_needs_no_home() {
    let home = folder_with(SUITE);
    let simulate = |more: &[&str]| {
        let mut command = duologue(home.path());
        command.env_clear().args(["simulate", "one.yaml", "--seeds", "1"]).args(more).output().expect("it starts")
    };
    let held = simulate(&["--out", "a"]);
    assert_eq!(held.status.code(), Some(0), "{}", text(&held.stderr));
    assert!(text(&simulate(&[]).stderr).contains("no home directory is known"));
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
