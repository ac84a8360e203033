//! Taking what programs export: OTLP over HTTP (opentelemetry.io/docs/specs/otlp, "OTLP/HTTP"), as binary protobuf.

use super::ledger::Taken;
use super::otlp::{self, Exported, SPANS_AT_ONCE};
use super::wire::{WireError, put_bytes, put_number};
use crate::platform::Platform;
use crate::problem::{NOT_PROTOBUF, PROTOBUF, Problem};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use flate2::read::MultiGzDecoder;
use futures::StreamExt;
use std::io::Read;
use std::time::Duration;
use tokio::time::timeout;

/// Bytes of a request at most, as it comes and as it is when it is unpacked.
const BODY: usize = 4 << 20;
/// How long a body may take to come.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why nothing of a request was taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReceiveError {
    /// Another form of OTLP, or none.
    #[error("spans are taken as application/x-protobuf, not as {0:?}; set the exporter's protocol to http/protobuf")]
    Form(String),
    /// Packed as nobody here can unpack.
    #[error("a body of encoding {0:?} is not taken; gzip is, and none")]
    Encoding(String),
    /// More than is ever read.
    #[error("a request has at most {} MiB, also unpacked; let the exporter send smaller batches", BODY >> 20)]
    TooLarge,
    /// The sender stopped sending.
    #[error("the body did not come within {} s", PATIENCE.as_secs())]
    Slow,
    /// The line broke.
    #[error("the body broke off")]
    BrokenOff,
    /// Said to be packed, and is not.
    #[error("the body is no gzip: {0}")]
    Gzip(std::io::Error),
    /// Something else.
    #[error("the body is no ExportTraceServiceRequest: {0}")]
    Wire(#[from] WireError),
    /// Too many send at once.
    #[error("as many requests are being read as there is room for; send it again")]
    Busy,
    /// It broke while it was read.
    #[error("reading it failed half-way, which is a fault of Duologue")]
    Fault,
}

impl ReceiveError {
    /// The status, and the code of `google.rpc.Code` that goes with it.
    fn codes(&self) -> (StatusCode, u64) {
        match self {
            ReceiveError::Form(_) | ReceiveError::Encoding(_) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, 3),
            ReceiveError::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, 3),
            ReceiveError::Slow => (StatusCode::REQUEST_TIMEOUT, 4),
            ReceiveError::BrokenOff | ReceiveError::Gzip(_) | ReceiveError::Wire(_) => (StatusCode::BAD_REQUEST, 3),
            ReceiveError::Busy => (StatusCode::SERVICE_UNAVAILABLE, 14),
            ReceiveError::Fault => (StatusCode::INTERNAL_SERVER_ERROR, 13),
        }
    }
}

/// What is refused is told as the protocol wants it: a `google.rpc.Status` (code = 1, message = 2). Who does not speak
/// protobuf would not understand that.
impl IntoResponse for ReceiveError {
    fn into_response(self) -> Response {
        if let ReceiveError::Form(_) = self {
            return Problem::of(&NOT_PROTOBUF, self.to_string()).into_response();
        }
        let (status, code) = self.codes();
        let mut told = Vec::new();
        put_number(&mut told, 1, code);
        put_bytes(&mut told, 2, self.to_string().as_bytes());
        let mut response = protobuf(status, told);
        if let ReceiveError::Busy = self {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        response
    }
}

fn protobuf(status: StatusCode, message: Vec<u8>) -> Response {
    (status, [(header::CONTENT_TYPE, PROTOBUF)], message).into_response()
}

/// Takes spans of any program that exports them by OpenTelemetry (OTLP over HTTP, binary protobuf, gzip or none), at most
/// 4 MiB and 5,000 spans at once. What there is no room for is told as a partial success; what is refused as `google.rpc.Status`.
#[utoipa::path(post, path = "/v1/traces", operation_id = "export_traces", tag = "calls",
    params(("Content-Encoding" = Option<String>, Header, description = "`gzip`, or none")),
    request_body(content = Vec<u8>, content_type = "application/x-protobuf",
        description = "An `ExportTraceServiceRequest` of OpenTelemetry"),
    responses((status = 200, description = "An `ExportTraceServiceResponse`", content_type = "application/x-protobuf",
        body = Vec<u8>), (status = "default", body = Problem)))]
pub(crate) async fn receive(State(platform): State<Platform>, request: Request) -> Result<Response, ReceiveError> {
    let exported = exported(&platform, request).await?;
    let (homeless, beyond) = (exported.homeless, exported.beyond);
    let taken = platform.calls().take(exported.spans);
    Ok(protobuf(StatusCode::OK, answer(homeless, beyond, taken)))
}

async fn exported(platform: &Platform, request: Request) -> Result<Exported, ReceiveError> {
    let is_packed = is_packed(request.headers())?;
    // Held until all is read, so that what is read at once is bounded.
    let _turn = platform.calls().turn().ok_or(ReceiveError::Busy)?;
    let body = body_in_time(request).await?;
    let reading = tokio::task::spawn_blocking(move || read(&body, is_packed));
    reading.await.map_err(|_| ReceiveError::Fault)?
}

/// Whether the body is packed by gzip; it is protobuf, or an error.
fn is_packed(headers: &HeaderMap) -> Result<bool, ReceiveError> {
    let said = |name| headers.get(name).map_or("", |value: &HeaderValue| value.to_str().unwrap_or("?"));
    let form = said(header::CONTENT_TYPE);
    if !form.split(';').next().unwrap_or_default().trim().eq_ignore_ascii_case(PROTOBUF) {
        return Err(ReceiveError::Form(form.to_owned()));
    }
    match said(header::CONTENT_ENCODING).trim() {
        "" | "identity" => Ok(false),
        "gzip" => Ok(true),
        other => Err(ReceiveError::Encoding(other.to_owned())),
    }
}

async fn body_in_time(request: Request) -> Result<Vec<u8>, ReceiveError> {
    timeout(PATIENCE, body_of(request)).await.map_err(|_| ReceiveError::Slow)?
}

async fn body_of(request: Request) -> Result<Vec<u8>, ReceiveError> {
    let declared = request.headers().get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if declared.is_some_and(|length: u64| length > BODY as u64) {
        return Err(ReceiveError::TooLarge);
    }
    let mut chunks = request.into_body().into_data_stream();
    let mut body = Vec::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| ReceiveError::BrokenOff)?;
        if body.len() + chunk.len() > BODY {
            return Err(ReceiveError::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Reads a body: unpacked where it is packed, and never more of it than [`BODY`].
pub(crate) fn read(body: &[u8], is_packed: bool) -> Result<Exported, ReceiveError> {
    if !is_packed {
        return Ok(otlp::read(body)?);
    }
    let mut unpacked = Vec::new();
    let mut reader = MultiGzDecoder::new(body).take(BODY as u64 + 1);
    reader.read_to_end(&mut unpacked).map_err(ReceiveError::Gzip)?;
    if unpacked.len() > BODY {
        return Err(ReceiveError::TooLarge);
    }
    Ok(otlp::read(&unpacked)?)
}

/// An `ExportTraceServiceResponse`: empty where all was taken, else with `partial_success` = 1 (`rejected_spans` = 1,
/// `error_message` = 2).
fn answer(homeless: usize, beyond: usize, taken: Taken) -> Vec<u8> {
    let mut words = Vec::new();
    let mut say = |count: usize, why: String| {
        if count > 0 {
            words.push(format!("{count} {why}"));
        }
    };
    say(homeless, "without a trace id, a span id or a start time".to_owned());
    say(beyond, format!("beyond the {SPANS_AT_ONCE} of one request"));
    say(taken.left_out, "of traces that have as many as are kept".to_owned());
    if words.is_empty() {
        return Vec::new();
    }
    let mut partial = Vec::new();
    put_number(&mut partial, 1, (homeless + beyond + taken.left_out) as u64);
    put_bytes(&mut partial, 2, format!("not kept: {}", words.join(", ")).as_bytes());
    let mut answer = Vec::new();
    put_bytes(&mut answer, 1, &partial);
    answer
}

#[cfg(test)]
#[path = "receive_tests.rs"]
mod tests;
