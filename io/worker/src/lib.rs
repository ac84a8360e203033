//! Takes part in the rooms of any LiveKit server, and takes jobs from it.
//!
//! [`Room::join`] needs the address of a server and a token. From then on the room runs by itself on the tokio runtime:
//! media, data, signalling, and coming back when the network went away. What happens comes as [`RoomEvent`]s; sound of
//! others comes as packets of the media crate in [`RemoteAudio`], and own sound goes out by a [`Publication`].
//!
//! ```no_run
//! use duologue_worker::{JoinOptions, PublishOptions, Room, RoomEvent, Server, TextOptions};
//! # async fn demo(token: &str, packet: duologue_media::Packet) -> Result<(), Box<dyn std::error::Error>> {
//! let server = Server::new("wss://livekit.example.com")?;
//! let (room, mut events) = Room::join(&server, token, JoinOptions::default()).await?;
//! let voice = room.publish(PublishOptions::default()).await?;
//! room.send_text("lk.chat", "Hello!", TextOptions::default()).await?;
//! voice.send(packet, Some(30));
//! while let Some(event) = events.recv().await {
//!     if let RoomEvent::Audio(mut audio) = event {
//!         tokio::spawn(async move {
//!             while let Some(heard) = audio.packets.recv().await {
//!                 println!("{}: {} bytes", audio.participant.identity, heard.packet.payload.len());
//!             }
//!         });
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! A [`Worker`] registers under an agent's name and runs a [`JobHandler`] for each job that the server assigns;
//! [`Server::api`] creates rooms and dispatches agents into them.
//!
//! # What is not here
//!
//! Video, TURN and ICE over TCP (a server that is reached by UDP is taken for granted), end-to-end encryption, data
//! tracks, and what an agent says: that is the session's.

#![forbid(unsafe_code)]

#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod jobs;
mod net;
mod room;

pub use jobs::{Answer, Assigned, JobHandler, JobKind, Offer, RegisterError, Standing, Worker, WorkerConfig};
pub use net::api::{Api, ApiError};
pub use net::refusal::ConnectError;
pub use net::server::{Server, ServerError};
pub use room::{
    CallError, CloseReason, DataOptions, Heard, Invocation, JoinError, JoinOptions, Kind, Participant, PeerMode,
    Publication, PublishError, PublishOptions, RemoteAudio, Room, RoomError, RoomEvent, RpcError, Text, TextOptions,
    TextState, TextWriter, Track,
};
