use crate::room::error::{CloseReason, RpcError};
use crate::room::handle::{Call, Command};
use crate::room::options::Kind;
use duologue_livekit_wire::proto::{ParticipantInfo, TrackInfo, TrackType};
use duologue_media::Packet;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Instant, SystemTime};
use tokio::sync::mpsc;

/// Somebody in the room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Participant {
    /// Under which it is known in this connection (`PA_…`).
    pub sid: String,
    /// Who it is; one of each in a room.
    pub identity: String,
    /// What people call it.
    pub name: String,
    /// What it is.
    pub kind: Kind,
    /// What it says about itself, `lk.agent.state` for one.
    pub attributes: BTreeMap<String, String>,
    /// What it, or its token, says about it at length.
    pub metadata: String,
    /// What it sends.
    pub tracks: Vec<Track>,
}

/// Something that a participant sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// Under which it is known (`TR_…`).
    pub sid: String,
    /// What its sender calls it.
    pub name: String,
    /// Whether it is sound.
    pub audio: bool,
    /// Whether nothing comes at the moment, by its sender's wish.
    pub muted: bool,
}

impl Participant {
    /// Somebody as a server describes it.
    pub fn of(info: &ParticipantInfo) -> Participant {
        Participant {
            sid: info.sid.clone(),
            identity: info.identity.clone(),
            name: info.name.clone(),
            kind: Kind::of(info.kind),
            attributes: info.attributes.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
            metadata: info.metadata.clone(),
            tracks: info.tracks.iter().map(Track::of).collect(),
        }
    }
}

impl Track {
    pub(crate) fn of(info: &TrackInfo) -> Track {
        Track {
            sid: info.sid.clone(),
            name: info.name.clone(),
            audio: info.r#type() == TrackType::Audio,
            muted: info.muted,
        }
    }
}

/// What happens in a room.
#[derive(Debug)]
pub enum RoomEvent {
    /// Somebody came; at the beginning also everybody who was there before.
    Joined(Participant),
    /// Somebody changed name, metadata, attributes or tracks.
    Changed(Participant),
    /// Somebody went.
    Left(Participant),
    /// Somebody can be heard.
    Audio(RemoteAudio),
    /// The first one hears a track of ours, by its sid.
    HeardBy(String),
    /// Who began to speak, became louder or quieter, or fell silent (0), by identity, with the loudness from 0 to 1.
    Speaking(Vec<(String, f32)>),
    /// A message.
    Data {
        /// From whom, by identity; empty for the server.
        from: String,
        /// What it is about.
        topic: Option<String>,
        /// What it says.
        payload: Vec<u8>,
        /// Whether it was sent so that it cannot get lost.
        reliable: bool,
    },
    /// A text, or as much of it as there is so far.
    Text(Text),
    /// Somebody calls a method of ours.
    Called(Invocation),
    /// The connection to the server was lost; media may still flow.
    Reconnecting(String),
    /// It is there again. `anew`: as a new participant, whose tracks were published again.
    Reconnected {
        /// Whether the server no longer knew us.
        anew: bool,
    },
    /// The last event: the room is over.
    Closed(CloseReason),
}

/// The sound of somebody: one packet at a time until the track, or its subscription, ends.
#[derive(Debug)]
pub struct RemoteAudio {
    /// Whose.
    pub participant: Participant,
    /// Which.
    pub track: Track,
    /// The packets. Who does not read them loses the newest ones after a second.
    pub packets: mpsc::Receiver<Heard>,
}

/// A packet that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The packet.
    pub packet: Packet,
    /// When it arrived.
    pub at: Instant,
    /// When it was recorded, by its sender's clock, once known.
    pub recorded: Option<SystemTime>,
}

/// A text that comes in pieces (`lk.transcription`, `lk.chat`, and others).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// Of one text; the same in all its events.
    pub stream: String,
    /// From whom, by identity.
    pub from: String,
    /// What it is about.
    pub topic: String,
    /// What belongs to it.
    pub attributes: BTreeMap<String, String>,
    /// All of it so far.
    pub text: String,
    /// Whether more comes.
    pub state: TextState,
}

/// How much of a text there is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TextState {
    /// More comes.
    Open,
    /// That is all.
    Complete,
    /// Its sender gave up, or pieces of it are missing.
    Broken,
}

/// A call of a method. One that is dropped without an answer is answered with "not supported".
#[derive(Debug)]
pub struct Invocation {
    /// Who calls, by identity.
    pub from: String,
    /// What.
    pub method: String,
    /// With what.
    pub payload: String,
    pub(crate) id: String,
    pub(crate) commands: mpsc::WeakSender<Command>,
    pub(crate) answered: bool,
}

impl Invocation {
    /// Answers it; at most 15,000 bytes.
    pub fn answer(mut self, answer: Result<String, RpcError>) {
        self.give(answer);
    }

    fn give(&mut self, answer: Result<String, RpcError>) {
        if std::mem::replace(&mut self.answered, true) {
            return;
        }
        let call = Call { to: std::mem::take(&mut self.from), id: std::mem::take(&mut self.id), answer };
        if let Some(commands) = self.commands.upgrade() {
            // Where the room is over or drowns in commands, the caller's own patience ends the call.
            let _ = commands.try_send(Command::Answer(Arc::new(call)));
        }
    }
}

impl Drop for Invocation {
    fn drop(&mut self) {
        self.give(Err(RpcError::unsupported()));
    }
}
