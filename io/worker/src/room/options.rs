use duologue_livekit_wire::proto::participant_info;
use std::collections::BTreeMap;

/// What kind of participant somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A person, or a program that passes for one.
    Standard,
    /// A stream from elsewhere.
    Ingress,
    /// A recorder of the server.
    Egress,
    /// A telephone.
    Sip,
    /// An agent.
    Agent,
    /// Another service, such as a messenger.
    Connector,
    /// A bridge between rooms or devices.
    Bridge,
    /// One that was invented later.
    Unknown,
}

impl Kind {
    pub(crate) fn of(kind: i32) -> Kind {
        match participant_info::Kind::try_from(kind) {
            Ok(participant_info::Kind::Standard) => Kind::Standard,
            Ok(participant_info::Kind::Ingress) => Kind::Ingress,
            Ok(participant_info::Kind::Egress) => Kind::Egress,
            Ok(participant_info::Kind::Sip) => Kind::Sip,
            Ok(participant_info::Kind::Agent) => Kind::Agent,
            Ok(participant_info::Kind::Connector) => Kind::Connector,
            Ok(participant_info::Kind::Bridge) => Kind::Bridge,
            Err(_) => Kind::Unknown,
        }
    }
}

/// How many connections media takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum PeerMode {
    /// One, or two where the server does not know that way (before livekit-server 1.9.10).
    #[default]
    Auto,
    /// Two: one for what is sent, one for what is heard.
    Dual,
}

/// How to take part.
#[derive(Clone, Debug)]
pub struct JoinOptions {
    /// Whose sound is heard. A recorder of the server never is, and neither is oneself.
    pub hears: Vec<Kind>,
    /// How many connections media takes.
    pub peers: PeerMode,
    /// Whether redundancy (RFC 2198) is agreed to for what is heard.
    pub redundancy: bool,
}

impl Default for JoinOptions {
    fn default() -> Self {
        JoinOptions {
            hears: vec![Kind::Standard, Kind::Sip, Kind::Connector, Kind::Agent],
            peers: PeerMode::Auto,
            redundancy: true,
        }
    }
}

/// How to publish sound.
#[derive(Clone, Debug)]
pub struct PublishOptions {
    /// What others see as the track's name.
    pub name: String,
    /// Whether each packet repeats the ones before it (RFC 2198): twice the bytes, and single losses are not heard.
    pub redundancy: bool,
}

impl Default for PublishOptions {
    fn default() -> Self {
        PublishOptions { name: "voice".into(), redundancy: false }
    }
}

/// How to send a message.
#[derive(Clone, Debug, Default)]
pub struct DataOptions {
    /// What it is about.
    pub topic: Option<String>,
    /// To whom, by identity; to all where nobody is named.
    pub to: Vec<String>,
    /// Whether it may get lost, and then arrives sooner.
    pub lossy: bool,
}

/// How to send a text.
#[derive(Clone, Debug, Default)]
pub struct TextOptions {
    /// What belongs to it, such as `lk.segment_id` and `lk.transcription_final`.
    pub attributes: BTreeMap<String, String>,
    /// To whom, by identity; to all where nobody is named.
    pub to: Vec<String>,
    /// Whose words they are, by identity, where they are not one's own: agents tell what they heard others say.
    pub on_behalf_of: Option<String>,
}
