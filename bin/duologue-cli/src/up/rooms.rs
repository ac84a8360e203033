//! The rooms: those of a LiveKit server that is configured, or our own in this process.

use super::keys;
use super::plan::{Plan, port};
use crate::output::Failure;
use duologue_agents::KeyPair;
use duologue_agents::Venue;
use duologue_api::Rooms;
use duologue_ids::Redacted;
use duologue_providers::Settings;
use duologue_sfu::{ApiKey, RoomServer, RoomServerConfig, StartError};
use duologue_worker::Server;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

/// Why there are no rooms.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RoomsError {
    #[error(
        "LIVEKIT_URL names a server, and LIVEKIT_API_KEY or LIVEKIT_API_SECRET is not set\n  help: set both, as that \
         server has them; or leave out LIVEKIT_URL, and rooms are opened in this process"
    )]
    NoKey,
    #[error("one of LIVEKIT_API_KEY and LIVEKIT_API_SECRET is set, the other is not\n  help: set both, or neither")]
    HalfKey,
    #[error(
        "the rooms of this process can be reached from this machine alone, and the page from others\n  help: set LIVEKIT_URL to a LiveKit server that others reach (wss://…)"
    )]
    OnlyHere,
    #[error("{0}\n  help: choose other ports with --rooms-port (signalling, TCP) and --media-port (UDP)")]
    Start(#[from] StartError),
}

/// Rooms that can be used.
pub(crate) struct RunningRooms {
    pub(crate) access: Rooms,
    /// Where the development keys are kept, where such are used.
    pub(crate) keys: Option<PathBuf>,
    server: Option<RoomServer>,
}

impl RunningRooms {
    pub(crate) async fn start(settings: &Settings, plan: &Plan) -> Result<RunningRooms, Failure> {
        let given = |key| settings.get(key).filter(|value| !value.is_empty()).map(str::to_owned);
        let pair = match (given("livekit.api_key"), given("livekit.api_secret")) {
            (Some(key), Some(secret)) => Some(KeyPair { key, secret: Redacted::new(secret) }),
            (None, None) => None,
            _ => return Err(RoomsError::HalfKey.into()),
        };
        match (given("livekit.url"), pair) {
            (Some(url), Some(pair)) => Self::elsewhere(&url, pair),
            (Some(_), None) => Err(RoomsError::NoKey.into()),
            (None, _) if !plan.address.ip().is_loopback() => Err(RoomsError::OnlyHere.into()),
            (None, Some(pair)) => Self::here(settings, pair, None).await,
            (None, None) => {
                let (pair, kept) = keys::rooms(&settings.home())?;
                Self::here(settings, pair, Some(kept)).await
            }
        }
    }

    fn elsewhere(url: &str, KeyPair { key, secret }: KeyPair) -> Result<RunningRooms, Failure> {
        let address = url.replacen("http", "ws", 1);
        let access = Rooms { server: Server::new(url)?, address, key, secret, embedded: false };
        Ok(RunningRooms { access, keys: None, server: None })
    }

    async fn here(settings: &Settings, pair: KeyPair, keys: Option<PathBuf>) -> Result<RunningRooms, Failure> {
        let KeyPair { key, secret } = pair;
        let at = |port| SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let config = RoomServerConfig {
            signalling: at(port(settings, "rooms.port")?),
            media: at(port(settings, "rooms.media_port")?),
            ..RoomServerConfig::local(ApiKey { key: key.clone(), secret: secret.clone() })
        };
        let server = RoomServer::start(config).await.map_err(RoomsError::Start)?;
        let address = format!("ws://{}", server.signalling());
        let access = Rooms { server: Server::new(&address)?, address, key, secret, embedded: true };
        Ok(RunningRooms { access, keys, server: Some(server) })
    }

    /// Where agents of this process find them.
    pub(crate) fn venue(&self) -> Venue {
        let Rooms { server, key, secret, .. } = self.access.clone();
        Venue { server, key, secret }
    }

    /// Where media goes, of rooms in this process.
    pub(crate) fn media(&self) -> Vec<SocketAddr> {
        self.server.as_ref().map(RoomServer::media).unwrap_or_default()
    }

    /// Ends them: everybody in them is told.
    pub(crate) async fn stop(self) {
        if let Some(server) = self.server {
            server.stop().await;
        }
    }
}
