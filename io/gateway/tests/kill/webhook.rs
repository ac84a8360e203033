//! Where pushes go: keeps which came, and now and then has no time.

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use duologue_gateway::key::VerifyingKey;
use duologue_gateway::push::signature;
use duologue_store::UnixMs;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;
use tokio::sync::mpsc::UnboundedSender;

/// Every so many requests one is refused.
const BUSY: usize = 9;

#[derive(Clone)]
pub(crate) struct Webhook {
    key: VerifyingKey,
    got: Arc<Mutex<BTreeMap<String, usize>>>,
    requests: Arc<AtomicUsize>,
    tick: UnboundedSender<()>,
}

impl Webhook {
    /// Begins to listen, and says where.
    pub(crate) async fn start(key: VerifyingKey, tick: UnboundedSender<()>) -> (Webhook, String) {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("an address"));
        let webhook = Webhook { key, got: Arc::default(), requests: Arc::default(), tick };
        let app = Router::new().route("/hook", post(take)).with_state(webhook.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        (webhook, url)
    }

    /// How often each push came, by its id.
    pub(crate) fn got(&self) -> BTreeMap<String, usize> {
        self.got.lock().expect("no panic").clone()
    }
}

async fn take(State(webhook): State<Webhook>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock");
    let id = signature::verify(&headers, &body, std::slice::from_ref(&webhook.key), UnixMs(0).after(now));
    let id = id.expect("a signed push");
    let number = headers.get("duologue-event").and_then(|number| number.to_str().ok()).expect("a number");
    assert!(id.ends_with(&format!(":hook:{number}")), "{id} has event {number}");
    if webhook.requests.fetch_add(1, Ordering::Relaxed) % BUSY == BUSY - 1 {
        // It has to come again.
        return StatusCode::SERVICE_UNAVAILABLE;
    }
    *webhook.got.lock().expect("no panic").entry(id).or_default() += 1;
    // Last, so that whoever is told finds it. Nobody may ask any more.
    let _ = webhook.tick.send(());
    StatusCode::NO_CONTENT
}
