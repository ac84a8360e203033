use duologue_ids::Redacted;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

/// An API key: by its name tokens say who signed them, with its secret they are signed.
#[derive(Clone, Debug)]
pub struct ApiKey {
    /// Its name; public.
    pub key: String,
    /// Its secret.
    pub secret: Redacted<String>,
}

/// What a server is started with.
#[derive(Clone, Debug)]
pub struct RoomServerConfig {
    /// Where clients and workers connect by HTTP; port 0 takes any that is free.
    pub signalling: SocketAddr,
    /// Where media arrives, of everybody on this one UDP port; port 0 takes any that is free.
    pub media: SocketAddr,
    /// The addresses at which clients can reach `media`. Where there is none: the one of `media`, or where that stands for
    /// all of them, those at which this machine can be reached.
    pub advertised: Vec<IpAddr>,
    /// Whose tokens are accepted.
    pub keys: Vec<ApiKey>,
    /// What rooms are like that say nothing else.
    pub rooms: RoomDefaults,
    /// How long things may take until an agent is there.
    pub dispatch: duologue_dispatch::Config,
    /// How much is too much.
    pub limits: Limits,
}

/// What a room is like that says nothing else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomDefaults {
    /// How long it waits for the first participant.
    pub empty_timeout: Duration,
    /// How long it waits for another one after the last has left.
    pub departure_timeout: Duration,
    /// How many may be in it; 0 for any number.
    pub max_participants: u32,
    /// Whether agents among themselves keep it open. LiveKit's servers close such a room after `empty_timeout`.
    pub agents_keep_open: bool,
    /// Who has joined must have its media connected within this.
    pub verify_within: Duration,
    /// Whose media is lost has this long to come back.
    pub resume_within: Duration,
    /// Whose signalling is lost has this long to come back, while it is still heard.
    pub signal_within: Duration,
}

/// How much is too much; what goes beyond is refused, and said so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Rooms at once.
    pub rooms: usize,
    /// Bytes of a message of signalling, or of a request.
    pub message: usize,
    /// Bytes of an identity, and of a room's name (livekit-server's 256).
    pub name: usize,
    /// A connection that says nothing for this long is gone. Clients say that they are there every 5 s.
    pub silence: Duration,
    /// A worker has to register within this.
    pub register_within: Duration,
}

impl RoomServerConfig {
    /// On this machine only, with one key, on LiveKit's ports (7880 TCP, 7882 UDP).
    pub fn local(key: ApiKey) -> RoomServerConfig {
        let here = IpAddr::V4(Ipv4Addr::LOCALHOST);
        RoomServerConfig {
            signalling: SocketAddr::new(here, 7880),
            media: SocketAddr::new(here, 7882),
            advertised: Vec::new(),
            keys: vec![key],
            rooms: RoomDefaults::default(),
            dispatch: duologue_dispatch::Config::default(),
            limits: Limits::default(),
        }
    }
}

impl Default for RoomDefaults {
    fn default() -> Self {
        let core = duologue_room::Config::new("");
        RoomDefaults {
            empty_timeout: core.empty_timeout,
            departure_timeout: core.departure_timeout,
            max_participants: core.max_participants,
            agents_keep_open: core.agents_keep_open,
            verify_within: core.verify_within,
            resume_within: core.resume_within,
            signal_within: core.signal_within,
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            rooms: 10_000,
            message: 1 << 20,
            name: 256,
            silence: Duration::from_secs(30),
            register_within: Duration::from_secs(10),
        }
    }
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// An address cannot be had.
    #[error("{what} cannot listen at {address}: {why}; is another server there? choose another address, or port 0")]
    Address {
        /// What was to listen.
        what: &'static str,
        /// Where.
        address: SocketAddr,
        /// The system's words.
        why: std::io::Error,
    },
    /// Nobody could be let in.
    #[error(
        "a room server needs an API key and its secret, neither of them empty; make a pair, and give it to clients too"
    )]
    NoKey,
    /// Clients would not find it.
    #[error("no address of this machine is known at which clients can reach media; set the advertised addresses")]
    NoAddress,
    /// WebRTC cannot be set up.
    #[error(transparent)]
    Peer(#[from] duologue_rtc::PeerError),
}
