//! Where agents meet: [`Venue::of`] the settings, or the rooms of `duologue up` on this machine.

use duologue_ids::Redacted;
use duologue_providers::Settings;
use duologue_worker::{Api, Server, ServerError};
use serde_json::Value;
use std::io;
use std::path::{Path, PathBuf};

/// The file of the key pair that `duologue up` makes for its rooms, by its path from the data directory.
pub const ROOMS_KEY: &str = "keys/rooms.json";

/// Why no server can be asked.
#[derive(Debug, thiserror::Error)]
pub enum VenueError {
    /// There is none.
    #[error(
        "no LiveKit server is configured, and no `duologue up` has run with this data directory\n  help: set LIVEKIT_URL, LIVEKIT_API_KEY and LIVEKIT_API_SECRET in .env.local or in the environment; or start `duologue up`, whose rooms are found by themselves"
    )]
    Nowhere,
    /// A server without a key.
    #[error(
        "there is no API key for the LiveKit server\n  help: set LIVEKIT_API_KEY and LIVEKIT_API_SECRET in .env.local or in the environment"
    )]
    Key,
    /// A key without its secret.
    #[error(
        "there is no secret for the API key `{0}`\n  help: set LIVEKIT_API_SECRET in .env.local or in the environment; it is on the server, beside the key"
    )]
    Secret(String),
    /// The address is none.
    #[error(transparent)]
    Url(#[from] ServerError),
    /// The key of `duologue up` cannot be read.
    #[error(transparent)]
    Kept(#[from] KeptError),
}

/// Why a kept key is not taken.
#[derive(Debug, thiserror::Error)]
pub enum KeptError {
    /// The disk.
    #[error("{path} cannot be read: {source}\n  help: check its owner, or choose another data directory with --home")]
    Read {
        /// Which file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// It holds something else.
    #[error("{0} is not what a platform writes\n  help: remove it; a new one is made")]
    Broken(PathBuf),
    /// It is a secret.
    #[error("{path} can be read by others\n  help: chmod 600 {path}")]
    Exposed {
        /// Which file.
        path: PathBuf,
    },
}

/// An API key of a room server, with its secret.
#[derive(Clone, Debug)]
pub struct KeyPair {
    /// The key.
    pub key: String,
    /// Its secret.
    pub secret: Redacted<String>,
}

/// A LiveKit server, and the API key by which one acts there.
#[derive(Clone, Debug)]
pub struct Venue {
    /// The server.
    pub server: Server,
    /// The key.
    pub key: String,
    /// Its secret.
    pub secret: Redacted<String>,
}

impl Venue {
    /// The server of the settings, or the one of `duologue up` on this machine.
    ///
    /// # Errors
    /// [`VenueError`].
    pub fn of(settings: &Settings) -> Result<Venue, VenueError> {
        let KeyPair { key, secret } = server_key(settings)?;
        let url = match settings.get("livekit.url") {
            Some(url) => url.to_owned(),
            None => format!("ws://127.0.0.1:{}", settings.get("rooms.port").unwrap_or("7880")),
        };
        Ok(Venue { server: Server::new(&url)?, key, secret })
    }

    /// Its API, with the key.
    pub fn api(&self) -> Api {
        self.server.api(&self.key, self.secret.expose())
    }
}

/// The key pair of the settings; where neither it nor a server is configured, the one that `duologue up` made for itself.
///
/// # Errors
/// [`VenueError`].
pub fn server_key(settings: &Settings) -> Result<KeyPair, VenueError> {
    match (settings.get("livekit.api_key"), settings.get("livekit.api_secret")) {
        (Some(key), Some(secret)) => Ok(KeyPair { key: key.to_owned(), secret: Redacted::new(secret.to_owned()) }),
        (Some(key), None) => Err(VenueError::Secret(key.to_owned())),
        (None, _) if settings.get("livekit.url").is_some() => Err(VenueError::Key),
        (None, _) => {
            let home = settings.get("home").map(Path::new).ok_or(VenueError::Nowhere)?;
            rooms_key(home)?.ok_or(VenueError::Nowhere)
        }
    }
}

/// The key pair that `duologue up` made for its rooms, if it ever ran with this data directory.
///
/// # Errors
/// [`KeptError`].
pub fn rooms_key(home: &Path) -> Result<Option<KeyPair>, KeptError> {
    let path = home.join(ROOMS_KEY);
    let Some(kept) = read_kept(&path)? else { return Ok(None) };
    let text = |name: &str| kept[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let (Some(key), Some(secret)) = (text("key"), text("secret")) else { return Err(KeptError::Broken(path)) };
    Ok(Some(KeyPair { key, secret: Redacted::new(secret) }))
}

/// What a platform keeps for its owner alone.
///
/// # Errors
/// [`KeptError`].
pub fn read_kept(path: &Path) -> Result<Option<Value>, KeptError> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(KeptError::Read { path: path.to_owned(), source }),
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if std::fs::metadata(path).is_ok_and(|meta| meta.permissions().mode() & 0o077 != 0) {
            return Err(KeptError::Exposed { path: path.to_owned() });
        }
    }
    serde_json::from_slice(&bytes).map(Some).map_err(|_| KeptError::Broken(path.to_owned()))
}
