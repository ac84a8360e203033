//! The first stage: a request is taken in, with a bounded body, and the binding is known.

use super::Gateway;
use super::body::{Body, full};
use super::grpc;
use crate::binding::Binding;
use bytes::Bytes;
use duologue_a2a::call::jsonrpc::Id;
use duologue_a2a::error::{A2aError, ErrorKind};
use duologue_a2a::version::Dialect;
use duologue_identity::Peer as Shaken;
use http::header::{CONTENT_TYPE, HOST};
use http::request::Parts;
use http::{HeaderName, Method, Request, Response, StatusCode, Uri};
use http_body_util::{BodyExt, Limited};
use std::net::IpAddr;
use std::time::Duration;

/// A body that takes longer to come is given up.
const BODY_TIME: Duration = Duration::from_secs(30);

/// A call on its way through the stages, with what is known about how to answer it.
#[derive(Clone, Debug)]
pub(super) struct Exchange {
    pub(super) head: Parts,
    /// Who the handshake proved to call.
    pub(super) shaken: Option<Shaken>,
    pub(super) body: Bytes,
    pub(super) binding: Binding,
    /// Until the version is negotiated, that of this protocol's newest.
    pub(super) dialect: Dialect,
    /// Of JSON-RPC.
    pub(super) id: Id,
    /// Those that client and agent both know.
    pub(super) extensions: String,
}

/// What becomes of a request.
pub(super) enum Accepted {
    Call(Box<Exchange>),
    /// It was no call, or could not be taken in.
    Answered(Response<Body>),
}

impl Exchange {
    pub(super) fn text(&self, name: &HeaderName) -> Option<&str> {
        self.head.headers.get(name).and_then(|value| value.to_str().ok())
    }

    /// The path below the agent's address.
    pub(super) fn path(&self, base: &str) -> &str {
        self.head.uri.path().strip_prefix(base).unwrap_or_default()
    }
}

/// Takes a request in.
pub(super) async fn accept<B>(gateway: &Gateway, request: Request<B>, shaken: Option<Shaken>) -> Accepted
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>> + Send,
{
    let (head, body) = request.into_parts();
    if head.headers.get_all(HOST).iter().count() > 1 {
        return Accepted::Answered(plain(StatusCode::BAD_REQUEST, "The request names two hosts"));
    }
    if !gateway.takes_host(&head.uri, head.headers.get(HOST).and_then(|host| host.to_str().ok())) {
        let why = "This agent is not served under that name: use the address in its card";
        return Accepted::Answered(plain(StatusCode::MISDIRECTED_REQUEST, why));
    }
    if gateway.is_loopback_only() && comes_from_elsewhere(&head) {
        let why = "A page of another site may not call this agent";
        return Accepted::Answered(plain(StatusCode::FORBIDDEN, why));
    }
    if let Some(answer) = gateway.cards().answer(&head, gateway.base()) {
        return Accepted::Answered(answer);
    }
    let Some(binding) = binding(&head, gateway.base()) else {
        return Accepted::Answered(plain(StatusCode::NOT_FOUND, "There is no agent at this path"));
    };
    if binding == Binding::Grpc {
        return Accepted::Answered(grpc::answer(gateway, Request::from_parts(head, body), shaken).await);
    }
    let (dialect, id, extensions) = (Dialect::V1_0, Id::null(), String::new());
    let mut exchange = Box::new(Exchange { head, shaken, body: Bytes::new(), binding, dialect, id, extensions });
    let most = gateway.limits().body;
    if body.size_hint().lower() > most as u64 {
        return Accepted::Answered(too_long(&exchange, most));
    }
    match tokio::time::timeout(BODY_TIME, Limited::new(body, most).collect()).await {
        Ok(Ok(collected)) => {
            exchange.body = collected.to_bytes();
            Accepted::Call(exchange)
        }
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => {
            Accepted::Answered(too_long(&exchange, most))
        }
        Ok(Err(_)) => Accepted::Answered(plain(StatusCode::BAD_REQUEST, "The body ended before its end")),
        Err(_) => Accepted::Answered(plain(StatusCode::REQUEST_TIMEOUT, "The body took longer than 30 s to come")),
    }
}

fn too_long(exchange: &Exchange, most: usize) -> Response<Body> {
    let error = A2aError::new(ErrorKind::InvalidRequest, format!("The body is longer than {most} bytes"));
    super::respond::refuse_as(exchange, &error, StatusCode::PAYLOAD_TOO_LARGE)
}

fn binding(head: &Parts, base: &str) -> Option<Binding> {
    let content_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    if content_type.starts_with("application/grpc") {
        return Some(Binding::Grpc);
    }
    let below = head.uri.path().strip_prefix(base)?;
    match below {
        "" | "/" if head.method == Method::POST => Some(Binding::JsonRpc),
        "" => None,
        _ if below.starts_with('/') => Some(Binding::Http),
        _ => None,
    }
}

/// A page in a browser can be made to believe that this machine is its own site (DNS rebinding). Such a request has a foreign
/// name in it.
pub(super) fn is_loopback_name(authority: &str) -> bool {
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => host,
        _ => authority,
    };
    let host = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

/// Any page can have the browser send a call that needs no leave, and whoever is on this machine is not asked who they are. Browsers say
/// where a request comes from (Fetch Metadata; RFC 6454).
fn comes_from_elsewhere(head: &Parts) -> bool {
    let text = |name: &str| head.headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let is_own = |origin: &str| {
        origin.parse::<Uri>().is_ok_and(|uri| uri.authority().is_some_and(|at| is_loopback_name(at.as_str())))
    };
    let is_harmless = head.method == Method::GET || head.method == Method::HEAD;
    let site = text("sec-fetch-site").is_some_and(|site| site == "cross-site");
    !is_harmless && text("origin").map_or(site, |origin| !is_own(origin))
}

/// The name that a request is for.
pub(super) fn named<'a>(uri: &'a Uri, host: Option<&'a str>) -> Option<&'a str> {
    uri.authority().map(|authority| authority.as_str()).or(host)
}

pub(super) fn plain(status: StatusCode, text: &str) -> Response<Body> {
    let mut answer = Response::new(full(format!("{text}\n")));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, http::HeaderValue::from_static("text/plain; charset=utf-8"));
    answer
}
