//! `duologue room`, `dispatch` and `token`: any LiveKit server, seen from outside.

mod args;
mod dispatch;
mod person;
mod room;
mod seen;
mod token;
mod watch;

pub(crate) use args::{DispatchArgs, RoomArgs, ServerArgs, TokenArgs};
pub(crate) use dispatch::run as dispatch;
pub(crate) use room::run as room;
pub(crate) use token::run as token;

use crate::output::plain;
use std::time::{SystemTime, UNIX_EPOCH};

/// Seconds since 1970.
fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// A time in seconds since 1970 as people and scripts read it.
fn moment(seconds: u64) -> String {
    let time = i64::try_from(seconds).ok().and_then(|s| time::OffsetDateTime::from_unix_timestamp(s).ok());
    let text = time.and_then(|time| time.format(&time::format_description::well_known::Rfc3339).ok());
    text.unwrap_or_else(|| format!("{seconds} s after 1970"))
}

/// A length of time in its largest unit: `45 s`, `12 min`, `3 h`, `2 d`.
fn span(seconds: u64) -> String {
    match seconds {
        0..120 => format!("{seconds} s"),
        120..7_200 => format!("{} min", seconds / 60),
        7_200..172_800 => format!("{} h", seconds / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_easily() {
        assert_eq!([0, 119, 120, 7_199, 7_200, 400_000].map(span), ["0 s", "119 s", "2 min", "119 min", "2 h", "4 d"]);
        assert_eq!(moment(1_800_000_000), "2027-01-15T08:00:00Z");
        assert_eq!(moment(u64::MAX), "18446744073709551615 s after 1970");
    }
}
