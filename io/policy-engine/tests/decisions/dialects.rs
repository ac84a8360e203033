//! The dialects in which a policy may be written: all of them decide the same.

use crate::bed::{call, folder, load};
use duologue_policy::{Input, Outcome, Principal};
use duologue_policy_engine::{Dialect, Embedded, Limits, LoadError, PolicyPaths};

const V1: &str = "package duologue.authz

default allow := false

allow if {
    input.caller.spiffe_id == \"spiffe://example.org/orchestrator\"
    input.request.method in [\"count_words\", \"analyze\"]
}
";

fn v0() -> String {
    V1.replace("allow := false", "allow = false").replace("allow if {", "allow {")
}

fn importing(what: &str, text: &str) -> String {
    text.replacen("authz\n", &format!("authz\n\n{what}\n"), 1)
}

#[test]
fn each_is_told_and_decides_the_same() {
    for (text, dialect) in [
        (V1.to_owned(), Dialect::V1),
        (importing("import rego.v1", V1), Dialect::V1),
        (importing("import future.keywords", V1), Dialect::V1),
        (importing("import future.keywords.in", &v0()), Dialect::V0),
        (v0(), Dialect::V0Repaired),
        (V1.replace("duologue.authz", "agentweave.authz"), Dialect::V1),
        (v0().replace("duologue.authz", "agentweave.authz"), Dialect::V0Repaired),
    ] {
        let policy = load(&[("policy.rego", &text)]).unwrap_or_else(|error| panic!("{error}\n{text}"));
        assert_eq!(policy.status().borrow().files, [("policy.rego".to_owned(), dialect)], "{text}");
        assert_eq!(policy.status().borrow().interpreted, None);
        let other = Input { caller: Principal("spiffe://example.org/other".into()), ..call() };
        let (allowed, denied) = (policy.decide(&call().document()), policy.decide(&other.document()));
        assert_eq!((allowed.outcome(), denied.outcome()), (Outcome::Allow, Outcome::Deny), "{text}");
        assert_eq!((allowed.cause(), denied.cause()), (None, None), "{text}");
        let rule = allowed.rule().expect("a rule");
        let line = 1 + text.lines().position(|line| line.starts_with("allow")).expect("a rule");
        assert!(rule.ends_with(&format!("authz.allow (policy.rego:{line})")), "{rule}\n{text}");
    }
}

#[test]
fn dialects_mix_file_by_file() {
    let old = "package duologue.names\n\nis_known(id) { id == data.known[_] }\n";
    let new =
        "package duologue.authz\n\nimport data.duologue.names\n\nallow if names.is_known(input.caller.spiffe_id)\n";
    let known = "known:\n  - spiffe://example.org/orchestrator\n";
    let policy = load(&[("a/old.rego", old), ("new.rego", new), ("data.yaml", known)]).expect("loaded");
    let files = [("a/old.rego".to_owned(), Dialect::V0), ("new.rego".to_owned(), Dialect::V1)];
    assert_eq!(policy.status().borrow().files, files);
    assert_eq!(policy.decide(&call().document()).outcome(), Outcome::Allow);
}

/// Facts under the names of policies for AgentWeave, and data below the folder in which it is.
#[test]
fn the_other_names_say_the_same() {
    let text = "package agentweave.authz
import rego.v1
default allow := false
allow if {
    input.caller_spiffe_id == input.caller.spiffe_id
    input.resource_spiffe_id == input.agent.spiffe_id
    input.caller_trust_domain == input.resource_trust_domain
    input.action in data.actions[input.resource_trust_domain]
    input.timestamp == input.time
    input.context.request_id == input.request.id
    input.context.payload_size == 120
}
reason := \"a\" if allow
reason := \"b\" if allow
policy_id := \"default-v1\"
decision := {\"allow\": allow, \"at\": time.now_ns()}
";
    let files = [("p.rego", text), ("actions/data.json", "{\"example.org\": [\"count_words\"]}")];
    let decision = load(&files).expect("loaded").decide(&call().document());
    assert_eq!(decision.outcome(), Outcome::Allow, "{decision:?}");
    // Reasons that contradict each other are none, and change nothing.
    assert_eq!((decision.rule(), decision.reasons()), (Some("default-v1 (p.rego:4)"), &[][..]));
}

#[test]
fn what_cannot_be_loaded_says_where() {
    let load = |files: &[(&str, &str)]| load(files).map(drop).map_err(|error| error.to_string());
    for (files, expected) in [
        (vec![("a.rego", "package duologue.authz\n\nallow if {\n  input.a ==\n}\n")], "a.rego:5: "),
        (vec![("a.rego", "package duologue.authz\n\nallow if unknown(1)\n")], "unknown"),
        (vec![("a.rego", "package duologue.authz\n\nallow if http.send({}).ok\n")], "a.rego:3: http.send "),
        (vec![("a.rego", "package other\n\nallow := true\n")], "no file has the package duologue.authz"),
        (vec![("a.rego", "package duologue.authz\n\ndeny := true\n")], "has no rule allow"),
        (
            vec![
                ("a.rego", "package duologue.authz\nallow := true\n"),
                ("b.rego", "package agentweave.authz\nallow := true\n"),
            ],
            "which of them decides",
        ),
        (vec![("data.json", "{}")], "no file that ends in .rego"),
        (vec![("a.rego", V1), ("data.json", "{\n\n\"a\": }")], "data.json:3: "),
        (vec![("a.rego", V1), ("data.json", "[]")], "data.json: data must be an object"),
        (vec![("a.rego", V1), ("a/data.json", "{\"x\": 1}"), ("data.json", "{\"a\": {\"x\": 2}}")], "of `data.a.x`"),
        (vec![("a.rego", V1), ("data.yaml", "a: [1\n")], "data.yaml:"),
        (vec![("a.rego", "package duologue.authz\nallow if allow\n")], "rules lead to themselves"),
    ] {
        let error = load(&files).expect_err(expected);
        assert!(error.contains(expected), "{error} has no {expected}");
    }
    let missing = Embedded::load(PolicyPaths::one("/nowhere/at/all"), Limits::default()).map(drop);
    assert!(matches!(missing, Err(LoadError::Unreadable { .. })), "{missing:?}");
}

#[test]
fn the_same_files_have_the_same_digest_wherever_they_lie() {
    let digest = |files: &[(&str, &str)]| load(files).expect("loaded").status().borrow().policy.clone();
    let one = digest(&[("a.rego", V1), ("data.json", "{}")]);
    assert_eq!(digest(&[("data.json", "{}"), ("a.rego", V1)]), one);
    assert_ne!(digest(&[("a.rego", V1), ("data.json", "{ }")]), one);
    assert_ne!(digest(&[("b.rego", V1), ("data.json", "{}")]), one);
    // Tests decide nothing.
    assert_eq!(digest(&[("a.rego", V1), ("data.json", "{}"), ("a_test.rego", "not even Rego")]), one);
}

#[test]
fn one_file_and_several_may_be_named() {
    let folder = folder(&[("a.rego", V1), ("x.json", "{}")]);
    let paths = PolicyPaths(vec![folder.path().join("a.rego"), folder.path().join("x.json")]);
    let policy = Embedded::load(paths, Limits::default()).expect("loaded");
    assert_eq!(policy.decide(&call().document()).outcome(), Outcome::Allow);
}
