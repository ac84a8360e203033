//! One span, as it is kept: what a program told of a piece of work, cut to a size that can be shown.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use utoipa::ToSchema;

/// Names of attributes (OpenTelemetry's semantic conventions, and those of Duologue's SDK).
pub(crate) mod key {
    /// What went wrong, as a class of errors.
    pub(crate) const ERROR: &str = "error.type";
    /// The capability that is called.
    pub(crate) const CAPABILITY: &str = "gen_ai.tool.name";
    /// The SPIFFE id of who is called: at a caller whom it called, at a callee itself.
    pub(crate) const CALLEE: &str = "gen_ai.agent.id";
    /// At a callee: who calls; a SPIFFE id between agents of ours.
    pub(crate) const CALLER: &str = "client.address";
    /// At a caller: where the callee is.
    pub(crate) const ADDRESS: &str = "server.address";
    /// Of whom a policy decided.
    pub(crate) const DECIDED_OF: &str = "duologue.caller";
    /// `allow` or `deny`.
    pub(crate) const OUTCOME: &str = "duologue.decision.outcome";
    /// The rule that decided.
    pub(crate) const RULE: &str = "duologue.decision.rule";
    /// Under which the decision stands in the log.
    pub(crate) const DECISION: &str = "duologue.decision.id";
    /// Why there was no rule to ask, such as a policy that does not compile.
    pub(crate) const CAUSE: &str = "duologue.decision.cause";
}

/// The number of a trace: 16 bytes, not all zero (W3C Trace Context §3.2.2.3).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct TraceId(u128);

impl TraceId {
    pub(crate) fn read(bytes: &[u8]) -> Option<TraceId> {
        let number = u128::from_be_bytes(bytes.try_into().ok()?);
        (number != 0).then_some(TraceId(number))
    }
}

impl fmt::Display for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for TraceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for TraceId {
    type Err = ();

    fn from_str(text: &str) -> Result<TraceId, ()> {
        let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        let number = u128::from_str_radix(text, 16).ok().filter(|number| is_hex && *number != 0);
        number.map(TraceId).ok_or(())
    }
}

/// The number of a span within its trace: 8 bytes, not all zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct SpanId(u64);

impl SpanId {
    pub(crate) fn read(bytes: &[u8]) -> Option<SpanId> {
        let number = u64::from_be_bytes(bytes.try_into().ok()?);
        (number != 0).then_some(SpanId(number))
    }
}

impl fmt::Display for SpanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// On which side of a call a span is (`SpanKind` of OpenTelemetry).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum SpanKind {
    /// Work within a program.
    #[default]
    Internal,
    /// A call that is answered.
    Server,
    /// A call that is made.
    Client,
    /// A message that is sent for later.
    Producer,
    /// A message that is worked on.
    Consumer,
}

/// Something that happened within a span.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Happened {
    /// Nanoseconds since 1970.
    pub(crate) at_ns: u64,
    pub(crate) name: String,
    /// What it says of itself, such as `exception.message`; may be empty.
    pub(crate) words: String,
}

/// A piece of work that a program did, in a trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    pub(crate) trace: TraceId,
    pub(crate) id: SpanId,
    pub(crate) parent: Option<SpanId>,
    /// `service.name` of the program: of one of our agents its name.
    pub(crate) service: Arc<str>,
    pub(crate) name: String,
    pub(crate) kind: SpanKind,
    /// Nanoseconds since 1970.
    pub(crate) start_ns: u64,
    /// Nanoseconds since 1970, never before the start.
    pub(crate) end_ns: u64,
    /// In the order in which they came, each name once.
    pub(crate) attributes: Vec<(String, String)>,
    pub(crate) events: Vec<Happened>,
    /// Attributes and events that are not kept, also those that the program itself dropped.
    pub(crate) left_out: u32,
    /// Whether the program says that it failed.
    pub(crate) failed: bool,
    /// What it says of that; may be empty.
    pub(crate) message: String,
}

/// What a policy said of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Ruling {
    /// The call may be made.
    Allow,
    /// It may not.
    Deny,
}

impl Span {
    pub(crate) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// What went wrong, where something did: its class, else what is said of it.
    pub(crate) fn error(&self) -> Option<&str> {
        match self.attribute(key::ERROR) {
            Some(class) => Some(class),
            None if !self.failed => None,
            None if self.message.is_empty() => Some("error"),
            None => Some(&self.message),
        }
    }

    /// What a policy decided here. What is neither word is no permission.
    pub(crate) fn ruling(&self) -> Option<Ruling> {
        self.attribute(key::OUTCOME).map(|word| if word == "allow" { Ruling::Allow } else { Ruling::Deny })
    }

    /// Bytes that it takes in memory, about.
    pub(crate) fn weight(&self) -> usize {
        let attributes: usize = self.attributes.iter().map(|(name, value)| 48 + name.len() + value.len()).sum();
        let events: usize = self.events.iter().map(|event| 56 + event.name.len() + event.words.len()).sum();
        // The span itself, and its place in its trace.
        320 + self.service.len() + self.name.len() + self.message.len() + attributes + events
    }
}

/// Spans for the tests beside this.
#[cfg(test)]
pub(crate) mod samples {
    use super::*;

    /// A span of the trace 1.
    pub(crate) fn span(id: u64, parent: Option<u64>) -> Span {
        Span {
            trace: TraceId(1),
            id: SpanId(id),
            parent: parent.map(SpanId),
            service: "agent".into(),
            name: format!("span {id}"),
            kind: SpanKind::Internal,
            start_ns: 1,
            end_ns: 1,
            attributes: Vec::new(),
            events: Vec::new(),
            left_out: 0,
            failed: false,
            message: String::new(),
        }
    }

    impl Span {
        pub(crate) fn named(self, name: &str) -> Span {
            Span { name: name.to_owned(), ..self }
        }

        pub(crate) fn of(self, trace: u128) -> Span {
            Span { trace: TraceId(trace), ..self }
        }

        /// From one millisecond to another.
        pub(crate) fn at(self, start: u64, end: u64) -> Span {
            Span { start_ns: start * 1_000_000, end_ns: end * 1_000_000, ..self }
        }

        pub(crate) fn on(self, service: &str, kind: SpanKind) -> Span {
            Span { service: service.into(), kind, ..self }
        }

        pub(crate) fn with(mut self, name: &str, value: &str) -> Span {
            self.attributes.push((name.to_owned(), value.to_owned()));
            self
        }
    }
}
