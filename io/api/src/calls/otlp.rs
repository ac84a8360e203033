//! Reading what a program exports: `ExportTraceServiceRequest` (opentelemetry-proto 1.x, `collector/trace/v1`). Field
//! numbers stand beside the names that the definition gives them.

use super::span::{Happened, Span, SpanId, SpanKind, TraceId};
use super::wire::{Value, WireError, fields};
use std::sync::Arc;

/// Spans of one request at most; programs send a few hundred at once.
pub(crate) const SPANS_AT_ONCE: usize = 5_000;
/// Attributes of a span, and events, at most.
const ATTRIBUTES: usize = 64;
const EVENTS: usize = 16;
/// Bytes of a name, and of anything else that is said.
const NAME: usize = 200;
const WORDS: usize = 2_048;
/// Bytes of text in one span at most.
const TEXT: usize = 8_192;
/// How deep lists within lists are shown.
const DEPTH: u32 = 4;
const UNNAMED: &str = "unknown_service";

/// What was in a request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Exported {
    /// In the order in which they came.
    pub(crate) spans: Vec<Span>,
    /// Spans without a trace, a number or a beginning: they belong nowhere.
    pub(crate) homeless: usize,
    /// Spans beyond [`SPANS_AT_ONCE`].
    pub(crate) beyond: usize,
}

/// Reads a request, all of it or nothing.
pub(crate) fn read(request: &[u8]) -> Result<Exported, WireError> {
    let mut exported = Exported::default();
    for field in fields(request) {
        // resource_spans = 1
        if let (1, Value::Bytes(of_resource)) = field? {
            read_resource(of_resource, &mut exported)?;
        }
    }
    Ok(exported)
}

fn read_resource(of_resource: &[u8], exported: &mut Exported) -> Result<(), WireError> {
    let mut service: Arc<str> = UNNAMED.into();
    // Fields may come in any order: who it was is looked for first.
    for field in fields(of_resource) {
        // resource = 1
        if let (1, Value::Bytes(resource)) = field?
            && let Some(name) = service_name(resource)?
        {
            service = name.into();
        }
    }
    for field in fields(of_resource) {
        // scope_spans = 2
        let (2, Value::Bytes(of_scope)) = field? else { continue };
        for field in fields(of_scope) {
            // spans = 2
            let (2, Value::Bytes(span)) = field? else { continue };
            if exported.spans.len() >= SPANS_AT_ONCE {
                exported.beyond += 1;
                continue;
            }
            match read_span(span, &service)? {
                Some(span) => exported.spans.push(span),
                None => exported.homeless += 1,
            }
        }
    }
    Ok(())
}

fn service_name(resource: &[u8]) -> Result<Option<String>, WireError> {
    let mut found = None;
    for field in fields(resource) {
        // attributes = 1
        let (1, Value::Bytes(attribute)) = field? else { continue };
        let (name, value) = key_value(attribute)?;
        if name == b"service.name" {
            found = Some(shown(value, NAME)?).filter(|name| !name.is_empty());
        }
    }
    Ok(found)
}

/// What is read of a span before it is known whether it is one.
#[derive(Default)]
struct Draft<'a> {
    trace: &'a [u8],
    id: &'a [u8],
    parent: &'a [u8],
    name: &'a [u8],
    kind: u64,
    start_ns: u64,
    end_ns: u64,
    attributes: Vec<(String, String)>,
    events: Vec<Happened>,
    left_out: u64,
    status: &'a [u8],
    room: usize,
}

fn read_span(message: &[u8], service: &Arc<str>) -> Result<Option<Span>, WireError> {
    let mut draft = Draft { room: TEXT, ..Draft::default() };
    for field in fields(message) {
        match field? {
            (1, Value::Bytes(trace_id)) => draft.trace = trace_id,
            (2, Value::Bytes(span_id)) => draft.id = span_id,
            (4, Value::Bytes(parent_span_id)) => draft.parent = parent_span_id,
            (5, Value::Bytes(name)) => draft.name = name,
            (6, Value::Varint(kind)) => draft.kind = kind,
            (7, Value::Fixed64(start_time_unix_nano)) => draft.start_ns = start_time_unix_nano,
            (8, Value::Fixed64(end_time_unix_nano)) => draft.end_ns = end_time_unix_nano,
            (9, Value::Bytes(attribute)) => draft.attribute(attribute)?,
            (10 | 12, Value::Varint(dropped)) => draft.left_out = draft.left_out.saturating_add(dropped),
            (11, Value::Bytes(event)) => draft.event(event)?,
            (15, Value::Bytes(status)) => draft.status = status,
            _ => {}
        }
    }
    draft.finish(service)
}

impl Draft<'_> {
    fn attribute(&mut self, message: &[u8]) -> Result<(), WireError> {
        let (name, value) = key_value(message)?;
        let name = if self.attributes.len() < ATTRIBUTES { plain(name, NAME) } else { String::new() };
        let is_known = self.attributes.iter().any(|(known, _)| *known == name);
        if name.is_empty() || self.room <= name.len() || is_known {
            self.left_out = self.left_out.saturating_add(1);
            return Ok(());
        }
        self.room -= name.len();
        let value = shown(value, WORDS.min(self.room))?;
        self.room = self.room.saturating_sub(value.len());
        self.attributes.push((name, value));
        Ok(())
    }

    fn event(&mut self, message: &[u8]) -> Result<(), WireError> {
        let (mut at_ns, mut name, mut words) = (0, String::new(), String::new());
        for field in fields(message) {
            match field? {
                (1, Value::Fixed64(time_unix_nano)) => at_ns = time_unix_nano,
                (2, Value::Bytes(told)) => name = plain(told, NAME.min(self.room)),
                (3, Value::Bytes(attribute)) => {
                    let (key, value) = key_value(attribute)?;
                    // An exception says itself what it is; of other events one attribute says what they are about.
                    if words.is_empty() || key == b"exception.message" {
                        words = shown(value, WORDS.min(self.room))?;
                    }
                }
                _ => {}
            }
        }
        if self.events.len() >= EVENTS || self.room <= name.len() + words.len() {
            self.left_out = self.left_out.saturating_add(1);
            return Ok(());
        }
        self.room -= name.len() + words.len();
        self.events.push(Happened { at_ns, name, words });
        Ok(())
    }

    fn finish(self, service: &Arc<str>) -> Result<Option<Span>, WireError> {
        let (mut failed, mut message) = (false, String::new());
        for field in fields(self.status) {
            match field? {
                (2, Value::Bytes(words)) => message = plain(words, WORDS),
                // STATUS_CODE_ERROR
                (3, Value::Varint(code)) => failed = code == 2,
                _ => {}
            }
        }
        let is_root = self.parent.iter().all(|byte| *byte == 0);
        let parent = if is_root { None } else { SpanId::read(self.parent) };
        let (Some(trace), Some(id)) = (TraceId::read(self.trace), SpanId::read(self.id)) else { return Ok(None) };
        if self.start_ns == 0 || (parent.is_none() && !is_root) {
            return Ok(None);
        }
        Ok(Some(Span {
            trace,
            id,
            parent,
            service: service.clone(),
            name: plain(self.name, NAME),
            kind: match self.kind {
                2 => SpanKind::Server,
                3 => SpanKind::Client,
                4 => SpanKind::Producer,
                5 => SpanKind::Consumer,
                _ => SpanKind::Internal,
            },
            start_ns: self.start_ns,
            end_ns: self.end_ns.max(self.start_ns),
            attributes: self.attributes,
            events: self.events,
            left_out: u32::try_from(self.left_out).unwrap_or(u32::MAX),
            failed,
            message,
        }))
    }
}

/// A `KeyValue`: key = 1, value = 2.
fn key_value(message: &[u8]) -> Result<(&[u8], &[u8]), WireError> {
    let (mut key, mut value): (&[u8], &[u8]) = (&[], &[]);
    for field in fields(message) {
        match field? {
            (1, Value::Bytes(told)) => key = told,
            (2, Value::Bytes(told)) => value = told,
            _ => {}
        }
    }
    Ok((key, value))
}

/// An `AnyValue` as people read it, in at most so many bytes.
fn shown(any_value: &[u8], room: usize) -> Result<String, WireError> {
    let mut out = String::new();
    write_value(any_value, room, DEPTH, &mut out)?;
    Ok(cut(out, room))
}

fn write_value(any_value: &[u8], room: usize, depth: u32, out: &mut String) -> Result<(), WireError> {
    for field in fields(any_value) {
        match field? {
            (1, Value::Bytes(string)) => out.push_str(&plain(string, room)),
            (2, Value::Varint(truth)) => out.push_str(if truth == 0 { "false" } else { "true" }),
            (3, Value::Varint(whole)) => out.push_str(&whole.cast_signed().to_string()),
            (4, Value::Fixed64(bits)) => out.push_str(&f64::from_bits(bits).to_string()),
            (5 | 6, Value::Bytes(_)) if depth == 0 => out.push('…'),
            (5, Value::Bytes(array)) => write_list(array, ['[', ']'], (room, depth), out)?,
            (6, Value::Bytes(pairs)) => write_list(pairs, ['{', '}'], (room, depth), out)?,
            (7, Value::Bytes(bytes)) => out.push_str(&format!("{} bytes", bytes.len())),
            _ => {}
        }
        if out.len() > room {
            break;
        }
    }
    Ok(())
}

/// An `ArrayValue` or a `KeyValueList`: values = 1.
fn write_list(
    list: &[u8],
    [open, close]: [char; 2],
    (room, depth): (usize, u32),
    out: &mut String,
) -> Result<(), WireError> {
    out.push(open);
    for (n, field) in fields(list).enumerate() {
        let (1, Value::Bytes(value)) = field? else { continue };
        if out.len() > room {
            break;
        }
        if n > 0 {
            out.push_str(", ");
        }
        if open == '{' {
            let (key, value) = key_value(value)?;
            out.push_str(&plain(key, NAME));
            out.push_str(": ");
            write_value(value, room, depth - 1, out)?;
        } else {
            write_value(value, room, depth - 1, out)?;
        }
    }
    out.push(close);
    Ok(())
}

/// What a program says, as text of at most so many bytes that gives whoever shows it no orders: nothing in it moves a
/// cursor, turns the direction of writing or breaks a line.
fn plain(bytes: &[u8], room: usize) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(room + 4)]);
    let harmless = |c: char| match c {
        '\t' | '\n' | '\r' => ' ',
        '\u{200e}' | '\u{200f}' | '\u{061c}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => '\u{fffd}',
        c if c.is_control() => '\u{fffd}',
        c => c,
    };
    cut(text.chars().map(harmless).collect(), room)
}

/// The beginning of a text where it is too long.
fn cut(mut text: String, room: usize) -> String {
    if text.len() > room {
        let end = (0..=room.saturating_sub('…'.len_utf8())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
        text.truncate(end);
        if room >= '…'.len_utf8() {
            text.push('…');
        }
    }
    text
}

#[cfg(test)]
#[path = "otlp_tests.rs"]
mod tests;
