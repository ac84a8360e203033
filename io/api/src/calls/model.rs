//! Traces over the wire, as people look at them.

use super::span::{Ruling, Span, SpanKind, TraceId, key};
use super::tree::{Placed, in_order, root};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use utoipa::ToSchema;

/// Names in a list at most.
const NAMES: usize = 32;
const SPIFFE: &str = "spiffe://";

/// A trace in a list: a call with all the calls that it led to, as far as they have been told.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct TraceBrief {
    /// Its id, 32 hexadecimal digits (W3C Trace Context).
    #[schema(example = "4bf92f3577b34da6a3ce929d0e0e4736")]
    pub(crate) id: String,
    /// What its first span is called.
    pub(crate) name: String,
    /// The agent, or other program, in which it begins.
    pub(crate) service: String,
    /// When it begins, milliseconds since 1970, by the clock of that program.
    pub(crate) started_ms: u64,
    /// From the first beginning to the last end, milliseconds.
    pub(crate) duration_ms: f64,
    /// How many spans there are.
    pub(crate) spans: usize,
    /// Agents and other programs, by name, in the order in which they come in; the first 32.
    pub(crate) agents: Vec<String>,
    /// SPIFFE ids that take part, in the order in which they come in; the first 32.
    pub(crate) identities: Vec<String>,
    /// What is called, in the order of the calls; the first 32.
    pub(crate) capabilities: Vec<String>,
    /// Spans that failed.
    pub(crate) errors: usize,
    /// Calls that a policy did not allow.
    pub(crate) denied: usize,
    /// What came of it.
    pub(crate) outcome: Outcome,
    /// The rule of the first denial, or what else went wrong first.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<String>,
}

/// What came of a trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// Nothing went wrong as far as was told.
    Ok,
    /// Something failed, and no policy denied anything.
    Failed,
    /// A policy denied a call.
    Denied,
}

/// The newest traces.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct CallsNow {
    /// Newest first, by when the first of each came; at most 100.
    pub(crate) traces: Vec<TraceBrief>,
    /// How many are kept.
    pub(crate) total: usize,
    /// Spans of all of them.
    pub(crate) spans: usize,
}

/// A trace in full.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Trace {
    /// As in a list.
    #[serde(flatten)]
    pub(crate) brief: TraceBrief,
    /// All spans as a tree, written down from the top: each stands after its parent, at a depth one greater.
    pub(crate) tree: Vec<SpanShown>,
    /// Spans that are not kept, since a trace has room for 2,000.
    pub(crate) left_out: u32,
}

/// A piece of work that a program did.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct SpanShown {
    /// Its id, 16 hexadecimal digits.
    pub(crate) id: String,
    /// The span that it is part of.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) parent: Option<String>,
    /// Whether there is a parent that has not come (yet).
    pub(crate) is_orphan: bool,
    /// How many are above it.
    pub(crate) depth: usize,
    /// What it is called.
    pub(crate) name: String,
    /// On which side of a call it is.
    pub(crate) kind: SpanKind,
    /// The agent, or other program, that did it.
    pub(crate) service: String,
    /// When it begins, milliseconds after the trace does, by its program's clock.
    pub(crate) offset_ms: f64,
    /// How long it takes, milliseconds.
    pub(crate) duration_ms: f64,
    /// What went wrong: the class of the error.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// What is said of that; may be empty.
    pub(crate) message: String,
    /// Of a call from one agent to another: who calls whom.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) hop: Option<Hop>,
    /// What a policy decided, where it was asked here or of this call.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) decision: Option<Decision>,
    /// What else its program says of it.
    pub(crate) attributes: BTreeMap<String, String>,
    /// What happened meanwhile.
    pub(crate) events: Vec<EventShown>,
    /// Attributes and events that are not kept.
    pub(crate) left_out: u32,
}

/// From one agent to another.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Hop {
    /// Who calls: a SPIFFE id, as the callee verified it.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) caller: Option<String>,
    /// Who is called: a SPIFFE id, as the caller verified it.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) callee: Option<String>,
    /// What is called.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) capability: Option<String>,
    /// Where the callee is.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) address: Option<String>,
}

/// What a policy said of a call.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Decision {
    /// Whether it may be made.
    pub(crate) outcome: Ruling,
    /// The rule that decided.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) rule: Option<String>,
    /// Why no rule decided, such as a policy that fails.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) cause: Option<String>,
    /// Under which it stands in the log of decisions.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) id: Option<String>,
    /// Whose call it was.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) caller: Option<String>,
    /// What was called.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) capability: Option<String>,
}

/// Something that happened within a span.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct EventShown {
    /// Milliseconds after the trace begins.
    pub(crate) offset_ms: f64,
    /// What it is called.
    pub(crate) name: String,
    /// What is said of it; may be empty.
    pub(crate) words: String,
}

impl TraceBrief {
    /// Of the spans of a trace, in any order.
    pub(crate) fn of<'a>(id: TraceId, spans: impl Iterator<Item = &'a Span>) -> TraceBrief {
        let mut spans: Vec<&Span> = spans.collect();
        spans.sort_by_key(|span| (span.start_ns, span.id));
        let first = root(&spans);
        let denials = || spans.iter().filter(|span| span.ruling() == Some(Ruling::Deny));
        let failures = || spans.iter().filter(|span| span.error().is_some());
        let (errors, denied) = (failures().count(), denials().count());
        let why = denials().find_map(|span| span.attribute(key::RULE).or(span.attribute(key::CAUSE)));
        let start_ns = spans.first().map_or(0, |span| span.start_ns);
        let end_ns = spans.iter().map(|span| span.end_ns).max().unwrap_or(0);
        let said = |name: &'static str| spans.iter().filter_map(move |span| span.attribute(name));
        let of = [key::CALLER, key::DECIDED_OF, key::CALLEE];
        let parties = spans.iter().flat_map(|span| of.map(|name| span.attribute(name)));
        TraceBrief {
            id: id.to_string(),
            name: first.map_or(String::new(), |span| span.name.clone()),
            service: first.map_or(String::new(), |span| span.service.to_string()),
            started_ms: start_ns / 1_000_000,
            duration_ms: milliseconds(end_ns.saturating_sub(start_ns)),
            spans: spans.len(),
            agents: each_once(spans.iter().map(|span| span.service.as_ref())),
            identities: each_once(parties.flatten().filter(|who| who.starts_with(SPIFFE))),
            capabilities: each_once(said(key::CAPABILITY)),
            errors,
            denied,
            outcome: match (denied, errors) {
                (0, 0) => Outcome::Ok,
                (0, _) => Outcome::Failed,
                _ => Outcome::Denied,
            },
            why: why.or_else(|| failures().find_map(|span| span.error())).map(str::to_owned),
        }
    }
}

fn each_once<'a>(names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut once: Vec<String> = Vec::new();
    for name in names {
        if once.len() < NAMES && !once.iter().any(|known| known == name) {
            once.push(name.to_owned());
        }
    }
    once
}

impl Trace {
    /// Of the spans of a trace, in any order.
    pub(crate) fn of(id: TraceId, spans: &[Arc<Span>], left_out: u32) -> Trace {
        let spans: Vec<&Span> = spans.iter().map(AsRef::as_ref).collect();
        let begin = spans.iter().map(|span| span.start_ns).min().unwrap_or(0);
        let tree = in_order(&spans).into_iter().map(|placed| SpanShown::of(placed, begin)).collect();
        Trace { brief: TraceBrief::of(id, spans.into_iter()), tree, left_out }
    }
}

impl SpanShown {
    fn of(Placed { span, parent, children, decided, depth }: Placed<'_>, begin: u64) -> SpanShown {
        let event = |event: &super::span::Happened| EventShown {
            offset_ms: milliseconds(event.at_ns.saturating_sub(begin)),
            name: event.name.clone(),
            words: event.words.clone(),
        };
        SpanShown {
            id: span.id.to_string(),
            parent: parent.map(|parent| parent.id.to_string()),
            is_orphan: span.parent.is_some() && parent.is_none(),
            depth,
            name: span.name.clone(),
            kind: span.kind,
            service: span.service.to_string(),
            offset_ms: milliseconds(span.start_ns.saturating_sub(begin)),
            duration_ms: milliseconds(span.end_ns.saturating_sub(span.start_ns)),
            error: span.error().map(str::to_owned),
            message: span.message.clone(),
            hop: Hop::of(span, parent, &children),
            decision: decided.map(Decision::of),
            attributes: span.attributes.iter().cloned().collect(),
            events: span.events.iter().map(event).collect(),
            left_out: span.left_out,
        }
    }
}

impl Hop {
    /// Each side of a call knows who the other is, and is told of itself by the other. A call that was refused is answered by
    /// nobody: of the callee's side only the decision is told.
    fn of(span: &Span, parent: Option<&Span>, children: &[&Span]) -> Option<Hop> {
        let answer = || children.iter().copied().find(|child| child.kind == SpanKind::Server);
        let refusal = || children.iter().copied().find(|child| child.ruling() == Some(Ruling::Deny));
        let (at_caller, at_callee) = match span.kind {
            SpanKind::Client => (Some(span), answer().or_else(refusal)),
            SpanKind::Server => (parent.filter(|parent| parent.kind == SpanKind::Client), Some(span)),
            _ if span.ruling() == Some(Ruling::Deny) => {
                (parent.filter(|parent| parent.kind == SpanKind::Client), Some(span))
            }
            _ => return None,
        };
        let said = |side: Option<&Span>, name| side.and_then(|span| span.attribute(name)).map(str::to_owned);
        let hop = Hop {
            caller: said(at_callee, key::CALLER).or_else(|| said(at_callee, key::DECIDED_OF)),
            callee: said(at_caller, key::CALLEE).or_else(|| said(at_callee, key::CALLEE)),
            capability: said(Some(span), key::CAPABILITY),
            address: said(at_caller, key::ADDRESS),
        };
        (hop.caller.is_some() || hop.callee.is_some()).then_some(hop)
    }
}

impl Decision {
    fn of(span: &Span) -> Decision {
        let said = |name| span.attribute(name).map(str::to_owned);
        Decision {
            outcome: span.ruling().unwrap_or(Ruling::Deny),
            rule: said(key::RULE),
            cause: said(key::CAUSE),
            id: said(key::DECISION),
            caller: said(key::DECIDED_OF),
            capability: said(key::CAPABILITY),
        }
    }
}

/// To the microsecond.
fn milliseconds(ns: u64) -> f64 {
    (ns / 1_000) as f64 / 1_000.0
}
