//! What every request passes before it is handled, and what every answer carries.

use crate::access::COOKIE;
use crate::platform::Platform;
use crate::problem::{LOGIN_NEEDED, Problem, WRONG_HOST, WRONG_ORIGIN};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const PERMISSIONS: HeaderName = HeaderName::from_static("permissions-policy");
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");

/// Lets through what comes by one of our names, from our own page or from a program, and from somebody who may.
pub(crate) async fn guard(State(platform): State<Platform>, request: Request, next: Next) -> Response {
    let passed = by_our_name(&platform, &request)
        .and_then(|host| from_our_page(&platform, &request, &host))
        .and_then(|()| by_somebody_who_may(&platform, &request));
    let mut response = match passed {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    };
    harden(&platform, response.headers_mut());
    response
}

/// The Host header (RFC 9110 §7.2) names this server; it is given back as it came.
fn by_our_name(platform: &Platform, request: &Request) -> Result<String, Problem> {
    // HTTP/2 has it as the authority of the address.
    let named = header_text(request.headers(), &header::HOST).or(request.uri().authority().map(|a| a.as_str()));
    let host = named.unwrap_or_default();
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) && !name.ends_with(':') => name,
        _ => host,
    };
    if platform.access().answers_to(name) {
        return Ok(host.to_owned());
    }
    Err(Problem::of(&WRONG_HOST, "the request names another host; use the address that `duologue up` printed"))
}

/// Browsers say where a request comes from: `Origin` with what changes something, `Sec-Fetch-Site` with everything
/// (Fetch standard §3.2, Fetch metadata). Following a link to here is allowed from everywhere.
fn from_our_page(platform: &Platform, request: &Request, host: &str) -> Result<(), Problem> {
    let headers = request.headers();
    let refused = |why: &str| Err(Problem::of(&WRONG_ORIGIN, why.to_owned()));
    if let Some(origin) = headers.get(header::ORIGIN)
        && origin.as_bytes() != format!("{}://{host}", platform.access().scheme()).as_bytes()
    {
        return refused("the request comes from a page of another origin");
    }
    let follows_a_link = request.method() == Method::GET && header_text(headers, &FETCH_MODE) == Some("navigate");
    match header_text(headers, &FETCH_SITE) {
        Some("cross-site" | "same-site") if !follows_a_link => refused("the request comes from another site"),
        _ => Ok(()),
    }
}

/// The page itself holds nothing, so that it can be loaded to log in.
fn by_somebody_who_may(platform: &Platform, request: &Request) -> Result<(), Problem> {
    let access = platform.access();
    let path = request.uri().path();
    let is_ours = path.starts_with("/api/") || path.starts_with("/v1/");
    let is_open = !is_ours || path == "/api/v1/session";
    if !access.needs_login() || is_open {
        return Ok(());
    }
    let headers = request.headers();
    let bearer = header_text(headers, &header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
    if bearer.is_some_and(|token| access.is_admin(token.trim()))
        || cookie(headers).is_some_and(|cookie| access.has_session(cookie))
    {
        return Ok(());
    }
    Err(Problem::of(&LOGIN_NEEDED, "this needs a login"))
}

/// The cookie of a login, where one came along.
pub(crate) fn cookie(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(header::COOKIE).into_iter().filter_map(|value| value.to_str().ok());
    all.flat_map(|value| value.split(';')).find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

fn header_text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).and_then(|value| value.to_str().ok())
}

fn harden(platform: &Platform, headers: &mut HeaderMap) {
    let mut set = |name: HeaderName, value: &'static str| headers.insert(name, HeaderValue::from_static(value));
    set(header::X_CONTENT_TYPE_OPTIONS, "nosniff");
    set(header::REFERRER_POLICY, "no-referrer");
    set(PERMISSIONS, "camera=(), geolocation=(), microphone=(self), display-capture=()");
    if platform.access().needs_login() {
        set(header::STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    headers.insert(HeaderName::from_static("cross-origin-opener-policy"), SAME_ORIGIN);
    headers.insert(HeaderName::from_static("cross-origin-resource-policy"), SAME_ORIGIN);
    // Whoever needs a wider one has set it.
    let strict = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(strict);
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
}
