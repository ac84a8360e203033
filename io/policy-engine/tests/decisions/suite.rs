//! `policy test` and `policy eval`.

use crate::bed::{allow_if, call, folder};
use duologue_policy::Outcome;
use duologue_policy_engine::{PolicyPaths, TestOutcome, TestReport, eval, test};
use serde_json::json;

const TESTS: &str = "package duologue.authz_test

import data.duologue.authz

test_passes if authz.allow with input as {\"a\": 1}

test_fails if authz.allow with input as {\"a\": 2}

test_is_false := false

todo_test_later if false

test_errors if {
    print(\"a is\", input.a)
    x := [y | y := [1, 2][_]]
    authz.broken(x) with input as {\"a\": 1}
}

helper := 1
";

fn run(filter: &str) -> TestReport {
    let policy = format!("{}\nbroken(x) := 1 if x\nbroken(x) := 2 if x\n", allow_if("input.a == 1"));
    let folder = folder(&[("p.rego", &policy), ("p_test.rego", TESTS)]);
    test(&PolicyPaths::one(folder.path()), filter).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn each_test_has_its_outcome_and_place() {
    let report = run("");
    let found: Vec<(&str, u32)> =
        report.tests.iter().map(|case| (case.name.rsplit('.').next().unwrap_or_default(), case.line)).collect();
    assert_eq!(
        found,
        [("test_passes", 5), ("test_fails", 7), ("test_is_false", 9), ("todo_test_later", 11), ("test_errors", 13)]
    );
    let outcomes: Vec<&TestOutcome> = report.tests.iter().map(|case| &case.outcome).collect();
    assert!(
        matches!(
            outcomes.as_slice(),
            [
                TestOutcome::Passed,
                TestOutcome::Failed,
                TestOutcome::Failed,
                TestOutcome::Skipped,
                TestOutcome::Errored(_)
            ]
        ),
        "{outcomes:?}"
    );
    assert!(!report.is_passed());
    let text = report.to_string();
    assert!(text.contains("FAIL p_test.rego:7: data.duologue.authz_test.test_fails\n"), "{text}");
    assert!(text.ends_with("1 passed, 3 failed, 1 skipped"), "{text}");
    let json = serde_json::to_value(&report).expect("JSON");
    assert_eq!(json["tests"][1]["outcome"], "failed");
    assert_eq!(json["tests"][1]["line"], 7);
}

#[test]
fn some_can_be_chosen() {
    let report = run("test_passes");
    assert_eq!((report.tests.len(), report.is_passed()), (1, true));
    assert!(!run("no such test").is_passed(), "no test at all is no success");
}

#[test]
fn two_tests_of_a_name_are_told() {
    let twice = "package duologue.authz_test\ntest_a if true\ntest_a if false\n";
    let folder = folder(&[("p.rego", &allow_if("true")), ("p_test.rego", twice)]);
    let report = test(&PolicyPaths::one(folder.path()), "").expect("run");
    assert!(report.tests.iter().all(|case| matches!(case.outcome, TestOutcome::Errored(_))) && report.tests.len() == 2);
}

#[test]
fn a_document_is_evaluated_as_a_call_is() {
    let folder = folder(&[("p.rego", &allow_if("input.request.params.n > 2"))]);
    let paths = || PolicyPaths::one(folder.path());
    let said = eval(paths(), &call().document().to_json()).expect("loaded");
    assert_eq!((said.outcome, said.rule.as_deref()), (Outcome::Allow, Some("data.duologue.authz.allow (p.rego:3)")));
    assert_eq!(said.files, [("p.rego".to_owned(), "Rego v1".to_owned())]);
    let said = eval(paths(), &json!({})).expect("loaded");
    assert_eq!(said.outcome, Outcome::Deny);
    assert!(said.cause.is_some_and(|cause| cause.contains("default allow := false")));
}
