//! Which span is part of which, whatever programs say of that.

use super::span::{Span, SpanId};
use std::collections::{BTreeMap, BTreeSet};

/// A span in its place.
pub(crate) struct Placed<'a> {
    pub(crate) span: &'a Span,
    /// The one that it is part of, where that has come.
    pub(crate) parent: Option<&'a Span>,
    /// By when they begin.
    pub(crate) children: Vec<&'a Span>,
    pub(crate) depth: usize,
}

/// The span with which a trace begins, of those in the order of their beginnings: one without a parent, else one whose
/// parent has not come, else the first.
pub(crate) fn root<'a>(spans: &[&'a Span]) -> Option<&'a Span> {
    let ids: BTreeSet<SpanId> = spans.iter().map(|span| span.id).collect();
    let without = spans.iter().find(|span| span.parent.is_none());
    let orphan = || spans.iter().find(|span| span.parent.is_some_and(|parent| !ids.contains(&parent)));
    without.or_else(orphan).or(spans.first()).copied()
}

/// All spans, each after its parent. None is told twice and none is missing, also where some are their own ancestors.
pub(crate) fn in_order<'a>(spans: &[&'a Span]) -> Vec<Placed<'a>> {
    let mut spans = spans.to_vec();
    spans.sort_by_key(|span| (span.start_ns, span.id));
    let known: BTreeMap<SpanId, &Span> = spans.iter().map(|span| (span.id, *span)).collect();
    let mut below: BTreeMap<SpanId, Vec<&Span>> = BTreeMap::new();
    let (mut tops, mut inner) = (Vec::new(), Vec::new());
    for span in &spans {
        match span.parent.filter(|parent| known.contains_key(parent)) {
            Some(parent) => {
                below.entry(parent).or_default().push(*span);
                inner.push(*span);
            }
            None => tops.push(*span),
        }
    }
    let mut told = BTreeSet::new();
    let mut placed = Vec::with_capacity(spans.len());
    // Whoever is below no top is in a ring: it begins with the earliest.
    for top in tops.into_iter().chain(inner) {
        let mut waiting = vec![(top, 0)];
        while let Some((span, depth)) = waiting.pop() {
            if !told.insert(span.id) {
                continue;
            }
            let children = below.get(&span.id).cloned().unwrap_or_default();
            waiting.extend(children.iter().rev().map(|child| (*child, depth + 1)));
            let parent = span.parent.and_then(|parent| known.get(&parent).copied());
            placed.push(Placed { span, parent, children, depth });
        }
    }
    placed
}

#[cfg(test)]
#[path = "tree_tests.rs"]
mod tests;
