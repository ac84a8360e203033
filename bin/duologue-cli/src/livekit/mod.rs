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

use crate::output::Failure;
use crate::settings::Settings;
use duologue_agents::Venue;
use duologue_ids::Redacted;
use duologue_worker::{Api, Server};
use std::time::{SystemTime, UNIX_EPOCH};

/// Why no server can be asked.
#[derive(Debug, thiserror::Error)]
enum SetupError {
    #[error(
        "no LiveKit server is configured\n  help: set LIVEKIT_URL in .env.local or in the environment, such as ws://localhost:7880, or give --url"
    )]
    Url,
    #[error(
        "there is no API key for the LiveKit server\n  help: set LIVEKIT_API_KEY and LIVEKIT_API_SECRET in .env.local or in the environment"
    )]
    Key,
    #[error(
        "there is no secret for the API key `{0}`\n  help: set LIVEKIT_API_SECRET in .env.local or in the environment; it is on the server, beside the key"
    )]
    Secret(String),
}

/// The server of the settings.
struct LiveKit {
    server: Server,
    key: Key,
}

/// An API key with its secret.
struct Key {
    id: String,
    secret: Redacted<String>,
}

/// The server of the settings, for those who meet in its rooms.
pub(crate) fn venue(settings: &Settings) -> Result<Venue, Failure> {
    let LiveKit { server, key } = LiveKit::of(settings)?;
    Ok(Venue { server, key: key.id, secret: key.secret })
}

impl LiveKit {
    fn of(settings: &Settings) -> Result<LiveKit, Failure> {
        let url = settings.get("livekit.url").ok_or(SetupError::Url)?;
        let key = Key::of(settings)?;
        Ok(LiveKit { server: Server::new(url)?, key })
    }

    fn api(&self) -> Api {
        self.server.api(&self.key.id, self.key.secret.expose())
    }
}

impl Key {
    fn of(settings: &Settings) -> Result<Key, SetupError> {
        let id = settings.get("livekit.api_key").ok_or(SetupError::Key)?.to_owned();
        match settings.get("livekit.api_secret") {
            Some(secret) => Ok(Key { id, secret: Redacted::new(secret.to_owned()) }),
            None => Err(SetupError::Secret(id)),
        }
    }
}

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

/// A server's or a stranger's words on a line of our own.
fn plain(text: &str) -> String {
    text.replace(char::is_control, " ")
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
