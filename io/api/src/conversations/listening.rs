//! The sound of a conversation while it is being held: the recording from some moment on, followed as it grows.

use super::ogg::{PAGE_MAX, last_page_until_s, page};
use crate::platform::Platform;
use crate::problem::{NOT_FOUND, Problem};
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use axum::http::{HeaderValue, header};
use axum::response::Response;
use duologue_conversation::{Archive, Status, names};
use serde::Deserialize;
use std::io::{Read, Seek, SeekFrom};
use std::path::{self, PathBuf};
use std::time::Duration;
use tokio::fs::File;
use tokio::io::AsyncReadExt;
use tokio::time::sleep;
use utoipa::IntoParams;

/// How often it is looked whether there is more; a page holds up to a second.
const LOOK: Duration = Duration::from_millis(200);
/// Bytes that are read at once.
const PIECE: usize = 32 << 10;

/// From when.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct From {
    /// Seconds of the recording that are left out, as `recorded` told them: the player's 0 is there.
    #[serde(default)]
    from: f64,
}

/// Both voices, from the beginning or from later on, and on while it is being held (support left, customer right).
#[utoipa::path(get, path = "/api/v1/conversations/{id}/sound", operation_id = "listen_to_conversation",
    tag = "conversations", params(("id" = String, Path, description = "Its full id"), From),
    responses((status = 200, description = "Ogg Opus without an end", content_type = "audio/ogg", body = Vec<u8>),
        (status = 404, body = Problem), (status = "default", body = Problem)))]
pub(crate) async fn listen(
    State(platform): State<Platform>,
    Path(id): Path<String>,
    Query(From { from }): Query<From>,
) -> Result<Response, Problem> {
    let wanted = id.clone();
    let recording = platform.on_disk(move |archive| Ok(archive.exactly(&wanted)?.join(names::STEREO))).await?;
    let file = File::open(&recording).await.map_err(|_| Problem::of(&NOT_FOUND, "nothing is recorded yet"))?;
    let following = Following { file, archive: platform.archive().clone(), id, from, held: Vec::new(), is_over: false };
    let stream = futures::stream::unfold(following, |mut following| async move {
        let pages = following.next().await?;
        Some((Ok::<_, std::io::Error>(pages), following))
    });
    // Where it is closed the platform is not waited for: its server ends such connections after a while.
    let mut response = Response::new(Body::from_stream(stream));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("audio/ogg"));
    Ok(response)
}

struct Following {
    file: File,
    archive: Archive,
    id: String,
    from: f64,
    /// What was read and is no whole page yet.
    held: Vec<u8>,
    is_over: bool,
}

impl Following {
    /// Whole pages, waiting for them while the conversation goes on.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            let mut piece = vec![0; PIECE];
            let count = self.file.read(&mut piece).await.ok()?;
            self.held.extend_from_slice(piece.get(..count)?);
            let pages = self.take_pages();
            if !pages.is_empty() {
                return Some(pages.into());
            }
            // A file in which no page ends is none that a player can read.
            if (count == 0 && self.is_over) || self.held.len() > PAGE_MAX + PIECE {
                return None;
            }
            if count == 0 {
                self.is_over = !self.goes_on().await;
                sleep(LOOK).await;
            }
        }
    }

    fn take_pages(&mut self) -> Vec<u8> {
        let (mut at, mut taken) = (0, Vec::new());
        while let Some(found) = page(self.held.get(at..).unwrap_or_default()) {
            let end = at + found.length;
            // The first two say how to decode the others.
            if found.until_s == 0.0 || found.until_s > self.from {
                taken.extend_from_slice(self.held.get(at..end).unwrap_or_default());
            }
            at = end;
        }
        self.held.drain(..at);
        taken
    }

    async fn goes_on(&self) -> bool {
        let (archive, id) = (self.archive.clone(), self.id.clone());
        let running = tokio::task::spawn_blocking(move || {
            let folder = archive.exactly(&id).ok()?;
            Some(archive.open(&folder.to_string_lossy()).ok()?.1.status == Status::Running)
        });
        running.await.ok().flatten().unwrap_or(false)
    }
}

/// Seconds of sound that are recorded; 0 before the first page.
pub(crate) fn recorded_s(folder: &path::Path) -> f64 {
    let recording: PathBuf = folder.join(names::STEREO);
    let tail = || -> std::io::Result<Vec<u8>> {
        let mut file = std::fs::File::open(&recording)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(2 * PAGE_MAX as u64)))?;
        let mut tail = Vec::new();
        file.take(2 * PAGE_MAX as u64).read_to_end(&mut tail)?;
        Ok(tail)
    };
    tail().ok().and_then(|tail| last_page_until_s(&tail)).unwrap_or(0.0)
}
