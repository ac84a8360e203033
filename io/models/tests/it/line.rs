//! A local double of a WebSocket server, well-behaved or not.

use futures::{SinkExt, StreamExt};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;

pub(crate) struct Line {
    address: SocketAddr,
    /// Path and key of each connection.
    pub(crate) opened: Arc<Mutex<Vec<(String, String)>>>,
}

/// One end of a connection.
pub(crate) struct End {
    stream: WebSocketStream<TcpStream>,
    /// Bytes of sound so far.
    pub(crate) sound: Vec<u8>,
}

impl Line {
    /// Talks like this on each connection; it breaks off at the end.
    pub(crate) async fn start<F, T>(talk: F) -> Line
    where
        F: Fn(End) -> T + Send + 'static,
        T: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let address = listener.local_addr().expect("bound");
        let opened = Arc::new(Mutex::new(Vec::new()));
        let log = opened.clone();
        tokio::spawn(async move {
            while let Ok((tcp, _)) = listener.accept().await {
                let log = log.clone();
                #[allow(clippy::result_large_err, reason = "the shape of the callback is given")]
                let note = move |request: &Request, response: Response| -> Result<Response, ErrorResponse> {
                    let key = ["authorization", "xi-api-key"].into_iter().find_map(|name| request.headers().get(name));
                    let key = key.and_then(|k| k.to_str().ok()).unwrap_or_default();
                    log.lock().expect("unpoisoned").push((request.uri().to_string(), key.to_string()));
                    Ok(response)
                };
                let stream = tokio_tungstenite::accept_hdr_async(tcp, note).await.expect("a handshake");
                tokio::spawn(talk(End { stream, sound: Vec::new() }));
            }
        });
        Line { address, opened }
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }
}

impl End {
    /// Takes sound until a control message comes, and says which; `None` once the client is gone.
    pub(crate) async fn control(&mut self) -> Option<String> {
        loop {
            match self.stream.next().await?.ok()? {
                Message::Binary(sound) => self.sound.extend_from_slice(&sound),
                Message::Text(text) => {
                    let message: Value = serde_json::from_str(&text).expect("JSON");
                    return Some(message["type"].as_str().expect("a type").to_string());
                }
                _ => return None,
            }
        }
    }

    /// The next message, which is JSON; `None` once the client is gone.
    pub(crate) async fn message(&mut self) -> Option<Value> {
        match self.stream.next().await?.ok()? {
            Message::Text(text) => Some(serde_json::from_str(&text).expect("JSON")),
            _ => None,
        }
    }

    pub(crate) async fn say(&mut self, text: impl Into<String>) {
        self.send(Message::Text(text.into().into())).await;
    }

    pub(crate) async fn send(&mut self, message: Message) {
        self.stream.send(message).await.expect("the client listens");
    }

    /// Words about all sound so far.
    pub(crate) async fn results(&mut self, words: &str, is_final: bool, flush: bool) {
        let duration = self.sound.len() as f64 / 32_000.0;
        let results = json!({
            "type": "Results", "channel_index": [0, 1], "start": 0.0, "duration": duration, "is_final": is_final,
            "speech_final": false, "from_finalize": flush,
            "channel": {"alternatives": [{"transcript": words, "confidence": 0.9, "words": []}]},
        });
        self.say(results.to_string()).await;
    }

    pub(crate) async fn close(&mut self, code: u16, reason: &'static str) {
        let frame = CloseFrame { code: code.into(), reason: reason.into() };
        let _ = self.stream.close(Some(frame)).await;
    }

    /// Reads on until the client is gone.
    pub(crate) async fn wait(&mut self) {
        while let Some(Ok(_)) = self.stream.next().await {}
    }
}
