//! The last stage: what came of a call, in the words of its binding and version.

use super::accept::Exchange;
use super::body::{Body, full, stream};
use super::decode::{EXTENSIONS, EXTENSIONS_0_3};
use super::perform::Performed;
use crate::binding::Binding;
use crate::tasks::{Events, Numbered};
use bytes::Bytes;
use duologue_a2a::call::jsonrpc::Id;
use duologue_a2a::call::{Reply, http as rest, jsonrpc};
use duologue_a2a::error::{A2aError, ErrorKind};
use duologue_a2a::sse;
use duologue_a2a::version::Dialect;
use futures::{Stream, StreamExt};
use http::header::{ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_TYPE, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, Response, StatusCode};
use std::time::Duration;
use tokio::time::{Instant, sleep_until};

/// A stream on which nothing was said for so long is shown to be alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
const JSON: &str = "application/json";

/// Why there is nothing to perform.
#[derive(Debug)]
pub(super) enum Refusal {
    Error(A2aError),
    /// 405, with what the path takes.
    WrongVerb(&'static str),
}

impl From<A2aError> for Refusal {
    fn from(error: A2aError) -> Refusal {
        Refusal::Error(error)
    }
}

pub(super) fn respond(
    exchange: &Exchange,
    outcome: Result<Performed, Refusal>,
    challenge: Option<&'static str>,
) -> Response<Body> {
    let mut answer = match outcome {
        Ok(Performed::Reply(reply)) => reply_to(exchange, &reply),
        Ok(Performed::Stream(events)) => stream_to(exchange, events),
        Err(Refusal::WrongVerb(allow)) => wrong_verb(exchange, allow),
        Err(Refusal::Error(error)) => {
            let mut answer = refuse(exchange, &error);
            if let (ErrorKind::Unauthenticated, Some(challenge)) = (error.kind, challenge) {
                answer.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
            }
            answer
        }
    };
    if let (false, Ok(value)) = (exchange.extensions.is_empty(), HeaderValue::from_str(&exchange.extensions)) {
        let name = if exchange.dialect == Dialect::V1_0 { EXTENSIONS } else { EXTENSIONS_0_3 };
        answer.headers_mut().insert(name, value);
    }
    answer
}

fn reply_to(exchange: &Exchange, reply: &Reply) -> Response<Body> {
    let written = match exchange.binding {
        Binding::JsonRpc => jsonrpc::write_reply(&exchange.id, reply, exchange.dialect),
        Binding::Http => rest::write_reply(reply, exchange.dialect),
        Binding::Grpc => None,
    };
    match written {
        Some(body) => with_type(StatusCode::OK, media_type(exchange), body),
        None => refuse(exchange, &ErrorKind::UnsupportedOperation.into()),
    }
}

/// An error, as the whole answer.
/// By a status that HTTP has a word for, and the protocol has none.
pub(super) fn refuse_as(exchange: &Exchange, error: &A2aError, status: StatusCode) -> Response<Body> {
    let mut answer = refuse(exchange, error);
    if exchange.binding == Binding::Http {
        let mut body = error.to_http(exchange.dialect);
        if let Some(code) = body.pointer_mut("/error/code").filter(|code| code.is_number()) {
            *code = status.as_u16().into();
        }
        *answer.body_mut() = full(body.to_string());
    }
    *answer.status_mut() = status;
    answer
}

pub(super) fn refuse(exchange: &Exchange, error: &A2aError) -> Response<Body> {
    match exchange.binding {
        Binding::JsonRpc => {
            let body = jsonrpc::write_error(&exchange.id, error);
            // What HTTP itself has a word for, proxies and clients want to hear from it.
            let status = match error.kind {
                ErrorKind::Unauthenticated | ErrorKind::PermissionDenied => status(error),
                _ => StatusCode::OK,
            };
            with_type(status, JSON, body)
        }
        Binding::Http | Binding::Grpc => {
            let body = error.to_http(exchange.dialect).to_string();
            with_type(status(error), media_type(exchange), body)
        }
    }
}

fn status(error: &A2aError) -> StatusCode {
    StatusCode::from_u16(error.kind.http_status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

fn wrong_verb(exchange: &Exchange, allow: &'static str) -> Response<Body> {
    let error = A2aError::new(ErrorKind::MethodNotFound, format!("This path takes {allow}"));
    let mut answer = refuse_as(exchange, &error, StatusCode::METHOD_NOT_ALLOWED);
    answer.headers_mut().insert(ALLOW, HeaderValue::from_static(allow));
    answer
}

/// 1.0 has a media type of its own over HTTP+JSON; who asks for, or writes, plain JSON gets that.
fn media_type(exchange: &Exchange) -> &'static str {
    let says = |name: &HeaderName, what: &str| exchange.text(name).is_some_and(|value| value.contains(what));
    let is_own = exchange.binding == Binding::Http && exchange.dialect == Dialect::V1_0;
    let asks_plain = says(&ACCEPT, JSON) || says(&CONTENT_TYPE, JSON);
    let asks_own = says(&ACCEPT, rest::MEDIA_TYPE);
    if is_own && (asks_own || !asks_plain) { rest::MEDIA_TYPE } else { JSON }
}

fn with_type(status: StatusCode, media_type: &'static str, body: impl Into<Bytes>) -> Response<Body> {
    let mut answer = Response::new(full(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(media_type));
    answer
}

fn stream_to(exchange: &Exchange, events: Events) -> Response<Body> {
    let words = Words { binding: exchange.binding, dialect: exchange.dialect, id: exchange.id.clone() };
    let mut answer = Response::new(stream(pieces(events, words)));
    let headers = answer.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(sse::MEDIA_TYPE));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    // Proxies that hold answers back until they are whole would hold a stream back for ever.
    headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    answer
}

/// How events are written.
struct Words {
    binding: Binding,
    dialect: Dialect,
    id: Id,
}

impl Words {
    fn event(&self, event: &Result<Numbered, A2aError>) -> Bytes {
        let mut piece = Vec::with_capacity(512);
        match (event, self.binding) {
            (Ok(numbered), Binding::JsonRpc) => {
                let data = jsonrpc::write_event(&self.id, &numbered.event, self.dialect);
                sse::write(&mut piece, numbered.sequence, &data);
            }
            (Ok(numbered), _) => {
                sse::write(&mut piece, numbered.sequence, &rest::write_event(&numbered.event, self.dialect));
            }
            (Err(error), Binding::JsonRpc) => sse::write(&mut piece, None, &jsonrpc::write_error(&self.id, error)),
            (Err(error), _) => sse::write(&mut piece, None, error.to_http(self.dialect).to_string().as_bytes()),
        }
        piece.into()
    }
}

fn pieces(events: Events, words: Words) -> impl Stream<Item = Bytes> + Send {
    let next_sign = || Instant::now() + KEEP_ALIVE;
    futures::stream::unfold((events, words, next_sign()), move |(mut events, words, sign)| async move {
        tokio::select! {
            event = events.next() => {
                let piece = words.event(&event?);
                Some((piece, (events, words, next_sign())))
            }
            () = sleep_until(sign) => Some((Bytes::from_static(sse::KEEP_ALIVE), (events, words, next_sign()))),
        }
    })
}
