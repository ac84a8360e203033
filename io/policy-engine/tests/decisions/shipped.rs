//! The policies that come with it: their tests pass, and each decides a call as its name says.

use crate::bed::{SHIPPED, call, shipped};
use duologue_policy::{Input, Moment, Outcome, Principal};
use duologue_policy_engine::{DecisionLog, Dialect, Embedded, Engine, Limits, PolicyEngine, PolicyPaths, test};
use std::sync::Arc;

fn load(name: &str) -> Embedded {
    Embedded::load(PolicyPaths::one(shipped().join(name)), Limits::default()).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn their_tests_pass() {
    for name in SHIPPED {
        let report = test(&PolicyPaths::one(shipped().join(name)), "").unwrap_or_else(|error| panic!("{error}"));
        assert!(report.is_passed() && report.tests.len() >= 5, "{name}:\n{report}");
    }
}

#[test]
fn all_are_in_the_list_and_compiled() {
    let mut folders: Vec<String> = std::fs::read_dir(shipped())
        .expect("a folder")
        .map(|entry| entry.expect("an entry"))
        .filter(|entry| entry.path().is_dir())
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    folders.sort();
    let mut listed = SHIPPED.map(str::to_owned).to_vec();
    listed.sort();
    assert_eq!(folders, listed);
    for name in SHIPPED {
        let status = load(name).status().borrow().clone();
        assert_eq!(status.files, [("policy.rego".to_owned(), Dialect::V1)], "{name}");
        // Values, functions and `:=` are not for the bytecode machine.
        let says_so =
            std::fs::read_to_string(shipped().join(name).join("policy.rego")).expect("a policy").contains("\t[hour")
                || matches!(name, "per_method" | "rate_by_caller" | "rights_of_all");
        assert_eq!(status.interpreted.is_some(), says_so, "{name}: {:?}", status.interpreted);
    }
}

#[test]
fn each_decides_a_whole_call() {
    let denied_caller = Input { caller: Principal("spiffe://other.test/x".into()), ..call() };
    for (name, denied) in [
        ("only_these_callers", denied_caller.clone()),
        ("same_trust_domain", denied_caller.clone()),
        ("rights_of_all", {
            let low = Principal("spiffe://example.org/low".into());
            Input { on_behalf_of: vec![low], ..call() }
        }),
        ("per_method", {
            let mut input = denied_caller.clone();
            input.request.method = "analyze_document".into();
            input
        }),
        ("time_of_day", Input { at: Moment::from_unix_ms(1_795_329_713_042), ..call() }),
        ("rate_by_caller", Input { calls_last_minute: Some(61), ..denied_caller }),
    ] {
        let policy = load(name);
        let allowed = policy.decide(&call().document());
        assert_eq!((allowed.outcome(), allowed.reasons()), (Outcome::Allow, &[][..]), "{name}: {allowed:?}");
        let decision = policy.decide(&denied.document());
        assert_eq!((decision.outcome(), decision.cause()), (Outcome::Deny, None), "{name}");
        assert_eq!(decision.reasons().len(), 1, "{name}: {:?}", decision.reasons());
        let nothing = policy.decide(&(&serde_json::json!({})).into());
        assert_eq!(nothing.outcome(), Outcome::Deny, "{name}");
    }
}

#[tokio::test]
async fn the_rate_is_counted_by_caller() {
    let policy = PolicyEngine::new(Engine::Embedded(Arc::new(load("rate_by_caller"))), DecisionLog::Trace);
    let call = |caller: &str, second: i64| Input {
        caller: Principal(format!("spiffe://example.org/{caller}")),
        at: Moment::from_unix_ms(second * 1_000),
        calls_last_minute: None,
        ..call()
    };
    let mut outcomes = Vec::new();
    for _ in 0..61 {
        outcomes.push(policy.decide(call("anna", 0)).await.outcome());
    }
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == Outcome::Allow).count(), 60);
    assert_eq!(outcomes.last(), Some(&Outcome::Deny));
    assert_eq!(policy.decide(call("joe", 0)).await.outcome(), Outcome::Allow);
    assert_eq!(policy.decide(call("anna", 59)).await.outcome(), Outcome::Deny);
    assert_eq!(policy.decide(call("anna", 60)).await.outcome(), Outcome::Allow);
}
