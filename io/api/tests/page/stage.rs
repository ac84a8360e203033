//! A room server and a platform in this process, with an agent in a room that speaks.

use duologue_api::{Access, Agent, Parts, Platform, Rooms};
use duologue_conversation::Archive;
use duologue_ids::Redacted;
use duologue_livekit_wire::token;
use duologue_media::{Codec, Frame, Mouth, PacketDecoder};
use duologue_sfu::{ApiKey, RoomServer, RoomServerConfig};
use duologue_worker::{JoinOptions, PublishOptions, RemoteAudio, Room, RoomEvent, Server, TextOptions};
use std::net::SocketAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{interval, timeout};

const KEY: &str = "devkey";
const SECRET: &str = "a-secret-of-at-least-32-characters";
/// Nothing takes longer, on a machine that does other things beside.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Stage {
    page: SocketAddr,
    events: mpsc::Receiver<RoomEvent>,
    _joe: Room,
    _rooms: RoomServer,
    _agents: watch::Sender<Vec<Agent>>,
    _stop: oneshot::Sender<()>,
    _home: tempfile::TempDir,
}

impl Stage {
    pub(crate) async fn start() -> Stage {
        let any: SocketAddr = "127.0.0.1:0".parse().expect("an address");
        let key = ApiKey { key: KEY.into(), secret: Redacted::new(SECRET.into()) };
        let config = RoomServerConfig { signalling: any, media: any, ..RoomServerConfig::local(key) };
        let rooms = RoomServer::start(config).await.expect("a room server");
        let address = format!("ws://{}", rooms.signalling());
        let server = Server::new(&address).expect("an address");
        let (joe, events) = joe(&server).await;

        let home = tempfile::tempdir().expect("a folder");
        let (agents, shown) = watch::channel(Vec::new());
        let access = Rooms { server, address, key: KEY.into(), secret: Redacted::new(SECRET.into()), embedded: true };
        let parts =
            Parts { rooms: access, archive: Archive::new(home.path()), agents: shown, access: Access::loopback() };
        let bound = duologue_api::bind(any).await.expect("a free port");
        let page = bound.address;
        let (stop, stopped) = oneshot::channel::<()>();
        tokio::spawn(duologue_api::serve(bound, None, Platform::new(parts), async move { drop(stopped.await) }));
        Stage { page, events, _joe: joe, _rooms: rooms, _agents: agents, _stop: stop, _home: home }
    }

    pub(crate) fn address(&self) -> String {
        format!("http://{}", self.page)
    }

    /// Waits for something in Joe's room.
    pub(crate) async fn wait<T>(&mut self, mut fits: impl FnMut(RoomEvent) -> Option<T>) -> T {
        let found = async {
            loop {
                if let Some(found) = fits(self.events.recv().await.expect("the room goes on")) {
                    return found;
                }
            }
        };
        timeout(PATIENCE, found).await.expect("in time")
    }
}

/// An agent that hums, says so, and shows what it says.
async fn joe(server: &Server) -> (Room, mpsc::Receiver<RoomEvent>) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs();
    let mut claims = token::claims(KEY, "support-agent", now, Duration::from_secs(600));
    claims.name = "Joe".into();
    claims.kind = "agent".into();
    claims.video.room_join = true;
    claims.video.room = "kitchen".into();
    claims.video.can_update_own_metadata = Some(true);
    let token = token::sign(&claims, SECRET).expect("a token");
    let (room, events) = Room::join(server, &token, JoinOptions::default()).await.expect("joined");
    let voice = room.publish(PublishOptions::default()).await.expect("published");
    room.set_attributes([("lk.agent.state".to_owned(), "speaking".to_owned())].into()).await.expect("set");
    let speaking = room.clone();
    tokio::spawn(async move {
        let mut mouth = Mouth::new(Codec::Opus, 16_000, 7);
        let mut frames = interval(Duration::from_millis(20));
        for at in (0u32..).step_by(320) {
            frames.tick().await;
            let hum = |n: u32| (9_000.0 * (f64::from(at + n) * 0.14).sin()) as i16;
            let frame = Frame::new(16_000, (0..320).map(hum).collect()).expect("a frame");
            if let Some(packet) = mouth.send(Some(&frame)).expect("coded") {
                voice.send(packet, Some(20));
            }
            // Whoever comes later hears it again, as one who is greeted.
            if at % 16_000 == 0 {
                let attributes = [("lk.segment_id", "SG_1"), ("lk.transcription_final", "true")];
                let attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
                let options = TextOptions { attributes, ..TextOptions::default() };
                if speaking.send_text("lk.transcription", "Good evening, this is Joe.", options).await.is_err() {
                    return;
                }
            }
        }
    });
    (room, events)
}

/// The loudest sample in the next three seconds of somebody, as long as that takes.
pub(crate) async fn heard(audio: &mut RemoteAudio) -> i16 {
    let mut decoder = PacketDecoder::new(16_000);
    let mut samples = Vec::new();
    while samples.len() < 48_000 {
        let next = timeout(PATIENCE, audio.packets.recv()).await.expect("in time").expect("the track goes on");
        decoder.decode(&next.packet, &mut samples).expect("Opus");
    }
    samples.into_iter().map(i16::saturating_abs).max().unwrap_or(0)
}
