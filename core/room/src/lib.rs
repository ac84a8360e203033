//! One room of a LiveKit server: who is in it, what they may do, who hears whom. It knows no socket and no WebRTC; rooms
//! know nothing of each other.
//!
//! A [`Room`] takes in what happened ([`Room::handle`], and [`Room::join`] and the like where the caller needs an answer),
//! and says what is to be done ([`Room::poll`], until [`Output::Timeout`]). Messages are LiveKit's own, as their clients read
//! them; offers, answers and candidates are not among them: those belong to whoever has the peer connections.
//!
//! ```
//! use duologue_ids::{Mono, Seed};
//! use duologue_room::{Config, Forwarding, Input, Join, Output, Room};
//! use duologue_livekit_wire::proto::{AddTrackRequest, ParticipantPermission, TrackSource, participant_info::Kind};
//!
//! let now = Mono::ZERO;
//! let mut room = Room::new(now, Config::new("kitchen"), Seed(7));
//! let join = |identity: &str| Join {
//!     identity: identity.into(),
//!     name: String::new(),
//!     kind: Kind::Standard,
//!     metadata: String::new(),
//!     attributes: Default::default(),
//!     permission: ParticipantPermission { can_publish: true, can_subscribe: true, ..Default::default() },
//!     client: Default::default(),
//!     auto_subscribe: true,
//!     single: true,
//!     connection: 1,
//!     tracks: vec![AddTrackRequest {
//!         cid: "mic".into(),
//!         source: TrackSource::Microphone.into(),
//!         ..Default::default()
//!     }],
//! };
//! let anna = room.join(now, join("anna"))?;
//! let joe = room.join(now, join("joe"))?;
//! for participant in [&anna, &joe] {
//!     room.handle(now, Input::Connected { participant: participant.clone() });
//! }
//!
//! // Anna's microphone begins to send: Joe is to hear it, and so needs an audio section.
//! let track = room.track_of(&anna, "mic").unwrap().clone();
//! room.handle(now, Input::MediaArrived { track: track.clone(), mid: "1".into() });
//! let outputs: Vec<_> = std::iter::from_fn(|| Some(room.poll()).filter(|o| !matches!(o, Output::Timeout(_)))).collect();
//! assert!(outputs.contains(&Output::Forward {
//!     track: track.clone(), publisher: anna, to: joe.clone(), state: Forwarding::On,
//! }));
//! assert!(outputs.contains(&Output::Sections { to: joe.clone(), audios: 1 }));
//! assert_eq!(room.listeners(&track).collect::<Vec<_>>(), [&joe]);
//! # Ok::<(), duologue_room::JoinError>(())
//! ```
//!
//! # What happens to whom
//!
//! - **Coming and going** (`room`): whoever joins is *joined*, and *active* once media is connected
//!   ([`Input::Connected`]), within [`Config::verify_within`]. Whose media is lost is told to resume
//!   and has [`Config::resume_within`] for it ([`Room::resume`]); whose signalling, [`Config::signal_within`]. The same identity again takes the place of the old one.
//! - **Publishing** (`publishing`): a track is announced, gets its name, and is seen by others when its media arrives.
//! - **Hearing** (`subscriptions`): who hears what is worked out anew from what everybody asked for, what the tokens and
//!   the publishers allow, and who is there; what differs from before leaves as [`Output::Forward`]: from the join on, so
//!   that the first answer already has the sections. A publisher is told that it is heard once somebody who hears it is
//!   connected: agents wait for that before they speak. Nobody hears itself.
//! - **Data** (`data`): packets are stamped with their sender (agents may send text on behalf of others, as transcriptions are,
//!   and it is marked as generated) and go to those whom they name, or to all others; reliable
//!   ones wait for those whose channel is not open yet.
//! - **Speakers** (`speakers`): from the levels of packets, every 400 ms, what changed.
//! - **Quality** (`quality`): from the numbers of packets, every 5 s, whose connection loses how much.
//! - **The service** (`admin`): list, remove, mute, change, send; and call methods of participants (`calls`).
//!
//! # What holds
//!
//! - Every request is checked against the permission that the participant has now. Who may not publish has no track, who
//!   may not subscribe hears nobody, whose sources are limited publishes those. Data needs `can_publish_data` to be sent and
//!   nothing to be received, as in livekit-server.
//! - Hidden participants and recorders are seen, heard and counted by nobody but the service, and themselves.
//! - A room closes [`Config::empty_timeout`] after it was made if nobody came, [`Config::departure_timeout`] after the last
//!   has left. A recorder keeps none open. Agents do, unless [`Config::agents_keep_open`] says otherwise: livekit-server
//!   closes a room in which only agents are.
//! - One seed, one outcome.
//!
//! # What is not here
//!
//! Pictures and data tracks (refused, or passed over), moving participants between rooms, and the dispatch of agents.

#![forbid(unsafe_code)]

mod admin;
mod api;
mod calls;
mod config;
mod data;
#[cfg(test)]
mod laws;
mod participant;
mod publishing;
mod quality;
mod room;
mod signal;
mod speakers;
mod subscriptions;
#[cfg(test)]
mod tests;

use duologue_livekit_wire::proto;

pub use admin::{AdminError, Change};
pub use api::{Event, Forwarding, Input, Output, ParticipantSid, TrackSid};
pub use calls::{CallError, CallId};
pub use config::{Config, Join, JoinError, ResumeError};
pub use room::Room;
