//! `duologue simulate --explore`

use crate::args::SimulateArgs;
use crate::output::{Exit, Failure, note, print, print_json, table};
use crate::simulate::{cores, fresh_folder, stop_on_interrupt};
use duologue_providers::Settings;
use duologue_simulation::explore::{self, ExploreConfig, Explored, Finding, Progress};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long is searched where nobody says, seconds.
const USUAL: u64 = 60;

pub(crate) fn explore(args: &SimulateArgs, settings: &Settings, json: bool) -> Result<Exit, Failure> {
    let out = args.out.clone().unwrap_or_else(|| fresh_folder(settings, "explore"));
    let seconds = args.search.seconds.or_else(|| args.seeds.is_none().then_some(USUAL));
    let config = ExploreConfig {
        from: args.search.from,
        seeds: args.seeds.map(u64::from),
        duration: seconds.map(Duration::from_secs),
        jobs: args.jobs.map_or_else(cores, |n| n as usize),
        out: Some(out.clone()),
        ..ExploreConfig::default()
    };
    let cancel = Arc::new(AtomicBool::new(false));
    stop_on_interrupt(cancel.clone());
    let bar = progress(config.seeds)?;
    let began = Instant::now();
    let explored = explore::explore(&config, &cancel, |progress| tell(&bar, progress))?;
    bar.finish_and_clear();
    report(&explored, began.elapsed(), &out, json);
    Ok(match (explored.findings.is_empty(), cancel.load(Ordering::Relaxed)) {
        (false, _) => Exit::Failed,
        (true, true) => Exit::Cancelled,
        (true, false) => Exit::Done,
    })
}

fn progress(seeds: Option<u64>) -> Result<ProgressBar, Failure> {
    let (bar, style) = match seeds {
        Some(seeds) => (ProgressBar::new(seeds), "{bar:30} {pos}/{len} cases {wide_msg}"),
        None => (ProgressBar::new_spinner(), "{spinner} {elapsed} {pos} cases {wide_msg}"),
    };
    bar.set_style(ProgressStyle::with_template(style)?);
    Ok(bar)
}

fn tell(bar: &ProgressBar, progress: Progress<'_>) {
    match progress {
        Progress::Held { seed, breach } => {
            if let Some(breach) = breach {
                let line = format!("seed {seed} breaks `{}`: {}", breach.invariant.as_str(), breach.why);
                bar.suspend(|| note(line));
            }
            bar.inc(1);
        }
        Progress::Shrinking { seed, invariant } => {
            bar.set_message(format!("making seed {seed} small (`{}`)", invariant.as_str()));
        }
    }
}

fn report(explored: &Explored, elapsed: Duration, out: &Path, json: bool) {
    if json {
        return print_json(&json!({
            "cases": explored.cases, "simulated_s": explored.simulated_s, "next_seed": explored.next_seed,
            "elapsed_s": (elapsed.as_secs_f64() * 1e3).round() / 1e3, "findings": explored.findings,
        }));
    }
    let held = format!(
        "{} cases, {:.0} s of conversation in {:.0} s; go on with --from {}",
        explored.cases,
        explored.simulated_s,
        elapsed.as_secs_f64(),
        explored.next_seed
    );
    if explored.findings.is_empty() {
        return print(format!("{held}\nnothing broke"));
    }
    let mut by_kind: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    explored.findings.iter().for_each(|f| by_kind.entry(f.breach.invariant.as_str()).or_default().push(f));
    let rows: Vec<[String; 3]> = by_kind.iter().map(|(kind, all)| row(kind, all)).collect();
    print(table(["BROKEN", "CASES", "SEEDS"], &rows));
    for path in explored.findings.iter().filter_map(|f| f.file.as_ref()) {
        print(format!("duologue simulate {}", path.display()));
    }
    print(format!("\n{held}\nthe smallest cases are in {}", out.display()));
}

fn row(kind: &str, findings: &[&Finding]) -> [String; 3] {
    let seeds: Vec<String> = findings.iter().take(12).map(|f| f.seed.to_string()).collect();
    let more = if findings.len() > seeds.len() { ", ..." } else { "" };
    [kind.to_owned(), findings.len().to_string(), seeds.join(", ") + more]
}
