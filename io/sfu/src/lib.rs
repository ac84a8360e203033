//! A room server that LiveKit's clients and workers take for their own: signalling, media, workers and services, in one
//! process with whatever else there is to do.
//!
//! ```no_run
//! use duologue_ids::Redacted;
//! use duologue_sfu::{ApiKey, RoomServer, RoomServerConfig, ServerEvent};
//!
//! # async fn demo() -> Result<(), Box<dyn std::error::Error>> {
//! let key = ApiKey { key: "devkey".into(), secret: Redacted::new("a-secret-of-at-least-32-characters".into()) };
//! let server = RoomServer::start(RoomServerConfig::local(key)).await?;
//! println!("clients connect to ws://{}", server.signalling());
//! let mut events = server.events();
//! while let Ok(event) = events.recv().await {
//!     if let ServerEvent::Opened(room) = event {
//!         println!("room {} was opened", room.name);
//!     }
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # How it is made
//!
//! This crate moves bytes and decides nothing. What happens in a room is decided by `duologue_room`, who works in it by
//! `duologue_dispatch`, and WebRTC is `duologue_rtc`'s.
//!
//! - **`http`**: requests and WebSockets. A token is verified here, once; from then on a `Visitor` is passed along.
//! - **`room`**: one task per room, which owns the room and the connections of those in it. It waits for nobody: queues are
//!   short, and what a client does not take is that client's loss.
//! - **`media`**: one UDP socket. A datagram finds its room by its sender's address, which is known from the first question
//!   of ICE that comes from there.
//! - **`agents`**: one task that knows workers and rooms, and the line of each worker.
//! - **`service`**: what services may ask for, as methods of [`Services`], which Twirp (`http`) calls.
//!
//! # What is not here
//!
//! Video, data tracks, ICE over TCP, TURN, TLS (a proxy in front does that), several servers for one room.

#![forbid(unsafe_code)]

mod agents;
mod auth;
mod clock;
mod config;
mod events;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod http;
mod media;
mod room;
mod server;
mod service;

pub use config::{ApiKey, Limits, RoomDefaults, RoomServerConfig, StartError};
pub use events::ServerEvent;
pub use server::RoomServer;
pub use service::{ServiceError, Services};
