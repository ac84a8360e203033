use duologue_simulation::suite::load;
use duologue_simulation::{ConversationResult, MeasuredStages, Run, RunConfig, Timing, run, write_run};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

fn config(seeds: u32, jobs: usize, out: Option<&Path>) -> RunConfig {
    RunConfig {
        seeds: Some(seeds),
        from: 1,
        jobs,
        out: out.map(Path::to_owned),
        only: Some("clean".to_owned()),
        audio: true,
        measured: MeasuredStages::default(),
    }
}

fn held(suite: &str, config: &RunConfig) -> Run {
    let suite = load(suite).expect("it comes with the product");
    run(&suite, config, &AtomicBool::new(false), |_, _| {}).expect("it runs")
}

/// Every file under a folder, by its way from there.
fn files(folder: &Path, way: &str, into: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let entry = entry.expect("an entry");
        let way = format!("{way}/{}", entry.file_name().to_string_lossy());
        if entry.path().is_dir() {
            files(&entry.path(), &way, into);
        } else {
            into.insert(way, fs::read(entry.path()).expect("a file"));
        }
    }
}

#[test]
fn one_seed_gives_the_same_bytes_however_many_run_at_once() {
    let written = |jobs| {
        let folder = tempfile::tempdir().expect("a folder");
        let run = held("turn-taking", &config(2, jobs, Some(folder.path())));
        write_run(folder.path(), &run, &Timing::of(&run, Duration::from_secs(1), 1)).expect("it is written");
        let mut all = BTreeMap::new();
        files(folder.path(), "", &mut all);
        all
    };
    let (one, other) = (written(1), written(2));
    assert!(one.keys().any(|f| f.ends_with("stereo.ogg")) && one.contains_key("/run.json"), "{:?}", one.keys());
    assert_eq!(one.keys().collect::<Vec<_>>(), other.keys().collect::<Vec<_>>());
    let differing: Vec<&String> = one.iter().filter(|(file, bytes)| other[*file] != **bytes).map(|(f, _)| f).collect();
    assert!(differing.is_empty(), "{differing:?}");
}

/// What the figures count stands in the report to be looked at.
#[test]
fn the_report_of_an_interruption_marks_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let only = Some("interruption.clean".to_owned());
    let run = held("turn-taking", &RunConfig { only, ..config(1, 1, Some(folder.path())) });
    let of = folder.path().join(&run.cases[0].conversations[0].folder);
    let read = |name: &str| fs::read_to_string(of.join(name)).expect("it is kept");
    let summary: serde_json::Value = serde_json::from_str(&read("summary.json")).expect("JSON");
    assert!(summary["marks"].as_array().is_some_and(|m| m.iter().any(|m| m["kind"] == "interruption")), "{summary}");
    let page = read("report.html");
    assert!(!page.contains("\"marks\":[]") && page.contains("\"interruption\""), "the page has no marks");
    assert!(!page.contains("aria-labelledby=\"findings\" hidden"), "whether figures and recording agree is told");
}

#[test]
fn another_seed_is_another_conversation() {
    let run = held("turn-taking", &config(3, 2, None));
    for case in &run.cases {
        let of = |part: fn(&ConversationResult) -> &String| {
            let mut all: Vec<&String> = case.conversations.iter().map(part).collect();
            all.sort();
            all.dedup();
            all.len()
        };
        assert_eq!(of(|c| &c.fingerprint.sound), 3, "{}", case.id);
        assert_eq!(of(|c| &c.fingerprint.events), 3, "{}", case.id);
    }
}

#[test]
fn the_suites_of_the_product_hold_what_they_expect() {
    for suite in ["turn-taking", "support"] {
        let run = held(suite, &RunConfig { only: None, ..config(2, 2, None) });
        let missed: Vec<String> = run
            .cases
            .iter()
            .filter(|c| !c.passed)
            .map(|c| {
                let failures: Vec<_> = c.conversations.iter().flat_map(ConversationResult::failures).collect();
                let bounds: Vec<_> = c.bounds.iter().filter(|b| !b.passed).collect();
                format!("{}: {failures:?} {bounds:?}", c.id)
            })
            .collect();
        assert!(missed.is_empty(), "{suite}:\n{}", missed.join("\n"));
    }
}
