//! Runs to look at, made up.

use duologue_simulation::Run;
use serde_json::{Value, json};

pub(crate) const EVIL: &str = "</script><img src=x onerror=window.ran=1>\"'{{cases}}";
const CASES: [(&str, &str); 7] = [
    ("smooth-turns", "Question and answer, nobody cuts in"),
    ("interruption", "The caller cuts in and wants the floor"),
    ("backchannel", "The caller shows that it listens, and the agent goes on"),
    ("vocal-tic", "The caller coughs, and the agent goes on"),
    ("talking-to-others", "The caller says something to somebody else"),
    ("spelling", "The caller spells its name"),
    ("silence", "The caller falls silent, and the agent asks"),
];

/// Seven cases over three lines; some fail with some seeds, one with all, one misses a bound. `slower` makes all of it
/// slower by so many milliseconds.
pub(crate) fn read(seeds: u64, slower: f64) -> Run {
    let lines = ["clean", "phone", "cafe"];
    let cases = CASES.iter().enumerate().flat_map(|(n, (id, title))| {
        lines.iter().enumerate().map(move |(l, line)| case(&format!("{id}.{line}"), title, (n, l), (seeds, slower)))
    });
    run("Turn-taking on scripted audio", cases.collect())
}

/// Two thousand conversations.
pub(crate) fn long() -> Run {
    let cases = (0..40).map(|n| case(&format!("case-{n:02}"), "One of many", (n, n % 3), (50, 0.0)));
    run("Two thousand conversations", cases.collect())
}

/// Every text tries to become markup.
pub(crate) fn hostile() -> Run {
    let mut evil = case(EVIL, EVIL, (1, 1), (4, 0.0));
    for held in evil["conversations"].as_array_mut().expect("a list") {
        held["passed"] = json!(false);
        held["folder"] = json!("javascript:window.ran=1//");
        held["error"] = json!(EVIL);
        held["metrics"][EVIL] = json!(1.0);
    }
    evil["passed"] = json!(false);
    evil["bounds"] = json!([{ "metric": EVIL, "bound": { "min": 1.0 }, "value": 0.5, "passed": false }]);
    evil["metrics"][EVIL] = json!(0.5);
    let mut run = run(EVIL, vec![evil]);
    run.suite = EVIL.into();
    run
}

fn case(id: &str, title: &str, (n, line): (usize, usize), (seeds, slower): (u64, f64)) -> Value {
    let fails = |seed: u64| (n == 4 && line == 2) || (n == 1 && line > 0 && (seed * 7 + line as u64).is_multiple_of(9));
    let conversations: Vec<Value> = (1..=seeds)
        .map(|seed| {
            let noise = ((seed * 37 + n as u64 * 11) % 101) as f64;
            let why = if seed % 2 == 0 { "nobody said “Maple Street”" } else { "it took 4 turns more than it may" };
            json!({
                "seed": seed, "folder": format!("conversations/{id}/s{seed:03}"), "duration_s": 31.5 + noise / 10.0,
                "end_reason": "agent_ended", "error": null, "passed": !fails(seed),
                "verdicts": [{ "criterion": "The goal is reached", "passed": !fails(seed), "why": why }],
                "metrics": metrics(n, line as f64, noise, slower),
                "fingerprint": { "sound": "", "transcript": "", "events": "" },
            })
        })
        .collect();
    let missed = n == 2 && line == 2;
    let mean = metrics(n, line as f64, 50.0, slower);
    let bounds = json!([
        { "metric": "parties.support.selectivity.backchannel", "bound": { "min": 0.9 },
          "value": mean.get("parties.support.selectivity.backchannel"), "passed": !missed },
        { "metric": "parties.support.response_rate", "bound": { "min": 0.95 }, "value": 0.99, "passed": true },
    ]);
    let passed = !missed && !(1..=seeds).any(fails);
    json!({ "id": id, "title": title, "conversations": conversations, "metrics": mean, "bounds": bounds, "passed": passed })
}

fn metrics(n: usize, line: f64, noise: f64, slower: f64) -> Value {
    let mut metrics = json!({
        "parties.support.heard_e2e_latency_ms.p50": 820.0 + 60.0 * line + noise + slower,
        "parties.support.heard_e2e_latency_ms.p95": 1_430.0 + 190.0 * line + 3.0 * noise + slower,
        "overlap_ratio": 0.012 + 0.01 * line + noise / 9_000.0,
        "stt_wer.customer_heard_by_support": 0.04 * line,
        "parties.support.turn_taking": 0.91 - 0.06 * line - noise / 2_000.0,
        "parties.support.response_rate": 0.99,
        "turns": 7.0,
    });
    if n == 1 || n > 6 {
        metrics["parties.support.time_to_yield_ms.p50"] = json!(612.0 + 90.0 * line + noise);
        metrics["parties.support.yield_rate"] = json!(0.97 - 0.08 * line);
    }
    if n == 2 {
        metrics["parties.support.selectivity.backchannel"] = json!(if line > 1.0 { 0.72 } else { 0.98 });
    }
    metrics
}

fn run(title: &str, cases: Vec<Value>) -> Run {
    let held: Vec<&Value> = cases.iter().flat_map(|c| c["conversations"].as_array().into_iter().flatten()).collect();
    let whole = json!({
        "suite": "turn-taking", "title": title, "version": "0.1.0", "seeds": cases[0]["conversations"].as_array().map_or(0, Vec::len),
        "conversations": held.len(), "passed": held.iter().filter(|c| c["passed"] == true).count(),
        "cases_failed": cases.iter().filter(|c| c["passed"] == false).count(),
        "simulated_s": held.iter().filter_map(|c| c["duration_s"].as_f64()).sum::<f64>(), "cases": cases,
    });
    serde_json::from_value(whole).expect("it is a run")
}
