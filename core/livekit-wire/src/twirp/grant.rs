use super::{Call, Code, TwirpError};
use crate::token::{Claims, VideoGrants};

/// What a token has to grant for a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant<'a> {
    /// `roomCreate`.
    Create,
    /// `roomList`.
    List,
    /// `roomAdmin` of this room.
    Admin {
        /// Its name.
        room: &'a str,
    },
    /// `roomAdmin` of one room, and `destinationRoom` of another.
    Between {
        /// The name of the one.
        room: &'a str,
        /// The name of the other.
        destination: &'a str,
    },
}

impl Grant<'_> {
    /// Whether these grants hold it.
    pub fn is_in(self, grants: &VideoGrants) -> bool {
        let admin = |room| grants.room_admin && grants.room == room;
        match self {
            Grant::Create => grants.room_create,
            Grant::List => grants.room_list,
            Grant::Admin { room } => admin(room),
            Grant::Between { room, destination } => admin(room) && grants.destination_room == destination,
        }
    }

    /// The grants that hold it, and nothing else: what a client puts into its token.
    pub fn alone(self) -> VideoGrants {
        let admin = |room: &str| VideoGrants { room_admin: true, room: room.to_owned(), ..Default::default() };
        match self {
            Grant::Create => VideoGrants { room_create: true, ..Default::default() },
            Grant::List => VideoGrants { room_list: true, ..Default::default() },
            Grant::Admin { room } => admin(room),
            Grant::Between { room, destination } => {
                VideoGrants { destination_room: destination.to_owned(), ..admin(room) }
            }
        }
    }
}

impl Call {
    /// What it needs.
    pub fn grant(&self) -> Grant<'_> {
        let room = match self {
            Call::CreateRoom(_) | Call::DeleteRoom(_) => return Grant::Create,
            Call::ListRooms(_) => return Grant::List,
            Call::ForwardParticipant(asked) => {
                return Grant::Between { room: &asked.room, destination: &asked.destination_room };
            }
            Call::MoveParticipant(asked) => {
                return Grant::Between { room: &asked.room, destination: &asked.destination_room };
            }
            Call::ListParticipants(asked) => &asked.room,
            Call::GetParticipant(asked) | Call::RemoveParticipant(asked) => &asked.room,
            Call::MutePublishedTrack(asked) => &asked.room,
            Call::UpdateParticipant(asked) => &asked.room,
            Call::UpdateSubscriptions(asked) => &asked.room,
            Call::SendData(asked) => &asked.room,
            Call::UpdateRoomMetadata(asked) => &asked.room,
            Call::PerformRpc(asked) => &asked.room,
            Call::CreateDispatch(asked) => &asked.room,
            Call::DeleteDispatch(asked) => &asked.room,
            Call::ListDispatch(asked) => &asked.room,
        };
        Grant::Admin { room }
    }

    /// Whether whoever made these (verified) claims may ask for it, and it can be meant at all. The errors are those of
    /// livekit-server, which says *unauthenticated* also where a valid token does not grant enough.
    pub fn admit(&self, claims: Option<&Claims>) -> Result<(), TwirpError> {
        if !claims.is_some_and(|claims| self.grant().is_in(&claims.video)) {
            return Err(TwirpError::new(Code::Unauthenticated, "permissions denied"));
        }
        let invalid = |message: String| Err(TwirpError::new(Code::InvalidArgument, message));
        match self {
            Call::SendData(asked) if !matches!(asked.nonce.len(), 0 | 16) => {
                invalid(format!("nonce should be 16-bytes or not present, got: {} bytes", asked.nonce.len()))
            }
            Call::PerformRpc(asked) if asked.destination_identity.is_empty() => {
                invalid("destination identity is required".into())
            }
            _ => match self.grant() {
                Grant::Between { room, destination } if room == destination => {
                    invalid("destination room cannot be the same as source room".into())
                }
                _ => Ok(()),
            },
        }
    }
}
