//! HTTP+JSON (specification 1.0.1 §11; in 0.3 §3.5.3, below `/v1`).

mod client;
mod query;
mod server;

pub use client::{HttpRequest, read_event, read_reply, write_request};
pub use server::{NotServed, Received, read_request, write_event, write_reply};

/// Media type of requests and answers in 1.0; in 0.3 it is `application/json`.
pub const MEDIA_TYPE: &str = "application/a2a+json";

/// Whether a content type is one that bodies may have: this protocol's, or any JSON.
pub fn is_json(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/json") || media_type.eq_ignore_ascii_case(MEDIA_TYPE)
}

/// The version that a query names, where a client cannot send the header (§3.6.1).
pub fn version_in_query(query: &str) -> Option<String> {
    let is_version = |name: &str| name.eq_ignore_ascii_case(crate::version::VERSION_HEADER);
    super::percent::parameters(query).find(|(name, _)| is_version(name)).map(|(_, version)| version)
}
