//! What goes wrong, as problem details (RFC 9457): one place that turns errors into answers.

use axum::Json;
use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use duologue_conversation::ArchiveError;
use duologue_livekit_wire::twirp::Code;
use duologue_worker::ApiError;
use serde::Serialize;
use utoipa::ToSchema;

/// What spans come in, and are answered in.
pub(crate) const PROTOBUF: &str = "application/x-protobuf";
const PROBLEM: HeaderValue = HeaderValue::from_static("application/problem+json");

/// What went wrong (RFC 9457, `application/problem+json`).
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct Problem {
    /// What kind of problem: a page of this server that explains it.
    #[serde(rename = "type")]
    #[schema(example = "/problems/not-found")]
    pub kind: String,
    /// The kind in a few words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What went wrong this time, and what to do.
    pub detail: String,
}

/// A kind of problem: its code, the status and the title that go with it, and what helps.
pub(crate) struct Kind {
    pub(crate) code: &'static str,
    status: u16,
    pub(crate) title: &'static str,
    pub(crate) help: &'static str,
}

macro_rules! kinds {
    ($($name:ident = $code:literal, $status:literal, $title:literal, $help:literal;)*) => {
        $(pub(crate) const $name: Kind = Kind { code: $code, status: $status, title: $title, help: $help };)*
        /// All of them, for the pages that explain them.
        pub(crate) const KINDS: &[&Kind] = &[$(&$name),*];
    };
}

kinds! {
    NOT_FOUND = "not-found", 404, "There is no such thing",
        "It was never there, or it is gone: rooms end when everybody left, conversations can be removed.";
    BAD_REQUEST = "bad-request", 400, "The request is not understood",
        "Compare it with /openapi.json, which describes every request.";
    WRONG_METHOD = "wrong-method", 405, "That is not done with this address",
        "The header Allow of the answer names what is; /openapi.json describes every request.";
    TOO_LARGE = "too-large", 413, "The request is too large",
        "Send less at once: no request of this API needs as much.";
    NOT_JSON = "not-json", 415, "The request is not said to be JSON",
        "Send its body as JSON, with the header `Content-Type: application/json`.";
    NOT_PROTOBUF = "not-protobuf", 415, "Spans are taken as protobuf",
        "Set the protocol of the OpenTelemetry exporter to http/protobuf (OTEL_EXPORTER_OTLP_TRACES_PROTOCOL).";
    LOGIN_NEEDED = "login-needed", 401, "A login is needed",
        "Send the admin token as `Authorization: Bearer TOKEN`, or log in on the page. The token was printed once, when the \
         platform first began beyond loopback; `duologue up --new-admin-token` makes another.";
    WRONG_HOST = "wrong-host", 421, "This server does not go by that name",
        "Use the address that `duologue up` prints. Without TLS only loopback names are answered, so that no website can \
         reach this server by a name of its own (DNS rebinding).";
    WRONG_ORIGIN = "wrong-origin", 403, "Another website asks",
        "Only the page that this server serves, and programs outside a browser, may use it.";
    ROOMS_AWAY = "rooms-away", 502, "The room server does not answer",
        "Compare LIVEKIT_URL with where the room server runs; /ready tells whether it answers.";
    ROOMS_REFUSE = "rooms-refuse", 502, "The room server refuses",
        "Compare LIVEKIT_API_KEY and LIVEKIT_API_SECRET with those of the room server.";
    UNREADABLE = "unreadable", 500, "A kept file cannot be read",
        "`duologue doctor CONVERSATION` says what is wrong with it.";
    FAULT = "fault", 500, "That is a fault of Duologue",
        "Start it with DUOLOGUE_LOG=info and try again; the log names the place.";
}

impl Problem {
    pub(crate) fn of(kind: &Kind, detail: impl Into<String>) -> Problem {
        Problem {
            kind: format!("/problems/{}", kind.code),
            title: kind.title.to_owned(),
            status: kind.status,
            detail: detail.into(),
        }
    }

    pub(crate) fn no_such(what: &str, name: &str) -> Problem {
        Problem::of(&NOT_FOUND, format!("there is no {what} {name:?}"))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = (status, Json(self)).into_response();
        response.headers_mut().insert(header::CONTENT_TYPE, PROBLEM);
        response
    }
}

/// Bytes at most of what the framework says of a request that it cannot read.
const WORDS: usize = 4 << 10;

/// What the framework refuses before a handler sees it (a body, a query, a method) becomes a problem as everything else.
/// Headers are kept: with 405 goes Allow (RFC 9110 §15.5.6).
pub(crate) async fn tell(request: Request, next: Next) -> Response {
    let method = request.method().clone();
    let refused = next.run(request).await;
    let kind = match refused.status() {
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => &BAD_REQUEST,
        StatusCode::METHOD_NOT_ALLOWED => &WRONG_METHOD,
        StatusCode::PAYLOAD_TOO_LARGE => &TOO_LARGE,
        StatusCode::UNSUPPORTED_MEDIA_TYPE => &NOT_JSON,
        _ => return refused,
    };
    if refused.headers().get(header::CONTENT_TYPE).is_some_and(|told| told == PROBLEM || told == PROTOBUF) {
        return refused;
    }
    let (mut head, body) = refused.into_parts();
    let words = to_bytes(body, WORDS).await.unwrap_or_default();
    let detail = match String::from_utf8_lossy(&words).trim() {
        "" if head.status == StatusCode::METHOD_NOT_ALLOWED => format!("{method} is not for this address"),
        "" => "the request cannot be read".to_owned(),
        words => words.to_owned(),
    };
    let mut response = Problem::of(kind, detail).into_response();
    head.headers.remove(header::CONTENT_LENGTH);
    head.headers.remove(header::CONTENT_TYPE);
    response.headers_mut().extend(head.headers);
    response
}

impl From<ApiError> for Problem {
    fn from(error: ApiError) -> Problem {
        let kind = match &error {
            ApiError::Refused { error, .. } if error.code == Code::NotFound => &NOT_FOUND,
            ApiError::Refused { error, .. } if error.code == Code::InvalidArgument => &BAD_REQUEST,
            ApiError::Connect(connect) if connect.is_passing() => &ROOMS_AWAY,
            _ => &ROOMS_REFUSE,
        };
        Problem::of(kind, error.to_string())
    }
}

impl From<ArchiveError> for Problem {
    fn from(error: ArchiveError) -> Problem {
        let kind = match &error {
            ArchiveError::Unknown(_) | ArchiveError::NoReportYet(_) => &NOT_FOUND,
            _ => &UNREADABLE,
        };
        Problem::of(kind, error.to_string())
    }
}
