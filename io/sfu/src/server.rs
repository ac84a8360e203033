use crate::agents::{self, Agents, Ask as AgentAsk};
use crate::auth::{Keys, Refusal};
use crate::clock::Clock;
use crate::config::{RoomServerConfig, StartError};
use crate::events::ServerEvent;
use crate::http;
use crate::media::Media;
use crate::room::{self, Actor, Ask, RoomRef, Surroundings};
use crate::service::Services;
use duologue_dispatch::Agent;
use duologue_ids::Seed;
use duologue_livekit_wire::proto::server_info::Edition;
use duologue_livekit_wire::proto::{DisconnectReason, RoomConfiguration, ServerInfo};
use duologue_livekit_wire::token::Claims;
use duologue_room::{Config, Room};
use duologue_rtc::Certificate;
use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{broadcast, watch};
use tokio::task::AbortHandle;
use tokio::time::timeout;

/// The version of LiveKit's server whose behaviour clients may expect; some ask for it before they use what is newer.
const LIKE: &str = "1.13.5";
/// The protocol spoken: from 18 on, data channels have fixed numbers instead of being opened.
const PROTOCOL: i32 = 16;
/// Of the worker protocol (`agent_protocol`).
const AGENT_PROTOCOL: i32 = 1;
/// Events that may wait for those who listen to them.
const EVENTS: usize = 4_096;
/// How long last messages may take to go out.
const GOODBYE: Duration = Duration::from_secs(2);

/// A room server that runs. Cheap to clone; it ends when the last one is dropped, or by [`RoomServer::stop`].
#[derive(Clone)]
pub struct RoomServer(Arc<Running>);

impl std::fmt::Debug for RoomServer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RoomServer").field("signalling", &self.signalling()).field("media", &self.media()).finish()
    }
}

struct Running {
    inner: Arc<Inner>,
    signalling: SocketAddr,
    tasks: Vec<AbortHandle>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
        self.inner.end_rooms(DisconnectReason::ServerShutdown);
    }
}

/// What everything in a server shares.
pub(crate) struct Inner {
    pub(crate) config: RoomServerConfig,
    pub(crate) keys: Keys,
    pub(crate) around: Surroundings,
    pub(crate) info: ServerInfo,
    rooms: Mutex<HashMap<String, RoomRef>>,
    count: watch::Sender<usize>,
    leaving: AtomicBool,
}

impl RoomServer {
    /// Starts a server in the tokio runtime of the caller.
    pub async fn start(config: RoomServerConfig) -> Result<RoomServer, StartError> {
        let keys = Keys::new(config.keys.clone()).ok_or(StartError::NoKey)?;
        let certificate = Certificate::generate()?;
        let (media, receiving) = Media::open(config.media, &config.advertised)?;
        let address = config.signalling;
        let wrong = |why| StartError::Address { what: "signalling (TCP)", address, why };
        let listener = TcpListener::bind(address).await.map_err(wrong)?;
        let signalling = listener.local_addr().map_err(wrong)?;
        let (clock, events) = (Clock::start(), broadcast::Sender::new(EVENTS));
        let (agents, office) = Agents::new(config.dispatch, Seed(random()), clock, events.clone());
        let around = Surroundings { clock, media, certificate, events, agents, numbers: Arc::new(AtomicU64::new(1)) };
        let info = ServerInfo {
            edition: Edition::Standard.into(),
            version: LIKE.into(),
            protocol: PROTOCOL,
            node_id: format!("ND_{:012x}", random() >> 16),
            debug_info: concat!("duologue ", env!("CARGO_PKG_VERSION")).into(),
            agent_protocol: AGENT_PROTOCOL,
            ..Default::default()
        };
        let (rooms, count, leaving) = (Mutex::default(), watch::Sender::new(0), AtomicBool::new(false));
        let inner = Arc::new(Inner { config, keys, around, info, rooms, count, leaving });
        let serving = axum::serve(listener, http::router(Arc::clone(&inner)));
        let tasks = vec![
            tokio::spawn(async move { drop(serving.await) }).abort_handle(),
            tokio::spawn(receiving.run()).abort_handle(),
            tokio::spawn(office).abort_handle(),
        ];
        Ok(RoomServer(Arc::new(Running { inner, signalling, tasks })))
    }

    /// Where clients and workers connect, by `ws://` or `http://`.
    pub fn signalling(&self) -> SocketAddr {
        self.0.signalling
    }

    /// Where clients are told that media goes.
    pub fn media(&self) -> Vec<SocketAddr> {
        self.0.inner.around.media.advertised.to_vec()
    }

    /// What happens on the server from now on. Who does not keep up misses events, and is told so.
    pub fn events(&self) -> broadcast::Receiver<ServerEvent> {
        self.0.inner.around.events.subscribe()
    }

    /// What services may ask for, without HTTP.
    pub fn services(&self) -> Services {
        Services::of(&self.0.inner)
    }

    /// Makes no more rooms, and waits until those that there are have ended by themselves.
    pub async fn drain(&self) {
        self.0.inner.leaving.store(true, Ordering::SeqCst);
        let mut count = self.0.inner.count.subscribe();
        // The sender is in the server, which is held here.
        let _ = count.wait_for(|rooms| *rooms == 0).await;
    }

    /// Ends all rooms: clients are told that the server shuts down.
    pub async fn stop(&self) {
        self.0.inner.leaving.store(true, Ordering::SeqCst);
        self.0.inner.end_rooms(DisconnectReason::ServerShutdown);
        let _ = timeout(GOODBYE, self.drain()).await;
        self.0.tasks.iter().for_each(AbortHandle::abort);
    }
}

impl Inner {
    fn rooms(&self) -> MutexGuard<'_, HashMap<String, RoomRef>> {
        // Nothing panics while it is held.
        self.rooms.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A room, where there is one of that name.
    pub(crate) fn room(&self, name: &str) -> Option<RoomRef> {
        self.rooms().get(name).cloned()
    }

    /// All rooms, by name.
    pub(crate) fn all_rooms(&self) -> Vec<RoomRef> {
        let rooms = self.rooms();
        let mut all: Vec<_> = rooms.iter().collect();
        all.sort_by_key(|(name, _)| *name);
        all.into_iter().map(|(_, room)| room.clone()).collect()
    }

    /// The room that a token lets into, made as the token says where there is none.
    pub(crate) fn room_for(self: &Arc<Inner>, claims: &Claims) -> Result<RoomRef, Refusal> {
        let configuration = claims.room_config.clone().unwrap_or_default();
        self.open(&claims.video.room, configuration).map(|(room, _)| room)
    }

    /// A room of that name, made as told where there is none; and whether it was made.
    pub(crate) fn open(self: &Arc<Inner>, name: &str, like: RoomConfiguration) -> Result<(RoomRef, bool), Refusal> {
        let mut rooms = self.rooms();
        if let Some(room) = rooms.get(name) {
            return Ok((room.clone(), false));
        }
        if self.leaving.load(Ordering::SeqCst) {
            return Err(Refusal::Leaving);
        }
        if rooms.len() >= self.config.limits.rooms {
            return Err(Refusal::TooManyRooms);
        }
        let (clock, agents) = (self.around.clock, like.agents.clone().into_iter().map(agents::wanted).collect());
        let core = Room::new(clock.now(), self.configured(name, like), Seed(random()));
        let (room, queues) = room::queues(core.info());
        let actor = Actor::new(name.to_owned(), core, self.around.clone(), &queues);
        rooms.insert(name.to_owned(), room.clone());
        self.count.send_replace(rooms.len());
        drop(rooms);
        self.begun(&room, agents);
        let (server, over) = (Arc::downgrade(self), room.clone());
        tokio::spawn(async move {
            let why = actor.run(queues).await;
            if let Some(server) = server.upgrade() {
                server.forget(&over);
                server.ended(&over, why);
            }
        });
        Ok((room, true))
    }

    fn begun(&self, room: &RoomRef, agents: Vec<Agent>) {
        let info = room.info.borrow().clone();
        tracing::info!(room = info.name, sid = info.sid, "a room was opened");
        self.around.agents.say(AgentAsk::Opened(room.clone(), agents));
        let _ = self.around.events.send(ServerEvent::Opened(Box::new(info)));
    }

    fn ended(&self, room: &RoomRef, why: DisconnectReason) {
        let info = room.info.borrow().clone();
        tracing::info!(room = info.name, sid = info.sid, reason = why.as_str_name(), "a room is over");
        let event = duologue_room::Event::Closed(why);
        let _ = self.around.events.send(ServerEvent::Room { room: info.name, sid: info.sid, event });
    }

    fn configured(&self, name: &str, like: RoomConfiguration) -> Config {
        let defaults = self.config.rooms;
        let time = |seconds: u32, default| if seconds > 0 { Duration::from_secs(seconds.into()) } else { default };
        Config {
            metadata: like.metadata,
            empty_timeout: time(like.empty_timeout, defaults.empty_timeout),
            departure_timeout: time(like.departure_timeout, defaults.departure_timeout),
            max_participants: if like.max_participants > 0 { like.max_participants } else { defaults.max_participants },
            agents_keep_open: defaults.agents_keep_open,
            verify_within: defaults.verify_within,
            resume_within: defaults.resume_within,
            signal_within: defaults.signal_within,
            server: self.info.clone(),
            wall_zero_ms: self.around.clock.wall_zero_ms(),
            ..Config::new(name)
        }
    }

    /// A room is over: its name is free.
    pub(crate) fn forget(&self, over: &RoomRef) {
        let name = over.info.borrow().name.clone();
        let mut rooms = self.rooms();
        if rooms.get(&name).is_some_and(|room| room.asks.same_channel(&over.asks)) {
            rooms.remove(&name);
            self.count.send_replace(rooms.len());
        }
    }

    fn end_rooms(&self, reason: DisconnectReason) {
        for room in self.all_rooms() {
            // Where its queue is full, it ends when its last one has left.
            let _ = room.asks.try_send(Ask::Close(reason));
        }
    }
}

/// Keyed anew by the system's randomness for each number.
fn random() -> u64 {
    RandomState::new().hash_one("room server")
}
