//! Rooms, who is in them, and agents that are wanted there.

use crate::live::{self, keep_overview, watch_room};
use crate::model::{Dispatch, DispatchAsked, Participant, RoomBrief, TokenAsked, TokenGiven};
use crate::platform::{Platform, unix_seconds};
use crate::problem::{BAD_REQUEST, Problem};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use duologue_livekit_wire::proto::CreateAgentDispatchRequest;
use duologue_worker::Participant as Present;
use futures::FutureExt;
use std::time::Duration;

/// How long one may take to join.
const TOKEN: Duration = Duration::from_secs(3_600);
/// Characters of a name at most.
const NAME: usize = 80;
/// Bytes of what an agent is told at most.
const METADATA: usize = 64 << 10;

type Answer<T> = Result<Json<T>, Problem>;

/// All rooms of the room server, newest first.
#[utoipa::path(get, path = "/api/v1/rooms", operation_id = "list_rooms", tag = "rooms",
    responses((status = 200, body = Vec<RoomBrief>), (status = "default", body = Problem)))]
pub(crate) async fn list(State(platform): State<Platform>) -> Answer<Vec<RoomBrief>> {
    let mut rooms: Vec<RoomBrief> = platform.rooms().api().list_rooms(&[]).await?.iter().map(RoomBrief::from).collect();
    rooms.sort_by(|a, b| (b.created_at, &a.name).cmp(&(a.created_at, &b.name)));
    Ok(Json(rooms))
}

/// Ends a room; everybody in it is sent away.
#[utoipa::path(delete, path = "/api/v1/rooms/{room}", operation_id = "delete_room", tag = "rooms",
    params(("room" = String, Path, description = "Its name")),
    responses((status = 204), (status = 404, body = Problem), (status = "default", body = Problem)))]
pub(crate) async fn delete(State(platform): State<Platform>, Path(room): Path<String>) -> Result<StatusCode, Problem> {
    exists(&platform, &room).await?;
    platform.rooms().api().delete_room(&room).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Who is in a room.
#[utoipa::path(get, path = "/api/v1/rooms/{room}/participants", operation_id = "list_participants", tag = "rooms",
    params(("room" = String, Path, description = "Its name")),
    responses((status = 200, body = Vec<Participant>), (status = 404, body = Problem), (status = "default", body = Problem)))]
pub(crate) async fn participants(
    State(platform): State<Platform>,
    Path(room): Path<String>,
) -> Answer<Vec<Participant>> {
    exists(&platform, &room).await?;
    let present = platform.rooms().api().list_participants(&room).await?;
    let seen = present.iter().filter(|info| !live::is_watcher(&info.identity));
    Ok(Json(seen.map(|info| Participant::from(&Present::of(info))).collect()))
}

/// A room as it happens: first `room`, who is in it and what was said; then `participants` and `line` with what is new
/// or changed, `levels` with how loud everybody is, and at its end `closed`. Who watches is seen by nobody.
#[utoipa::path(get, path = "/api/v1/rooms/{room}/events", operation_id = "watch_room", tag = "rooms",
    params(("room" = String, Path, description = "Its name"),
        ("Last-Event-ID" = Option<String>, Header, description = "Goes on after this event")),
    responses((status = 200, description = "Server-sent events", content_type = "text/event-stream", body = String),
        (status = 404, body = Problem), (status = "default", body = Problem)))]
pub(crate) async fn watch(
    State(platform): State<Platform>,
    Path(room): Path<String>,
    headers: HeaderMap,
) -> Result<impl IntoResponse, Problem> {
    // Joining makes a room where there is none, so it has to be there.
    exists(&platform, &room).await?;
    let watch = watch_room(&platform.watches().rooms, platform.rooms(), &room);
    Ok(live::told(&platform, watch, live::last_event(&headers)))
}

/// Everything that goes on: `overview` with all rooms, who is in them, and the conversations that are being held,
/// whenever any of it changes; `levels` with how loud everybody is, by room.
#[utoipa::path(get, path = "/api/v1/events", operation_id = "watch_everything", tag = "rooms",
    params(("Last-Event-ID" = Option<String>, Header, description = "Goes on after this event")),
    responses((status = 200, description = "Server-sent events", content_type = "text/event-stream", body = String),
        (status = "default", body = Problem)))]
pub(crate) async fn overview(State(platform): State<Platform>, headers: HeaderMap) -> impl IntoResponse {
    let watch = platform.watches().overview.watch("", || {
        let platform = platform.clone();
        (Default::default(), move |state| keep_overview(platform, state).boxed())
    });
    live::told(&platform, watch, live::last_event(&headers))
}

/// A token to join a room with, which is made where there is none: for one person, with sound and messages.
#[utoipa::path(post, path = "/api/v1/rooms/{room}/tokens", operation_id = "create_token", tag = "rooms",
    params(("room" = String, Path, description = "Its name")), request_body = TokenAsked,
    responses((status = 201, body = TokenGiven), (status = 400, body = Problem), (status = "default", body = Problem)))]
pub(crate) async fn token(
    State(platform): State<Platform>,
    Path(room): Path<String>,
    Json(asked): Json<TokenAsked>,
) -> Result<(StatusCode, Json<TokenGiven>), Problem> {
    fits("room's name", &room, NAME)?;
    if asked.name.chars().count() > NAME {
        return Err(Problem::of(&BAD_REQUEST, format!("a name has at most {NAME} characters")));
    }
    let identity = format!("page-{:012x}", live::chance());
    let name = if asked.name.trim().is_empty() { "Guest" } else { asked.name.trim() }.to_owned();
    let token = platform.rooms().token(&identity, TOKEN, |claims| {
        claims.name = name;
        claims.video.room_join = true;
        claims.video.room = room;
        claims.video.can_publish = Some(true);
        claims.video.can_subscribe = Some(true);
        claims.video.can_publish_data = Some(true);
    })?;
    let url = platform.rooms().address.clone();
    let expires_at = unix_seconds() + TOKEN.as_secs();
    Ok((StatusCode::CREATED, Json(TokenGiven { url, token, identity, expires_at })))
}

/// Agents that are wanted in a room, and what came of it.
#[utoipa::path(get, path = "/api/v1/rooms/{room}/dispatches", operation_id = "list_dispatches", tag = "dispatches",
    params(("room" = String, Path, description = "Its name")),
    responses((status = 200, body = Vec<Dispatch>), (status = "default", body = Problem)))]
pub(crate) async fn dispatches(State(platform): State<Platform>, Path(room): Path<String>) -> Answer<Vec<Dispatch>> {
    exists(&platform, &room).await?;
    let found = platform.rooms().api().list_dispatches(&room).await?;
    Ok(Json(found.iter().map(Dispatch::from).collect()))
}

/// Asks for an agent in a room, which is made where there is none.
#[utoipa::path(post, path = "/api/v1/rooms/{room}/dispatches", operation_id = "create_dispatch", tag = "dispatches",
    params(("room" = String, Path, description = "Its name")), request_body = DispatchAsked,
    responses((status = 201, body = Dispatch), (status = 400, body = Problem), (status = "default", body = Problem)))]
pub(crate) async fn dispatch(
    State(platform): State<Platform>,
    Path(room): Path<String>,
    Json(asked): Json<DispatchAsked>,
) -> Result<(StatusCode, Json<Dispatch>), Problem> {
    fits("room's name", &room, NAME)?;
    fits("agent's name", &asked.agent_name, NAME)?;
    if asked.metadata.len() > METADATA {
        return Err(Problem::of(&BAD_REQUEST, format!("metadata has at most {METADATA} bytes")));
    }
    let DispatchAsked { agent_name, metadata } = asked;
    let request = CreateAgentDispatchRequest { agent_name, room, metadata, ..Default::default() };
    let made = platform.rooms().api().create_dispatch(request).await?;
    Ok((StatusCode::CREATED, Json(Dispatch::from(&made))))
}

/// Sends an agent away again.
#[utoipa::path(delete, path = "/api/v1/rooms/{room}/dispatches/{id}", operation_id = "delete_dispatch",
    tag = "dispatches",
    params(("room" = String, Path, description = "Its name"), ("id" = String, Path, description = "Of the dispatch")),
    responses((status = 204), (status = 404, body = Problem), (status = "default", body = Problem)))]
pub(crate) async fn undispatch(
    State(platform): State<Platform>,
    Path((room, id)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    platform.rooms().api().delete_dispatch(&room, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn exists(platform: &Platform, room: &str) -> Result<(), Problem> {
    let found = platform.rooms().api().list_rooms(&[room.to_owned()]).await?;
    if found.iter().any(|found| found.name == room) { Ok(()) } else { Err(Problem::no_such("room", room)) }
}

fn fits(what: &str, text: &str, most: usize) -> Result<(), Problem> {
    if !text.trim().is_empty() && text.chars().count() <= most && !text.contains(char::is_control) {
        return Ok(());
    }
    Err(Problem::of(&BAD_REQUEST, format!("the {what} has 1 to {most} characters, none of them a control character")))
}
