//! An agent over HTTP+JSON whose answers are written down beforehand.

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::response::Response;
use duologue_a2a::sse;
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex};
use tokio::net::TcpListener;

/// What is answered to one request.
pub(crate) enum Answer {
    /// A status, headers and a body.
    Plain(u16, Vec<(&'static str, String)>, String),
    /// A status and JSON.
    Json(u16, Value),
    /// Events, with their numbers; then the line is cut.
    Cut(Vec<(Option<u64>, Value)>),
    /// Events, with their numbers, and an orderly end.
    Stream(Vec<(Option<u64>, Value)>),
    /// Nothing, ever.
    Never,
    /// The start of an event, and nothing more, ever.
    Silence,
}

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }
}

#[derive(Clone)]
pub(crate) struct Scripted {
    pub(crate) url: String,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Scripted {
    /// Serves a card first, then the answers, each once.
    pub(crate) async fn with_card(card: impl FnOnce(&str) -> Value, answers: Vec<Answer>) -> Scripted {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let card = Answer::Json(200, card(&url));
        Scripted::serve(listener, url, [card].into_iter().chain(answers).collect())
    }

    pub(crate) async fn new(extensions: &[&str], answers: Vec<Answer>) -> Scripted {
        Scripted::with_card(|url| card(url, extensions), answers).await
    }

    /// Serves the answers only.
    pub(crate) async fn bare(answers: Vec<Answer>) -> Scripted {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        Scripted::serve(listener, url, answers.into())
    }

    fn serve(listener: TcpListener, url: String, answers: VecDeque<Answer>) -> Scripted {
        let scripted = Scripted { url, answers: Arc::new(Mutex::new(answers)), seen: Arc::default() };
        let app = Router::new().fallback(answer).with_state(scripted.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        scripted
    }

    pub(crate) fn add(&self, answer: Answer) {
        self.answers.lock().expect("not poisoned").push_back(answer);
    }

    /// What came, the card's requests too.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().expect("not poisoned").clone()
    }
}

pub(crate) fn card(url: &str, extensions: &[&str]) -> Value {
    let extensions: Vec<Value> = extensions.iter().map(|uri| json!({ "uri": uri })).collect();
    json!({
        "name": "Scripted", "description": "Answers", "version": "1",
        "supportedInterfaces": [{ "url": format!("{url}/a2a/"), "protocolBinding": "HTTP+JSON", "protocolVersion": "1.0" }],
        "capabilities": { "streaming": true, "extensions": extensions },
        "defaultInputModes": [], "defaultOutputModes": [], "skills": [],
    })
}

async fn answer(State(scripted): State<Scripted>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
    let text = |value: &axum::http::HeaderValue| value.to_str().unwrap_or_default().to_owned();
    scripted.seen.lock().expect("not poisoned").push(Seen {
        target: format!("{} {}", head.method, head.uri),
        headers: head.headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect(),
        body: String::from_utf8_lossy(&body).into_owned(),
    });
    let next = scripted.answers.lock().expect("not poisoned").pop_front();
    let plain = |status: u16, body: Body| Response::builder().status(status).body(body).expect("an answer");
    match next.unwrap_or(Answer::Json(418, json!({}))) {
        Answer::Plain(status, headers, body) => {
            let mut answer = plain(status, Body::from(body));
            for (name, value) in headers {
                answer.headers_mut().insert(name, value.parse().expect("a header"));
            }
            answer
        }
        Answer::Json(status, value) => plain(status, Body::from(value.to_string())),
        Answer::Never => std::future::pending().await,
        Answer::Stream(events) => stream(pieces(events).map(Ok).collect(), false),
        Answer::Cut(events) => {
            let cut = Err(io::Error::other("cut"));
            stream(pieces(events).map(Ok).chain([cut]).collect(), false)
        }
        Answer::Silence => stream(vec![Ok(Bytes::from_static(b"data: {"))], true),
    }
}

fn pieces(events: Vec<(Option<u64>, Value)>) -> impl Iterator<Item = Bytes> {
    events.into_iter().map(|(number, event)| {
        let mut piece = Vec::new();
        sse::write(&mut piece, number, event.to_string().as_bytes());
        piece.into()
    })
}

fn stream(pieces: Vec<io::Result<Bytes>>, stays: bool) -> Response {
    use futures::StreamExt as _;
    let pieces = futures::stream::iter(pieces).then(|piece| async {
        // Each piece goes out by itself.
        tokio::task::yield_now().await;
        piece
    });
    let body = match stays {
        true => Body::from_stream(pieces.chain(futures::stream::pending())),
        false => Body::from_stream(pieces),
    };
    Response::builder().header("content-type", "text/event-stream").body(body).expect("an answer")
}
