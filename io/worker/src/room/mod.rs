//! One participant of a room.

mod driver;
mod error;
mod event;
mod handle;
mod link;
mod numbers;
mod options;
pub(crate) mod people;
mod signal;
pub(crate) mod texts;

pub use error::{CallError, CloseReason, JoinError, PublishError, RoomError, RpcError};
pub use event::{Heard, Invocation, Participant, RemoteAudio, RoomEvent, Text, TextState, Track};
pub use handle::{Publication, Room, TextWriter};
pub use options::{DataOptions, JoinOptions, Kind, PeerMode, PublishOptions, TextOptions};
