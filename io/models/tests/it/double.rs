//! A local double of an OpenAI-compatible server, well-behaved or not.

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use duologue_chat::ChatRequest;
use duologue_ids::Redacted;
use duologue_models::openai::{OpenAi, OpenAiConfig, Timeouts};
use futures::{Stream, StreamExt, stream};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

pub(crate) const KEY: &str = "sk-very-secret";

/// A request as the double saw it.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) path: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) peer: SocketAddr,
}

impl Seen {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).expect("the request is JSON")
    }
}

/// A running double; it stops with the test's runtime.
pub(crate) struct Double {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Double {
    /// Answers the n-th request (from 0) with `answer(n, request)`.
    pub(crate) async fn start<A>(answer: A) -> Double
    where
        A: Fn(usize, &Seen) -> Response + Send + Sync + 'static,
    {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (log, answer) = (seen.clone(), Arc::new(answer));
        let handler = move |ConnectInfo(peer): ConnectInfo<SocketAddr>, request: Request| {
            let (log, answer) = (log.clone(), answer.clone());
            async move {
                let (head, body) = request.into_parts();
                let body = to_bytes(body, usize::MAX).await.expect("the request arrives whole");
                let one = Seen { path: head.uri.to_string(), headers: head.headers, body, peer };
                let n = {
                    let mut log = log.lock().expect("no test panics with the lock");
                    log.push(one.clone());
                    log.len() - 1
                };
                answer(n, &one)
            }
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let address = listener.local_addr().expect("bound");
        let app = Router::new().fallback(handler).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, app).await });
        Double { address, seen }
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("no test panics with the lock").clone()
    }

    pub(crate) fn base_url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    /// A configuration that is patient, and quick to try again.
    pub(crate) fn config(&self) -> OpenAiConfig {
        OpenAiConfig {
            api_key: Some(Redacted::new(KEY.into())),
            timeouts: patient(),
            backoff: Duration::from_millis(1),
            ..OpenAiConfig::new(self.base_url())
        }
    }

    pub(crate) fn client(&self) -> OpenAi {
        OpenAi::new(self.config()).expect("a good configuration")
    }
}

/// Long enough for any machine.
pub(crate) fn patient() -> Timeouts {
    let patient = Duration::from_secs(20);
    Timeouts { connect: patient, first_byte: patient, stall: patient, answer: patient * 2 }
}

/// An event stream whose pieces arrive one by one; it hangs at the end where `hang` says so.
pub(crate) fn events(pieces: Vec<Vec<u8>>, hang: bool) -> Response {
    let pieces = stream::iter(pieces.into_iter().map(Ok::<_, std::io::Error>));
    match hang {
        true => streamed("text/event-stream", pieces.chain(stream::pending())),
        false => streamed("text/event-stream", pieces),
    }
}

/// The same, cut off by a broken connection.
pub(crate) fn cut(media: &'static str, pieces: Vec<Vec<u8>>) -> Response {
    // One turn of the loop between the bytes and the break, so that both are sent.
    let broken = stream::once(async {
        tokio::task::yield_now().await;
        Err(std::io::Error::other("cut"))
    });
    streamed(media, stream::iter(pieces.into_iter().map(Ok)).chain(broken))
}

pub(crate) fn streamed<S>(media: &'static str, body: S) -> Response
where
    S: Stream<Item = Result<Vec<u8>, std::io::Error>> + Send + 'static,
{
    ([(header::CONTENT_TYPE, media)], Body::from_stream(body)).into_response()
}

/// A body that never ends, and tells when the server lets go of it.
pub(crate) fn endless(media: &'static str, first: Vec<u8>) -> (Response, oneshot::Receiver<()>) {
    let (gone, told) = oneshot::channel();
    let guard = OnDrop(Some(gone));
    let rest = stream::pending().inspect(move |_: &Result<Vec<u8>, std::io::Error>| {
        let _ = &guard;
    });
    (streamed(media, stream::iter([Ok(first)]).chain(rest)), told)
}

struct OnDrop(Option<oneshot::Sender<()>>);

impl Drop for OnDrop {
    fn drop(&mut self) {
        if let Some(gone) = self.0.take() {
            let _ = gone.send(());
        }
    }
}

pub(crate) fn status(code: u16, body: Value) -> Response {
    (StatusCode::from_u16(code).expect("a status"), body.to_string()).into_response()
}

pub(crate) fn event(chunk: Value) -> Vec<u8> {
    format!("data: {chunk}\n\n").into_bytes()
}

pub(crate) fn text(content: &str) -> Vec<u8> {
    event(json!({"choices": [{"index": 0, "delta": {"content": content}, "finish_reason": null}]}))
}

pub(crate) fn stop() -> Vec<u8> {
    event(json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}))
}

pub(crate) fn done() -> Vec<u8> {
    b"data: [DONE]\n\n".to_vec()
}

pub(crate) fn hello() -> Response {
    events(vec![text("Hello."), stop(), done()], false)
}

pub(crate) fn request() -> ChatRequest {
    ChatRequest {
        instructions: "You are Joe.".into(),
        speaker: "Joe".into(),
        listener: "Anna".into(),
        items: vec![],
        tools: [].into(),
        hint: None,
        temperature: None,
        seed: 1,
        max_tokens: 60,
    }
}
