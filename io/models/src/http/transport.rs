//! Sends a call, waits for the first byte of its answer, and reads on: all timeouts and retries are here.

use super::config::ServerConfig;
use super::endpoint::{Call, Endpoint};
use super::failure::Failures;
use super::socket::{self, Socket};
use crate::{ModelError, ModelErrorKind};
use bytes::{Bytes, BytesMut};
use duologue_ids::Seed;
use futures::StreamExt;
use futures::stream::BoxStream;
use reqwest::header::HeaderMap;
use reqwest::{Client, RequestBuilder, Response, StatusCode, header, redirect};
use std::borrow::Cow;
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_tungstenite::tungstenite::handshake;

/// Most bytes of an error's body that are read.
const ERROR_BODY_MAX: usize = 64 << 10;
/// How long to wait for an error's body: its status has said the most already.
const ERROR_BODY_PATIENCE: Duration = Duration::from_secs(1);

/// The connections to one server.
pub(crate) struct Transport {
    endpoint: Arc<Endpoint>,
    client: Client,
}

/// How to build the request of a call; it is asked again for every attempt.
pub(crate) type BuildRequest<'a> = &'a (dyn Fn(RequestBuilder) -> RequestBuilder + Sync);

impl Transport {
    pub(crate) fn new(config: ServerConfig) -> Result<Transport, ModelError> {
        Transport::with_headers(config, HeaderMap::new())
    }

    /// The same for a server that wants these headers with every call.
    pub(crate) fn with_headers(config: ServerConfig, mut headers: HeaderMap) -> Result<Transport, ModelError> {
        let endpoint = Arc::new(Endpoint::new(config)?);
        headers.extend(endpoint.authorization()?);
        let mut client = Client::builder()
            .user_agent(concat!("duologue/", env!("CARGO_PKG_VERSION")))
            .default_headers(headers)
            .connect_timeout(endpoint.timeouts.connect)
            // What unpacks to more than it weighs would pass the limits on what is read.
            .no_gzip()
            // Following one would carry the key and people's words to an address that nobody configured.
            .redirect(redirect::Policy::none());
        if endpoint.is_loopback() {
            client = client.no_proxy();
        }
        if !endpoint.is_tls() {
            // A machine without certificates can still talk to a server that needs none.
            client = client.tls_certs_only([]);
        }
        let client = client.build().map_err(|e| ModelError {
            provider: endpoint.name.clone(),
            kind: ModelErrorKind::Configuration,
            given_up: false,
            message: format!("no HTTPS on this machine: {e}"),
            help: "install the system's certificates (package ca-certificates)".into(),
        })?;
        Ok(Transport { client, endpoint })
    }

    /// The connections; every request gets the key and the other headers of this server.
    pub(crate) fn client(&self) -> Client {
        self.client.clone()
    }

    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// POSTs to `call` and waits for the first byte of a successful answer. What may pass is tried again, within
    /// [`Timeouts::first_byte`](super::Timeouts::first_byte).
    pub(crate) async fn post(&self, call: impl Into<Call>, build: BuildRequest<'_>) -> Result<Answer, ModelError> {
        let call = call.into();
        let request = || build(self.client.post(self.endpoint.url(&call)));
        self.attempts(&call, self.endpoint.retries, || self.attempt(&call, request())).await
    }

    /// GETs `call`, once.
    pub(crate) async fn get_once(&self, call: impl Into<Call>) -> Result<Answer, ModelError> {
        let call = call.into();
        self.attempts(&call, 0, || self.attempt(&call, self.client.get(self.endpoint.url(&call)))).await
    }

    /// Tries until it works, until trying again is no use, or until [`Timeouts::first_byte`](super::Timeouts::first_byte)
    /// is over.
    pub(crate) async fn attempts<T, F>(
        &self,
        call: &Call,
        retries: u32,
        one: impl Fn() -> F + Sync,
    ) -> Result<T, ModelError>
    where
        F: Future<Output = Result<T, ModelError>> + Send,
    {
        let patience = self.endpoint.timeouts.first_byte;
        let deadline = Instant::now() + patience;
        let mut attempt = 0;
        loop {
            let error = match timeout_at(deadline, one()).await {
                Ok(Ok(answer)) => return Ok(answer),
                Ok(Err(error)) => error,
                Err(_) => {
                    let late = self.failures(call).timed_out("answer", patience);
                    return Err(ModelError { given_up: true, ..late });
                }
            };
            let Some(pause) =
                self.pause(&error, attempt).filter(|p| attempt < retries && Instant::now() + *p < deadline)
            else {
                return Err(ModelError { given_up: true, ..error });
            };
            tracing::debug!(provider = self.endpoint.name, call = %call.path, attempt, kind = ?error.kind, ?pause, "trying again");
            sleep(pause).await;
            attempt += 1;
        }
    }

    async fn attempt(&self, call: &Call, request: RequestBuilder) -> Result<Answer, ModelError> {
        let response = self.send(call, request).await?;
        let mut answer = Answer::new(self.endpoint.clone(), call, response);
        answer.first = Some(answer.next().await?.ok_or_else(|| self.failures(call).cut_off())?);
        Ok(answer)
    }

    /// Sends a request with its key; an answer that is no success is an error.
    async fn send(&self, call: &Call, request: RequestBuilder) -> Result<Response, ModelError> {
        let response = request.send().await.map_err(|e| self.failures(call).unreachable(&e))?;
        let (status, headers) = (response.status(), response.headers().clone());
        if status.is_success() || status == StatusCode::SWITCHING_PROTOCOLS {
            return Ok(response);
        }
        let body = Answer::new(self.endpoint.clone(), call, response).read_up_to(ERROR_BODY_MAX).await;
        Err(self.failures(call).refused(status, &headers, &body))
    }

    /// Opens a WebSocket (RFC 6455 §4.1) with the same key, certificates and refusals as any call, once, within
    /// [`Timeouts::first_byte`](super::Timeouts::first_byte).
    pub(crate) async fn upgrade(&self, call: Call) -> Result<Socket, ModelError> {
        let patience = self.endpoint.timeouts.first_byte;
        let key = handshake::client::generate_key();
        let request = self.client.get(self.endpoint.url(&call)).headers(socket::headers(&key));
        let opened = async {
            let response = self.send(&call, request).await?;
            let accepted = response.headers().get(header::SEC_WEBSOCKET_ACCEPT).map(|v| v.as_bytes());
            let expected = handshake::derive_accept_key(key.as_bytes());
            if response.status() != StatusCode::SWITCHING_PROTOCOLS || accepted != Some(expected.as_bytes()) {
                return Err(self.failures(&call).malformed("the server answers, but speaks no WebSocket there"));
            }
            let stream = response.upgrade().await.map_err(|e| self.failures(&call).unreachable(&e))?;
            Ok(Socket::new(self.endpoint.clone(), &call, stream).await)
        };
        timeout(patience, opened).await.unwrap_or_else(|_| Err(self.failures(&call).timed_out("answer", patience)))
    }

    /// The same, tried again where that may help.
    pub(crate) async fn upgrade_again(&self, call: Call) -> Result<Socket, ModelError> {
        let mut attempt = 0;
        loop {
            let error = match self.upgrade(call.clone()).await {
                Ok(socket) => return Ok(socket),
                Err(error) => error,
            };
            let pause = self.pause(&error, attempt).filter(|p| *p < self.endpoint.timeouts.first_byte);
            let Some(pause) = pause.filter(|_| attempt < self.endpoint.retries) else { return Err(error) };
            sleep(pause).await;
            attempt += 1;
        }
    }

    /// How long to wait before another attempt; `None` where it is no use.
    fn pause(&self, error: &ModelError, attempt: u32) -> Option<Duration> {
        let backoff = self.endpoint.backoff.saturating_mul(1 << attempt.min(10));
        // Half of it is random, so that sessions that failed together don't come back together.
        let jittered = Seed(RandomState::new().hash_one(attempt)).rng().between(backoff / 2, backoff);
        match error.kind {
            ModelErrorKind::RateLimited { retry_after } => Some(retry_after.unwrap_or_default().max(jittered)),
            ModelErrorKind::Unavailable => Some(jittered),
            _ => None,
        }
    }

    pub(crate) fn failures<'a>(&'a self, call: &'a Call) -> Failures<'a> {
        Failures { endpoint: &self.endpoint, call: &call.path }
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Transport").field("base", &self.endpoint.shown("")).finish_non_exhaustive()
    }
}

/// The body of an answer as it arrives. Dropping it closes the connection, which is how the server learns that
/// nobody listens any more; reading it to its end leaves the connection for the next call.
pub(crate) struct Answer {
    endpoint: Arc<Endpoint>,
    call: Cow<'static, str>,
    content_type: String,
    first: Option<Bytes>,
    rest: BoxStream<'static, Result<Bytes, reqwest::Error>>,
    waited: Duration,
}

impl Answer {
    fn new(endpoint: Arc<Endpoint>, call: &Call, response: Response) -> Answer {
        let content_type = response.headers().get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|v| v.to_str().ok()).unwrap_or_default().to_lowercase();
        let rest = response.bytes_stream().boxed();
        Answer { endpoint, call: call.path.clone(), content_type, first: None, rest, waited: Duration::ZERO }
    }

    /// The media type in lower case; empty where the server gives none.
    pub(crate) fn content_type(&self) -> &str {
        &self.content_type
    }

    pub(crate) fn failures(&self) -> Failures<'_> {
        Failures { endpoint: &self.endpoint, call: &self.call }
    }

    /// The next bytes, never empty; `None` at the end.
    pub(crate) async fn next(&mut self) -> Result<Option<Bytes>, ModelError> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        let limits = self.endpoint.timeouts;
        loop {
            let patience = limits.stall.min(limits.answer.saturating_sub(self.waited));
            let began = Instant::now();
            let next = timeout(patience, self.rest.next()).await;
            self.waited += began.elapsed();
            match next {
                Err(_) if self.waited >= limits.answer => {
                    return Err(self.failures().timed_out("complete answer", limits.answer));
                }
                Err(_) => return Err(self.failures().stalled(limits.stall)),
                Ok(Some(Ok(bytes))) if bytes.is_empty() => {}
                Ok(Some(Ok(bytes))) => return Ok(Some(bytes)),
                Ok(Some(Err(e))) => return Err(self.failures().unreachable(&e)),
                Ok(None) => return Ok(None),
            }
        }
    }

    /// The whole body.
    pub(crate) async fn read_all(&mut self, max: usize) -> Result<Bytes, ModelError> {
        let mut all = BytesMut::new();
        while let Some(bytes) = self.next().await? {
            if all.len() + bytes.len() > max {
                return Err(self.failures().malformed(format!("the answer is longer than {max} bytes")));
            }
            all.extend_from_slice(&bytes);
        }
        Ok(all.freeze())
    }

    /// As much of the body as arrives, up to about `max` bytes: for errors, where a part is better than nothing.
    async fn read_up_to(&mut self, max: usize) -> Bytes {
        let mut all = BytesMut::new();
        let deadline = Instant::now() + ERROR_BODY_PATIENCE;
        while let Ok(Ok(Some(bytes))) = timeout_at(deadline, self.next()).await {
            all.extend_from_slice(&bytes);
            if all.len() >= max {
                break;
            }
        }
        all.freeze()
    }

    /// Waits a moment for the end of a body that has nothing more to say, so that its connection can be used again:
    /// a new one would cost the next turn a handshake.
    pub(crate) async fn finish(&mut self) {
        const MOMENT: Duration = Duration::from_millis(10);
        let _ = timeout(MOMENT, async { while let Ok(Some(_)) = self.next().await {} }).await;
    }
}
