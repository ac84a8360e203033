//! Which rule decided.

use crate::bed::{call, load};
use duologue_policy::{Decision, Outcome};

fn decide(files: &[(&str, &str)], method: &str) -> Decision {
    let mut input = call();
    input.request.method = method.into();
    match load(files) {
        Ok(policy) => policy.decide(&input.document()),
        Err(error) => panic!("{error}"),
    }
}

const SEVERAL: &str = "package duologue.authz

# No way but those below.
default allow := false

allow if input.request.method == \"a\"

allow if {
    input.request.method == \"b\"
} else := false if {
    input.request.method == \"c\"
}

allow if { input.request.method == \"d\" }
";

#[test]
fn the_definition_that_decided_is_named() {
    let more = "package duologue.authz\n\nallow if input.request.method == \"e\"\n";
    for (method, outcome, place) in [
        ("a", Outcome::Allow, "several.rego:6"),
        ("b", Outcome::Allow, "several.rego:8"),
        ("c", Outcome::Deny, "several.rego:8"),
        ("d", Outcome::Allow, "several.rego:14"),
        ("e", Outcome::Allow, "more.rego:3"),
        ("x", Outcome::Deny, "default, several.rego:4"),
    ] {
        let decision = decide(&[("several.rego", SEVERAL), ("more.rego", more)], method);
        let rule = format!("data.duologue.authz.allow ({place})");
        assert_eq!((decision.outcome(), decision.rule()), (outcome, Some(rule.as_str())), "{method}");
    }
}

#[test]
fn definitions_of_v0_are_too() {
    let text = "package duologue.authz\ndefault allow = false\nallow {\n  input.request.method == \"a\"\n}\nallow = true {\n  input.request.method == \"b\"\n}\nallow = r { input.request.method == \"c\"; r := {\"allow\": true, \"rule\": \"mine\"} }\n";
    for (method, rule) in [
        ("a", "data.duologue.authz.allow (p.rego:3)"),
        ("b", "data.duologue.authz.allow (p.rego:6)"),
        ("c", "mine (p.rego:9)"),
        ("x", "data.duologue.authz.allow (default, p.rego:2)"),
    ] {
        assert_eq!(decide(&[("p.rego", text)], method).rule(), Some(rule), "{method}");
    }
}

#[test]
fn rules_that_explain_are_read() {
    let text = "package duologue.authz
default allow := false
allow if input.request.method == \"a\"
reasons contains \"not a\" if input.request.method != \"a\"
reasons contains \"not b\" if input.request.method != \"b\"
rule := \"letters\"
";
    let decision = decide(&[("p.rego", text)], "x");
    assert_eq!(decision.reasons(), ["not a", "not b"]);
    assert_eq!(decision.rule(), Some("letters (default, p.rego:2)"));
    assert_eq!(decision.permit().expect_err("denied").to_string(), "not authorised (rule letters (default, p.rego:2))");
}

#[test]
fn a_rule_with_very_many_definitions_names_its_file() {
    let mut text = "package duologue.authz\ndefault allow := false\n".to_owned();
    (0..100).for_each(|at| text.push_str(&format!("allow if input.request.method == \"m{at}\"\n")));
    let decision = decide(&[("p.rego", &text)], "m77");
    assert_eq!(decision.rule(), Some("data.duologue.authz.allow (p.rego)"));
    let decision = decide(&[("p.rego", &text)], "x");
    assert_eq!(decision.rule(), Some("data.duologue.authz.allow (default, p.rego:2)"));
}

/// The bytecode machine knows no `with`: such a policy is interpreted, and says the same.
#[test]
fn a_policy_that_takes_the_interpreter_decides_and_says_so() {
    let text = "package duologue.authz
default allow := false
known if input.request.method == \"a\"
allow if known with input.request.method as lower(input.request.method)
allow if input.request.method == \"B\"
";
    let policy = load(&[("p.rego", text)]).expect("loaded");
    assert!(policy.status().borrow().interpreted.as_ref().is_some_and(|why| why.contains("with")));
    for (method, outcome, line) in [
        ("A", Outcome::Allow, "p.rego:4"),
        ("B", Outcome::Allow, "p.rego:5"),
        ("x", Outcome::Deny, "default, p.rego:2"),
    ] {
        let decision = decide(&[("p.rego", text)], method);
        assert_eq!(decision.outcome(), outcome, "{method}: {decision:?}");
        assert!(decision.rule().is_some_and(|rule| rule.contains(line)), "{method}: {decision:?}");
    }
    let endless = "package duologue.authz
ten := [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
known if input.request.method == \"a\"
allow if {
    known with input.request.method as \"a\"
    count([1 | some a in ten; some b in ten; some c in ten; some d in ten; some e in ten; some f in ten; some g in ten; some h in ten]) > 3
}
";
    let decision = decide(&[("p.rego", endless)], "x");
    assert!(matches!(decision.cause(), Some(duologue_policy::Cause::TooLong(_))), "{decision:?}");
}
