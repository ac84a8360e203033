//! JSON-RPC and HTTP+JSON, in both versions.

use super::address::{below, shown};
use super::carrier::{Answer, Carrier};
use super::choose::Interface;
use super::error::{CallError, ConnectError};
use super::options::Options;
use super::told::{Told, Words};
use crate::binding::Binding;
use bytes::Bytes;
use duologue_a2a::call::jsonrpc::{self, Id};
use duologue_a2a::call::{Call, Limits, Reply, http as rest};
use duologue_a2a::error::{A2aError, ErrorKind};
use duologue_a2a::sse;
use duologue_a2a::version::Dialect;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use reqwest::Url;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// An interface of JSON-RPC or HTTP+JSON.
#[derive(Debug)]
pub(super) struct Http {
    carrier: Carrier,
    interface: Interface,
    limits: Limits,
    idle: Duration,
    next_id: AtomicU64,
}

/// A request, ready to be sent.
struct Prepared {
    verb: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<Bytes>,
    id: Id,
}

impl Http {
    pub(super) fn new(interface: Interface, options: &Options) -> Result<Http, ConnectError> {
        let carrier = Carrier::new(&interface.url, options)?;
        Ok(Http { carrier, interface, limits: options.limits, idle: options.idle, next_id: AtomicU64::new(1) })
    }

    fn shown(&self) -> String {
        shown(self.interface.url.as_str())
    }

    fn prepare(&self, call: &Call, mut headers: HeaderMap, accept: &'static str) -> Result<Prepared, CallError> {
        let (dialect, operation) = (self.interface.dialect, call.operation());
        let missing = || CallError::NotInVersion { operation: operation.as_str(), version: dialect.as_str() };
        let id = Id::number(self.next_id.fetch_add(1, Ordering::Relaxed));
        let (verb, url, body, media_type) = match self.interface.binding {
            Binding::Http => {
                let request = rest::write_request(call, dialect).ok_or_else(missing)?;
                let url = below(&self.interface.url, &request.target)
                    .map_err(|error| CallError::Invalid(A2aError::invalid("", error.to_string())))?;
                let media_type = if dialect == Dialect::V1_0 { rest::MEDIA_TYPE } else { "application/json" };
                (request.verb, url, request.body, media_type)
            }
            _ => {
                let body = jsonrpc::write_request(&id, call, dialect).ok_or_else(missing)?;
                ("POST", self.interface.url.clone(), Some(body), "application/json")
            }
        };
        let verb = match verb {
            "GET" => Method::GET,
            "DELETE" => Method::DELETE,
            _ => Method::POST,
        };
        headers.append(ACCEPT, HeaderValue::from_static(accept));
        if body.is_some() {
            headers.append(CONTENT_TYPE, HeaderValue::from_static(media_type));
        }
        Ok(Prepared { verb, url, headers, body: body.map(Bytes::from), id })
    }

    /// The answer, and the id of the request.
    async fn send(&self, prepared: Prepared) -> Result<(Answer, Id), CallError> {
        let Prepared { verb, url, headers, body, id } = prepared;
        let sent = self.carrier.send((verb, &url), headers, body).await;
        Ok((sent.map_err(|trouble| trouble.of_call(self.shown()))?, id))
    }

    async fn whole(&self, response: Answer) -> Result<Vec<u8>, CallError> {
        let broken = |why| CallError::Unreachable { url: self.shown(), why };
        response.body(self.limits.body).await.map_err(broken)
    }

    /// A call that is answered at once.
    pub(super) async fn unary(&self, call: &Call, headers: HeaderMap) -> Result<Reply, CallError> {
        let prepared = self.prepare(call, headers, "application/json, application/a2a+json")?;
        let (response, id) = self.send(prepared).await?;
        let status = response.status().as_u16();
        let body = self.whole(response).await?;
        let (operation, dialect) = (call.operation(), self.interface.dialect);
        let read = match self.interface.binding {
            Binding::Http => rest::read_reply(status, &body, operation, dialect, &self.limits),
            _ => {
                let read = jsonrpc::read_reply(&body, &id, operation, dialect, &self.limits);
                read.map_err(|error| unless_told(error, status, &body))
            }
        };
        read.map_err(|error| CallError::of(error, &self.shown()))
    }

    /// A call that is answered by a stream.
    pub(super) async fn open(&self, call: &Call, headers: HeaderMap) -> Result<Sse, CallError> {
        let prepared = self.prepare(call, headers, sse::MEDIA_TYPE)?;
        let (response, id) = self.send(prepared).await?;
        let status = response.status().as_u16();
        let media_type = response.headers().get(CONTENT_TYPE).map(HeaderValue::as_bytes).unwrap_or_default();
        let is_stream = media_type.to_ascii_lowercase().starts_with(sse::MEDIA_TYPE.as_bytes());
        let Interface { binding, dialect, .. } = self.interface;
        let words = Words { binding, dialect, id, limits: self.limits, url: self.shown() };
        if is_stream && response.status().is_success() {
            let (reader, waiting) = (sse::Reader::new(self.limits.body), VecDeque::new());
            return Ok(Sse { response: Some(response), reader, waiting, words, idle: self.idle });
        }
        // An error; or one event, from an agent that does not stream.
        let body = self.whole(response).await?;
        let event = match words.read(&body) {
            Err(_) if status >= 300 && binding == Binding::Http => {
                return Err(CallError::of(A2aError::from_http(status, &body), &words.url));
            }
            Err(error) => return Err(CallError::of(unless_told(error, status, &body), &words.url)),
            Ok(event) => Told { sequence: None, event },
        };
        let (reader, waiting) = (sse::Reader::new(0), VecDeque::from([Ok(event)]));
        Ok(Sse { response: None, reader, waiting, words, idle: self.idle })
    }
}

/// Who speaks no A2A, a proxy for one, is known by the status.
fn unless_told(error: A2aError, status: u16, body: &[u8]) -> A2aError {
    let is_told = error.kind != ErrorKind::InvalidAgentResponse || (200..300).contains(&status);
    if is_told { error } else { A2aError::from_http(status, body) }
}

/// A stream of server-sent events.
#[derive(Debug)]
pub(super) struct Sse {
    response: Option<Answer>,
    reader: sse::Reader,
    waiting: VecDeque<Result<Told, CallError>>,
    words: Words,
    idle: Duration,
}

impl Sse {
    /// The next event; none: the stream has ended as it should.
    pub(super) async fn next(&mut self) -> Option<Result<Told, CallError>> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            let response = self.response.as_mut()?;
            let cut = |why: String| CallError::Unreachable { url: self.words.url.clone(), why };
            match tokio::time::timeout(self.idle, response.chunk()).await {
                Err(_) => {
                    self.response = None;
                    return Some(Err(cut(format!("the stream was silent for {:?}", self.idle))));
                }
                Ok(Err(why)) => {
                    self.response = None;
                    return Some(Err(cut(why)));
                }
                Ok(Ok(None)) => self.response = None,
                Ok(Ok(Some(bytes))) => self.take(&bytes),
            }
        }
    }

    fn take(&mut self, bytes: &[u8]) {
        match self.reader.push(bytes) {
            Ok(events) => {
                for event in events {
                    let sequence = event.id.as_deref().and_then(|id| id.parse().ok());
                    let read = self.words.read(event.data.as_bytes());
                    let told = read.map(|event| Told { sequence, event });
                    self.waiting.push_back(told.map_err(|error| CallError::of(error, &self.words.url)));
                }
            }
            Err(too_long) => {
                self.response = None;
                let error = CallError::NotUnderstood { url: self.words.url.clone(), why: too_long.to_string() };
                self.waiting.push_back(Err(error));
            }
        }
    }
}
