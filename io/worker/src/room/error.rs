use crate::net::refusal::ConnectError;
use duologue_livekit_wire::proto::DisconnectReason;
use duologue_rtc::{NegotiationError, PeerError};
use std::time::Duration;

/// Why somebody is not in a room.
#[derive(Debug, thiserror::Error)]
pub enum JoinError {
    /// The server cannot be reached, or refuses the token.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// It let nobody in.
    #[error("the server ended the attempt to join: {0}")]
    SentAway(CloseReason),
    /// No address to receive media at.
    #[error("no UDP socket for media: {0}; is the network up?")]
    Socket(#[from] std::io::Error),
    /// WebRTC cannot be set up.
    #[error(transparent)]
    Peer(#[from] PeerError),
    /// Nothing to begin with.
    #[error(transparent)]
    Negotiation(#[from] NegotiationError),
    /// Signalling works and media does not.
    #[error(
        "joined {url}, and no media came through within {} s; open the server's UDP ports (rtc.udp_port or \
         rtc.port_range in its configuration) between {ours} and the server, and check that rtc.node_ip or \
         rtc.use_external_ip gives an address that can be reached from here", .patience.as_secs()
    )]
    NoMedia {
        /// The server.
        url: String,
        /// The addresses of this side.
        ours: String,
        /// How long was waited.
        patience: Duration,
    },
}

/// Why the room is over for us.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CloseReason {
    /// We left.
    #[error("we left")]
    Left,
    /// Somebody joined under the same identity.
    #[error("somebody joined with the same identity; give each participant one of its own")]
    DuplicateIdentity,
    /// The server is being shut down.
    #[error("the server is shutting down")]
    ServerShutdown,
    /// We were shown out.
    #[error("we were removed from the room")]
    Removed,
    /// The room was removed or closed.
    #[error("the room was removed, or closed because nobody (agents do not count) was left in it")]
    RoomClosed,
    /// The connection is gone for good.
    #[error("the connection was lost and could not be restored: {0}")]
    Lost(String),
    /// [`crate::RoomEvent`]s pile up.
    #[error("events of the room were not read for too long; receive from the channel all the time")]
    EventsUnread,
    /// The server's own reason.
    #[error("the server ended it: {0}")]
    Other(String),
}

impl CloseReason {
    pub(crate) fn of(reason: i32) -> CloseReason {
        match DisconnectReason::try_from(reason) {
            Ok(DisconnectReason::ClientInitiated) => CloseReason::Left,
            Ok(DisconnectReason::DuplicateIdentity) => CloseReason::DuplicateIdentity,
            Ok(DisconnectReason::ServerShutdown) => CloseReason::ServerShutdown,
            Ok(DisconnectReason::ParticipantRemoved) => CloseReason::Removed,
            Ok(DisconnectReason::RoomDeleted | DisconnectReason::RoomClosed) => CloseReason::RoomClosed,
            Ok(reason) => CloseReason::Other(reason.as_str_name().to_ascii_lowercase().replace('_', " ")),
            Err(_) => CloseReason::Other(format!("reason {reason}")),
        }
    }
}

/// Why a room does not do what it was asked for.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RoomError {
    /// It is over.
    #[error("the room was left or lost; join again")]
    Closed,
    /// Longer than one message.
    #[error("a message of {len} bytes; at most {max} go at once, send longer texts as a stream")]
    TooLong {
        /// Bytes given.
        len: usize,
        /// Bytes allowed.
        max: usize,
    },
    /// Too much waits.
    #[error("the data channel is full, or not open yet; send less at once, or later")]
    Full,
    /// The server refused.
    #[error("the server refuses it: {0}; does the token grant it?")]
    Refused(String),
    /// The server says nothing.
    #[error("the server did not answer within {0} s")]
    Silent(u64),
}

/// Why a track is not published.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PublishError {
    /// The room is over.
    #[error("the room was left or lost; join again")]
    Closed,
    /// The server says nothing.
    #[error("the server did not take the track within {0} s; does the token grant canPublish?")]
    Silent(u64),
    /// The server refused.
    #[error("the server refuses the track: {0}; does the token grant canPublish?")]
    Refused(String),
}

/// An error that a method's handler gave back, or LiveKit's own (1400 to 1505).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message} ({code})")]
pub struct RpcError {
    /// A number; up to 1,999 are LiveKit's.
    pub code: u32,
    /// What went wrong.
    pub message: String,
    /// More about it.
    pub data: String,
}

impl RpcError {
    /// An error of the application.
    pub fn application(message: impl Into<String>) -> RpcError {
        RpcError { code: 1500, message: message.into(), data: String::new() }
    }

    pub(crate) fn unsupported() -> RpcError {
        RpcError { code: 1400, message: "Method not supported at destination".into(), data: String::new() }
    }
}

/// Why a call of a method brought nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The room does not do it.
    #[error(transparent)]
    Room(#[from] RoomError),
    /// Nobody took the call.
    #[error("{0} did not take the call within {1} s; is that identity in the room, and does it answer calls?")]
    Unanswered(String, u64),
    /// It was taken and not answered.
    #[error("{0} did not answer the call within {1} s")]
    Late(String, u64),
    /// It was answered with an error.
    #[error(transparent)]
    Refused(#[from] RpcError),
}
