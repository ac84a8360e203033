//! Which span is part of which, whatever programs say of that.

use super::span::{Span, SpanId, SpanKind};
use std::collections::{BTreeMap, BTreeSet};

/// A span in its place.
pub(crate) struct Placed<'a> {
    pub(crate) span: &'a Span,
    /// The one that it is part of, where that has come.
    pub(crate) parent: Option<&'a Span>,
    /// By when they begin.
    pub(crate) children: Vec<&'a Span>,
    /// Where a policy decided about it.
    pub(crate) decided: Option<&'a Span>,
    pub(crate) depth: usize,
}

/// The span with which a trace begins, of those in the order of their beginnings: one without a parent, else one whose
/// parent has not come, else the first. A callee decides before it begins to answer, beside the answer: where there is one, the
/// trace begins with that.
pub(crate) fn root<'a>(spans: &[&'a Span]) -> Option<&'a Span> {
    let ids: BTreeSet<SpanId> = spans.iter().map(|span| span.id).collect();
    let first = |is_top: &dyn Fn(&Span) -> bool| {
        let tops = || spans.iter().copied().filter(|span| is_top(span));
        tops().find(|span| span.ruling().is_none()).or_else(|| tops().next())
    };
    let without = first(&|span| span.parent.is_none());
    let orphan = || first(&|span| span.parent.is_some_and(|parent| !ids.contains(&parent)));
    without.or_else(orphan).or(spans.first().copied())
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
    let rulings = Rulings::of(&spans);
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
            let decided = rulings.about(span, &children);
            placed.push(Placed { span, parent, children, decided, depth });
        }
    }
    placed
}

/// Where policies were asked, by what that was part of and who asked; by when it began.
struct Rulings<'a>(BTreeMap<(SpanId, &'a str), Vec<&'a Span>>);

impl<'a> Rulings<'a> {
    /// Of spans in the order of their beginnings.
    fn of(spans: &[&'a Span]) -> Rulings<'a> {
        let mut rulings: BTreeMap<_, Vec<&Span>> = BTreeMap::new();
        for span in spans.iter().filter(|span| span.ruling().is_some()) {
            let Some(parent) = span.parent else { continue };
            rulings.entry((parent, span.service.as_ref())).or_default().push(*span);
        }
        Rulings(rulings)
    }

    /// What was decided here; about an answer also right below it, or beside it before it began, the last time.
    fn about(&self, span: &'a Span, children: &[&'a Span]) -> Option<&'a Span> {
        if span.ruling().is_some() {
            return Some(span);
        }
        if span.kind != SpanKind::Server {
            return None;
        }
        let below = children.iter().copied().find(|child| child.ruling().is_some());
        below.or_else(|| {
            let beside = self.0.get(&(span.parent?, span.service.as_ref()))?;
            beside[..beside.partition_point(|one| one.start_ns <= span.start_ns)].last().copied()
        })
    }
}

#[cfg(test)]
#[path = "tree_tests.rs"]
mod tests;
