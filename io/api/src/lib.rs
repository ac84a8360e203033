//! The platform over HTTP: a REST API, what is live as server-sent events, and the page that shows it.
//!
//! A [`Platform`] is made of [`Parts`]: where rooms are (any LiveKit server), the archive of conversations, the agents that
//! run in this process, and who may come in. [`serve`] answers on a port that [`bind`] took.
//!
//! The way of a request: `guard` (named as we are, from our own page, by somebody who may), then one handler in `rooms`,
//! `conversations`, `calls` or `door`, whose errors become problem details (RFC 9457) in `problem`. What is live is state with a
//! version that a task keeps while somebody watches (`live`); rooms are seen by a hidden participant, conversations by
//! their folder, so it does not matter whose process holds them.
//!
//! Calls between agents are told by the agents themselves, which are programs of their own: `calls` takes their spans
//! (OpenTelemetry's OTLP over HTTP, `POST /v1/traces`) and keeps the newest in memory.
//!
//! [`openapi`] is the contract; `openapi.json` beside this crate is the same, and a test compares them.
//!
//! ```
//! let contract = duologue_api::openapi();
//! assert!(contract["paths"]["/api/v1/rooms/{room}/events"]["get"].is_object());
//! ```
//!
//! # What is not here
//!
//! Running agents or holding conversations: `bin` passes in what there is. Roles beside the one admin, and logins by OpenID
//! Connect.

#![forbid(unsafe_code)]

mod access;
mod calls;
mod conversations;
mod door;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod guard;
mod live;
mod model;
mod page;
mod platform;
mod problem;
mod rooms;
mod serve;

pub use access::{Access, NoRandomness, digest, fresh_secret};
pub use page::page_is_built;
pub use platform::{Agent, Parts, Platform, Rooms};
pub use problem::Problem;
pub use serve::{Bound, Identity, ServeError, bind, serve};

use axum::extract::DefaultBodyLimit;
use axum::routing::get;
use axum::{Json, Router, middleware};
use tower_http::catch_panic::CatchPanicLayer;
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

/// Bytes of a request at most.
const BODY: usize = 256 << 10;

#[derive(OpenApi)]
#[openapi(
    info(title = "Duologue", description = "Rooms, agents in them, conversations and calls between agents: live and kept.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")),
    components(schemas(model::RoomNow, model::Overview, model::Line, model::Levels, conversations::Said, conversations::Done,
        calls::CallsNow)),
    tags((name = "rooms", description = "Rooms of the LiveKit server"), (name = "dispatches", description = "Agents in rooms"),
        (name = "conversations", description = "Kept, and as they are held"), (name = "calls", description = "Calls between agents, as they are told by OpenTelemetry"), (name = "platform", description = "The server itself"))
)]
struct Contract;

fn routed() -> OpenApiRouter<Platform> {
    OpenApiRouter::with_openapi(Contract::openapi())
        .routes(routes!(door::health))
        .routes(routes!(door::ready))
        .routes(routes!(door::about))
        .routes(routes!(door::session, door::log_in, door::log_out))
        .routes(routes!(rooms::overview))
        .routes(routes!(rooms::list))
        .routes(routes!(rooms::delete))
        .routes(routes!(rooms::participants))
        .routes(routes!(rooms::watch))
        .routes(routes!(rooms::token))
        .routes(routes!(rooms::dispatches, rooms::dispatch))
        .routes(routes!(rooms::undispatch))
        .routes(routes!(conversations::list))
        .routes(routes!(conversations::get))
        .routes(routes!(conversations::watch))
        .routes(routes!(conversations::listen))
        .routes(routes!(conversations::report))
        .routes(routes!(conversations::file))
        .routes(routes!(calls::list))
        .routes(routes!(calls::watch))
        .routes(routes!(calls::get))
        .routes(routes!(calls::receive))
}

/// The contract: every request and answer, as OpenAPI 3.1.
pub fn openapi() -> serde_json::Value {
    serde_json::to_value(routed().into_openapi()).unwrap_or_default()
}

/// Everything that is served.
pub(crate) fn router(platform: Platform) -> Router {
    routed()
        .split_for_parts()
        .0
        .route("/openapi.json", get(|| async { Json(openapi()) }))
        .route("/problems/{code}", get(door::problem))
        .fallback(page::page)
        .layer(DefaultBodyLimit::max(BODY))
        .layer(CatchPanicLayer::custom(|_| {
            axum::response::IntoResponse::into_response(Problem::of(&problem::FAULT, "a request failed half-way"))
        }))
        .layer(middleware::from_fn(problem::tell))
        .layer(middleware::from_fn_with_state(platform.clone(), guard::guard))
        .with_state(platform)
}
