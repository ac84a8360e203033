//! WebSockets (RFC 6455) that carry LiveKit's messages in binary frames.

use crate::config::Limits;
use axum::body::Body;
use axum::extract::Request;
use axum::http::header::{CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::response::Response;
use duologue_livekit_wire::Message;
use futures::stream::{SplitSink, SplitStream};
use futures::{SinkExt, StreamExt};
use hyper::upgrade::{OnUpgrade, Upgraded};
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Message as Frame, Role, WebSocketConfig};

/// How long the other side may take to take what is sent.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often it is asked for a sign of life.
const PING: Duration = Duration::from_secs(10);

type Stream = WebSocketStream<TokioIo<Upgraded>>;

/// A socket that has been opened.
pub(crate) struct Socket {
    stream: Stream,
    silence: Duration,
}

/// The answer that turns a request into a socket, and the socket, which is there once the answer is out; `None` for any
/// other request.
pub(crate) fn upgrade(
    request: &mut Request,
    limits: Limits,
) -> Option<(Response, impl Future<Output = Option<Socket>> + Send + 'static)> {
    let headers = request.headers();
    let sound = has(headers, CONNECTION, "upgrade") && has(headers, UPGRADE, "websocket");
    if !sound || headers.get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return None;
    }
    let accept = derive_accept_key(headers.get(SEC_WEBSOCKET_KEY)?.as_bytes());
    let upgraded = request.extensions_mut().remove::<OnUpgrade>()?;
    let response = Response::builder()
        .status(StatusCode::SWITCHING_PROTOCOLS)
        .header(CONNECTION, "upgrade")
        .header(UPGRADE, "websocket")
        .header(SEC_WEBSOCKET_ACCEPT, accept)
        .body(Body::empty())
        .ok()?;
    let config = WebSocketConfig::default().max_message_size(Some(limits.message)).max_frame_size(Some(limits.message));
    let socket = async move {
        let upgraded = TokioIo::new(upgraded.await.ok()?);
        let stream = WebSocketStream::from_raw_socket(upgraded, Role::Server, Some(config)).await;
        Some(Socket { stream, silence: limits.silence })
    };
    Some((response, socket))
}

/// Whether a header's list has an entry.
fn has(headers: &HeaderMap, name: HeaderName, entry: &str) -> bool {
    let values = headers.get_all(name).into_iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case(entry))
}

impl Socket {
    pub(crate) fn split(self) -> (Reader, Writer) {
        let (writing, reading) = self.stream.split();
        (Reader { stream: reading, silence: self.silence }, Writer { stream: writing })
    }
}

/// What the other side says.
pub(crate) struct Reader {
    stream: SplitStream<Stream>,
    silence: Duration,
}

impl Reader {
    /// The next message; `None` once the other side has closed, is silent for too long, or speaks another language. Safe
    /// to drop and call again.
    pub(crate) async fn next<M: Message + Default>(&mut self) -> Option<M> {
        loop {
            match timeout(self.silence, self.stream.next()).await {
                Ok(Some(Ok(Frame::Binary(bytes)))) => return M::decode(&bytes[..]).ok(),
                Ok(Some(Ok(Frame::Ping(_) | Frame::Pong(_) | Frame::Text(_) | Frame::Frame(_)))) => {}
                Ok(Some(Ok(Frame::Close(_)) | Err(_)) | None) | Err(_) => return None,
            }
        }
    }
}

/// What is said to the other side.
pub(crate) struct Writer {
    stream: SplitSink<Stream, Frame>,
}

impl Writer {
    /// Sends messages as they come, and asks for signs of life, until there are no more or nobody takes them.
    pub(crate) async fn run<M: Message>(mut self, mut messages: mpsc::Receiver<M>) {
        let mut ping = interval(PING);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let frame = tokio::select! {
                message = messages.recv() => match message {
                    Some(message) => Frame::Binary(message.encode_to_vec().into()),
                    None => return self.close().await,
                },
                _ = ping.tick() => Frame::Ping(Default::default()),
            };
            if !self.frame(frame).await {
                return;
            }
        }
    }

    /// Whether a message was taken.
    pub(crate) async fn send(&mut self, message: &impl Message) -> bool {
        self.frame(Frame::Binary(message.encode_to_vec().into())).await
    }

    /// Says goodbye, as far as the other side still listens.
    pub(crate) async fn close(mut self) {
        self.frame(Frame::Close(None)).await;
    }

    async fn frame(&mut self, frame: Frame) -> bool {
        matches!(timeout(PATIENCE, self.stream.send(frame)).await, Ok(Ok(())))
    }
}
