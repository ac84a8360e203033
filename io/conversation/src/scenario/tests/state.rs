//! End states of back ends, and criteria on calls and figures.

use super::read;
use crate::scenario::state::{canonical, differences, hash};
use crate::scenario::*;
use duologue_score::{Metrics, PartyMetrics, Share, Spread, WordErrors};
use proptest::prelude::*;
use serde_json::{Value, json};

const SHOP: &str = "\
title: Shop
description: A call.
support: {persona: joe, greeting: Hello.}
customer: {persona: anna}
backends:
  orders:
    orders: {\"4417\": {status: sent, address: nine Oak Lane, notes: []}}
tools:
  - name: change_address
    description: Changes the address of an order.
    parameters:
      type: object
      properties: {order: {type: string}, address: {type: string}}
    mock:
      cases:
        - when: {order: \"9999\"}
          error: there is no such order
          effects:
            - remove: {backend: orders, at: [orders]}
      result: {changed: true}
      effects:
        - set: {backend: orders, at: [orders, $order, address], to: $address}
        - append: {backend: orders, at: [orders, $order, notes], value: {moved_to: $address}}
  - name: cancel
    description: Cancels an order.
    parameters: {type: object, properties: {order: {type: string}}}
    mock:
      result: {cancelled: true}
      effects:
        - remove: {backend: orders, at: [orders, $order]}
success:
";

fn cast(criteria: &str) -> CastScenario {
    read(&format!("{SHOP}{criteria}\n")).unwrap_or_else(|files| panic!("{}", files[0]))
}

fn call(name: &str, arguments: Value, ok: bool) -> CalledTool {
    CalledTool { name: name.to_owned(), arguments, ok }
}

fn judged(criterion: &str, tool_calls: Vec<CalledTool>, metrics: Option<Metrics>) -> (bool, String) {
    let facts = ConversationFacts { tool_calls, metrics, ..ConversationFacts::default() };
    let verdict = judge(&cast(criterion), &facts).remove(0);
    (verdict.passed, verdict.why)
}

const MOVED: &str = "  - end_state:
      backend: orders
      is: {orders: {\"4417\": {status: sent, address: 24 Maple Street, notes: [{moved_to: 24 Maple Street}]}}}";

fn moved(address: &str, ok: bool) -> CalledTool {
    call("change_address", json!({"order": "four four one seven", "address": address}), ok)
}

#[test]
fn the_end_state_follows_from_the_calls_however_they_were_spoken() {
    let (passed, why) = judged(MOVED, vec![moved("twenty-four maple street", true)], None);
    assert!(passed, "{why}");
    assert!(why.contains("SHA-256"), "{why}");
}

#[test]
fn what_differs_is_told_with_its_way() {
    let (passed, why) = judged(MOVED, vec![moved("26 Maple Street", true)], None);
    assert!(!passed);
    assert!(why.contains("orders.4417.address is \"26 Maple Street\" and should be \"24 Maple Street\""), "{why}");
    // A call that failed changed nothing, and neither does one of a case that is a failure.
    for calls in [vec![], vec![moved("24 Maple Street", false)]] {
        let (passed, why) = judged(MOVED, calls, None);
        assert!(!passed && why.contains("orders.4417.notes.0 is missing"), "{why}");
    }
    let (passed, why) = judged(MOVED, vec![call("cancel", json!({"order": 4417}), true)], None);
    assert!(!passed && why.contains("orders.4417 is missing"), "{why}");
}

#[test]
fn arguments_that_were_not_given_change_nothing() {
    let untouched = "  - end_state:
      backend: orders
      is: {orders: {\"4417\": {status: sent, address: 9 Oak Lane, notes: []}}}";
    for arguments in [json!({}), json!({"order": "4417"}), json!({"order": ["4417"], "address": "x"}), json!(null)] {
        let (passed, why) = judged(untouched, vec![call("change_address", arguments.clone(), true)], None);
        assert!(passed, "{arguments}: {why}");
    }
}

#[test]
fn calls_are_counted_ordered_and_forbidden() {
    let (change, cancel) = (moved("x", true), call("cancel", json!({"order": "4417"}), true));
    let failed = CalledTool { ok: false, ..cancel.clone() };
    let holds = |criterion: &str, calls: &[&CalledTool]| {
        judged(criterion, calls.iter().map(|c| (*c).clone()).collect(), None).0
    };
    let once = "  - tool_called: {name: cancel, count: 1}";
    assert!(holds(once, &[&cancel, &change, &failed]));
    assert!(!holds(once, &[&cancel, &cancel]) && !holds(once, &[&failed]));
    let order = "  - called_in_order: [change_address, cancel]";
    assert!(holds(order, &[&cancel, &change, &cancel]));
    assert!(!holds(order, &[&cancel, &change]) && !holds(order, &[&change, &failed]));
    let never = "  - not_called: {name: cancel, arguments: {order: four four one seven}}";
    assert!(holds(never, &[&change]));
    // That it failed does not make it right.
    assert!(!holds(never, &[&failed]));
}

#[test]
fn figures_are_held_against_their_limits() {
    let recall = |count| duologue_score::EntityRecall { all: Share::new(count, 4), ..Default::default() };
    let key = "customer_heard_by_support".to_owned();
    let errors = WordErrors { reference: 100, substitutions: 6, deletions: 3, insertions: 1 };
    let latency = Spread::of([400.0, 800.0, 1200.0]);
    let party = PartyMetrics { heard_e2e_latency_ms: latency, ..Default::default() };
    let metrics = Metrics {
        overlap_ratio: 0.03,
        longest_silence_ms: 2_400,
        cost: Some(0.02),
        stt_word_errors: [(key.clone(), errors)].into(),
        entity_recall: [(key, recall(3))].into(),
        parties: [("support".to_owned(), party)].into(),
        ..Metrics::default()
    };
    let rows = [
        ("latency: {by: support, p50_ms: 800, p95_ms: 1200}", true),
        ("latency: {by: support, p50_ms: 799}", false),
        ("latency: {by: customer, p95_ms: 5000}", false),
        ("word_errors: {by: support, max: 0.1}", true),
        ("word_errors: {by: support, max: 0.09}", false),
        ("word_errors: {by: customer, max: 1}", false),
        ("entities_heard: {by: support, min: 0.75}", true),
        ("entities_heard: {by: support}", false),
        ("max_talk_over: 0.03", true),
        ("max_talk_over: 0.02", false),
        ("max_silence_s: 2.4", true),
        ("max_silence_s: 2", false),
        ("max_cost: 0.02", true),
        ("max_cost: 0.01", false),
    ];
    for (criterion, holds) in rows {
        let (passed, why) = judged(&format!("  - {criterion}"), Vec::new(), Some(metrics.clone()));
        assert_eq!(passed, holds, "{criterion}: {why}");
        assert!(!judged(&format!("  - {criterion}"), Vec::new(), None).0, "{criterion} holds before it is measured");
    }
}

#[test]
fn what_it_cost_is_told_or_why_it_is_not_known() {
    let why = |cost: Option<f64>, unpriced: &[&str], untold_requests: u64| {
        let facts = ConversationFacts {
            metrics: Some(Metrics { cost, ..Metrics::default() }),
            unpriced: unpriced.iter().map(|s| (*s).to_owned()).collect(),
            untold_requests,
            ..ConversationFacts::default()
        };
        let verdict = judge(&cast("  - max_cost: 0.5"), &facts).remove(0);
        assert_eq!(verdict.passed, cost.is_some_and(|cost| cost <= 0.5));
        assert_eq!(verdict.criterion, "it costs at most $0.50");
        verdict.why
    };
    assert_eq!(why(Some(0.003_14), &[], 0), "it cost $0.0031");
    assert_eq!(why(Some(0.6), &[], 1), "it cost at least $0.60: 1 request that did not end told no tokens");
    assert_eq!(why(Some(0.0), &[], 2), "it cost $0");
    let told = why(None, &["no price is known for openai/mine (llm of the support)"], 0);
    assert!(told.contains("openai/mine (llm of the support)") && told.ends_with("`prices` in duologue.yaml"), "{told}");
    assert!(why(None, &[], 0).contains("no model was at work"));
}

#[test]
fn rules_that_can_never_fit_are_refused() {
    let refused = |criterion: &str| read(&format!("{SHOP}{criterion}\n")).unwrap_err()[0].to_string();
    let told = refused("  - end_state: {backend: order, is: {}}");
    assert!(told.contains("no back end `order`, did you mean `orders`?"), "{told}");
    assert!(refused("  - not_called: {name: cancle}").contains("did you mean `cancel`?"));
    assert!(refused("  - called_in_order: [cancel, canel]").contains("no tool `canel`"));
    assert!(refused("  - called_in_order: [cancel]").contains("an order needs two tools"));
    assert!(refused("  - latency: {by: support}").contains("`latency` has no limit"));
    assert!(refused("  - max_talk_over: 3").contains("at most 1"));
    let effects = |from: &str, to: &str| {
        read(&format!("{}  - ended_by: either\n", SHOP.replace(from, to))).unwrap_err()[0].to_string()
    };
    let told = effects("[orders, $order, address]", "[orders, $oder, address]");
    assert!(told.contains("`change_address` has no argument `oder`, did you mean `order`?"), "{told}");
    assert!(effects("to: $address", "to: $adress").contains("no argument `adress`"));
    assert!(
        effects("remove: {backend: orders, at: [orders]}", "remove: {backend: shop, at: [orders]}")
            .contains("no back end")
    );
}

fn any_state() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        (0u32..200).prop_map(|n| json!(n)),
        "[a-z]{1,4}".prop_map(Value::String),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            prop::collection::btree_map("[a-z]{2,4}", inner, 0..4).prop_map(|map| json!(map)),
        ]
    })
}

proptest! {
    #[test]
    fn states_are_equal_when_nothing_differs(a in any_state(), b in any_state()) {
        prop_assert!(differences(&a, &a).is_empty());
        prop_assert_eq!(hash(&a) == hash(&b), canonical(&a) == canonical(&b));
        prop_assert_eq!(differences(&a, &b).is_empty(), hash(&a) == hash(&b));
    }

    #[test]
    fn any_arguments_are_survived(a in any_state(), b in any_state()) {
        let calls = vec![call("change_address", json!({"order": a, "address": b}), true), call("cancel", a.clone(), true)];
        judged(MOVED, calls, None);
    }
}
