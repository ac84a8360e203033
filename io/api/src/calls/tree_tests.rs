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
