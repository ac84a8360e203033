//! What travels along a chain of calls: trace, callers, deadline.

use duologue_a2a::error::{A2aError, ErrorKind};
use duologue_a2a::model::{Struct, Timestamp};
use http::{HeaderMap, HeaderName};
use serde_json::Value;

/// W3C Trace Context.
pub(crate) const TRACEPARENT: HeaderName = HeaderName::from_static("traceparent");
/// W3C Trace Context, what vendors add.
pub(crate) const TRACESTATE: HeaderName = HeaderName::from_static("tracestate");
/// Principals of those who called before, the first one first, separated by commas.
pub const CALLERS: HeaderName = HeaderName::from_static("duologue-callers");
/// Milliseconds that the caller waits. Not a moment, since clocks differ.
pub const TIMEOUT: HeaderName = HeaderName::from_static("duologue-timeout-ms");

/// Of gRPC: up to eight digits and a unit.
const GRPC_TIMEOUT: HeaderName = HeaderName::from_static("grpc-timeout");

/// Agents in a chain of calls, at most: longer ones go round in a circle.
pub const MOST_CALLERS: usize = 16;
/// Longest time that a caller can ask for: 30 days.
const MOST_MILLIS: i64 = 30 * 24 * 3_600 * 1_000;

/// What a call brings with it, and what the calls bring with them that an agent makes because of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hop {
    /// `traceparent` of W3C Trace Context, as it came.
    pub traceparent: Option<String>,
    /// `tracestate` of W3C Trace Context, as it came.
    pub tracestate: Option<String>,
    /// Who called before: the first caller first, the immediate one not among them. Only the immediate caller vouches
    /// for it.
    pub callers: Vec<String>,
    /// When the caller stops waiting.
    pub deadline: Option<Timestamp>,
}

impl Hop {
    /// Reads the headers of a call.
    ///
    /// # Errors
    /// Where the chain is too long, or the timeout no number.
    pub(crate) fn read(headers: &HeaderMap, now: impl FnOnce() -> Timestamp) -> Result<Hop, A2aError> {
        let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let traceparent = text(&TRACEPARENT).filter(|value| is_traceparent(value)).map(str::to_owned);
        let tracestate = text(&TRACESTATE).filter(|_| traceparent.is_some()).filter(|state| state.len() <= 512);
        let callers = text(&CALLERS).map(read_callers).unwrap_or_default();
        if callers.len() >= MOST_CALLERS {
            let message = format!("The chain of calls has {MOST_CALLERS} agents: do they call each other in a circle?");
            return Err(A2aError::new(ErrorKind::PermissionDenied, message));
        }
        let millis = match (text(&TIMEOUT), text(&GRPC_TIMEOUT)) {
            (Some(value), _) => Some(read_millis(value)?),
            (None, value) => value.and_then(read_grpc_timeout),
        };
        let deadline = millis.map(|millis| now().plus_millis(millis));
        Ok(Hop { tracestate: tracestate.map(str::to_owned), traceparent, callers, deadline })
    }

    /// That of the calls which an agent makes because of this one, which came from `caller`.
    #[must_use]
    pub fn onward(&self, caller: &str) -> Hop {
        let callers = self.callers.iter().cloned().chain([caller.to_owned()]).collect();
        Hop { callers, ..self.clone() }
    }

    /// Writes the headers of a call.
    pub fn headers(&self, now: Timestamp) -> Vec<(HeaderName, String)> {
        let callers = self.callers.iter().map(|caller| write_caller(caller)).collect::<Vec<_>>().join(",");
        let millis = self.deadline.map(|deadline| (deadline.as_millis() - now.as_millis()).max(0).to_string());
        let all = [
            (TRACEPARENT, self.traceparent.clone()),
            (TRACESTATE, self.tracestate.clone()),
            (CALLERS, Some(callers).filter(|callers| !callers.is_empty())),
            (TIMEOUT, millis),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }

    /// What a task keeps of it, so that whoever takes the task up again goes on with the same trace and chain.
    pub(crate) fn keep(&self) -> Struct {
        let mut kept = Struct::new();
        let mut put = |name: &str, value: Option<Value>| value.map(|value| kept.insert(name.to_owned(), value));
        put("traceparent", self.traceparent.clone().map(Value::from));
        put("tracestate", self.tracestate.clone().map(Value::from));
        put("callers", Some(Value::from(self.callers.clone())).filter(|_| !self.callers.is_empty()));
        kept
    }

    /// What a task kept.
    pub(crate) fn kept(kept: &Struct, deadline: Option<Timestamp>) -> Hop {
        let text = |name: &str| kept.get(name).and_then(Value::as_str).map(str::to_owned);
        let callers = kept.get("callers").and_then(Value::as_array).into_iter().flatten();
        let callers = callers.filter_map(Value::as_str).map(str::to_owned).collect();
        Hop { traceparent: text("traceparent"), tracestate: text("tracestate"), callers, deadline }
    }
}

/// `00-<32 hex>-<16 hex>-<2 hex>`, neither id all zeros; later versions may have more behind it (W3C Trace Context §3.2).
fn is_traceparent(value: &str) -> bool {
    let hex = |text: Option<&str>, len: usize| {
        text.is_some_and(|text| text.len() == len && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
    };
    let mut fields = value.split('-');
    let (version, trace, parent, flags) = (fields.next(), fields.next(), fields.next(), fields.next());
    let is_zero = |text: Option<&str>| text.is_some_and(|text| text.bytes().all(|b| b == b'0'));
    hex(version, 2)
        && hex(trace, 32)
        && hex(parent, 16)
        && hex(flags, 2)
        && !is_zero(trace)
        && !is_zero(parent)
        && version != Some("ff")
        && (version != Some("00") || fields.next().is_none())
        && value.len() <= 128
}

fn read_callers(value: &str) -> Vec<String> {
    let decode = |caller: &str| percent_decode(caller.trim());
    value.split(',').filter(|caller| !caller.trim().is_empty()).map(decode).take(MOST_CALLERS).collect()
}

/// Commas, spaces and what no header may have are percent-encoded.
fn write_caller(caller: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b',' | b'%');
    let encode = |byte: u8| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    caller.bytes().map(encode).collect()
}

fn percent_decode(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let [first, after @ ..] = rest {
        let hex = |digits: &[u8]| u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
        match (first, after.get(..2).and_then(hex)) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn read_millis(value: &str) -> Result<i64, A2aError> {
    let millis = value.trim().parse::<i64>().ok().filter(|millis| *millis >= 0);
    let millis = millis.ok_or_else(|| {
        A2aError::new(ErrorKind::InvalidRequest, format!("The header {TIMEOUT} is no whole number of milliseconds"))
    })?;
    Ok(millis.min(MOST_MILLIS))
}

/// `TimeoutValue TimeoutUnit` of gRPC over HTTP/2; what is none is passed over, as gRPC's own servers do.
fn read_grpc_timeout(value: &str) -> Option<i64> {
    let (digits, unit) = value.split_at_checked(value.len().checked_sub(1)?)?;
    let number: i64 = digits.parse().ok().filter(|number| (0..100_000_000).contains(number))?;
    let millis = match unit {
        "H" => number * 3_600_000,
        "M" => number * 60_000,
        "S" => number * 1_000,
        "m" => number,
        // Less than a millisecond is one: nobody waits for less.
        "u" => number / 1_000 + 1,
        "n" => number / 1_000_000 + 1,
        _ => return None,
    };
    Some(millis.min(MOST_MILLIS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use proptest::prelude::*;

    const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    fn read(hop: &Hop) -> Result<Hop, A2aError> {
        let now = Timestamp::from_millis(5_000);
        let header = |(name, value): (HeaderName, String)| Some((name, HeaderValue::from_str(&value).ok()?));
        Hop::read(&hop.headers(now).into_iter().filter_map(header).collect(), || now)
    }

    proptest! {
        #[test]
        fn what_was_written_is_read(callers in prop::collection::vec("\\PC{1,20}", 0..8), millis in 0i64..1_000_000) {
            let callers = callers.into_iter().map(|caller| caller.trim().to_owned()).filter(|c| !c.is_empty()).collect();
            let deadline = Some(Timestamp::from_millis(5_000 + millis));
            let hop = Hop { traceparent: Some(TRACE.into()), tracestate: Some("a=b".into()), callers, deadline };
            prop_assert_eq!(read(&hop), Ok(hop.clone()));
            prop_assert_eq!(Hop::kept(&hop.keep(), deadline), hop);
        }

        #[test]
        fn any_header_is_survived(bytes: Vec<u8>) {
            let Ok(value) = HeaderValue::from_bytes(&bytes) else { return Ok(()) };
            let headers = [TRACEPARENT, TRACESTATE, CALLERS, TIMEOUT].map(|name| (name, value.clone()));
            drop(Hop::read(&headers.into_iter().collect(), Timestamp::default));
        }
    }

    #[test]
    fn the_timeout_of_grpc_is_one_too() {
        for (value, millis) in [
            ("5S", Some(5_000)),
            ("250m", Some(250)),
            ("1H", Some(3_600_000)),
            ("900u", Some(1)),
            ("S", None),
            ("", None),
            ("5x", None),
            ("-5S", None),
        ] {
            assert_eq!(read_grpc_timeout(value), millis, "{value}");
        }
    }

    #[test]
    fn a_chain_without_end_is_cut() {
        let mut hop = Hop::default();
        for _ in 0..MOST_CALLERS - 1 {
            hop = hop.onward("spiffe://example.org/a");
            assert_eq!(read(&hop).map(|read| read.callers.len()), Ok(hop.callers.len()));
        }
        assert_eq!(read(&hop.onward("b")).map_err(|error| error.kind), Err(ErrorKind::PermissionDenied));
    }

    #[test]
    fn what_is_no_trace_is_not_passed_on() {
        assert!(is_traceparent(TRACE));
        for wrong in [
            "",
            "00-1-2-01",
            &TRACE.to_uppercase(),
            &format!("{TRACE}-x"),
            &TRACE.replace("0af7651916cd43dd8448eb211c80319c", &"0".repeat(32)),
        ] {
            assert!(!is_traceparent(wrong), "{wrong}");
        }
    }
}
