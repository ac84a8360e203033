//! `duologue policy test`

use super::args::TestArgs;
use crate::output::{self, Exit, Failure, print, print_json};
use duologue_policy_engine::{LoadError, PolicyPaths, TestOutcome, TestReport, test};
use serde_json::{Value, json};
use std::path::PathBuf;

pub(super) fn run(args: &TestArgs, json: bool) -> Result<Exit, Failure> {
    let policies = policies(args)?;
    let mut reports: Vec<(String, TestReport)> = Vec::new();
    for policy in policies {
        let name = policy.to_string();
        reports.push((name, test(&policy, &args.only)?));
    }
    // Of many policies some may have no test that was asked for; of all together there has to be one.
    let number = |fits: fn(&TestOutcome) -> bool| {
        let all = reports.iter().flat_map(|(_, report)| &report.tests);
        all.filter(|test| fits(&test.outcome)).count()
    };
    let passed = number(|outcome| *outcome == TestOutcome::Passed);
    let failed = number(|outcome| matches!(outcome, TestOutcome::Failed | TestOutcome::Errored(_)));
    let skipped = number(|outcome| *outcome == TestOutcome::Skipped);
    let all = passed + failed + skipped;
    if json {
        let shown = |(policy, report): &(String, TestReport)| {
            let tests = serde_json::to_value(&report.tests).unwrap_or_default();
            json!({ "policy": policy, "tests": tests })
        };
        let policies: Vec<Value> = reports.iter().map(shown).collect();
        print_json(&json!({ "policies": policies, "passed": passed, "failed": failed, "skipped": skipped }));
    } else {
        for (policy, report) in &reports {
            show(policy, report, args.verbose);
        }
        print(format!("PASS: {passed}/{all}"));
        for (word, number) in [("FAIL", failed), ("SKIPPED", skipped)] {
            if number > 0 {
                print(format!("{word}: {number}/{all}"));
            }
        }
    }
    if all == 0 {
        output::note_error("there are no tests: a test is a rule whose name begins with test_, in a file *_test.rego");
    }
    Ok(if failed == 0 && all > 0 { Exit::Done } else { Exit::Failed })
}

fn policies(args: &TestArgs) -> Result<Vec<PolicyPaths>, LoadError> {
    if args.together {
        return Ok(vec![PolicyPaths(args.paths.clone())]);
    }
    let (folders, files): (Vec<PathBuf>, Vec<PathBuf>) = args.paths.iter().cloned().partition(|path| path.is_dir());
    let mut all = Vec::new();
    if !files.is_empty() {
        all.push(PolicyPaths(files));
    }
    for folder in folders {
        all.extend(PolicyPaths::each(folder)?);
    }
    Ok(all)
}

fn show(policy: &str, report: &TestReport, verbose: bool) {
    let shown: Vec<_> = report.tests.iter().filter(|test| verbose || test.outcome != TestOutcome::Passed).collect();
    if shown.is_empty() {
        return;
    }
    print(format!("{policy}:"));
    for test in shown {
        let what = match &test.outcome {
            TestOutcome::Passed => "PASS".to_owned(),
            TestOutcome::Failed => "FAIL".to_owned(),
            TestOutcome::Skipped => "SKIPPED".to_owned(),
            TestOutcome::Errored(why) => format!("ERROR: {why}"),
        };
        print(output::harmless(&format!("  {}: {what} ({}:{})", test.name, test.file, test.line)));
        for printed in &test.printed {
            print(format!("    {}", output::harmless(printed)));
        }
    }
}
