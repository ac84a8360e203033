//! Requests to LiveKit's server API: Twirp, which is an HTTP POST of protobuf or JSON to `/twirp/livekit.<Service>/<Method>`.
//!
//! [`read`] makes a typed [`Call`] of a request, [`Call::admit`] says whether a token's claims allow it, and [`Format`] and
//! [`TwirpError`] make a [`Reply`] of what came of it. A client goes the same way back: [`Call::path`], [`Call::grant`],
//! [`Call::body`], [`TwirpError::of`].
//!
//! ```
//! use duologue_livekit_wire::proto::{ListRoomsResponse, Room};
//! use duologue_livekit_wire::token::{Claims, VideoGrants};
//! use duologue_livekit_wire::twirp::{self, Call};
//!
//! let (call, format) =
//!     twirp::read("POST", "/twirp/livekit.RoomService/ListRooms", "application/json", br#"{"names":["kitchen"]}"#)?;
//! let Call::ListRooms(asked) = &call else { panic!("another call") };
//! assert_eq!(asked.names, ["kitchen"]);
//!
//! let nobody = call.admit(None).unwrap_err().reply();
//! assert_eq!(nobody.status, 401);
//! assert_eq!(nobody.body, br#"{"code":"unauthenticated","msg":"permissions denied"}"#);
//!
//! let lister = Claims { video: VideoGrants { room_list: true, ..Default::default() }, ..Default::default() };
//! call.admit(Some(&lister))?;
//! let rooms = vec![Room { name: "kitchen".into(), num_participants: 2, ..Default::default() }];
//! let reply = format.reply(&ListRoomsResponse { rooms });
//! assert_eq!(reply.body, br#"{"rooms":[{"name":"kitchen","num_participants":2}]}"#);
//! # Ok::<(), twirp::TwirpError>(())
//! ```
//!
//! # How it differs from livekit-server
//!
//! JSON answers have the same names (those of the .proto files), and leave out what has its default value, which every
//! reader of protobuf's JSON fills in. Where livekit-server's messages begin with `twirp error unknown:`, ours do not.
//! LiveKit's other services (egress, ingress, telephony, ...) answer `unimplemented`.

mod call;
mod error;
mod grant;
mod json;
#[cfg(test)]
mod tests;

pub use call::Call;
pub use error::{Code, TwirpError};
pub use grant::Grant;

use crate::Message;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// What the paths of all calls begin with.
pub const PREFIX: &str = "/twirp/";
/// Bytes of a request's body at most.
pub const BODY_MAX: usize = 1 << 20;

/// How a request and its answer are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `application/protobuf`.
    Protobuf,
    /// `application/json`.
    Json,
}

/// An answer, as HTTP sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The value of `Content-Type`.
    pub content_type: &'static str,
    /// The body.
    pub body: Vec<u8>,
}

/// Reads a request: its HTTP method (`POST`), its path, its `Content-Type` (empty where it has none) and its body.
pub fn read(method: &str, path: &str, content_type: &str, body: &[u8]) -> Result<(Call, Format), TwirpError> {
    if method != "POST" {
        let message = format!("unsupported method {method:?} (only POST is allowed)");
        return Err(TwirpError::bad_route(message, method, path));
    }
    let route = path.strip_prefix(PREFIX).and_then(|rest| rest.strip_prefix("livekit.")?.split_once('/'));
    let Some((service, name)) = route else {
        return Err(TwirpError::bad_route(format!("no handler for path {path:?}"), method, path));
    };
    if call::is_not_served(service) {
        let message = format!("{service}: this server has rooms and the dispatch of agents only");
        return Err(TwirpError::new(Code::Unimplemented, message));
    }
    if !Call::exists(service, name) {
        return Err(TwirpError::bad_route(format!("no handler for path {path:?}"), method, path));
    }
    let Some(format) = Format::of(content_type) else {
        return Err(TwirpError::bad_route(format!("unexpected Content-Type: {content_type:?}"), method, path));
    };
    if body.len() > BODY_MAX {
        // Not *exhausted*, which clients take as an invitation to send it again.
        let message = format!("a request of {} bytes; at most {BODY_MAX} are read", body.len());
        return Err(TwirpError::new(Code::InvalidArgument, message));
    }
    Ok((Call::decode(service, name, format, body)?, format))
}

impl Format {
    /// The format that a `Content-Type` names, whatever parameters follow.
    pub fn of(content_type: &str) -> Option<Format> {
        let kind = content_type.split(';').next().unwrap_or_default().trim();
        [Format::Protobuf, Format::Json].into_iter().find(|format| kind.eq_ignore_ascii_case(format.content_type()))
    }

    /// The value of `Content-Type`.
    pub fn content_type(self) -> &'static str {
        match self {
            Format::Protobuf => "application/protobuf",
            Format::Json => "application/json",
        }
    }

    /// An answer of status 200.
    pub fn reply(self, answer: &(impl Message + Serialize)) -> Reply {
        match self.write(answer) {
            Ok(body) => Reply { status: 200, content_type: self.content_type(), body },
            Err(error) => error.reply(),
        }
    }

    fn write(self, message: &(impl Message + Serialize)) -> Result<Vec<u8>, TwirpError> {
        match self {
            Format::Protobuf => Ok(message.encode_to_vec()),
            Format::Json => json::write(message)
                .map_err(|error| TwirpError::new(Code::Internal, format!("failed to marshal json response: {error}"))),
        }
    }

    fn read<M: Message + Default + DeserializeOwned>(self, body: &[u8]) -> Result<M, TwirpError> {
        let (read, name) = match self {
            Format::Protobuf => (M::decode(body).ok(), "protobuf"),
            Format::Json => (json::read(body).ok(), "json"),
        };
        read.ok_or_else(|| TwirpError::new(Code::Malformed, format!("the {name} request could not be decoded")))
    }
}
