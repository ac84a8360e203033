//! What goes with every call.

use super::error::ConnectError;
use super::options::Options;
use crate::clock::Clock;
use crate::hop::Hop;
use duologue_a2a::extensions::{EXTENSIONS_HEADER, EXTENSIONS_HEADER_0_3};
use duologue_a2a::model::Timestamp;
use duologue_a2a::version::{Dialect, VERSION_HEADER};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderName, HeaderValue};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

pub(super) fn now() -> Timestamp {
    Clock::System.now()
}

/// Those that are the same each time.
pub(super) fn fixed(options: &Options, dialect: Dialect) -> Result<HeaderMap, ConnectError> {
    let mut headers = HeaderMap::new();
    let mut put = |name: &str, value: &str, is_secret: bool| {
        let bad = || ConnectError::BadHeader { name: name.to_owned() };
        let mut value = HeaderValue::from_str(value).map_err(|_| bad())?;
        value.set_sensitive(is_secret);
        headers.append(HeaderName::from_bytes(name.as_bytes()).map_err(|_| bad())?, value);
        Ok(())
    };
    put(VERSION_HEADER, dialect.as_str(), false)?;
    if !options.extensions.is_empty() {
        let name = if dialect == Dialect::V0_3 { EXTENSIONS_HEADER_0_3 } else { EXTENSIONS_HEADER };
        put(name, &options.extensions.join(", "), false)?;
    }
    if let Some(bearer) = &options.bearer {
        put(AUTHORIZATION.as_str(), &format!("Bearer {}", bearer.expose()), true)?;
    }
    for (name, value) in &options.headers {
        put(name.as_str(), value.expose(), true)?;
    }
    Ok(headers)
}

/// Where the call comes from, and until when it is waited for.
pub(super) fn put_hop(headers: &mut HeaderMap, hop: &Hop, deadline: Option<Timestamp>) {
    let hop = Hop { deadline, ..hop.clone() };
    for (name, value) in hop.headers(now()) {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
}

/// The last event that was seen.
pub(super) fn put_seen(headers: &mut HeaderMap, seen: Option<u64>) {
    if let Some(seen) = seen {
        headers.insert(LAST_EVENT_ID, HeaderValue::from(seen));
    }
}
