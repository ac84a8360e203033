use super::*;
use crate::calls::model::Outcome;
use crate::calls::span::samples::span;
use crate::calls::span::{Ruling, SpanKind, key};
use proptest::prelude::*;

const SMALL: Room = Room { spans: 10, bytes: 1 << 20, of_trace: 4 };

fn ids(ledger: &Ledger) -> Vec<u128> {
    let (listed, total) = ledger.list(usize::MAX, |_| true);
    assert_eq!(listed.len(), total);
    listed.iter().map(|brief| u128::from_str_radix(&brief.id, 16).unwrap()).collect()
}

fn told(ledger: &Ledger, version: u64) -> Vec<&'static str> {
    ledger.since(version).iter().map(Told::name).collect()
}

#[test]
fn spans_may_come_late_twice_and_in_any_order() {
    let mut ledger = Ledger::with(SMALL);
    ledger.take(vec![span(2, Some(1)).at(5, 6)]);
    ledger.take(vec![span(9, None).of(2)]);
    let taken = ledger.take(vec![span(2, Some(1)).named("another").at(5, 6), span(1, None).named("first").at(1, 9)]);
    assert_eq!(taken, Taken { kept: 1, known: 1, left_out: 0 });
    assert_eq!(ids(&ledger), [2, 1], "a trace stays where it was when it grows");
    let (briefs, _) = ledger.list(1, |brief| brief.spans == 2);
    assert_eq!((briefs[0].name.as_str(), briefs[0].duration_ms), ("first", 8.0));
    let version = ledger.version();
    assert_eq!(ledger.take(vec![span(1, None)]), Taken { known: 1, ..Taken::default() });
    assert_eq!(ledger.version(), version, "what is known is no news");
}

#[test]
fn the_trace_that_was_quiet_longest_goes_first_and_whole() {
    let mut ledger = Ledger::with(SMALL);
    for trace in 1..=3 {
        ledger.take((1..=3).map(|n| span(n, None).of(trace)).collect());
    }
    ledger.take(vec![span(4, None).of(1)]);
    assert_eq!(ids(&ledger), [3, 2, 1]);
    ledger.take(vec![span(1, None).of(4)]);
    assert_eq!(ids(&ledger), [4, 3, 1], "the second had been quiet longest");
    assert!(ledger.spans("00000000000000000000000000000002".parse().unwrap()).is_none());
}

#[test]
fn a_trace_has_room_for_so_many_spans_and_says_so() {
    let mut ledger = Ledger::with(SMALL);
    let taken = ledger.take((1..=6).map(|n| span(n, None)).collect());
    assert_eq!(taken, Taken { kept: 4, known: 0, left_out: 2 });
    let id = "00000000000000000000000000000001".parse().unwrap();
    let trace = Ledger::trace(id, &ledger.spans(id).unwrap());
    assert_eq!((trace.tree.len(), trace.left_out), (4, 2));
}

#[test]
fn memory_is_bounded_by_bytes_too() {
    let heavy = |n| span(n, None).of(n.into()).with("k", &"v".repeat(8_000));
    let mut ledger = Ledger::with(Room { bytes: 50_000, ..ROOM });
    for n in 1..=100 {
        ledger.take(vec![heavy(n)]);
        assert!(ledger.bytes <= 50_000);
    }
    assert_eq!(ids(&ledger), [100, 99, 98, 97, 96]);
}

#[test]
fn a_watcher_is_told_what_it_has_not_seen() {
    let mut ledger = Ledger::with(SMALL);
    assert_eq!(told(&ledger, 0), ["calls"], "also while there is nothing");
    let empty = ledger.version();
    ledger.take(vec![span(1, None), span(1, None).of(2)]);
    assert_eq!(told(&ledger, empty), ["call", "call"]);
    let seen = ledger.version();
    assert!(told(&ledger, seen).is_empty());
    ledger.take(vec![span(2, Some(1))]);
    assert_eq!(told(&ledger, seen), ["call"]);
    ledger.take((3..=5).flat_map(|trace| (1..=3).map(move |n| span(n, None).of(trace))).collect());
    assert_eq!(told(&ledger, seen), ["gone", "call", "call", "call"]);
    assert_eq!(told(&ledger, 99), ["calls"], "a version that never was");
    let mut many = Ledger::default();
    many.take((1..=150).map(|trace| span(1, None).of(trace)).collect());
    assert_eq!(told(&many, 1), ["calls"], "who missed much is told anew");
}

#[test]
fn what_went_is_forgotten_and_who_missed_that_is_told_anew() {
    let mut ledger = Ledger::with(Room { spans: 1, ..SMALL });
    ledger.take(vec![span(1, None)]);
    let seen = ledger.version();
    for trace in 2..=GONE as u128 + 5 {
        ledger.take(vec![span(1, None).of(trace)]);
    }
    assert_eq!(ledger.gone.len(), GONE);
    assert_eq!(told(&ledger, seen), ["calls"]);
    assert_eq!(told(&ledger, ledger.version() - 1), ["gone", "call"]);
}

/// An orchestrator calls a worker, whose policy allows it, and that one a third, whose policy does not.
fn hops() -> Vec<Span> {
    let id = |name: &str| format!("spiffe://example.org/{name}");
    let call = |n, parent, at: (u64, u64), from: &str, to: &str| {
        let span = span(n, parent).named("call read").at(at.0, at.1).on(from, SpanKind::Client);
        span.with(key::CALLEE, &id(to)).with(key::CAPABILITY, "read")
    };
    let answer = |n, parent, at: (u64, u64), from: &str, to: &str| {
        let span = span(n, Some(parent)).named("invoke_agent").at(at.0, at.1).on(to, SpanKind::Server);
        span.with(key::CALLER, &id(from)).with(key::CAPABILITY, "read")
    };
    let decide = |n, parent, at: (u64, u64), who: &str, outcome: &str, rule: &str| {
        let span = span(n, Some(parent)).named("authorize").at(at.0, at.1).on(who, SpanKind::Internal);
        span.with(key::OUTCOME, outcome).with(key::RULE, rule).with(key::DECISION, "d-1")
    };
    vec![
        call(1, None, (0, 100), "first", "second"),
        answer(2, 1, (5, 95), "first", "second"),
        decide(3, 2, (6, 7), "second", "allow", "allow: policy.rego:7"),
        call(4, Some(2), (10, 90), "second", "third").with(key::ERROR, "not_authorised"),
        answer(5, 4, (15, 20), "second", "third"),
        decide(6, 5, (16, 17), "third", "deny", "default allow: policy.rego:3"),
    ]
}

#[test]
fn hops_have_both_ids_and_the_rule_that_decided() {
    let mut ledger = Ledger::default();
    let mut spans = hops();
    spans.reverse();
    ledger.take(spans);
    let (briefs, _) = ledger.list(9, |_| true);
    let brief = &briefs[0];
    assert_eq!((brief.agents.join(" "), brief.capabilities.join(" ")), ("first second third".into(), "read".into()));
    let ids: Vec<String> = ["second", "first", "third"].map(|name| format!("spiffe://example.org/{name}")).into();
    assert_eq!(brief.identities, ids);
    assert_eq!((brief.outcome, brief.denied, brief.errors), (Outcome::Denied, 1, 1));
    assert_eq!(brief.why.as_deref(), Some("default allow: policy.rego:3"));

    let id = brief.id.parse().unwrap();
    let trace = Ledger::trace(id, &ledger.spans(id).unwrap());
    for (at, caller, callee) in
        [(0, "first", "second"), (1, "first", "second"), (3, "second", "third"), (4, "second", "third")]
    {
        let hop = trace.tree[at].hop.as_ref().unwrap();
        assert_eq!(hop.caller, Some(format!("spiffe://example.org/{caller}")), "{at}");
        assert_eq!(hop.callee, Some(format!("spiffe://example.org/{callee}")), "{at}");
    }
    let decisions: Vec<_> = trace.tree.iter().map(|span| span.decision.as_ref().map(|made| made.outcome)).collect();
    let (yes, no) = (Some(Ruling::Allow), Some(Ruling::Deny));
    assert_eq!(decisions, [None, yes, yes, None, no, no], "where a call is answered, and where the policy was asked");
    assert_eq!(trace.tree[4].decision.as_ref().unwrap().rule.as_deref(), Some("default allow: policy.rego:3"));
}

#[test]
fn what_is_neither_allow_nor_deny_is_no_permission() {
    for word in ["deny", "Allow", "maybe"] {
        assert_eq!(span(1, None).with(key::OUTCOME, word).ruling(), Some(Ruling::Deny), "{word}");
    }
    assert_eq!(span(1, None).ruling(), None);
}

proptest! {
    #[test]
    fn whatever_comes_the_bounds_hold(batches in proptest::collection::vec(
        proptest::collection::vec((1u128..12, 1u64..8, 0usize..300), 0..12), 0..20,
    )) {
        let mut ledger = Ledger::with(Room { bytes: 9_000, ..SMALL });
        for batch in batches {
            let spans = batch.iter().map(|(trace, id, text)| span(*id, None).of(*trace).with("k", &"v".repeat(*text)));
            ledger.take(spans.collect());
            prop_assert!(ledger.spans <= SMALL.spans && ledger.bytes <= 9_000);
            let counted: usize = ledger.traces.values().map(|trace| trace.spans.len()).sum();
            let weighed: usize = ledger.traces.values().map(Kept::weight).sum();
            prop_assert_eq!((counted, weighed), (ledger.spans, ledger.bytes));
            prop_assert_eq!((ledger.order.len(), ledger.changes.len()), (ledger.traces.len(), ledger.traces.len()));
        }
    }
}
