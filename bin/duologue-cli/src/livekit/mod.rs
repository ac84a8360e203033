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

use crate::output::{Failure, plain};
use crate::settings::Settings;
use crate::up::keys::{self, KeyPair, KeysError};
use duologue_agents::Venue;
use duologue_ids::Redacted;
use duologue_worker::{Api, Server};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

/// Why no server can be asked.
#[derive(Debug, thiserror::Error)]
enum SetupError {
    #[error(
        "no LiveKit server is configured, and no `duologue up` has run with this data directory\n  help: set LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET in .env.local or in the environment; or start `duologue up`, whose rooms are found by themselves"
    )]
    Nowhere,
    #[error(
        "there is no API key for the LiveKit server\n  help: set LIVEKIT_API_KEY and LIVEKIT_API_SECRET in .env.local or in the environment"
    )]
    Key,
    #[error(
        "there is no secret for the API key `{0}`\n  help: set LIVEKIT_API_SECRET in .env.local or in the environment; it is on the server, beside the key"
    )]
    Secret(String),
    #[error(transparent)]
    Kept(#[from] KeysError),
}

/// The server of the settings, or the one of `duologue up` on this machine.
struct LiveKit {
    server: Server,
    key: KeyPair,
}

/// The server of the settings, for those who meet in its rooms.
pub(crate) fn venue(settings: &Settings) -> Result<Venue, Failure> {
    let LiveKit { server, key } = LiveKit::of(settings)?;
    Ok(Venue { server, key: key.key, secret: key.secret })
}

impl LiveKit {
    fn of(settings: &Settings) -> Result<LiveKit, Failure> {
        let key = key(settings)?;
        let url = match settings.get("livekit.url") {
            Some(url) => url.to_owned(),
            None => format!("ws://127.0.0.1:{}", settings.get("rooms.port").unwrap_or("7880")),
        };
        Ok(LiveKit { server: Server::new(&url)?, key })
    }

    fn api(&self) -> Api {
        self.server.api(&self.key.key, self.key.secret.expose())
    }
}

/// The key pair of the settings; where neither it nor a server is configured, the one that `duologue up` made for itself.
fn key(settings: &Settings) -> Result<KeyPair, SetupError> {
    match (settings.get("livekit.api_key"), settings.get("livekit.api_secret")) {
        (Some(key), Some(secret)) => Ok(KeyPair { key: key.to_owned(), secret: Redacted::new(secret.to_owned()) }),
        (Some(key), None) => Err(SetupError::Secret(key.to_owned())),
        (None, _) if settings.get("livekit.url").is_some() => Err(SetupError::Key),
        (None, _) => {
            let home = settings.get("home").map(Path::new).ok_or(SetupError::Nowhere)?;
            keys::kept(home)?.ok_or(SetupError::Nowhere)
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
