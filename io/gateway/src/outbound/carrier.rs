//! What carries a request of HTTP: TLS by names and authorities, or by identities on both sides.

use super::address::is_loopback;
use super::error::{CallError, ConnectError, reasons};
use super::identity::IdentityError;
use super::mutual::{Mutual, SendError};
use super::options::Options;
use super::tls;
use bytes::Bytes;
use http::header::USER_AGENT;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use reqwest::{Url, redirect};

/// Redirects that are followed, all to the same origin.
const MOST_REDIRECTS: usize = 3;
/// What the client says it is.
pub(super) const AGENT: &str = concat!("duologue/", env!("CARGO_PKG_VERSION"));

/// Carries requests to one agent.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one of these a client")]
pub(super) enum Carrier {
    /// Whoever has the name.
    Named(reqwest::Client),
    /// Whoever is who was asked for.
    Mutual(Mutual),
}

/// Why a request has no answer.
#[derive(Debug)]
pub(super) enum Trouble {
    Identity(IdentityError),
    Unreachable(String),
}

/// An answer, whose body is still to come.
#[derive(Debug)]
pub(super) enum Answer {
    Named(reqwest::Response),
    Mutual(http::Response<Incoming>),
}

impl Carrier {
    /// For an address: with TLS where that needs it.
    pub(super) fn new(url: &Url, options: &Options) -> Result<Carrier, ConnectError> {
        if let Some(identity) = &options.identity {
            return Ok(Carrier::Mutual(Mutual::new(identity, options.connect_timeout)));
        }
        let mut builder = reqwest::Client::builder()
            .user_agent(AGENT)
            .connect_timeout(options.connect_timeout)
            .tcp_nodelay(true)
            .redirect(redirect::Policy::custom(same_origin));
        if is_loopback(url) {
            builder = builder.no_proxy();
        }
        builder = match url.scheme() {
            "https" => builder.tls_backend_preconfigured(tls::config(options)?),
            // A machine without certificates can still talk to an agent that needs none.
            _ => builder.tls_certs_only([]),
        };
        let client = builder.build().map_err(|error| ConnectError::Tls { why: reasons(&error) })?;
        Ok(Carrier::Named(client))
    }

    pub(super) async fn send(
        &self,
        (method, url): (Method, &Url),
        headers: HeaderMap,
        body: Option<Bytes>,
    ) -> Result<Answer, Trouble> {
        match self {
            Carrier::Named(client) => {
                let request = client.request(method, url.clone()).headers(headers);
                let request = match body {
                    Some(body) => request.body(body),
                    None => request,
                };
                request.send().await.map(Answer::Named).map_err(|error| Trouble::Unreachable(reasons(&error)))
            }
            Carrier::Mutual(mutual) => {
                let url = url.as_str();
                // What is an address to the one is one to the other.
                let uri: http::Uri = url.parse().map_err(|_| Trouble::Unreachable("it is no address".to_owned()))?;
                let sent = mutual.send(|| request(&method, &uri, &headers, body.as_ref()));
                sent.await.map(Answer::Mutual).map_err(Trouble::of)
            }
        }
    }
}

fn request(
    method: &Method,
    uri: &http::Uri,
    headers: &HeaderMap,
    body: Option<&Bytes>,
) -> http::Request<super::mutual::Body> {
    let body = Full::new(body.cloned().unwrap_or_default()).map_err(|never| match never {}).boxed_unsync();
    let mut request = http::Request::new(body);
    *request.method_mut() = method.clone();
    *request.uri_mut() = uri.clone();
    *request.headers_mut() = headers.clone();
    request.headers_mut().insert(USER_AGENT, HeaderValue::from_static(AGENT));
    request
}

/// Elsewhere, neither credentials nor people's words go; where a redirect goes is told as the answer that it is.
fn same_origin(attempt: redirect::Attempt<'_>) -> redirect::Action {
    let is_same = attempt.previous().first().is_some_and(|first| first.origin() == attempt.url().origin());
    if is_same && attempt.previous().len() <= MOST_REDIRECTS { attempt.follow() } else { attempt.stop() }
}

impl Answer {
    pub(super) fn status(&self) -> StatusCode {
        match self {
            Answer::Named(answer) => answer.status(),
            Answer::Mutual(answer) => answer.status(),
        }
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        match self {
            Answer::Named(answer) => answer.headers(),
            Answer::Mutual(answer) => answer.headers(),
        }
    }

    /// The next piece of the body; none: it was the last.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, String> {
        match self {
            Answer::Named(answer) => answer.chunk().await.map_err(|error| reasons(&error)),
            Answer::Mutual(answer) => loop {
                match answer.body_mut().frame().await {
                    None => return Ok(None),
                    Some(Err(error)) => return Err(reasons(&error)),
                    Some(Ok(frame)) => {
                        if let Ok(piece) = frame.into_data() {
                            return Ok(Some(piece));
                        }
                    }
                }
            },
        }
    }

    /// The whole body, where it is no longer than `most` bytes.
    pub(super) async fn body(mut self, most: usize) -> Result<Vec<u8>, String> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            if body.len() + chunk.len() > most {
                return Err(format!("the answer is longer than {most} bytes"));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

impl Trouble {
    fn of(error: SendError) -> Trouble {
        match error {
            SendError::Identity(error) => Trouble::Identity(error),
            SendError::Broken(error) => Trouble::Unreachable(reasons(&error)),
        }
    }

    pub(super) fn of_call(self, url: String) -> CallError {
        match self {
            Trouble::Identity(error) => CallError::Identity(error),
            Trouble::Unreachable(why) => CallError::Unreachable { url, why },
        }
    }

    pub(super) fn of_connect(self, url: String) -> ConnectError {
        match self {
            Trouble::Identity(error) => ConnectError::Identity(error),
            Trouble::Unreachable(why) => ConnectError::Unreachable { url, why },
        }
    }
}
