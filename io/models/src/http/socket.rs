use super::config::Timeouts;
use super::endpoint::{Call, Endpoint};
use super::failure::Failures;
use crate::ModelError;
use futures::{SinkExt, Stream, StreamExt};
use reqwest::Upgraded;
use reqwest::header::{self, HeaderMap, HeaderValue};
use std::borrow::Cow;
use std::sync::Arc;
use tokio::time::{Instant, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::{Message as Frame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Error};

/// Longest message that is taken, in bytes.
const MESSAGE_MAX: usize = 1 << 20;

/// A WebSocket (RFC 6455) to a server of models. Dropping it closes the connection.
pub(crate) struct Socket {
    endpoint: Arc<Endpoint>,
    call: Cow<'static, str>,
    stream: WebSocketStream<Upgraded>,
    heard_at: Instant,
}

/// What a server sends.
#[derive(Debug, PartialEq)]
pub(crate) enum Message {
    Text(String),
    /// It closed; 1005 where it gave no code (RFC 6455 §7.1.5).
    Closed {
        code: u16,
        reason: String,
    },
}

/// The next of a stream that may have ended; never comes then.
pub(crate) async fn next_of<S: Stream + Unpin>(stream: &mut Option<S>) -> Option<S::Item> {
    match stream {
        Some(stream) => stream.next().await,
        None => std::future::pending().await,
    }
}

/// What makes a request an opening handshake (RFC 6455 §4.1).
pub(crate) fn headers(key: &str) -> HeaderMap {
    let mut headers = HeaderMap::from_iter([
        (header::CONNECTION, HeaderValue::from_static("Upgrade")),
        (header::UPGRADE, HeaderValue::from_static("websocket")),
        (header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13")),
    ]);
    // Base64 is always a header's value.
    headers.extend(HeaderValue::from_str(key).ok().map(|key| (header::SEC_WEBSOCKET_KEY, key)));
    headers
}

impl Socket {
    pub(crate) async fn new(endpoint: Arc<Endpoint>, call: &Call, stream: Upgraded) -> Socket {
        let config = WebSocketConfig::default().max_message_size(Some(MESSAGE_MAX)).max_frame_size(Some(MESSAGE_MAX));
        let stream = WebSocketStream::from_raw_socket(stream, Role::Client, Some(config)).await;
        Socket { endpoint, call: call.path.clone(), stream, heard_at: Instant::now() }
    }

    pub(crate) fn failures(&self) -> Failures<'_> {
        Failures { endpoint: &self.endpoint, call: &self.call }
    }

    pub(crate) async fn send_text(&mut self, text: String) -> Result<(), ModelError> {
        self.send(Frame::Text(text.into())).await
    }

    pub(crate) async fn send_bytes(&mut self, bytes: Bytes) -> Result<(), ModelError> {
        self.send(Frame::Binary(bytes)).await
    }

    /// Asks for a sign of life, which shows in [`Socket::heard_at`].
    pub(crate) async fn ping(&mut self) -> Result<(), ModelError> {
        self.send(Frame::Ping(Bytes::new())).await
    }

    /// When anything last came, pings and their answers included.
    pub(crate) fn heard_at(&self) -> Instant {
        self.heard_at
    }

    pub(crate) fn limits(&self) -> Timeouts {
        self.endpoint.timeouts
    }

    async fn send(&mut self, frame: Frame) -> Result<(), ModelError> {
        let patience = self.endpoint.timeouts.stall;
        match timeout(patience, self.stream.send(frame)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.failures().broken(&error)),
            // The server has stopped reading.
            Err(_) => Err(self.failures().timed_out("progress", patience)),
        }
    }

    /// The next message; an error where the connection broke. Safe to drop and call again.
    pub(crate) async fn next(&mut self) -> Result<Message, ModelError> {
        loop {
            let next = self.stream.next().await;
            self.heard_at = Instant::now();
            match next {
                Some(Ok(Frame::Text(text))) => return Ok(Message::Text(text.as_str().to_string())),
                Some(Ok(Frame::Close(frame))) => {
                    let (code, reason) = frame.map_or((1005, String::new()), |f| (f.code.into(), f.reason.to_string()));
                    return Ok(Message::Closed { code, reason });
                }
                Some(Ok(Frame::Binary(_))) => return Err(self.failures().malformed("the server sent bytes, not text")),
                // Pings are answered below this layer.
                Some(Ok(Frame::Ping(_) | Frame::Pong(_) | Frame::Frame(_))) => {}
                Some(Err(Error::Capacity(_))) => {
                    let what = format!("a message is longer than {MESSAGE_MAX} bytes");
                    return Err(self.failures().malformed(what));
                }
                Some(Err(error @ (Error::Protocol(_) | Error::Utf8(_)))) if !is_reset(&error) => {
                    return Err(self.failures().malformed("what the server sends is no WebSocket message"));
                }
                Some(Err(error)) => return Err(self.failures().broken(&error)),
                None => return Err(self.failures().cut_off()),
            }
        }
    }
}

/// A connection that ended without a goodbye is reported as a breach of the protocol.
fn is_reset(error: &Error) -> bool {
    use tokio_tungstenite::tungstenite::error::ProtocolError::ResetWithoutClosingHandshake;
    matches!(error, Error::Protocol(ResetWithoutClosingHandshake))
}
