//! A server of ours in this process, on free ports of the loopback interface, in the place of LiveKit's.

use duologue_ids::Redacted;
use duologue_livekit_wire::token::{self, Claims, VideoGrants};
use duologue_sfu::{ApiKey, RoomServer, RoomServerConfig, ServerEvent, Services};
use duologue_worker::{Api, JoinOptions, Room, RoomEvent, Server};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::sync::{broadcast, mpsc};
use tokio::time::timeout;

pub(crate) const KEY: &str = "devkey";
pub(crate) const SECRET: &str = "a-secret-of-at-least-32-characters";
/// Nothing takes longer, on a machine that does other things beside.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// Named as in the tests that are also made with LiveKit's server.
pub(crate) struct LiveKit {
    pub(crate) server: RoomServer,
    pub(crate) port: u16,
}

/// Free ports, one key, and times that a test sets.
pub(crate) fn config() -> RoomServerConfig {
    let free = SocketAddr::from(([127, 0, 0, 1], 0));
    let key = ApiKey { key: KEY.into(), secret: Redacted::new(SECRET.into()) };
    RoomServerConfig { signalling: free, media: free, ..RoomServerConfig::local(key) }
}

impl LiveKit {
    pub(crate) async fn start() -> Option<LiveKit> {
        Some(LiveKit::with(config()).await)
    }

    pub(crate) async fn with(config: RoomServerConfig) -> LiveKit {
        let server = RoomServer::start(config).await.expect("it starts");
        let port = server.signalling().port();
        LiveKit { server, port }
    }

    pub(crate) fn at(&self) -> Server {
        at(self.port)
    }

    pub(crate) fn services(&self) -> Services {
        self.server.services()
    }

    pub(crate) fn api(&self) -> Api {
        self.at().api(KEY, SECRET)
    }

    /// Joins as somebody.
    pub(crate) async fn join(
        &self,
        room: &str,
        identity: &str,
        options: JoinOptions,
    ) -> (Room, mpsc::Receiver<RoomEvent>) {
        self.join_as(&token(room, identity), options).await
    }

    pub(crate) async fn join_as(&self, token: &str, options: JoinOptions) -> (Room, mpsc::Receiver<RoomEvent>) {
        let server = self.at();
        timeout(PATIENCE, Room::join(&server, token, options)).await.expect("in time").expect("joined")
    }
}

pub(crate) fn at(port: u16) -> Server {
    Server::new(&format!("ws://127.0.0.1:{port}")).expect("an address")
}

pub(crate) fn token(room: &str, identity: &str) -> String {
    token_with(room, identity, |_| ())
}

pub(crate) fn token_of(secret: &str, room: &str, identity: &str) -> String {
    token::sign(&claims(room, identity), secret).expect("a token")
}

/// A token that is changed before it is signed.
pub(crate) fn token_with(room: &str, identity: &str, change: impl FnOnce(&mut Claims)) -> String {
    let mut claims = claims(room, identity);
    change(&mut claims);
    token::sign(&claims, SECRET).expect("a token")
}

fn claims(room: &str, identity: &str) -> Claims {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
    let mut claims = token::claims(KEY, identity, now, Duration::from_secs(600));
    claims.name = identity.to_owned();
    claims.video = VideoGrants {
        room_join: true,
        room: room.to_owned(),
        can_update_own_metadata: Some(true),
        ..Default::default()
    };
    claims
}

/// Waits for an event that fits, passing over the others.
pub(crate) async fn wait<T>(events: &mut mpsc::Receiver<RoomEvent>, mut fits: impl FnMut(RoomEvent) -> Option<T>) -> T {
    let found = async {
        loop {
            let event = events.recv().await.expect("the room goes on");
            if let RoomEvent::Closed(reason) = &event {
                panic!("closed: {reason}");
            }
            if let Some(found) = fits(event) {
                return found;
            }
        }
    };
    timeout(PATIENCE, found).await.expect("in time")
}

/// Waits for something on the server itself.
pub(crate) async fn wait_server<T>(
    events: &mut broadcast::Receiver<ServerEvent>,
    mut fits: impl FnMut(ServerEvent) -> Option<T>,
) -> T {
    let found = async {
        loop {
            if let Some(found) = fits(events.recv().await.expect("the server goes on")) {
                return found;
            }
        }
    };
    timeout(PATIENCE, found).await.expect("in time")
}

/// Why somebody's room is over.
pub(crate) async fn closed(events: &mut mpsc::Receiver<RoomEvent>) -> duologue_worker::CloseReason {
    let closed = async {
        loop {
            if let RoomEvent::Closed(reason) = events.recv().await.expect("a last event") {
                return reason;
            }
        }
    };
    timeout(PATIENCE, closed).await.expect("in time")
}
