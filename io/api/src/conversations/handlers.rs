//! Listing, showing and following conversations.

use super::{Brief, Conversation, Stage};
use crate::live::{self, ConversationState};
use crate::platform::Platform;
use crate::problem::Problem;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Conversations in a list at most.
const LIMIT: usize = 1_000;

/// Which ones.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Wanted {
    /// Only those that stand so.
    status: Option<Stage>,
    /// At most so many, 100 where nothing is said, never more than 1,000.
    limit: Option<usize>,
}

/// Some conversations.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Listed {
    /// Newest first.
    conversations: Vec<Brief>,
    /// How many there are in all.
    total: usize,
}

/// What is kept, newest first.
#[utoipa::path(get, path = "/api/v1/conversations", operation_id = "list_conversations", tag = "conversations",
    params(Wanted), responses((status = 200, body = Listed), (status = "default", body = Problem)))]
pub(crate) async fn list(
    State(platform): State<Platform>,
    Query(wanted): Query<Wanted>,
) -> Result<Json<Listed>, Problem> {
    platform
        .on_disk(move |archive| {
            let kept = if wanted.status == Some(Stage::Running) { archive.running() } else { archive.list() };
            let fits = |brief: &Brief| wanted.status.is_none_or(|status| brief.status == status);
            let mut conversations: Vec<Brief> = kept.iter().map(Brief::of).filter(fits).collect();
            let total = conversations.len();
            conversations.truncate(wanted.limit.unwrap_or(100).min(LIMIT));
            Ok(Json(Listed { conversations, total }))
        })
        .await
}

/// One in full: what was said, what came of it, which files there are.
#[utoipa::path(get, path = "/api/v1/conversations/{id}", operation_id = "get_conversation", tag = "conversations",
    params(("id" = String, Path, description = "Its full id")),
    responses((status = 200, body = Conversation), (status = 404, body = Problem), (status = "default", body = Problem)))]
pub(crate) async fn get(
    State(platform): State<Platform>,
    Path(id): Path<String>,
) -> Result<Json<Conversation>, Problem> {
    platform.on_disk(move |archive| Ok(Json(live::read(archive, &id)?))).await
}

/// One as it happens, whichever process holds it: first `conversation`, all of it; then `utterance` and `tool_call` with
/// what is new or changed, `recorded` with the seconds of sound there are, and at its end `ended`.
#[utoipa::path(get, path = "/api/v1/conversations/{id}/events", operation_id = "watch_conversation",
    tag = "conversations", params(("id" = String, Path, description = "Its full id"),
        ("Last-Event-ID" = Option<String>, Header, description = "Goes on after this event")),
    responses((status = 200, description = "Server-sent events", content_type = "text/event-stream", body = String),
        (status = 404, body = Problem), (status = "default", body = Problem)))]
pub(crate) async fn watch(
    State(platform): State<Platform>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    let wanted = id.clone();
    let begin = platform.on_disk(move |archive| live::read(archive, &wanted)).await?;
    let watches = &platform.watches().conversations;
    let watch = watches.watch(&id, || ConversationState::begin(begin, platform.archive().clone()));
    Ok(live::told(&platform, watch, live::last_event(&headers)))
}
