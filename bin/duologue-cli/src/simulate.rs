//! `duologue simulate`, `duologue compare`

use crate::args::{CompareArgs, SimulateArgs, SoundArg};
use crate::explore::explore;
use crate::output::{Exit, Failure, note, print, print_json, table};
use duologue_conversation::Archive;
use duologue_providers::Settings;
use duologue_simulation::compare::{Change, Comparison, compare};
use duologue_simulation::suite::{Sound, Suite, load};
use duologue_simulation::{
    CaseResult, MeasuredStages, Run, RunConfig, RunError, Timing, cases, comparison, measured, read_run, run, write_run,
};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

pub(crate) fn simulate(args: &SimulateArgs, settings: &Settings, json: bool) -> Result<Exit, Failure> {
    let Some(name) = &args.suite else { return explore(args, settings, json) };
    let mut suite = load(name)?;
    suite.sound = match args.sound {
        Some(SoundArg::Opus) => Sound::Opus,
        Some(SoundArg::Plain) => Sound::Plain,
        None => suite.sound,
    };
    let jobs = args.jobs.map_or_else(cores, |n| n as usize);
    let out = args.out.clone().unwrap_or_else(|| fresh_folder(settings, &suite.id));
    let config = RunConfig {
        seeds: args.seeds,
        from: args.search.from,
        jobs,
        out: Some(out.clone()),
        only: args.only.clone(),
        audio: !args.no_audio,
        measured: measured_here(&suite, settings)?,
    };
    let cancel = Arc::new(AtomicBool::new(false));
    stop_on_interrupt(cancel.clone());
    let bar = progress(&suite, &config)?;
    let began = Instant::now();
    let held = run(&suite, &config, &cancel, |case, result| {
        bar.set_message(case.id.clone());
        if !result.passed {
            bar.suspend(|| note(format!("failed: {} seed {}: {}", case.id, result.seed, result.failures().join("; "))));
        }
        bar.inc(1);
    });
    bar.finish_and_clear();
    let results = |held: &Run| {
        let timing = Timing::of(held, began.elapsed(), jobs);
        write_run(&out, held, &timing).map(|()| timing)
    };
    match held {
        Ok(held) => {
            report(&held, &results(&held)?, &out, json);
            Ok(if held.cases_failed == 0 { Exit::Done } else { Exit::Failed })
        }
        Err(RunError::Unfinished { run, why, planned }) => {
            results(&run)?;
            let stopped = why.is_none();
            let error = RunError::Unfinished { run, why, planned };
            note(format!("{} tells of what was held", out.join("index.html").display()));
            if stopped {
                crate::output::print_error(&error, json);
            }
            if stopped { Ok(Exit::Cancelled) } else { Err(error.into()) }
        }
        Err(error) => Err(error.into()),
    }
}

/// What the stages took in the conversations that are kept, where the suite asks for it.
fn measured_here(suite: &Suite, settings: &Settings) -> Result<MeasuredStages, Failure> {
    if !suite.wants_measured() {
        return Ok(MeasuredStages::default());
    }
    settings.has_home()?;
    let stages = measured(&Archive::new(&settings.home()));
    if !stages.is_empty() {
        return Ok(stages);
    }
    Err(format!(
            "the suite wants delays as they were on this machine, and no conversation is kept in {} whose models were at work\n  \
             help: hold one with `duologue converse`, or write the delays into the suite",
            settings.home().display()
        )
        .into())
}

pub(crate) fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

pub(crate) fn fresh_folder(settings: &Settings, id: &str) -> PathBuf {
    let seconds = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |t| t.as_secs());
    let folder = settings.home().join("simulations");
    let names = std::iter::once(format!("{id}-{seconds}")).chain((2_u32..).map(|n| format!("{id}-{seconds}-{n}")));
    // Another may have begun in this second.
    names.map(|name| folder.join(name)).find(|path| !path.exists()).unwrap_or(folder)
}

pub(crate) fn stop_on_interrupt(cancel: Arc<AtomicBool>) {
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.iter().for_each(|runtime| runtime.block_on(async { crate::converse::catch_file_size_limit() }));
        if runtime.is_ok_and(|r| r.block_on(crate::interrupt::interrupted())) {
            cancel.store(true, Ordering::Relaxed);
        }
    });
}

fn progress(suite: &Suite, config: &RunConfig) -> Result<ProgressBar, Failure> {
    let only = |id: &str| config.only.as_ref().is_none_or(|only| id.contains(only.as_str()));
    let count = cases(suite)?.iter().filter(|c| only(&c.id)).count();
    let bar = ProgressBar::new(count as u64 * u64::from(config.seeds.unwrap_or(suite.seeds).max(1)));
    bar.set_style(ProgressStyle::with_template("{bar:30} {pos}/{len} {wide_msg}")?);
    Ok(bar)
}

fn report(run: &Run, timing: &Timing, out: &Path, json: bool) {
    if json {
        let failed = |c: &CaseResult| {
            let failures: Vec<String> = c.conversations.iter().flat_map(|c| c.failures()).collect();
            let bounds: Vec<_> = c.bounds.iter().filter(|b| !b.passed).collect();
            json!({ "case": c.id, "failures": failures, "bounds": bounds })
        };
        return print_json(&json!({
            "suite": run.suite, "out": out, "seeds": run.seeds, "cases": run.cases.len(), "cases_failed": run.cases_failed,
            "conversations": run.conversations, "passed": run.passed, "simulated_s": run.simulated_s,
            "elapsed_s": timing.elapsed_s, "jobs": timing.jobs, "realtime_factor": timing.realtime_factor,
            "realtime_factor_per_job": timing.realtime_factor_per_job,
            "failed": run.cases.iter().filter(|c| !c.passed).map(failed).collect::<Vec<_>>(),
        }));
    }
    let rows: Vec<[String; 6]> = run.cases.iter().map(row).collect();
    print(table(["CASE", "PASSED", "LATENCY p50", "p95", "OVERLAP", "MISSED"], &rows));
    print(format!(
        "\n{} of {} conversations passed, {} of {} cases failed; {:.0} s of conversation in {:.1} s: {:.0} times real time \
         with {} at once\n{}",
        run.passed,
        run.conversations,
        run.cases_failed,
        run.cases.len(),
        run.simulated_s,
        timing.elapsed_s,
        timing.realtime_factor,
        timing.jobs,
        out.join("index.html").display()
    ));
}

fn row(case: &CaseResult) -> [String; 6] {
    let metric = |name: &str, unit: &str| case.metrics.get(name).map_or("-".to_owned(), |v| format!("{v:.0}{unit}"));
    let overlap = case.metrics.get("overlap_ratio").map_or("-".to_owned(), |v| format!("{:.1} %", v * 100.0));
    let missed: Vec<String> = case.bounds.iter().filter(|b| !b.passed).map(|b| b.metric.clone()).collect();
    let passed = case.conversations.iter().filter(|c| c.passed).count();
    [
        case.id.clone(),
        format!("{passed}/{}", case.conversations.len()),
        metric("parties.support.heard_e2e_latency_ms.p50", " ms"),
        metric("parties.support.heard_e2e_latency_ms.p95", " ms"),
        overlap,
        missed.join(", "),
    ]
}

pub(crate) fn compare_runs(args: &CompareArgs, json: bool) -> Result<Exit, Failure> {
    let (a, b) = (read_run(&args.a)?, read_run(&args.b)?);
    let compared = compare(&a, &b)?;
    if let Some(file) = &args.html {
        let names = [&args.a, &args.b].map(|path| path.display().to_string());
        let page = comparison(&compared, [&names[0], &names[1]]);
        std::fs::write(file, page)
            .map_err(|e| format!("cannot write {}: {e}\n  help: choose another file", file.display()))?;
    }
    if json {
        print_json(&serde_json::to_value(&compared)?);
    } else {
        print_comparison(&compared);
    }
    Ok(if args.check && compared.is_regression() { Exit::Failed } else { Exit::Done })
}

fn print_comparison(comparison: &Comparison) {
    let told: Vec<&Change> = comparison.changes.iter().filter(|c| c.is_clear()).collect();
    let rows: Vec<[String; 6]> = told
        .iter()
        .map(|c| {
            [
                c.case.clone(),
                c.metric.clone(),
                format!("{}", c.a),
                format!("{}", c.b),
                format!("{:+} [{:+}, {:+}]", c.difference, c.interval[0], c.interval[1]),
                c.verdict().to_owned(),
            ]
        })
        .collect();
    if rows.is_empty() {
        print("nothing differs beyond what seeds differ by");
    } else {
        print(table(["CASE", "METRIC", "A", "B", "B - A [95 %]", ""], &rows));
    }
    for (word, cases) in [("fails now", &comparison.newly_failing), ("passes now", &comparison.newly_passing)] {
        cases.iter().for_each(|case| print(format!("{word}: {case}")));
    }
    comparison.remarks().into_iter().for_each(print);
}
