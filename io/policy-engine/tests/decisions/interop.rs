//! A real OPA and the policy in the process say the same of the same calls, whatever is in them, and of the same tests. Where there
//! is no OPA, this says so and passes, unless `DUOLOGUE_TEST_OPA` is set.

use crate::bed::{SHIPPED, folder, shipped};
use crate::opa::{Opa, Reads, program};
use duologue_policy::{Agent, Input, Moment, Principal, Request};
use duologue_policy_engine::{Embedded, Limits, PolicyPaths};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use serde_json::{Value, json};
use std::path::Path;
use std::process::Command;

/// Documents in all.
const DOCUMENTS: usize = 5_000;

const OLD: &str = "package duologue.authz

import future.keywords.in
import future.keywords.every

default allow = false

allow {
    input.caller.trust_domain == input.agent.trust_domain
    input.request.method in {\"analyze_document\", \"count_words\"}
    count(input.request.params.list) < 3
}

allow = true {
    regex.match(`^spiffe://example\\.org/(orchestrator|cli/.*)$`, input.caller.spiffe_id)
    not too_large
    every x in input.request.params.list { x > 1 }
}

allow {
    glob.match(\"spiffe://*/x\", [\"/\"], input.caller.spiffe_id)
    names := {name | name := input.on_behalf_of[_]; startswith(name, \"spiffe://\")}
    count(names) == count(input.on_behalf_of)
    sprintf(\"%s-%d\", [input.request.method, input.request.bytes]) == \"count_words-80\"
}

too_large { input.request.bytes > 1000 }
too_large { to_number(input.request.params.n) > 5 }

reasons[\"too large\"] { too_large }
reasons[reason] {
    not input.caller.spiffe_id
    reason := sprintf(\"%v is nobody we know\", [object.get(input.caller, \"principal\", \"?\")])
}
";

const ELSE: &str = "package duologue.authz

allow = {\"allow\": true, \"reasons\": [\"first\"]} {
    input.request.params.n == 1
} else = {\"allow\": false, \"reasons\": [\"second\"]} {
    input.clock.hour < 8
} else = {\"allow\": true} {
    input.request.params.list[_] == input.request.params.n
    lower(input.request.method) == input.request.method
}
";

/// Negations, whose operands are looked up outside of them.
const NOT: &str = "package duologue.authz

import rego.v1

default allow := false

listed(id) if id == \"spiffe://example.org/watchman\"

allow if {
    not input.caller.trust_domain in {\"other.test\", \"third.test\"}
    not input.rate.caller_last_minute > 60
    not count(input.request.params.list) > 2
}

allow if {
    not listed(input.caller.spiffe_id)
    not to_number(input.request.params.n) < 100
    not [input.agent.trust_domain] == [\"example.org\"]
}

allow if not abs(input.request.params.n) != 1

allow if {
    not input.caller.trust_domain == \"example.org\"
    not input.request.params.list[input.request.params.n] == 3
    not input.rate
    every name in input.on_behalf_of { not startswith(name, concat(\"\", [\"spiffe://\", input.agent.trust_domain])) }
}

reasons contains \"too often\" if not input.rate.caller_last_minute <= 60
";

/// Calls of few names, so that policies hold now and then; and what none of ours looks like.
fn inputs() -> impl Strategy<Value = Input> {
    let id = prop::sample::select(vec![
        "spiffe://example.org/orchestrator",
        "spiffe://example.org/cli/anna",
        "spiffe://other.test/x",
        "spiffe://example.org/watchman",
        "anna",
        "",
    ]);
    let id = id.prop_map(|id| Principal(id.to_owned()));
    let method = prop::sample::select(vec!["analyze_document", "count_words", "Other", "GetTask"]);
    let operation = prop::sample::select(vec!["SendMessage", "SendStreamingMessage", "GetTask"]);
    let params = prop_oneof![
        Just(Value::Null),
        (0i64..4, prop::collection::vec(0i64..5, 0..4)).prop_map(|(n, list)| json!({"n": n, "list": list})),
        "[0-9]{1,3}".prop_map(|n| json!({"n": n, "list": []})),
        any::<f64>().prop_map(|n| json!({"n": n, "list": [n, "x", null]})),
    ];
    let request = (method, operation, params, prop::sample::select(vec![80u64, 2_000])).prop_map(
        |(method, operation, params, bytes)| Request {
            method: method.into(),
            operation: operation.into(),
            params,
            bytes,
            ..Request::default()
        },
    );
    let agent = id.clone().prop_map(|id| Agent { name: "worker".into(), id, version: "1".into() });
    let at = (1_795_000_000i64..1_796_000_000).prop_map(|second| Moment::from_unix_ms(second * 1_000));
    let calls = prop::option::of(prop::sample::select(vec![0u64, 1, 60, 61, 600, 601]));
    let earlier = prop::collection::vec(id.clone(), 0..3);
    (id, earlier, agent, request, at, calls).prop_map(|(caller, on_behalf_of, agent, request, at, calls)| Input {
        caller,
        on_behalf_of,
        agent,
        request,
        at,
        calls_last_minute: calls,
    })
}

/// What policies are asked about such calls, now and then with something in it that never is.
fn documents() -> impl Strategy<Value = Value> {
    let odd = prop::sample::select(vec![
        json!(null),
        json!(true),
        json!(-1),
        json!("x"),
        json!([]),
        json!([1]),
        json!({}),
        json!({"a": [null]}),
    ]);
    let paths = vec![
        "/caller",
        "/caller/spiffe_id",
        "/caller/trust_domain",
        "/agent",
        "/agent/trust_domain",
        "/request",
        "/request/method",
        "/request/operation",
        "/request/params",
        "/request/params/list",
        "/request/bytes",
        "/now_ns",
        "/rate",
        "/rate/caller_last_minute",
        "/on_behalf_of",
        "/clock/hour",
    ];
    let change = prop::option::of((prop::sample::select(paths), prop::option::of(odd)));
    (inputs(), change).prop_map(|(input, change)| {
        let mut document = input.document().to_json();
        match change {
            Some((path, Some(odd))) => document.pointer_mut(path).into_iter().for_each(|value| *value = odd.clone()),
            Some((path, None)) => {
                let (parent, name) = path.rsplit_once('/').unwrap_or_default();
                let parent = document.pointer_mut(parent).and_then(Value::as_object_mut);
                parent.into_iter().for_each(|parent| drop(parent.remove(name)));
            }
            None => {}
        }
        document
    })
}

/// How many documents were allowed, of how many.
async fn compare(folder: &Path, reads: Reads, number: usize) -> Option<(usize, usize)> {
    let server = Opa::start(folder, reads).await?;
    let (allow, package) = (server.asked("duologue/authz/allow"), server.asked("duologue/authz"));
    let embedded =
        Embedded::load(PolicyPaths::one(folder), Limits::default()).unwrap_or_else(|error| panic!("{error}"));
    let mut runner = TestRunner::deterministic();
    let mut allowed = 0;
    for at in 0..number {
        let document = documents().new_tree(&mut runner).expect("a document").current();
        let ours = embedded.decide(&(&document).into());
        let theirs = allow.decide(&(&document).into()).await;
        assert_eq!(ours.outcome(), theirs.outcome(), "{}: {ours:?}\n{theirs:?}\n{document}", folder.display());
        // Errors are errors of one of them only now and then, and both deny.
        if ours.cause().is_none() && theirs.cause().is_none() && at % 4 == 0 {
            let explained = package.decide(&(&document).into()).await;
            let reasons = |decision: &duologue_policy::Decision| {
                let mut reasons = decision.reasons().to_vec();
                reasons.sort();
                reasons
            };
            if explained.cause().is_none() && theirs.reasons().is_empty() {
                assert_eq!(reasons(&ours), reasons(&explained), "{}: {document}", folder.display());
            }
        }
        allowed += usize::from(ours.permit().is_ok());
    }
    Some((allowed, number))
}

/// What a policy is not given, since it does not name it, and what it said before of the same, change nothing.
#[test]
fn a_policy_decides_by_what_it_names() {
    let own = [OLD, ELSE, NOT].map(|text| folder(&[("policy.rego", text)]));
    let all = own.iter().map(|folder| folder.path().to_owned());
    for folder in all.chain(SHIPPED.map(|name| shipped().join(name))) {
        let policy = || Embedded::load(PolicyPaths::one(&folder), Limits::default()).expect("it loads");
        let (named, whole) = (policy(), policy());
        let mut runner = TestRunner::deterministic();
        for _ in 0..500 {
            let input = inputs().new_tree(&mut runner).expect("an input").current();
            let document = input.document();
            let expected = whole.decide(&(&document.to_json()).into());
            assert_eq!(
                [named.decide(&document), named.decide(&document)],
                [expected.clone(), expected],
                "{document:?}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_opa_decides_the_same() {
    let old = folder(&[("policy.rego", OLD)]);
    let otherwise = folder(&[("policy.rego", ELSE)]);
    let negations = folder(&[("policy.rego", NOT)]);
    let all = SHIPPED.iter().map(|name| (shipped().join(name), Reads::V1));
    let all = all.chain([&old, &otherwise].map(|folder| (folder.path().to_owned(), Reads::V0)));
    let all: Vec<_> = all.chain([(negations.path().to_owned(), Reads::V1)]).collect();
    let each = DOCUMENTS.div_ceil(all.len());
    for (folder, reads) in &all {
        let Some((allowed, number)) = compare(folder, *reads, each).await else { return };
        // What never allows, or always, compares nothing.
        assert!(allowed > 5 && allowed < number - 5, "{}: {allowed} of {number}", folder.display());
    }
}

#[test]
fn a_real_opa_passes_the_tests_of_the_shipped_policies() {
    let Some(opa) = program() else { return };
    for name in SHIPPED {
        let said = Command::new(&opa).arg("test").arg(shipped().join(name)).output().expect("it runs");
        assert!(said.status.success(), "{name}: {}", String::from_utf8_lossy(&said.stdout));
        let ours = duologue_policy_engine::test(&PolicyPaths::one(shipped().join(name)), "").expect("run");
        let passed = format!("PASS: {0}/{0}", ours.tests.len());
        assert!(String::from_utf8_lossy(&said.stdout).contains(&passed), "{name}: {said:?}");
    }
}
