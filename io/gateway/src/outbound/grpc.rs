//! gRPC, in 1.0.

use super::address::shown;
use super::carrier::AGENT;
use super::choose::Interface;
use super::error::{CallError, ConnectError, reasons};
use super::mutual::{Mutual, SendError, again};
use super::options::Options;
use super::tls;
use super::told::Told;
use crate::messages::{FIRST_EVENT, Messages};
use bytes::Bytes;
use duologue_a2a::call::{Call, Limits, Reply, grpc};
use duologue_a2a::error::A2aError;
use futures::TryFutureExt as _;
use futures::future::BoxFuture;
use http::header::USER_AGENT;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderValue, Uri};
use http_body_util::BodyExt as _;
use hyper_util::rt::TokioIo;
use reqwest::Url;
use rustls::pki_types::ServerName;
use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status, Streaming};
use tower::Service;

/// Connections on which nothing moves are asked for a sign of life so often.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// An interface of gRPC.
#[derive(Clone, Debug)]
pub(super) struct Grpc {
    line: Line,
    origin: Uri,
    url: String,
    limits: Limits,
    idle: Duration,
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl Grpc {
    /// The connection is made with the first call.
    pub(super) fn new(interface: &Interface, options: &Options) -> Result<Grpc, ConnectError> {
        let url = shown(interface.url.as_str());
        let bad = |why: String| ConnectError::BadAddress { url: url.clone(), why };
        let scheme = interface.url.scheme();
        let origin = origin(&interface.url).map_err(|error| bad(reasons(&error)))?;
        let (limits, idle) = (options.limits, options.idle);
        if let Some(identity) = &options.identity {
            let line = Line::Mutual(Mutual::new(identity, options.connect_timeout));
            return Ok(Grpc { line, origin, url, limits, idle });
        }
        let tls = match scheme {
            "https" => {
                let mut config = tls::config(options)?;
                config.alpn_protocols = vec![b"h2".to_vec()];
                Some(TlsConnector::from(Arc::new(config)))
            }
            _ => None,
        };
        let host = interface.url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = interface.url.port_or_known_default().unwrap_or(443);
        let endpoint = Endpoint::from_shared(interface.url.to_string()).map_err(|error| bad(reasons(&error)))?;
        let endpoint = endpoint
            .user_agent(AGENT)
            .map_err(|error| bad(reasons(&error)))?
            .connect_timeout(options.connect_timeout)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_while_idle(true);
        let connector = tower::service_fn(move |_: Uri| connect(host.clone(), port, tls.clone()));
        let line = Line::Named(endpoint.connect_with_connector_lazy(connector));
        Ok(Grpc { line, origin, url, limits, idle })
    }

    fn client(&self) -> tonic::client::Grpc<Line> {
        let client = tonic::client::Grpc::with_origin(self.line.clone(), self.origin.clone());
        client.max_decoding_message_size(self.limits.body)
    }

    fn prepare(&self, call: &Call, headers: HeaderMap) -> Result<(PathAndQuery, Bytes, MetadataMap), CallError> {
        let (path, body) = grpc::write_request(call).map_err(CallError::Invalid)?;
        let path = path.parse().map_err(|_| CallError::Invalid(A2aError::invalid("", "the method has no path")))?;
        Ok((path, Bytes::from(body), MetadataMap::from_headers(headers)))
    }

    /// A client that may be used once: what is ready is this one, and no copy of it.
    async fn ready(&self) -> Result<tonic::client::Grpc<Line>, Status> {
        let mut client = self.client();
        client.ready().await.map_err(Status::from_error)?;
        Ok(client)
    }

    /// Makes a call, again where the agent refused the handshake in a way that may pass.
    async fn attempted<T, F>(&self, attempt: impl Fn() -> F) -> Result<T, CallError>
    where
        F: Future<Output = Result<T, Status>>,
    {
        let mut made = 1;
        loop {
            let status = match attempt().await {
                Ok(answer) => return Ok(answer),
                Err(status) => status,
            };
            match SendError::within(&status) {
                Some(error) if again(error, made).await => made += 1,
                _ => return Err(error_of(&status, &self.url)),
            }
        }
    }

    /// A call that is answered at once.
    pub(super) async fn unary(&self, call: &Call, headers: HeaderMap) -> Result<Reply, CallError> {
        let (path, message, metadata) = self.prepare(call, headers)?;
        let answer = self.attempted(|| {
            let (path, request) = (path.clone(), request(&message, &metadata));
            async move { self.ready().await?.unary(request, path, Messages).await }
        });
        let body = answer.await?.into_inner();
        grpc::read_reply(call.operation(), &body, &self.limits).map_err(|error| CallError::of(error, &self.url))
    }

    /// A call that is answered by a stream.
    pub(super) async fn open(&self, call: &Call, headers: HeaderMap) -> Result<MessageStream, CallError> {
        let (path, message, metadata) = self.prepare(call, headers)?;
        let answer = self.attempted(|| {
            let (path, request) = (path.clone(), request(&message, &metadata));
            async move { self.ready().await?.server_streaming(request, path, Messages).await }
        });
        let answer = answer.await?;
        let first = answer.metadata().get(FIRST_EVENT).and_then(|first| first.to_str().ok()?.parse().ok());
        Ok(MessageStream {
            stream: answer.into_inner(),
            next: first,
            url: self.url.clone(),
            limits: self.limits,
            idle: self.idle,
        })
    }
}

/// Where gRPC's paths begin.
fn origin(url: &Url) -> Result<Uri, http::Error> {
    let host = url.host_str().unwrap_or_default();
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    Uri::builder().scheme(url.scheme()).authority(format!("{host}{port}")).path_and_query("/").build()
}

async fn connect(host: String, port: u16, tls: Option<TlsConnector>) -> io::Result<TokioIo<Box<dyn Stream>>> {
    let stream = TcpStream::connect((host.as_str(), port)).await?;
    stream.set_nodelay(true)?;
    let stream: Box<dyn Stream> = match tls {
        Some(tls) => {
            let name =
                ServerName::try_from(host).map_err(|error| io::Error::new(io::ErrorKind::InvalidInput, error))?;
            Box::new(tls.connect(name, stream).await?)
        }
        None => Box::new(stream),
    };
    Ok(TokioIo::new(stream))
}

fn request(message: &Bytes, metadata: &MetadataMap) -> Request<Bytes> {
    let mut request = Request::new(message.clone());
    *request.metadata_mut() = metadata.clone();
    request
}

/// What carries gRPC: TLS by names and authorities, or by identities on both sides.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "there is one of these a client")]
enum Line {
    Named(Channel),
    Mutual(Mutual),
}

impl Service<http::Request<tonic::body::Body>> for Line {
    type Response = http::Response<tonic::body::Body>;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        match self {
            Line::Named(channel) => channel.poll_ready(context).map_err(Into::into),
            Line::Mutual(_) => Poll::Ready(Ok(())),
        }
    }

    fn call(&mut self, request: http::Request<tonic::body::Body>) -> Self::Future {
        match self {
            Line::Named(channel) => Box::pin(channel.call(request).map_err(Into::into)),
            Line::Mutual(mutual) => {
                let mutual = mutual.clone();
                let mut request = request.map(|body| body.map_err(Into::into).boxed_unsync());
                request.headers_mut().insert(USER_AGENT, HeaderValue::from_static(AGENT));
                Box::pin(async move { Ok(mutual.once(request).await?.map(tonic::body::Body::new)) })
            }
        }
    }
}

/// What the agent told; or what became of the connection, which is what the status then comes of.
fn error_of(status: &Status, url: &str) -> CallError {
    if let Some(SendError::Identity(error)) = SendError::within(status) {
        return CallError::Identity(error.clone());
    }
    let source = std::error::Error::source(status);
    match (source, status.code()) {
        (Some(source), _) => CallError::unreachable(url, source),
        (None, Code::OutOfRange) if status.details().is_empty() => {
            CallError::NotUnderstood { url: url.to_owned(), why: status.message().to_owned() }
        }
        (None, code) => {
            let details = Some(status.details()).filter(|details| !details.is_empty());
            CallError::of(grpc::read_status(code as i32, status.message(), details), url)
        }
    }
}

/// A stream of messages.
#[derive(Debug)]
pub(super) struct MessageStream {
    stream: Streaming<Bytes>,
    /// The number of the next event, from agents that number them.
    next: Option<u64>,
    url: String,
    limits: Limits,
    idle: Duration,
}

impl MessageStream {
    /// The next event; none: the stream has ended as it should.
    pub(super) async fn next(&mut self) -> Option<Result<Told, CallError>> {
        match tokio::time::timeout(self.idle, self.stream.message()).await {
            Err(_) => {
                let why = format!("the stream was silent for {:?}", self.idle);
                Some(Err(CallError::Unreachable { url: self.url.clone(), why }))
            }
            Ok(Err(status)) => Some(Err(error_of(&status, &self.url))),
            Ok(Ok(None)) => None,
            Ok(Ok(Some(body))) => {
                let read = grpc::read_event(&body, &self.limits);
                let sequence = self.next;
                self.next = sequence.and_then(|sequence| sequence.checked_add(1));
                let told = read.map(|event| Told { sequence, event });
                Some(told.map_err(|error| CallError::of(error, &self.url)))
            }
        }
    }
}
