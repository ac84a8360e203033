//! Listing, showing and following traces.

use super::ledger::Ledger;
use super::model::{Outcome, Trace, TraceBrief};
use super::span::TraceId;
use crate::live;
use crate::platform::Platform;
use crate::problem::{FAULT, Problem};
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Traces in a list at most.
const LIMIT: usize = 1_000;

/// Which ones.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Sought {
    /// Only those in which this agent takes part: its name, or its SPIFFE id.
    agent: Option<String>,
    /// Only those in which this capability is called.
    capability: Option<String>,
    /// Only those of which this came.
    outcome: Option<Outcome>,
    /// At most so many, 100 where nothing is said, never more than 1,000.
    limit: Option<usize>,
}

impl Sought {
    fn fits(&self, brief: &TraceBrief) -> bool {
        let agent = |wanted: &String| brief.agents.contains(wanted) || brief.identities.contains(wanted);
        self.agent.as_ref().is_none_or(agent)
            && self.capability.as_ref().is_none_or(|wanted| brief.capabilities.contains(wanted))
            && self.outcome.is_none_or(|wanted| brief.outcome == wanted)
    }
}

/// Some traces.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Traces {
    /// Newest first, by when the first of each came.
    traces: Vec<TraceBrief>,
    /// How many there are in all that fit.
    total: usize,
}

/// Calls between agents, newest first: what programs told of them by OpenTelemetry (`POST /v1/traces`). The newest 20,000
/// spans are kept, in memory, traces whole.
#[utoipa::path(get, path = "/api/v1/traces", operation_id = "list_traces", tag = "calls",
    params(Sought), responses((status = 200, body = Traces), (status = "default", body = Problem)))]
pub(crate) async fn list(
    State(platform): State<Platform>,
    Query(sought): Query<Sought>,
) -> Result<Json<Traces>, Problem> {
    let limit = sought.limit.unwrap_or(100).min(LIMIT);
    let (traces, total) = aside(move || platform.calls().ledger().list(limit, |brief| sought.fits(brief))).await?;
    Ok(Json(Traces { traces, total }))
}

/// One in full: its spans as a tree, who called whom, what policies decided and by which rule.
#[utoipa::path(get, path = "/api/v1/traces/{id}", operation_id = "get_trace", tag = "calls",
    params(("id" = String, Path, description = "Its id, 32 hexadecimal digits")),
    responses((status = 200, body = Trace), (status = 404, body = Problem), (status = "default", body = Problem)))]
pub(crate) async fn get(State(platform): State<Platform>, Path(id): Path<String>) -> Result<Json<Trace>, Problem> {
    let none = || Problem::no_such("trace", &id);
    let wanted: TraceId = id.parse().map_err(|()| none())?;
    let kept = platform.calls().ledger().spans(wanted).ok_or_else(none)?;
    Ok(Json(aside(move || Ledger::trace(wanted, &kept)).await?))
}

/// Calls as they happen: first `calls`, the newest; then `call` with each trace that is new or grew, and `gone` with the
/// ids of those that had to make room.
#[utoipa::path(get, path = "/api/v1/traces/events", operation_id = "watch_traces", tag = "calls",
    params(("Last-Event-ID" = Option<String>, Header, description = "Goes on after this event")),
    responses((status = 200, description = "Server-sent events", content_type = "text/event-stream", body = String),
        (status = "default", body = Problem)))]
pub(crate) async fn watch(State(platform): State<Platform>, headers: HeaderMap) -> impl IntoResponse {
    live::told(&platform, platform.calls().watch(), live::last_event(&headers))
}

/// Where there are many spans it takes some milliseconds, for which nobody else should wait.
async fn aside<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|_| Problem::of(&FAULT, "going through the traces failed half-way"))
}
