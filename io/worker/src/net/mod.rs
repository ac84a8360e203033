//! The ways to a server: its address, WebSockets, and requests.

pub(crate) mod api;
pub(crate) mod refusal;
pub(crate) mod server;
pub(crate) mod socket;

use std::hash::{BuildHasher, RandomState};

/// A name that nobody else has: `prefix` and 32 hexadecimal digits.
pub(crate) fn fresh(prefix: &str) -> String {
    // Keyed anew by the system's randomness for each number.
    let number = || RandomState::new().hash_one(prefix);
    format!("{prefix}{:016x}{:016x}", number(), number())
}

/// Seconds since 1970.
pub(crate) fn unix_seconds() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Milliseconds since 1970, as messages carry them.
pub(crate) fn unix_millis() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
