//! Files of a conversation: in ranges (RFC 9110 §14), so that a player can seek.

use crate::platform::Platform;
use crate::problem::{FAULT, NOT_FOUND, Problem};
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use duologue_conversation::names;
use std::path::PathBuf;
use tower::ServiceExt;
use tower_http::services::ServeFile;

/// A report is made of what people and models said, and may come from a backup of somebody else's: it runs its own scripts
/// in an origin of its own, reaches nothing, and can be shown in our page only.
const REPORT_POLICY: &str = "sandbox allow-scripts allow-downloads; default-src 'none'; script-src 'unsafe-inline'; \
    style-src 'unsafe-inline'; img-src data:; media-src data: blob: 'self'; base-uri 'none'; form-action 'none'; \
    frame-ancestors 'self'";

/// A file of it, or a range of one.
#[utoipa::path(get, path = "/api/v1/conversations/{id}/files/{name}", operation_id = "get_conversation_file",
    tag = "conversations",
    params(("id" = String, Path, description = "Its full id"), ("name" = String, Path, description = "As `files` lists it"),
        ("Range" = Option<String>, Header, description = "Which bytes")),
    responses((status = 200, description = "All of it", content_type = "application/octet-stream", body = Vec<u8>),
        (status = 206, description = "A range of it"), (status = 416, description = "There is no such range"),
        (status = 404, body = Problem), (status = "default", body = Problem)))]
pub(crate) async fn file(
    State(platform): State<Platform>,
    Path((id, name)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    // Nothing but what a conversation is made of is ever opened.
    if !names::all().iter().any(|(_, known)| *known == name) {
        return Err(Problem::no_such("file", &name));
    }
    let wanted = name.clone();
    let path = platform.on_disk(move |archive| Ok(archive.exactly(&id)?.join(wanted))).await?;
    served(path, &name, request).await
}

/// Its report: one page that needs nothing else. Written when the conversation ends.
#[utoipa::path(get, path = "/api/v1/conversations/{id}/report", operation_id = "get_conversation_report",
    tag = "conversations", params(("id" = String, Path, description = "Its full id")),
    responses((status = 200, description = "The page", content_type = "text/html", body = String),
        (status = 404, body = Problem), (status = "default", body = Problem)))]
pub(crate) async fn report(
    State(platform): State<Platform>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let path = platform.on_disk(move |archive| {
        let folder = archive.exactly(&id)?;
        Ok(archive.report(&folder.to_string_lossy())?)
    });
    served(path.await?, names::REPORT, request).await
}

async fn served(path: PathBuf, name: &str, request: Request) -> Result<Response, Problem> {
    // A link may lead anywhere.
    let is_file = tokio::fs::symlink_metadata(&path).await.is_ok_and(|meta| meta.is_file());
    if !is_file {
        return Err(Problem::of(&NOT_FOUND, format!("{name} is not there (yet)")));
    }
    let served = ServeFile::new(&path).oneshot(request).await;
    let served = served.map_err(|error| Problem::of(&FAULT, format!("{name} cannot be read: {error}")))?;
    let mut response = served.map(Body::new).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(name)));
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(REPORT_POLICY));
    // It may grow; whether it did is asked each time.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    Ok(response)
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "ogg" => "audio/ogg",
        "json" => "application/json",
        "jsonl" => "application/x-ndjson",
        "vtt" => "text/vtt; charset=utf-8",
        "html" => "text/html; charset=utf-8",
        _ => "text/plain; charset=utf-8",
    }
}
