use super::{Code, Format, TwirpError};
use crate::proto::{
    CreateAgentDispatchRequest, CreateRoomRequest, DeleteAgentDispatchRequest, DeleteRoomRequest,
    ForwardParticipantRequest, ListAgentDispatchRequest, ListParticipantsRequest, ListRoomsRequest,
    MoveParticipantRequest, MuteRoomTrackRequest, PerformRpcRequest, RoomParticipantIdentity, SendDataRequest,
    UpdateParticipantRequest, UpdateRoomMetadataRequest, UpdateSubscriptionsRequest,
};

/// LiveKit's services that have nothing to do with rooms of sound and their agents.
const NOT_SERVED: [&str; 7] =
    ["Egress", "Ingress", "SIP", "Connector", "PhoneNumberService", "CloudAgent", "AgentSimulation"];

pub(super) fn is_not_served(service: &str) -> bool {
    NOT_SERVED.contains(&service)
}

macro_rules! calls {
    ($($service:literal: $($(#[$doc:meta])* $method:ident($request:ty),)+)+) => {
        /// A call of `RoomService` or `AgentDispatchService`, with what it asks for.
        #[derive(Clone, Debug, PartialEq)]
        pub enum Call {
            $($($(#[$doc])* $method($request),)+)+
        }

        impl Call {
            /// Service and method of each.
            #[cfg(test)]
            pub(super) const ALL: &[(&str, &str)] = &[$($(($service, stringify!($method)),)+)+];

            /// The path that it is posted to.
            pub fn path(&self) -> &'static str {
                match self {
                    $($(Call::$method(_) => concat!("/twirp/livekit.", $service, "/", stringify!($method)),)+)+
                }
            }

            /// The name of its method.
            pub fn method(&self) -> &'static str {
                match self {
                    $($(Call::$method(_) => stringify!($method),)+)+
                }
            }

            /// What a client sends.
            pub fn body(&self, format: Format) -> Result<Vec<u8>, TwirpError> {
                match self {
                    $($(Call::$method(request) => format.write(request),)+)+
                }
            }

            pub(super) fn exists(service: &str, method: &str) -> bool {
                matches!((service, method), $($(($service, stringify!($method)))|+)|+)
            }

            pub(super) fn decode(
                service: &str,
                method: &str,
                format: Format,
                body: &[u8],
            ) -> Result<Call, TwirpError> {
                match (service, method) {
                    $($(($service, stringify!($method)) => format.read(body).map(Call::$method),)+)+
                    _ => Err(TwirpError::new(Code::Unimplemented, format!("{service} has no {method}"))),
                }
            }
        }
    };
}

calls! {
    "RoomService":
        /// Creates a room, or finds the one of that name; answered by the room.
        CreateRoom(Box<CreateRoomRequest>),
        /// The rooms, or those of some names.
        ListRooms(ListRoomsRequest),
        /// Removes a room and everybody in it.
        DeleteRoom(DeleteRoomRequest),
        /// Who is in a room.
        ListParticipants(ListParticipantsRequest),
        /// One of them.
        GetParticipant(RoomParticipantIdentity),
        /// Shows somebody out.
        RemoveParticipant(RoomParticipantIdentity),
        /// Mutes or unmutes a track; answered by the track.
        MutePublishedTrack(MuteRoomTrackRequest),
        /// Changes name, metadata, attributes or permission; answered by the participant.
        UpdateParticipant(UpdateParticipantRequest),
        /// Has somebody hear tracks, or not.
        UpdateSubscriptions(UpdateSubscriptionsRequest),
        /// Sends data from the server.
        SendData(SendDataRequest),
        /// Changes the metadata of a room; answered by the room.
        UpdateRoomMetadata(UpdateRoomMetadataRequest),
        /// Has somebody's tracks heard in another room too.
        ForwardParticipant(ForwardParticipantRequest),
        /// Moves somebody into another room.
        MoveParticipant(MoveParticipantRequest),
        /// Calls a method of a participant.
        PerformRpc(PerformRpcRequest),
    "AgentDispatchService":
        /// Asks for an agent in a room, which is made where there is none; answered by the dispatch.
        CreateDispatch(CreateAgentDispatchRequest),
        /// Removes a dispatch and ends its jobs; answered by what it was.
        DeleteDispatch(DeleteAgentDispatchRequest),
        /// The dispatches of a room, or one of them.
        ListDispatch(ListAgentDispatchRequest),
}
