//! Whatever fails, the call is denied.

use crate::bed::{allow_if, call, decide, denied_for, load};
use duologue_policy::{Cause, Input, Outcome};
use duologue_policy_engine::{DecisionLog, DefaultPolicy, Engine, PolicyEngine};
use serde_json::json;

fn says(value: &str) -> Cause {
    denied_for(&decide(&format!("package duologue.authz\n\nallow := {value}\n"), &call())).clone()
}

#[test]
fn an_undefined_policy_denies() {
    assert_eq!(*denied_for(&decide(&allow_if("input.nothing == 1"), &call())), Cause::Undefined);
    assert_eq!(*denied_for(&decide(&allow_if("input.caller.spiffe_id == \"x\""), &call())), Cause::Undefined);
    let error = allow_if("to_number(input.request.params.text) > 1");
    assert_eq!(*denied_for(&decide(&error, &call())), Cause::Undefined);
}

#[test]
fn what_is_no_decision_denies() {
    for (value, found) in [
        ("\"true\"", "a string"),
        ("1", "a number"),
        ("null", "null"),
        ("[true]", "an array"),
        ("{true}", "an array"),
        ("{}", "an object without allow"),
        ("{\"allow\": \"true\"}", "a string as allow"),
        ("{\"allow\": 1}", "a number as allow"),
    ] {
        assert_eq!(says(value), Cause::NotADecision { found: found.into() }, "{value}");
    }
    assert_eq!(says("input.nothing"), Cause::Undefined);
}

#[test]
fn an_error_denies() {
    // Two definitions that contradict each other.
    let text =
        "package duologue.authz\nallow := true if input.request.bytes > 1\nallow := false if input.request.bytes > 2\n";
    assert!(matches!(denied_for(&decide(text, &call())), Cause::Failed(_) | Cause::Undefined));
    // None of what it says holds a piece of the input.
    let mut input = call();
    input.request.params = json!({"iban": "DE02120300000000202051"});
    for body in
        ["input.request.params.iban / 2 > 1", "input.request.params.iban + 1 > 2", "sum(input.request.params.iban) > 1"]
    {
        let decision = decide(&allow_if(body), &input);
        let cause = denied_for(&decision);
        assert!(!cause.to_string().contains("DE02"), "{cause}");
    }
}

#[test]
fn an_object_decides_by_its_allow() {
    for (value, outcome) in [
        ("{\"allow\": true, \"reason\": \"known\", \"policy_id\": \"p-1\"}", Outcome::Allow),
        ("{\"allow\": false, \"reasons\": [\"late\"], \"rule\": \"hours\"}", Outcome::Deny),
    ] {
        let decision = decide(&format!("package duologue.authz\n\nallow := {value}\n"), &call());
        assert_eq!((decision.outcome(), decision.cause(), decision.reasons().len()), (outcome, None, 1));
    }
}

#[tokio::test]
async fn without_a_policy_the_default_holds_and_nowhere_else() {
    let decide = async |engine: Engine| PolicyEngine::new(engine, DecisionLog::Trace).decide(call()).await;
    let denied = decide(Engine::None(DefaultPolicy::default())).await;
    assert_eq!(*denied_for(&denied), Cause::NoPolicy);
    let allowed = decide(Engine::None(DefaultPolicy::AllowAll)).await;
    assert_eq!((allowed.outcome(), allowed.rule()), (Outcome::Allow, Some("default_policy: allow_all")));
    // A policy that is broken is no policy that is absent: it does not load at all.
    assert!(load(&[("a.rego", "package duologue.authz\nallow if {")]).is_err());
}

/// Low-right A through B gets what B may and A may not only where the policy does not look; the input lets it.
#[test]
fn earlier_callers_can_take_rights_away() {
    let text = "package duologue.authz
default allow := false
may := {\"spiffe://example.org/orchestrator\", \"spiffe://example.org/anna\"}
allow if {
    input.caller.spiffe_id in may
    every earlier in input.on_behalf_of { earlier in may }
}
";
    let through = |earlier: &[&str]| {
        let on_behalf_of = earlier.iter().map(|id| duologue_policy::Principal((*id).to_owned())).collect();
        decide(text, &Input { on_behalf_of, ..call() }).outcome()
    };
    assert_eq!(through(&[]), Outcome::Allow);
    assert_eq!(through(&["spiffe://example.org/anna"]), Outcome::Allow);
    assert_eq!(through(&["spiffe://example.org/low"]), Outcome::Deny);
    assert_eq!(through(&["spiffe://example.org/anna", "spiffe://example.org/low"]), Outcome::Deny);
}

#[test]
fn the_clock_is_the_inputs() {
    let text = allow_if("time.now_ns() == input.now_ns\n\ttime.weekday(time.now_ns()) == input.clock.weekday");
    for _ in 0..3 {
        assert_eq!(decide(&text, &call()).outcome(), Outcome::Allow);
    }
}

/// What OPA takes for undefined allows nothing here either (compared with OPA 1.20.2).
#[test]
fn what_is_undefined_on_the_way_denies() {
    for body in [
        "x := input.nothing",
        "x := input.nothing\n\ttrue",
        "x = input.nothing\n\ttrue",
        "x := input.nothing\n\tnot x == 1",
        "x := input.nothing\n\tnot x in [1]",
        "x := lower(input.nothing)\n\tnot x in [1]",
        "x := [input.nothing]\n\tnot x in [1]",
        "x := data.nothing\n\tnot x in [1]",
        "[x, y] := [input.nothing, 1]\n\tnot x in [1]",
        "some x in [input.nothing]\n\tnot x in [1]",
        "x := input.nothing\n\tevery y in [1] { not x == y }",
        "input.nothing\n\tnot input.nothing in [1]",
    ] {
        assert_eq!(*denied_for(&decide(&allow_if(body), &call())), Cause::Undefined, "{body}");
    }
}

/// What evaluates is used again.
#[test]
fn a_decision_knows_nothing_of_the_one_before() {
    let text = "package duologue.authz\n\ndefault allow := false\n\nallow if {\n\tinput.request.bytes > 10\n\tcount(words) > 1\n}\n\n\
        allow if input.request.params == 7\n\nwords contains word if some word in input.request.params.words\n\n\
        reasons contains word if some word in words\n";
    let load = || load(&[("policy.rego", text)]).expect("it loads");
    let (used, mut allowed) = (load(), 0);
    for number in 0..60 {
        let mut input = call();
        input.request.bytes = number % 21;
        input.request.params = match number % 6 {
            0 => json!(null),
            1 => json!(7),
            2 => json!({"words": "a"}),
            3 => json!({"words": [[1], number]}),
            _ => json!({"words": ["a", number.to_string()]}),
        };
        let document = input.document();
        let decision = used.decide(&document);
        assert_eq!(decision, load().decide(&document), "{document:?}");
        allowed += usize::from(decision.outcome() == Outcome::Allow);
    }
    assert!((10..50).contains(&allowed), "{allowed}");
}
