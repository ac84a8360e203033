//! The traces that are kept: in memory, whole, as many as there is room for.

use super::model::{CallsNow, Trace, TraceBrief};
use super::span::{Span, SpanId, TraceId};
use crate::live::{Feed, Told};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// What there is room for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Room {
    /// Spans of all traces.
    pub(crate) spans: usize,
    /// Bytes of all traces, about.
    pub(crate) bytes: usize,
    /// Spans of one trace.
    pub(crate) of_trace: usize,
}

const ROOM: Room = Room { spans: 20_000, bytes: 64 << 20, of_trace: 2_000 };
/// Traces that a watcher is told of at once; older ones are asked for.
pub(crate) const TOLD: usize = 100;
/// Traces that went, which are remembered for those who watch.
const GONE: usize = 1_000;

/// Spans of one trace, and when something of it came.
#[derive(Debug, Default)]
struct Kept {
    /// Grows from trace to trace: in which order they began to come.
    arrived: u64,
    changed: u64,
    spans: BTreeMap<SpanId, Arc<Span>>,
    left_out: u32,
}

impl Kept {
    fn weight(&self) -> usize {
        self.spans.values().map(|span| span.weight()).sum()
    }
}

/// What became of spans that came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) kept: usize,
    /// Under numbers that were there before: a program that had no answer sends again.
    pub(crate) known: usize,
    /// For which their trace has no more room.
    pub(crate) left_out: usize,
}

/// All traces.
#[derive(Debug)]
pub(crate) struct Ledger {
    room: Room,
    version: u64,
    traces: BTreeMap<TraceId, Kept>,
    /// By when they began to come.
    order: BTreeSet<(u64, TraceId)>,
    /// By the version in which they changed last: who has been quiet longest goes first.
    changes: BTreeSet<(u64, TraceId)>,
    arrivals: u64,
    gone: VecDeque<(u64, TraceId)>,
    /// Up to this version it is forgotten what went.
    forgotten: u64,
    spans: usize,
    bytes: usize,
}

impl Default for Ledger {
    fn default() -> Self {
        Ledger::with(ROOM)
    }
}

impl Ledger {
    pub(crate) fn with(room: Room) -> Ledger {
        Ledger {
            room,
            version: 1,
            traces: BTreeMap::new(),
            order: BTreeSet::new(),
            changes: BTreeSet::new(),
            arrivals: 0,
            gone: VecDeque::new(),
            forgotten: 0,
            spans: 0,
            bytes: 0,
        }
    }

    /// Takes what came, and lets go of what there is no room for any more.
    pub(crate) fn take(&mut self, spans: Vec<Span>) -> Taken {
        let mut taken = Taken::default();
        let next = self.version + 1;
        for span in spans {
            let trace = self.traces.entry(span.trace).or_insert_with(|| {
                self.arrivals += 1;
                self.order.insert((self.arrivals, span.trace));
                Kept { arrived: self.arrivals, ..Kept::default() }
            });
            if trace.spans.contains_key(&span.id) {
                taken.known += 1;
                continue;
            }
            if trace.changed != next {
                self.changes.remove(&(trace.changed, span.trace));
                self.changes.insert((next, span.trace));
                trace.changed = next;
            }
            if trace.spans.len() >= self.room.of_trace {
                trace.left_out = trace.left_out.saturating_add(1);
                taken.left_out += 1;
                continue;
            }
            taken.kept += 1;
            self.spans += 1;
            self.bytes += span.weight();
            trace.spans.insert(span.id, Arc::new(span));
        }
        if taken.kept + taken.left_out > 0 {
            self.version = next;
            self.make_room();
        }
        taken
    }

    fn make_room(&mut self) {
        while self.spans > self.room.spans || self.bytes > self.room.bytes {
            let Some((_, id)) = self.changes.pop_first() else { return };
            let Some(trace) = self.traces.remove(&id) else { continue };
            self.order.remove(&(trace.arrived, id));
            self.spans -= trace.spans.len();
            self.bytes -= trace.weight();
            self.gone.push_back((self.version, id));
            if self.gone.len() > GONE {
                self.forgotten = self.gone.pop_front().map_or(self.forgotten, |(version, _)| version);
            }
        }
    }

    /// Those that fit, newest first, and how many there are of them.
    pub(crate) fn list(&self, limit: usize, fits: impl Fn(&TraceBrief) -> bool) -> (Vec<TraceBrief>, usize) {
        let newest = self.order.iter().rev().filter_map(|(_, id)| self.brief(*id));
        let (mut listed, mut total) = (Vec::new(), 0);
        for brief in newest.filter(fits) {
            total += 1;
            if listed.len() < limit {
                listed.push(brief);
            }
        }
        (listed, total)
    }

    /// The spans of one, and how many of it there was no room for.
    pub(crate) fn spans(&self, id: TraceId) -> Option<(Vec<Arc<Span>>, u32)> {
        self.traces.get(&id).map(|trace| (trace.spans.values().cloned().collect(), trace.left_out))
    }

    /// One in full.
    pub(crate) fn trace(id: TraceId, (spans, left_out): &(Vec<Arc<Span>>, u32)) -> Trace {
        Trace::of(id, spans, *left_out)
    }

    fn brief(&self, id: TraceId) -> Option<TraceBrief> {
        let trace = self.traces.get(&id)?;
        Some(TraceBrief::of(id, trace.spans.values().map(AsRef::as_ref)))
    }

    fn all(&self) -> Told {
        let newest = self.order.iter().rev().take(TOLD);
        let traces = newest.filter_map(|(_, id)| self.brief(*id)).collect();
        Told::new("calls", &CallsNow { traces, total: self.traces.len(), spans: self.spans })
    }
}

impl Feed for Ledger {
    fn version(&self) -> u64 {
        self.version
    }

    fn since(&self, version: u64) -> Vec<Told> {
        let changed: Vec<TraceId> =
            self.changes.iter().rev().take_while(|(at, _)| *at > version).take(TOLD + 1).map(|(_, id)| *id).collect();
        let is_known = version > 0 && version >= self.forgotten && version <= self.version;
        if !is_known || changed.len() > TOLD {
            return vec![self.all()];
        }
        let gone: Vec<String> =
            self.gone.iter().rev().take_while(|(at, _)| *at > version).map(|(_, id)| id.to_string()).collect();
        let mut told = Vec::new();
        if !gone.is_empty() {
            told.push(Told::new("gone", &gone));
        }
        told.extend(changed.into_iter().rev().filter_map(|id| Some(Told::new("call", &self.brief(id)?))));
        told
    }

    fn is_over(&self) -> bool {
        false
    }
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
