//! The third stage: bytes become a call, whichever binding and version they came by.

use super::accept::Exchange;
use super::respond::Refusal;
use crate::binding::Binding;
use crate::hop::Hop;
use duologue_a2a::call::{Call, Limits, grpc, http as rest, jsonrpc};
use duologue_a2a::error::{A2aError, ErrorKind};
use duologue_a2a::model::Timestamp;
use duologue_a2a::version::{Dialect, negotiate};
use http::HeaderName;
use http::header::CONTENT_TYPE;

/// The versions that are spoken.
pub(super) const SPOKEN: &[Dialect] = &[Dialect::V1_0, Dialect::V0_3];
pub(super) const VERSION: HeaderName = HeaderName::from_static("a2a-version");
pub(super) const EXTENSIONS: HeaderName = HeaderName::from_static("a2a-extensions");
pub(super) const EXTENSIONS_0_3: HeaderName = HeaderName::from_static("x-a2a-extensions");
/// The number of the last event that the client has seen.
pub(super) const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// A call, and what came with it.
#[derive(Debug)]
pub(super) struct Decoded {
    pub(super) call: Call,
    pub(super) hop: Hop,
    /// Events up to this one are known to the client.
    pub(super) seen: Option<u64>,
}

pub(super) fn decode(
    exchange: &mut Exchange,
    base: &str,
    limits: &Limits,
    now: impl FnOnce() -> Timestamp,
) -> Result<Decoded, Refusal> {
    let call = match exchange.binding {
        Binding::JsonRpc => from_jsonrpc(exchange, limits)?,
        Binding::Http => from_http(exchange, base, limits)?,
        Binding::Grpc => from_grpc(exchange, limits)?,
    };
    let hop = Hop::read(&exchange.head.headers, now)?;
    let seen = match exchange.text(&LAST_EVENT_ID) {
        None | Some("") => None,
        Some(text) => Some(text.trim().parse().map_err(|_| A2aError::invalid("Last-Event-ID", "is no number"))?),
    };
    Ok(Decoded { call, hop, seen })
}

fn from_jsonrpc(exchange: &mut Exchange, limits: &Limits) -> Result<Call, Refusal> {
    let dialect = version(exchange);
    let read = jsonrpc::read_request(&exchange.body, *dialect.as_ref().unwrap_or(&Dialect::V1_0), limits);
    let (id, call) = match read {
        Ok((id, call)) => (id, Ok(call)),
        Err(refused) => (refused.id, Err(refused.error)),
    };
    exchange.id = id;
    exchange.dialect = dialect?;
    check_content_type(exchange)?;
    Ok(call?)
}

fn from_http(exchange: &mut Exchange, base: &str, limits: &Limits) -> Result<Call, Refusal> {
    exchange.dialect = version(exchange)?;
    if !exchange.body.is_empty() {
        check_content_type(exchange)?;
    }
    let (verb, path) = (exchange.head.method.as_str(), exchange.path(base));
    let query = exchange.head.uri.query().unwrap_or_default();
    let received = rest::Received { verb, path, query, body: &exchange.body };
    rest::read_request(&received, exchange.dialect, limits).map_err(|not_served| match not_served {
        rest::NotServed::WrongVerb { allow } => Refusal::WrongVerb(allow),
        rest::NotServed::NoSuchPath(error) | rest::NotServed::Refused(error) => error.into(),
    })
}

fn from_grpc(exchange: &Exchange, limits: &Limits) -> Result<Call, Refusal> {
    // The service's name has the version in it: whoever says nothing more means that one.
    negotiate(exchange.text(&VERSION).filter(|said| !said.is_empty()).or(Some("1.0")), None, &[Dialect::V1_0])?;
    Ok(grpc::read_request(grpc::operation(exchange.head.uri.path())?, &exchange.body, limits)?)
}

fn version(exchange: &Exchange) -> Result<Dialect, A2aError> {
    let query = exchange.head.uri.query().and_then(rest::version_in_query);
    let header = exchange.text(&VERSION);
    negotiate(header, query.as_deref(), SPOKEN)
}

fn check_content_type(exchange: &Exchange) -> Result<(), A2aError> {
    match exchange.text(&CONTENT_TYPE) {
        None => Ok(()),
        Some(content_type) if rest::is_json(content_type) => Ok(()),
        Some(_) => {
            let message = "Send the body as application/json or application/a2a+json";
            Err(A2aError::new(ErrorKind::ContentTypeNotSupported, message))
        }
    }
}
