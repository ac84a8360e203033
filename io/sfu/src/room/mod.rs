//! A room as a task: it owns the room's decisions (`duologue_room`) and the WebRTC connections of those in it. Nothing in it
//! waits for anybody: a message or packet that its receiver does not take is that receiver's loss.

mod actor;
mod client;
mod describe;
mod entering;
mod forwarding;
mod hearing;
mod link;
mod negotiating;
mod numbers;
mod speaking;

pub(crate) use actor::{Actor, Surroundings};
#[cfg(feature = "fuzzing")]
pub(crate) use {
    describe::{Says, rewritten},
    hearing::Hearing,
    speaking::Speaking,
};

use crate::auth::Visitor;
use crate::media::Arrived;
use duologue_ids::Mono;
use duologue_livekit_wire::proto::signal_request;
use duologue_livekit_wire::proto::{self, DisconnectReason, ReconnectReason, SignalResponse};
use duologue_room::{AdminError, CallError, Join, JoinError, ParticipantSid, ResumeError};
use duologue_rtc::PeerError;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot, watch};

/// Requests that may wait for a room.
const ASKS: usize = 512;
/// Datagrams that may: a tenth of a second of a hundred speakers.
const DATAGRAMS: usize = 1_024;
/// Messages that may wait for one client.
pub(crate) const OUTBOX: usize = 1_024;

/// Something done with a room by the service.
pub(crate) type Deed = Box<dyn FnOnce(&mut duologue_room::Room, Mono) + Send>;

/// What a room is asked for.
pub(crate) enum Ask {
    Join(Box<Entry>, oneshot::Sender<Result<Session, EntryError>>),
    Resume(Box<Return>, oneshot::Sender<Result<Session, ResumeError>>),
    Signal(ParticipantSid, Box<signal_request::Message>),
    SignalLost(ParticipantSid, u64),
    Do(Deed),
    Call(Box<Calling>),
    Close(DisconnectReason),
}

/// Somebody who wants in.
pub(crate) struct Entry {
    pub(crate) visitor: Visitor,
    pub(crate) join: Join,
    /// The first offer, which may come with the request.
    pub(crate) offer: Option<proto::SessionDescription>,
}

/// Somebody who was in and lost its signalling.
pub(crate) struct Return {
    pub(crate) visitor: Visitor,
    pub(crate) sid: ParticipantSid,
    pub(crate) reason: ReconnectReason,
}

/// A method of a participant that the service calls.
pub(crate) struct Calling {
    pub(crate) to: String,
    pub(crate) method: String,
    pub(crate) payload: String,
    pub(crate) within: Duration,
    pub(crate) reply: oneshot::Sender<Result<Result<String, CallError>, AdminError>>,
}

/// Signalling that has begun.
pub(crate) struct Session {
    pub(crate) sid: ParticipantSid,
    pub(crate) connection: u64,
    pub(crate) messages: mpsc::Receiver<SignalResponse>,
}

/// Why somebody did not get in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum EntryError {
    #[error(transparent)]
    Room(#[from] JoinError),
    #[error(transparent)]
    Peer(#[from] PeerError),
}

/// A room, for those who ask something of it.
#[derive(Clone)]
pub(crate) struct RoomRef {
    pub(crate) asks: mpsc::Sender<Ask>,
    /// How it is.
    pub(crate) info: watch::Receiver<proto::Room>,
}

impl RoomRef {
    /// Does something with the room; `None` where it is over.
    pub(crate) async fn with<T: Send + 'static>(
        &self,
        deed: impl FnOnce(&mut duologue_room::Room, Mono) -> T + Send + 'static,
    ) -> Option<T> {
        let (reply, done) = oneshot::channel();
        let deed: Deed = Box::new(move |room, now| drop(reply.send(deed(room, now))));
        self.asks.send(Ask::Do(deed)).await.ok()?;
        done.await.ok()
    }
}

/// The ends of a room's queues that it reads.
pub(crate) struct Queues {
    pub(crate) asks: mpsc::Receiver<Ask>,
    pub(crate) datagrams: mpsc::Receiver<Arrived>,
    pub(crate) to_datagrams: mpsc::Sender<Arrived>,
    pub(crate) info: watch::Sender<proto::Room>,
}

/// The queues of a room that is as told.
pub(crate) fn queues(info: proto::Room) -> (RoomRef, Queues) {
    let (to_asks, asks) = mpsc::channel(ASKS);
    let (to_datagrams, datagrams) = mpsc::channel(DATAGRAMS);
    let (to_info, info) = watch::channel(info);
    (RoomRef { asks: to_asks, info }, Queues { asks, datagrams, to_datagrams, info: to_info })
}
