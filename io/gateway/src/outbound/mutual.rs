//! HTTP over connections on which both sides know each other.

use super::identity::{Identity, IdentityError};
use bytes::Bytes;
use duologue_identity::{Connection, DialError, Fate, HandshakeRefusal, handshake_refusal};
use futures::future::BoxFuture;
use http::{Request, Response, Uri};
use http_body_util::combinators::UnsyncBoxBody;
use hyper::body::Incoming;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::client::legacy::connect::{self, Connected, capture_connection};
use hyper_util::client::legacy::{self, Client};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::error::Error;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_util::sync::{CancellationToken, DropGuard};
use tower::Service;

/// Connections on which nothing moves are asked for a sign of life so often (HTTP/2).
const KEEP_ALIVE: Duration = Duration::from_secs(30);
/// Attempts at most, where the callee refuses the handshake once it was over on this side.
const ATTEMPTS: u32 = 3;
/// The pause before the second; it doubles with the third.
const PAUSE: Duration = Duration::from_millis(4);

pub(super) type Body = UnsyncBoxBody<Bytes, Box<dyn Error + Send + Sync>>;

/// Carries requests to one agent. Clones share its connections.
#[derive(Clone, Debug)]
pub(super) struct Mutual(Client<Connector, Body>);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum SendError {
    /// It is about identities, and the callee's program has seen nothing.
    #[error(transparent)]
    Identity(IdentityError),
    /// Something else.
    #[error(transparent)]
    Broken(legacy::Error),
}

impl Mutual {
    pub(super) fn new(identity: &Identity, connect_time: Duration) -> Mutual {
        let mut identity = identity.clone();
        identity.dialler = identity.dialler.within(connect_time);
        let mut builder = Client::builder(TokioExecutor::new());
        builder.timer(TokioTimer::new()).pool_timer(TokioTimer::new());
        builder.http2_keep_alive_interval(KEEP_ALIVE).http2_keep_alive_while_idle(true);
        Mutual(builder.build(Connector(identity)))
    }

    /// Sends a request. Where the callee refuses the handshake in a way that may pass it is made and sent again, three times in
    /// all: in TLS 1.3 that is told when the answer is read, and the callee's program has not seen the request.
    pub(super) async fn send(&self, make: impl Fn() -> Request<Body>) -> Result<Response<Incoming>, SendError> {
        let mut attempt = 1;
        loop {
            let error = match self.once(make()).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            if !again(&error, attempt).await {
                return Err(error);
            }
            attempt += 1;
        }
    }

    /// The same with one attempt.
    pub(super) async fn once(&self, mut request: Request<Body>) -> Result<Response<Incoming>, SendError> {
        let captured = capture_connection(&mut request);
        match self.0.request(request).await {
            Ok(answer) => {
                if let Some(line) = answer.extensions().get::<Line>() {
                    line.watch(captured);
                }
                Ok(answer)
            }
            Err(error) => Err(SendError::of(error)),
        }
    }
}

/// Whether a request that failed is to be sent again, after a pause.
pub(super) async fn again(error: &SendError, attempt: u32) -> bool {
    // One that failed before was tried again by the dialler.
    let SendError::Identity(IdentityError::Refused { why: why @ HandshakeRefusal::NotBelieved, .. }) = error else {
        return false;
    };
    if attempt >= ATTEMPTS {
        return false;
    }
    tracing::debug!(%why, attempt, "a request is sent again");
    tokio::time::sleep(PAUSE * attempt).await;
    true
}

impl SendError {
    fn of(error: legacy::Error) -> SendError {
        let mut extensions = http::Extensions::new();
        if let Some(connected) = error.connect_info() {
            connected.get_extras(&mut extensions);
        }
        let line = extensions.get::<Line>();
        let refusal = line.and_then(|line| line.fate.refusal()).or_else(|| handshake_refusal(&error));
        if let Some(why) = refusal {
            let address = line.map_or_else(|| "the agent".to_owned(), |line| line.address.to_string());
            return SendError::Identity(IdentityError::Refused { address, why });
        }
        match cause::<DialError>(&error).and_then(IdentityError::of) {
            Some(error) => SendError::Identity(error),
            None => SendError::Broken(error),
        }
    }

    /// One of these among the causes of an error.
    pub(super) fn within<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a SendError> {
        cause(error)
    }
}

fn cause<'a, T: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// Connects to whatever host a request is for; who is there is decided by the handshake.
#[derive(Clone, Debug)]
struct Connector(Identity);

impl Service<Uri> for Connector {
    type Response = Carried;
    type Error = DialError;
    type Future = BoxFuture<'static, Result<Carried, DialError>>;

    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), DialError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let Identity { dialler, callee } = self.0.clone();
        let address = format!("{}:{}", uri.host().unwrap_or_default(), uri.port_u16().unwrap_or(443));
        Box::pin(async move {
            let connection = dialler.dial(&address, &callee).await?;
            Ok(Carried::new(connection, address))
        })
    }
}

/// What is known of a connection by those whose requests it carries.
#[derive(Clone)]
struct Line {
    address: Arc<str>,
    fate: Fate,
    /// It is to take no new requests.
    wind_up: CancellationToken,
    /// It is no more.
    gone: CancellationToken,
    is_watched: Arc<AtomicBool>,
}

impl Line {
    /// Takes the connection from those that are used once it is to be wound up.
    fn watch(&self, captured: connect::CaptureConnection) {
        if self.is_watched.swap(true, Ordering::Relaxed) {
            return;
        }
        let (wind_up, gone) = (self.wind_up.clone(), self.gone.clone());
        tokio::spawn(async move {
            if wind_up.run_until_cancelled(gone.cancelled()).await.is_none()
                && let Some(connected) = captured.connection_metadata().as_ref()
            {
                connected.poison();
            }
        });
    }
}

/// A connection, as the client of HTTP takes it.
struct Carried {
    io: TokioIo<Connection<TcpStream>>,
    line: Line,
    is_http2: bool,
    _gone: DropGuard,
}

impl Carried {
    fn new(connection: Connection<TcpStream>, address: String) -> Carried {
        let gone = CancellationToken::new();
        let line = Line {
            address: address.into(),
            fate: connection.fate(),
            wind_up: connection.wind_up(),
            gone: gone.clone(),
            is_watched: Arc::default(),
        };
        let is_http2 = connection.is_http2();
        Carried { io: TokioIo::new(connection), line, is_http2, _gone: gone.drop_guard() }
    }
}

impl connect::Connection for Carried {
    fn connected(&self) -> Connected {
        let connected = Connected::new().extra(self.line.clone());
        if self.is_http2 { connected.negotiated_h2() } else { connected }
    }
}

impl Read for Carried {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_read(context, buffer)
    }
}

impl Write for Carried {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.io).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.io).poll_shutdown(context)
    }
}
