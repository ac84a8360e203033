use crate::net::refusal::{ConnectError, words};
use crate::net::server::Server;
use duologue_livekit_wire::Message;
use futures::{SinkExt, StreamExt};
use reqwest::header::{
    AUTHORIZATION, CONNECTION, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use reqwest::{Response, StatusCode, Upgraded, Url};
use std::time::Duration;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::handshake::{client::generate_key, derive_accept_key};
use tokio_tungstenite::tungstenite::protocol::{Message as Frame, Role, WebSocketConfig};

/// How long a server may take to answer, or to take what is sent.
const PATIENCE: Duration = Duration::from_secs(5);
/// Bytes of a message at most.
const MESSAGE_MAX: usize = 4 << 20;
/// Bytes of a refusal that are read.
const BODY_MAX: usize = 4 << 10;

/// A WebSocket (RFC 6455) that carries messages of LiveKit in binary frames.
pub(crate) struct Socket {
    stream: WebSocketStream<Upgraded>,
    url: String,
}

impl Socket {
    /// Opens one at `path` of the server, with a query where there is one.
    pub(crate) async fn open(server: &Server, path: &str, query: &str, token: &str) -> Result<Socket, ConnectError> {
        let mut url = server.at(path);
        url.set_query((!query.is_empty()).then_some(query));
        let shown = server.at(path).to_string();
        let key = generate_key();
        let request = server
            .http
            .get(url)
            .header(AUTHORIZATION, format!("Bearer {token}"))
            .header(CONNECTION, "Upgrade")
            .header(UPGRADE, "websocket")
            .header(SEC_WEBSOCKET_VERSION, "13")
            .header(SEC_WEBSOCKET_KEY, &key);
        let response = match timeout(PATIENCE, request.send()).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(unreachable(&shown, &error)),
            Err(_) => return Err(ConnectError::Silent { url: shown, patience: PATIENCE }),
        };
        if response.status() != StatusCode::SWITCHING_PROTOCOLS {
            return Err(refused(server, path, token, response).await);
        }
        let foreign = |why: String| ConnectError::Foreign { url: shown.clone(), why };
        let accept = response.headers().get(SEC_WEBSOCKET_ACCEPT).map(|value| value.as_bytes());
        if accept != Some(derive_accept_key(key.as_bytes()).as_bytes()) {
            return Err(foreign("its WebSocket handshake is wrong".into()));
        }
        let upgraded = response.upgrade().await.map_err(|e| foreign(e.to_string()))?;
        let config = WebSocketConfig::default().max_message_size(Some(MESSAGE_MAX)).max_frame_size(Some(MESSAGE_MAX));
        let stream = WebSocketStream::from_raw_socket(upgraded, Role::Client, Some(config)).await;
        Ok(Socket { stream, url: shown })
    }

    /// Sends a message; an error means that the connection is gone.
    pub(crate) async fn send(&mut self, message: &impl Message) -> Result<(), ConnectError> {
        self.frame(Frame::Binary(message.encode_to_vec().into())).await
    }

    /// Says goodbye, as far as the other side still listens.
    pub(crate) async fn close(mut self) {
        let _ = self.frame(Frame::Close(None)).await;
    }

    async fn frame(&mut self, frame: Frame) -> Result<(), ConnectError> {
        match timeout(PATIENCE, self.stream.send(frame)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(self.gone(&error.to_string())),
            Err(_) => Err(self.gone("it no longer reads")),
        }
    }

    /// The next message; `None` once the other side closed. Safe to drop and call again.
    pub(crate) async fn next<M: Message + Default>(&mut self) -> Result<Option<M>, ConnectError> {
        loop {
            match self.stream.next().await {
                Some(Ok(Frame::Binary(bytes))) => {
                    let read = M::decode(&bytes[..]);
                    return read
                        .map(Some)
                        .map_err(|e| ConnectError::Foreign { url: self.url.clone(), why: e.to_string() });
                }
                Some(Ok(Frame::Close(_))) | None => return Ok(None),
                // LiveKit's clients never get text; a server that sends it means something else.
                Some(Ok(Frame::Text(_) | Frame::Ping(_) | Frame::Pong(_) | Frame::Frame(_))) => {}
                Some(Err(error)) => return Err(self.gone(&error.to_string())),
            }
        }
    }

    /// The first message, for which a server has [`PATIENCE`].
    pub(crate) async fn first<M: Message + Default>(&mut self) -> Result<M, ConnectError> {
        match timeout(PATIENCE, self.next()).await {
            Ok(Ok(Some(message))) => Ok(message),
            Ok(Ok(None)) => Err(self.gone("it closed the connection before its first message")),
            Ok(Err(error)) => Err(error),
            Err(_) => Err(ConnectError::Silent { url: self.url.clone(), patience: PATIENCE }),
        }
    }

    pub(crate) fn foreign(&self, why: &str) -> ConnectError {
        ConnectError::Foreign { url: self.url.clone(), why: why.into() }
    }

    fn gone(&self, why: &str) -> ConnectError {
        ConnectError::Unreachable { url: self.url.clone(), why: why.into() }
    }
}

/// The reason stands in the body; where something on the way took it away, it is asked for again.
async fn refused(server: &Server, path: &str, token: &str, response: Response) -> ConnectError {
    let (status, url) = (response.status().as_u16(), server.at(path).to_string());
    let mut body = body_of(response).await;
    if body.trim().is_empty() && status != 404 && path.starts_with("rtc") {
        body = validate(server, server.at(&format!("{path}/validate")), token).await.unwrap_or_default();
    }
    ConnectError::of_status(&url, status, &body)
}

async fn validate(server: &Server, url: Url, token: &str) -> Option<String> {
    let request = server.http.get(url).bearer_auth(token).timeout(PATIENCE);
    let response = request.send().await.ok()?;
    if response.status().is_success() { None } else { Some(body_of(response).await) }
}

pub(crate) async fn body_of(mut response: Response) -> String {
    let mut body = Vec::new();
    let read = async {
        while let Ok(Some(chunk)) = response.chunk().await {
            body.extend_from_slice(&chunk);
            if body.len() > BODY_MAX {
                break;
            }
        }
    };
    // What came until then is what there is.
    let _ = timeout(PATIENCE, read).await;
    body.truncate(BODY_MAX);
    String::from_utf8_lossy(&body).into_owned()
}

/// The innermost cause says it best; addresses stay out of it, since they may carry a token.
pub(crate) fn unreachable(url: &str, error: &reqwest::Error) -> ConnectError {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let why = if std::ptr::addr_eq(cause, error as &dyn std::error::Error) {
        "no answer".into()
    } else {
        words(&cause.to_string())
    };
    ConnectError::Unreachable { url: url.to_owned(), why }
}
