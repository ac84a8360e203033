//! Pages of any origin may speak to the server, as with livekit-server: what protects rooms is the token, which no browser
//! sends by itself.

use axum::extract::Request;
use axum::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_MAX_AGE,
    ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD,
};
use axum::http::{HeaderValue, Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

pub(crate) async fn allow(request: Request, next: Next) -> Response {
    let asked = request.headers().contains_key(ACCESS_CONTROL_REQUEST_METHOD) && request.method() == Method::OPTIONS;
    // A star would leave out the header that carries the token (Fetch standard, CORS-preflight fetch).
    let wished = request.headers().get(ACCESS_CONTROL_REQUEST_HEADERS).cloned();
    let mut response = if asked { StatusCode::NO_CONTENT.into_response() } else { next.run(request).await };
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    if asked {
        headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("GET, POST"));
        headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static("86400"));
        wished.into_iter().for_each(|wished| drop(headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, wished)));
    }
    response
}
