use super::*;
use crate::calls::span::samples::span;
use proptest::prelude::*;

fn shape(spans: &[Span]) -> Vec<(String, usize)> {
    let spans: Vec<&Span> = spans.iter().collect();
    in_order(&spans).iter().map(|placed| (placed.span.name.clone(), placed.depth)).collect()
}

#[test]
fn spans_stand_below_the_one_that_they_are_part_of() {
    let spans = [
        span(4, Some(2)).named("d").at(40, 50),
        span(1, None).named("a").at(0, 100),
        span(3, Some(1)).named("c").at(60, 90),
        span(2, Some(1)).named("b").at(10, 55),
        span(5, Some(9)).named("orphan").at(5, 6),
    ];
    let expected = [("a", 0), ("b", 1), ("d", 2), ("c", 1), ("orphan", 0)];
    assert_eq!(shape(&spans), expected.map(|(name, depth)| (name.to_owned(), depth)));
    let by_start: Vec<&Span> = spans.iter().collect();
    assert_eq!(root(&by_start).unwrap().name, "a");
}

#[test]
fn a_trace_whose_beginning_has_not_come_begins_with_an_orphan() {
    let spans = [span(2, Some(1)).named("b").at(10, 20), span(3, Some(2)).named("c").at(5, 15)];
    let spans: Vec<&Span> = spans.iter().collect();
    assert_eq!(root(&spans).unwrap().name, "b");
    assert!(root(&[]).is_none());
}

#[test]
fn an_answer_was_decided_about_below_it_or_beside_it_before_it_began() {
    use crate::calls::span::key::OUTCOME;
    let asked =
        |id, parent, at| span(id, parent).at(at, at + 1).on("callee", SpanKind::Internal).with(OUTCOME, "allow");
    let answer = |id, parent, at| span(id, parent).at(at, at + 5).on("callee", SpanKind::Server);
    let spans = [
        // A call that was made twice, since the first did not come through.
        span(1, None).at(0, 99).on("caller", SpanKind::Client),
        asked(2, Some(1), 10),
        asked(3, Some(1), 20),
        answer(4, Some(1), 22),
        asked(5, Some(1), 40),
        // Of a caller that tells nothing.
        asked(6, Some(50), 60),
        answer(7, Some(50), 61),
        // Of another callee, and of one that asks while it answers.
        span(8, Some(50)).at(62, 63).on("other", SpanKind::Server),
        answer(9, None, 70),
        asked(10, Some(9), 71),
    ];
    let spans: Vec<&Span> = spans.iter().collect();
    let decided: BTreeMap<u64, Option<SpanId>> = in_order(&spans)
        .iter()
        .map(|placed| (placed.span.start_ns / 1_000_000, placed.decided.map(|span| span.id)))
        .collect();
    let of = |at: u64| decided[&at].map(|id| id.to_string().trim_start_matches('0').to_owned());
    assert_eq!([of(0), of(62)], [None, None]);
    assert_eq!([of(22), of(61), of(70)], ["3", "6", "a"].map(|id| Some(id.to_owned())));
    assert_eq!(of(10), Some("2".to_owned()), "a decision is about itself");
}

#[test]
fn a_trace_begins_with_an_answer_and_not_with_the_decision_before_it() {
    use crate::calls::span::key::OUTCOME;
    let asked = span(2, Some(1)).named("asked").at(10, 11).with(OUTCOME, "allow");
    let answer = span(3, Some(1)).named("answer").at(12, 20);
    assert_eq!(root(&[&asked, &answer]).unwrap().name, "answer");
    assert_eq!(root(&[&asked]).unwrap().name, "asked", "who is refused is answered by nobody");
}

#[test]
fn rings_are_shown_once() {
    let ring = [
        span(1, Some(2)).named("a").at(0, 9),
        span(2, Some(1)).named("b").at(1, 8),
        span(3, Some(3)).named("own").at(2, 3),
    ];
    let expected = [("a", 0), ("b", 1), ("own", 0)];
    assert_eq!(shape(&ring), expected.map(|(name, depth)| (name.to_owned(), depth)));
}

#[test]
fn a_long_chain_takes_no_stack() {
    let chain: Vec<Span> = (1..=2_000).map(|n| span(n, (n > 1).then(|| n - 1)).at(n, n + 1)).collect();
    assert_eq!(shape(&chain).last().unwrap().1, 1_999);
}

proptest! {
    #[test]
    fn each_span_is_told_once(parents in proptest::collection::vec(proptest::option::of(0u64..40), 0..40)) {
        let spans: Vec<Span> = parents.iter().enumerate()
            .map(|(n, parent)| span(n as u64 + 1, parent.map(|parent| parent + 1)).at(n as u64 % 7, 9)).collect();
        let spans: Vec<&Span> = spans.iter().collect();
        let placed = in_order(&spans);
        let ids: BTreeSet<SpanId> = placed.iter().map(|placed| placed.span.id).collect();
        prop_assert_eq!((ids.len(), placed.len()), (spans.len(), spans.len()));
    }
}
