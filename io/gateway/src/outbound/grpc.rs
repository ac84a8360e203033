//! gRPC, in 1.0.

use super::address::shown;
use super::choose::Interface;
use super::error::{CallError, ConnectError, reasons};
use super::options::Options;
use super::tls;
use super::told::Told;
use crate::messages::{FIRST_EVENT, Messages};
use bytes::Bytes;
use duologue_a2a::call::{Call, Limits, Reply, grpc};
use duologue_a2a::error::A2aError;
use http::{HeaderMap, Uri};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tonic::metadata::MetadataMap;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status, Streaming};

/// Connections on which nothing moves are asked for a sign of life so often.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// An interface of gRPC.
#[derive(Clone, Debug)]
pub(super) struct Grpc {
    channel: Channel,
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
        let tls = match interface.url.scheme() {
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
            .user_agent(concat!("duologue/", env!("CARGO_PKG_VERSION")))
            .map_err(|error| bad(reasons(&error)))?
            .connect_timeout(options.connect_timeout)
            .http2_keep_alive_interval(KEEP_ALIVE)
            .keep_alive_while_idle(true);
        let connector = tower::service_fn(move |_: Uri| connect(host.clone(), port, tls.clone()));
        let channel = endpoint.connect_with_connector_lazy(connector);
        Ok(Grpc { channel, url, limits: options.limits, idle: options.idle })
    }

    fn client(&self) -> tonic::client::Grpc<Channel> {
        tonic::client::Grpc::new(self.channel.clone()).max_decoding_message_size(self.limits.body)
    }

    fn prepare(&self, call: &Call, headers: HeaderMap) -> Result<(http::uri::PathAndQuery, Request<Bytes>), CallError> {
        let (path, body) = grpc::write_request(call).map_err(CallError::Invalid)?;
        let path = path.parse().map_err(|_| CallError::Invalid(A2aError::invalid("", "the method has no path")))?;
        let mut request = Request::new(Bytes::from(body));
        *request.metadata_mut() = MetadataMap::from_headers(headers);
        Ok((path, request))
    }

    async fn ready(&self) -> Result<tonic::client::Grpc<Channel>, CallError> {
        let mut client = self.client();
        client.ready().await.map_err(|error| CallError::unreachable(&self.url, &error))?;
        Ok(client)
    }

    /// A call that is answered at once.
    pub(super) async fn unary(&self, call: &Call, headers: HeaderMap) -> Result<Reply, CallError> {
        let (path, request) = self.prepare(call, headers)?;
        let answer = self.ready().await?.unary(request, path, Messages).await;
        let body = answer.map_err(|status| error_of(&status, &self.url))?.into_inner();
        grpc::read_reply(call.operation(), &body, &self.limits).map_err(|error| CallError::of(error, &self.url))
    }

    /// A call that is answered by a stream.
    pub(super) async fn open(&self, call: &Call, headers: HeaderMap) -> Result<MessageStream, CallError> {
        let (path, request) = self.prepare(call, headers)?;
        let answer = self.ready().await?.server_streaming(request, path, Messages).await;
        let answer = answer.map_err(|status| error_of(&status, &self.url))?;
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

/// What the agent told; or what became of the connection, which is what the status then comes of.
fn error_of(status: &Status, url: &str) -> CallError {
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
