//! What evaluators of Rego are prone to do in other ways than OPA, each with what OPA 1.22 says of it.

use crate::bed::{folder, load};
use duologue_policy::Outcome;
use duologue_policy_engine::{PolicyPaths, eval};
use serde_json::json;

#[test]
fn decided_as_opa_decides() {
    let looped = "stranger := false if { some one in {\"a\"}; one == input.s } else := true\nallow if not stranger";
    let blocked = "blocked if { some x in {\"q\"}; x == input.s } else if input.d == \"evil\"\nallow if not blocked";
    let united = "s := {\"a\"}\nt := {5} if input.zz\nallow if not \"a\" in (s | t)";
    let within = "g(x) if x == 1\nf(x) if x == 1\nallow if not f([1 | not g(input.q)][0])";
    let tiers = "tier := \"low\" if input.n < 5\ntier := \"high\" if input.n > 3\nallow if not tier == \"high\"";
    let cap = "default cap(_) := 5\ncap(x) := 1 if x == \"a\"\nallow if cap(input.s) == 5";
    for (rules, input, is_allowed) in [
        (looped, json!({"s": "evil"}), false),
        (looped, json!({"s": "a"}), true),
        (blocked, json!({"s": "x", "d": "evil"}), false),
        (blocked, json!({"s": "x", "d": "good"}), true),
        (
            "default denied(_) := true\ndenied(x) := false if x == \"a\"\nallow if not denied(input.s)",
            json!({"s": "b"}),
            false,
        ),
        (cap, json!({"s": "b"}), true),
        ("allow if count([a.by | some a in input.l]) >= 2", json!({"l": [{}, {}]}), false),
        ("allow if count([a.by | some a in input.l]) >= 2", json!({"l": [{"by": 1}, {"by": 1}]}), true),
        ("allow if count({\"a\": input.q | true}) >= 1", json!({}), false),
        ("o[input.q] := 1\nallow if count(o) == 1", json!({}), false),
        (tiers, json!({"n": 4}), false),
        (tiers, json!({"n": 1}), true),
        ("denied[input.k] contains \"why\" if input.n\nallow if not denied[input.k]", json!({"k": "x", "n": 1}), false),
        ("limits.greet.max := 5\nallow if limits[input.m].max > 3", json!({"m": "greet"}), true),
        (united, json!({}), false),
        (united, json!({"zz": true}), false),
        (within, json!({}), false),
        (within, json!({"q": 2}), false),
        (within, json!({"q": 1}), false),
        (r"allow if regex.match(`^\d{1,3}$`, input.s)", json!({"s": "٣"}), false),
        (r"allow if regex.match(`^\d{1,3}$`, input.s)", json!({"s": "37"}), true),
        (r#"allow if not regex.match("(?i)delete\\b", input.s)"#, json!({"s": "DELETEé"}), false),
        ("allow if to_number(input.s) == 83", json!({"s": "083"}), true),
        ("allow if not to_number(input.s) < 5", json!({"s": "+.5e1"}), true),
        ("allow if not to_number(input.s) < 5", json!({"s": "five"}), false),
    ] {
        let policy = format!("package duologue.authz\n\nimport rego.v1\n\ndefault allow := false\n\n{rules}\n");
        let folder = folder(&[("policy.rego", &policy)]);
        let said = eval(PolicyPaths::one(folder.path()), &input).expect(rules);
        assert_eq!(said.outcome == Outcome::Allow, is_allowed, "{rules}\n{input}\n{said:?}");
    }
}

#[test]
fn a_default_names_nothing() {
    for value in ["fals", "input.x", "count([1])", "[1, fals]"] {
        let policy = format!("package duologue.authz\n\ndefault allow := {value}\n\nallow if input.x\n");
        let refused = load(&[("policy.rego", &policy)]).err().expect(value);
        assert!(refused.to_string().starts_with("policy.rego:3: "), "{refused}");
    }
}

/// OPA compares a pattern with all members of an object, our evaluator with those that it names.
#[test]
fn patterns_of_objects_are_refused() {
    for rules in [
        "allow if {\"a\": _} = input",
        "f({\"k\": a}) := a\n\nallow if f(input) == 1",
        "allow if some {\"a\": _} in input.l",
    ] {
        let refused = load(&[("policy.rego", &format!("package duologue.authz\n\n{rules}\n"))]).err().expect(rules);
        assert!(refused.to_string().starts_with("policy.rego:3: a pattern of an object"), "{refused}");
    }
}
