use super::metrics::Metrics;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use axum::{Json, Router};
use duologue_identity::{HealthState, IdentitySource};
use duologue_policy_engine::Engine;
use serde_json::{Value, json};
use std::net::SocketAddr;
use tokio::net::TcpListener;

/// Why the figures cannot be shown.
#[derive(Debug, thiserror::Error)]
#[error("the figures cannot be served on {address}: {why}; see observability.metrics in the agent's file")]
pub struct ListenerError {
    address: String,
    why: String,
}

/// What the listener tells about.
#[derive(Clone)]
pub(crate) struct Watched {
    pub(crate) metrics: Metrics,
    pub(crate) identity: Option<IdentitySource>,
    pub(crate) policy: Option<Engine>,
}

/// Where Prometheus, and whoever looks after the process, asks: `/metrics`, `/healthz` (the process lives), `/readyz` (it can
/// answer calls, and if not, why).
pub(crate) struct Listener {
    listener: TcpListener,
    address: SocketAddr,
}

impl Listener {
    pub(crate) async fn bind(host: &str, port: u16) -> Result<Listener, ListenerError> {
        let failed =
            |error: std::io::Error| ListenerError { address: format!("{host}:{port}"), why: error.to_string() };
        let listener = TcpListener::bind((host, port)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Listener { listener, address })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) async fn serve(self, watched: Watched) {
        let routes = Router::new()
            .route("/metrics", get(metrics))
            .route("/healthz", get(|| async { "ok\n" }))
            .route("/readyz", get(ready))
            .with_state(watched);
        if let Err(error) = axum::serve(self.listener, routes).await {
            tracing::error!(%error, "figures are no longer served");
        }
    }
}

async fn metrics(State(watched): State<Watched>) -> impl IntoResponse {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    ([(header::CONTENT_TYPE, kind)], watched.metrics.text())
}

async fn ready(State(watched): State<Watched>) -> (StatusCode, Json<Value>) {
    let (identity, has_identity) = match &watched.identity {
        None => (Value::Null, true),
        Some(source) => {
            let health = source.health();
            let told = json!({
                "spiffe_id": health.id.as_ref().map(ToString::to_string),
                "state": format!("{:?}", health.state).to_lowercase(),
                "error": health.error,
            });
            (told, matches!(health.state, HealthState::Ready | HealthState::Stale))
        }
    };
    let policy = watched.policy.as_ref().map_or(Value::Null, policy);
    let status = if has_identity { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(json!({ "ready": has_identity, "identity": identity, "policy": policy })))
}

/// A policy that could not be loaded anew is told, and the last good one goes on deciding: the agent is ready.
fn policy(engine: &Engine) -> Value {
    match engine {
        Engine::Embedded(embedded) => {
            let status = embedded.status();
            let status = status.borrow();
            json!({ "engine": "embedded", "stale": status.stale.as_ref().map(|stale| stale.error.to_string()) })
        }
        Engine::Remote(_) => json!({ "engine": "opa" }),
        Engine::None(default) => json!({ "engine": "none", "default": format!("{default:?}") }),
    }
}
