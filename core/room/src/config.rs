use crate::proto;
use crate::proto::participant_info::Kind;
use duologue_ids::Mono;
use std::collections::BTreeMap;
use std::time::Duration;

/// What a room is made with.
#[derive(Clone, Debug, PartialEq)]
pub struct Config {
    /// Its name.
    pub name: String,
    /// What clients see as its metadata.
    pub metadata: String,
    /// How long it waits for the first participant.
    pub empty_timeout: Duration,
    /// How long it waits for another one after the last has left.
    pub departure_timeout: Duration,
    /// How many may be in it; 0 for any number. Agents and recorders do not count.
    pub max_participants: u32,
    /// Whether agents among themselves keep it open. LiveKit's servers close such a room.
    pub agents_keep_open: bool,
    /// Who has joined must have its media connected within this.
    pub verify_within: Duration,
    /// A participant whose media is lost, or that lost its signalling before it had any, has this long to come back.
    pub resume_within: Duration,
    /// One whose media stands and whose signalling is lost has this long: it is still heard. livekit-server waits for
    /// its media to end, however long that takes.
    pub signal_within: Duration,
    /// How often a participant is to get a new token.
    pub refresh_every: Duration,
    /// What the server says of itself to those who join.
    pub server: proto::ServerInfo,
    /// Milliseconds since 1970 at [`Mono::ZERO`]: clients are told when things happened.
    pub wall_zero_ms: i64,
}

impl Config {
    /// The times of LiveKit's servers, with agents keeping rooms open.
    pub fn new(name: &str) -> Config {
        Config {
            name: name.to_owned(),
            metadata: String::new(),
            empty_timeout: Duration::from_secs(300),
            departure_timeout: Duration::from_secs(20),
            max_participants: 0,
            agents_keep_open: true,
            verify_within: Duration::from_secs(60),
            resume_within: Duration::from_secs(5),
            signal_within: Duration::from_secs(30),
            refresh_every: Duration::from_secs(300),
            server: proto::ServerInfo { protocol: 16, ..Default::default() },
            wall_zero_ms: 0,
        }
    }

    /// Milliseconds since 1970 at `now`.
    pub(crate) fn wall_ms(&self, now: Mono) -> i64 {
        self.wall_zero_ms.saturating_add(i64::try_from(now.as_millis()).unwrap_or(i64::MAX))
    }
}

/// Somebody who wants in. Who they are and what they may do stands in their token, which has been verified.
#[derive(Clone, Debug, PartialEq)]
pub struct Join {
    /// Who: nobody is in a room twice.
    pub identity: String,
    /// What others see as the name.
    pub name: String,
    /// What kind of participant.
    pub kind: Kind,
    /// Metadata for others.
    pub metadata: String,
    /// Attributes for others.
    pub attributes: BTreeMap<String, String>,
    /// What they may do.
    pub permission: proto::ParticipantPermission,
    /// What their client says of itself.
    pub client: proto::ClientInfo,
    /// Whether they hear every track without asking.
    pub auto_subscribe: bool,
    /// Whether one peer connection carries both ways (`/rtc/v1`).
    pub single: bool,
    /// The signalling connection: any number that no other of this participant has.
    pub connection: u64,
    /// Tracks that they announce with the join.
    pub tracks: Vec<proto::AddTrackRequest>,
}

/// Why somebody did not get in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// The room is over.
    #[error("the room is closed; join again, and a new one is made")]
    Closed,
    /// There are as many as it takes.
    #[error("the room has its {0} participants; wait until somebody leaves, or raise max_participants")]
    Full(u32),
}

/// A participant asks to go on where it was, and is not known: its client has to join anew ([`ResumeError::leave`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the participant is not in the room any more; it joins anew")]
pub struct ResumeError;

impl ResumeError {
    /// What its client is told.
    pub fn leave(self) -> proto::LeaveRequest {
        proto::LeaveRequest {
            can_reconnect: true,
            reason: proto::DisconnectReason::StateMismatch.into(),
            action: proto::leave_request::Action::Reconnect.into(),
            regions: None,
        }
    }
}
