//! What the server answers by HTTP: signalling, workers, and requests of services.

mod cors;
mod rtc;
mod socket;
mod twirp;

#[cfg(feature = "fuzzing")]
pub(crate) use rtc::request_of;
pub(crate) use socket::Socket;

use crate::agents::{self, Desk};
use crate::auth::Refusal;
use crate::server::Inner;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::from_fn;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, get};
use std::sync::Arc;

/// All addresses of the server.
pub(crate) fn router(server: Arc<Inner>) -> Router {
    Router::new()
        // What watches over servers asks for this.
        .route("/", get(|| async { "OK" }))
        // As with livekit-server, the method does not matter where nothing is changed.
        .route("/rtc", get(rtc::older))
        .route("/rtc/validate", any(rtc::validate_older))
        .route("/rtc/v1", get(rtc::today))
        .route("/rtc/v1/validate", any(rtc::validate_today))
        .route("/agent", get(agent))
        .route("/twirp/{*call}", any(twirp::serve))
        .with_state(server)
        .layer(from_fn(cors::allow))
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        (self.status(), self.to_string()).into_response()
    }
}

/// A worker's line.
async fn agent(State(server): State<Arc<Inner>>, mut request: Request) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let visitor = match server.keys.visitor(request.headers(), query, server.around.clock) {
        Ok(visitor) => visitor.filter(|visitor| visitor.claims.video.agent),
        Err(refusal) => return refusal.into_response(),
    };
    let Some((response, opening)) = socket::upgrade(&mut request, server.config.limits) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let Some(visitor) = visitor else { return Refusal::NoGrant.into_response() };
    let desk = Desk {
        agents: server.around.agents.clone(),
        clock: server.around.clock,
        server: server.info.clone(),
        register_within: server.config.limits.register_within,
    };
    tokio::spawn(async move {
        if let Some(socket) = opening.await {
            agents::serve(socket, visitor.key, desk).await;
        }
    });
    response
}
