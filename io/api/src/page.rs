//! The page, as it was built into the program; or a message where it was not.

use crate::platform::Platform;
use crate::problem::{Problem, WRONG_METHOD};
use axum::extract::State;
use axum::http::{HeaderValue, Method, Uri, header};
use axum::response::{IntoResponse, Response};
use duologue_worker::Server;

/// Its files: path, contents.
static FILES: &[(&str, &[u8])] = include!(concat!(env!("OUT_DIR"), "/page.rs"));
const INDEX: &str = "index.html";
const NOT_BUILT: &str = include_str!("not_built.html");

/// Whether the page was built into this program.
pub fn page_is_built() -> bool {
    file(INDEX).is_some()
}

fn file(path: &str) -> Option<&'static [u8]> {
    FILES.iter().find(|(name, _)| *name == path).map(|(_, contents)| *contents)
}

/// A file of the page; what is none is an address within the page.
pub(crate) async fn page(State(platform): State<Platform>, method: Method, uri: Uri) -> Response {
    let path = uri.path().trim_start_matches('/');
    // Programs that export to us may try what is not taken here: logs and metrics under v1/.
    if path.starts_with("api/") || path.starts_with("v1/") {
        return Problem::no_such("address", uri.path()).into_response();
    }
    if !matches!(method, Method::GET | Method::HEAD) {
        let mut refused = Problem::of(&WRONG_METHOD, format!("{method} is not for the page")).into_response();
        refused.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET,HEAD"));
        return refused;
    }
    let (name, contents) = match file(path) {
        Some(contents) => (path, contents),
        None if path.contains('.') => return Problem::no_such("file", path).into_response(),
        None => (INDEX, file(INDEX).unwrap_or(NOT_BUILT.as_bytes())),
    };
    let mut response = contents.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type(name)));
    // Names under assets/ carry a digest of their contents.
    let caching = if name.starts_with("assets/") { "public, max-age=31536000, immutable" } else { "no-cache" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    if let Ok(policy) = HeaderValue::from_str(&policy(&platform.rooms().server, &platform.rooms().address)) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// What the page may do (CSP level 3): its own scripts and styles, the API, the room server, and nothing else.
fn policy(server: &Server, address: &str) -> String {
    // LiveKit's client opens a WebSocket, and asks by HTTP where that fails.
    let rooms = [address.to_owned(), address.replacen("ws", "http", 1)].map(|url| origin(&url)).join(" ");
    let asked = origin(server.url());
    format!(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; \
         media-src 'self' blob:; connect-src 'self' {rooms} {asked}; frame-src 'self'; worker-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'"
    )
}

/// Scheme, host and port of an address, without anything that could mean something in a policy.
fn origin(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return String::new() };
    let host: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || ".-:[]_".contains(*c)).collect();
    format!("{scheme}://{host}")
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map_or("", |(_, extension)| extension) {
        "html" => "text/html; charset=utf-8",
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "json" | "map" => "application/json",
        "woff2" => "font/woff2",
        _ => "application/octet-stream",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_names_the_room_server_and_cannot_be_widened_by_its_address() {
        let server = Server::new("http://127.0.0.1:7880").unwrap();
        let policy = policy(&server, "wss://rooms.example.org:7880/x; script-src *");
        assert!(policy.contains(
            "connect-src 'self' wss://rooms.example.org:7880 https://rooms.example.org:7880 http://127.0.0.1:7880;"
        ));
        assert!(!policy.contains('*'), "{policy}");
    }
}
