use crate::calls::{CallError, CallId};
use crate::proto;
use crate::proto::{DisconnectReason, signal_request, signal_response};
use duologue_ids::{Mono, name};

name! {
    /// A participant's stay in a room (`PA_…`); whoever comes again has another.
    ParticipantSid
}
name! {
    /// A published track (`TR_…`).
    TrackSid
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// Time has passed: the moment that [`Output::Timeout`] asked for.
    Tick,
    /// A participant's client says something. Offers, answers and candidates are WebRTC's business and passed over here.
    Signal {
        /// Who.
        from: ParticipantSid,
        /// What.
        message: Box<signal_request::Message>,
    },
    /// A signalling connection is gone; one that has been replaced does not matter.
    SignalLost {
        /// Whose.
        participant: ParticipantSid,
        /// Which.
        connection: u64,
    },
    /// The peer connection that carries media to the participant stands.
    Connected {
        /// Whose.
        participant: ParticipantSid,
    },
    /// It does not any more.
    Disconnected {
        /// Whose.
        participant: ParticipantSid,
    },
    /// The reliable data channel towards a participant is open.
    ChannelOpen {
        /// Whose.
        participant: ParticipantSid,
    },
    /// Media of a track arrives for the first time: now it is published.
    MediaArrived {
        /// Which.
        track: TrackSid,
        /// The section that carries it.
        mid: String,
    },
    /// A track's media section is gone.
    MediaEnded {
        /// Which.
        track: TrackSid,
    },
    /// A packet came over a data channel.
    Data {
        /// From whom.
        from: ParticipantSid,
        /// Over which channel.
        reliable: bool,
        /// What.
        packet: Box<proto::DataPacket>,
    },
    /// The room is to be closed, for this reason.
    Close(DisconnectReason),
}

/// How a track goes to somebody who subscribed to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forwarding {
    /// Packets are passed on.
    On,
    /// The section stays, packets do not pass: the subscriber asked for a pause.
    Paused,
    /// Not, or no more: the section can carry another track.
    Off,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// A message for somebody's client.
    Send {
        /// For whom.
        to: ParticipantSid,
        /// What.
        message: Box<signal_response::Message>,
    },
    /// The packets of a track go to somebody, or stop going.
    Forward {
        /// Which.
        track: TrackSid,
        /// Whose.
        publisher: ParticipantSid,
        /// To whom.
        to: ParticipantSid,
        /// How.
        state: Forwarding,
    },
    /// So many tracks have to reach somebody: the number of audio sections that its peer connection needs.
    Sections {
        /// Whom.
        to: ParticipantSid,
        /// How many.
        audios: usize,
    },
    /// A data packet, stamped with its sender.
    Data {
        /// For whom.
        to: Vec<ParticipantSid>,
        /// Over which channel.
        reliable: bool,
        /// What.
        packet: Box<proto::DataPacket>,
    },
    /// Somebody is to get a new token, with the permission that it has now.
    Refresh {
        /// Who.
        to: ParticipantSid,
    },
    /// Somebody is out: after the messages before this, end its connections.
    Out {
        /// Who.
        participant: ParticipantSid,
    },
    /// What came of a call of the service.
    Called {
        /// Which.
        id: CallId,
        /// The answer.
        answer: Result<String, CallError>,
    },
    /// Something that the world outside may want to know.
    Event(Event),
    /// Nothing more to do. Come back with [`Input::Tick`] then, or with another input before.
    Timeout(Mono),
}

/// What became of a room and those in it.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// Somebody is in it, with media.
    Joined(Box<proto::ParticipantInfo>),
    /// Somebody is not in it any more.
    Left(Box<proto::ParticipantInfo>),
    /// A track is there to be heard.
    Published(Box<proto::ParticipantInfo>, Box<proto::TrackInfo>),
    /// A track is not there any more.
    Unpublished(Box<proto::ParticipantInfo>, Box<proto::TrackInfo>),
    /// The room is over; nothing follows.
    Closed(DisconnectReason),
}
