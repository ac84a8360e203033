//! Coming in, and whether anything is in.

use crate::access::COOKIE;
use crate::guard::cookie;
use crate::platform::{Agent, Platform};
use crate::problem::{FAULT, KINDS, LOGIN_NEEDED, Problem};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use duologue_ids::Redacted;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What is served here.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct About {
    /// Version of Duologue.
    version: String,
    /// Where rooms are, as a browser finds them.
    rooms_url: String,
    /// Whether the room server runs in this process.
    rooms_embedded: bool,
    /// Agents that run in this process.
    agents: Vec<Agent>,
}

/// Whether a login is needed, and there.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Session {
    /// Whether nothing is told without one.
    needed: bool,
    /// Whether this request had one, or needs none.
    present: bool,
}

/// The admin token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    /// As `duologue up` printed it.
    #[schema(value_type = String, format = Password)]
    token: Redacted<String>,
}

/// What is served here.
#[utoipa::path(get, path = "/api/v1/platform", operation_id = "get_platform", tag = "platform",
    responses((status = 200, body = About), (status = "default", body = Problem)))]
pub(crate) async fn about(State(platform): State<Platform>) -> Json<About> {
    Json(About {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        rooms_url: platform.rooms().address.clone(),
        rooms_embedded: platform.rooms().embedded,
        agents: platform.agents(),
    })
}

/// Whether a login is needed.
#[utoipa::path(get, path = "/api/v1/session", operation_id = "get_session", tag = "platform",
    responses((status = 200, body = Session), (status = "default", body = Problem)))]
pub(crate) async fn session(State(platform): State<Platform>, headers: HeaderMap) -> Json<Session> {
    let access = platform.access();
    let present = !access.needs_login() || cookie(&headers).is_some_and(|cookie| access.has_session(cookie));
    Json(Session { needed: access.needs_login(), present })
}

/// Logs in: a cookie that lasts twelve hours.
#[utoipa::path(post, path = "/api/v1/session", operation_id = "log_in", tag = "platform", request_body = Login,
    responses((status = 204), (status = 401, body = Problem), (status = "default", body = Problem)))]
pub(crate) async fn log_in(State(platform): State<Platform>, Json(login): Json<Login>) -> Result<Response, Problem> {
    let access = platform.access();
    if !access.is_admin(login.token.expose().trim()) {
        return Err(Problem::of(&LOGIN_NEEDED, "that is not the admin token of this platform"));
    }
    let secret = access.begin_session().map_err(|error| Problem::of(&FAULT, error.to_string()))?;
    Ok(with_cookie(secret.expose(), 12 * 3_600))
}

/// Logs out.
#[utoipa::path(delete, path = "/api/v1/session", operation_id = "log_out", tag = "platform",
    responses((status = 204), (status = "default", body = Problem)))]
pub(crate) async fn log_out(State(platform): State<Platform>, headers: HeaderMap) -> Response {
    if let Some(cookie) = cookie(&headers) {
        platform.access().end_session(cookie);
    }
    with_cookie("", 0)
}

fn with_cookie(value: &str, seconds: u32) -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    let cookie = format!("{COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; Secure; SameSite=Lax");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}

/// Whether this process answers.
#[utoipa::path(get, path = "/health", operation_id = "health", tag = "platform",
    responses((status = 200, description = "It does", content_type = "text/plain", body = String)))]
pub(crate) async fn health() -> &'static str {
    "ok\n"
}

/// Whether what is served here can be used: the room server answers, and takes our key.
#[utoipa::path(get, path = "/ready", operation_id = "ready", tag = "platform",
    responses((status = 200, description = "It can", content_type = "text/plain", body = String),
        (status = "default", body = Problem)))]
pub(crate) async fn ready(State(platform): State<Platform>) -> Result<&'static str, Problem> {
    platform.rooms().api().list_rooms(&["duologue-ready".to_owned()]).await?;
    Ok("ready\n")
}

/// What a kind of problem is, for people.
pub(crate) async fn problem(Path(code): Path<String>) -> Result<String, Problem> {
    let kind = KINDS.iter().find(|kind| kind.code == code).ok_or_else(|| Problem::no_such("kind of problem", &code))?;
    Ok(format!("{}\n\n{}\n", kind.title, kind.help))
}
