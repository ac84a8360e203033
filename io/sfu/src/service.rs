//! What services ask of rooms and of agents: LiveKit's RoomService and AgentDispatchService, without their wire. Whoever
//! calls has been found to be allowed to.

use crate::agents::wanted;
use crate::auth::Refusal;
use crate::room::{Ask, Calling, RoomRef};
use crate::server::Inner;
use duologue_dispatch::DispatchId;
use duologue_livekit_wire::proto::{self, DataPacket, DisconnectReason, RoomConfiguration, UserPacket, data_packet};
use duologue_room::{AdminError, CallError, Change, TrackSid};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// How long a called method may take where nothing else is said (livekit-server's).
const CALL: Duration = Duration::from_secs(10);

/// Why a service does not get what it asks for; the words are livekit-server's where it has any.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// There is no such room.
    #[error("requested room does not exist")]
    NoRoom,
    /// Nobody is called so.
    #[error("participant does not exist")]
    NoParticipant,
    /// It publishes no such track.
    #[error("track is not found")]
    NoTrack,
    /// Nobody's microphone is switched on from afar.
    #[error("remote unmute not enabled")]
    RemoteUnmute,
    /// There is no such dispatch.
    #[error("{0}")]
    NoDispatch(String),
    /// The request makes no sense.
    #[error("{0}")]
    Invalid(String),
    /// A method of a participant was called in vain.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The server takes no more.
    #[error("{0}")]
    Exhausted(String),
    /// The server is about to end.
    #[error("the server is shutting down; ask another one, or later")]
    Leaving,
}

impl From<AdminError> for ServiceError {
    fn from(error: AdminError) -> ServiceError {
        match error {
            AdminError::Closed => ServiceError::NoRoom,
            AdminError::NoParticipant(_) => ServiceError::NoParticipant,
            AdminError::NoTrack(..) => ServiceError::NoTrack,
            AdminError::RemoteUnmute => ServiceError::RemoteUnmute,
            AdminError::TooLong(_) => ServiceError::Invalid(error.to_string()),
        }
    }
}

impl From<Refusal> for ServiceError {
    fn from(refusal: Refusal) -> ServiceError {
        match refusal {
            Refusal::TooManyRooms => ServiceError::Exhausted(refusal.to_string()),
            Refusal::Leaving => ServiceError::Leaving,
            other => ServiceError::Invalid(other.to_string()),
        }
    }
}

/// How a room is asked to do something.
type Done<T> = Result<T, ServiceError>;

/// What services may ask for. Cheap to clone; outlives nothing: once the server has ended, everything is refused.
#[derive(Clone)]
pub struct Services(Arc<Inner>);

impl std::fmt::Debug for Services {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Services").finish_non_exhaustive()
    }
}

impl Services {
    pub(crate) fn of(server: &Arc<Inner>) -> Services {
        Services(Arc::clone(server))
    }

    fn room(&self, name: &str) -> Done<RoomRef> {
        self.0.room(name).ok_or(ServiceError::NoRoom)
    }

    async fn with<T: Send + 'static>(
        &self,
        room: &str,
        deed: impl FnOnce(&mut duologue_room::Room, duologue_ids::Mono) -> Result<T, AdminError> + Send + 'static,
    ) -> Done<T> {
        let done = self.room(room)?.with(deed).await;
        Ok(done.ok_or(ServiceError::NoRoom)??)
    }

    /// Makes a room with its agents. One that is there already stays as it is.
    pub async fn create_room(&self, request: proto::CreateRoomRequest) -> Done<proto::Room> {
        self.check_name(&request.name)?;
        let like = RoomConfiguration {
            empty_timeout: request.empty_timeout,
            departure_timeout: request.departure_timeout,
            max_participants: request.max_participants,
            metadata: request.metadata,
            agents: request.agents,
            ..Default::default()
        };
        let (room, _) = self.0.open(&request.name, like)?;
        let info = room.info.borrow().clone();
        Ok(info)
    }

    fn check_name(&self, name: &str) -> Done<()> {
        let limit = self.0.config.limits.name;
        match name.len() {
            0 => Err(ServiceError::Invalid(Refusal::NoRoom.to_string())),
            length if length > limit => Err(ServiceError::Invalid(Refusal::LongRoom(limit).to_string())),
            _ => Ok(()),
        }
    }

    /// The rooms that there are, or those of them with these names.
    pub async fn list_rooms(&self, request: proto::ListRoomsRequest) -> Done<proto::ListRoomsResponse> {
        let mut rooms = Vec::new();
        for room in self.0.all_rooms() {
            let is_wanted = request.names.is_empty() || request.names.contains(&room.info.borrow().name);
            // Asked itself, a room tells what was changed just now.
            if is_wanted && let Some(info) = room.with(|room, _| room.info()).await {
                rooms.push(info);
            }
        }
        Ok(proto::ListRoomsResponse { rooms })
    }

    /// Ends a room for everybody in it.
    pub async fn delete_room(&self, request: proto::DeleteRoomRequest) -> Done<proto::DeleteRoomResponse> {
        let room = self.room(&request.room)?;
        let asked = room.asks.send(Ask::Close(DisconnectReason::RoomDeleted)).await;
        asked.map_err(|_| ServiceError::NoRoom)?;
        // It is over once nobody takes questions any more.
        room.asks.closed().await;
        self.0.forget(&room);
        Ok(proto::DeleteRoomResponse {})
    }

    /// Those who are in a room; nobody is in one that does not exist.
    pub async fn list_participants(
        &self,
        request: proto::ListParticipantsRequest,
    ) -> Done<proto::ListParticipantsResponse> {
        let listed = self.with(&request.room, |room, _| Ok(room.participants().collect::<Vec<_>>())).await;
        match listed {
            Ok(participants) => Ok(proto::ListParticipantsResponse { participants }),
            Err(ServiceError::NoRoom) => Ok(proto::ListParticipantsResponse::default()),
            Err(error) => Err(error),
        }
    }

    /// Somebody in a room.
    pub async fn participant(&self, request: proto::RoomParticipantIdentity) -> Done<proto::ParticipantInfo> {
        let find = move |room: &mut duologue_room::Room, _| {
            let found = room.participants().find(|info| info.identity == request.identity);
            found.ok_or(AdminError::NoParticipant(request.identity))
        };
        self.with(&request.room, find).await
    }

    /// Shows somebody out, who may come again.
    pub async fn remove_participant(
        &self,
        request: proto::RoomParticipantIdentity,
    ) -> Done<proto::RemoveParticipantResponse> {
        self.with(&request.room, move |room, now| room.remove(now, &request.identity)).await?;
        Ok(proto::RemoveParticipantResponse {})
    }

    /// Mutes a track. Only its publisher unmutes it again: asking for that is refused, as livekit-server does where
    /// nobody has allowed it.
    pub async fn mute_track(&self, request: proto::MuteRoomTrackRequest) -> Done<proto::MuteRoomTrackResponse> {
        let mute = move |room: &mut duologue_room::Room, now| {
            room.mute(now, &request.identity, &TrackSid(request.track_sid), request.muted)
        };
        let track = Some(self.with(&request.room, mute).await?);
        Ok(proto::MuteRoomTrackResponse { track })
    }

    /// Changes what others learn of somebody, and what it may do.
    pub async fn update_participant(&self, request: proto::UpdateParticipantRequest) -> Done<proto::ParticipantInfo> {
        let change = Change {
            name: request.name,
            metadata: request.metadata,
            attributes: request.attributes.into_iter().collect(),
            permission: request.permission,
        };
        self.with(&request.room, move |room, now| room.update(now, &request.identity, change)).await
    }

    /// Has somebody hear tracks, or not hear them.
    pub async fn update_subscriptions(
        &self,
        request: proto::UpdateSubscriptionsRequest,
    ) -> Done<proto::UpdateSubscriptionsResponse> {
        let mut tracks = request.track_sids;
        tracks.extend(request.participant_tracks.into_iter().flat_map(|of| of.track_sids));
        let update = move |room: &mut duologue_room::Room, now| {
            room.update_subscriptions(now, &request.identity, &tracks, request.subscribe)
        };
        self.with(&request.room, update).await?;
        Ok(proto::UpdateSubscriptionsResponse {})
    }

    /// Sends a message to those whom it names, or to all.
    #[allow(deprecated)]
    pub async fn send_data(&self, request: proto::SendDataRequest) -> Done<proto::SendDataResponse> {
        if !matches!(request.nonce.len(), 0 | 16) {
            let given = request.nonce.len();
            return Err(ServiceError::Invalid(format!("nonce should be 16-bytes or not present, got: {given} bytes")));
        }
        let reliable = request.kind() == data_packet::Kind::Reliable;
        let user = UserPacket {
            payload: request.data,
            destination_sids: request.destination_sids,
            destination_identities: request.destination_identities.clone(),
            topic: request.topic,
            nonce: request.nonce,
            ..Default::default()
        };
        let packet = DataPacket {
            destination_identities: request.destination_identities,
            value: Some(data_packet::Value::User(user)),
            ..Default::default()
        };
        self.with(&request.room, move |room, now| room.send_data(now, reliable, packet)).await?;
        Ok(proto::SendDataResponse {})
    }

    /// Changes the metadata of a room.
    pub async fn update_room_metadata(&self, request: proto::UpdateRoomMetadataRequest) -> Done<proto::Room> {
        self.with(&request.room, move |room, now| room.set_metadata(now, request.metadata)).await
    }

    /// Calls a method of a participant, and gives its answer.
    pub async fn perform_rpc(&self, request: proto::PerformRpcRequest) -> Done<proto::PerformRpcResponse> {
        let within = match request.response_timeout_ms {
            0 => CALL,
            given => Duration::from_millis(given.into()),
        };
        let (reply, answered) = oneshot::channel();
        let (to, method, payload) = (request.destination_identity, request.method, request.payload);
        let call = Calling { to, method, payload, within, reply };
        let asked = self.room(&request.room)?.asks.send(Ask::Call(Box::new(call))).await;
        asked.map_err(|_| ServiceError::NoRoom)?;
        // A room that is over has no one in it who could answer.
        let payload = answered.await.unwrap_or(Ok(Err(CallError::Left)))??;
        Ok(proto::PerformRpcResponse { payload })
    }

    /// Wishes an agent into a room, which is made where there is none.
    pub async fn create_dispatch(&self, request: proto::CreateAgentDispatchRequest) -> Done<proto::AgentDispatch> {
        self.check_name(&request.room)?;
        let agent = proto::RoomAgentDispatch {
            agent_name: request.agent_name,
            metadata: request.metadata,
            deployment: request.deployment,
            attributes: request.attributes,
            ..Default::default()
        };
        self.0.open(&request.room, RoomConfiguration::default())?;
        let made = self.0.around.agents.create(request.room, wanted(agent)).await;
        made.map_err(|_| ServiceError::NoRoom)
    }

    /// Takes such a wish back: the agent's job ends.
    pub async fn delete_dispatch(&self, request: proto::DeleteAgentDispatchRequest) -> Done<proto::AgentDispatch> {
        let id = DispatchId(request.dispatch_id);
        let deleted = self.0.around.agents.delete(request.room, id).await;
        deleted.map_err(|error| ServiceError::NoDispatch(error.to_string()))
    }

    /// The agents wished into a room, or one of them, with what came of it.
    pub async fn list_dispatches(
        &self,
        request: proto::ListAgentDispatchRequest,
    ) -> Done<proto::ListAgentDispatchResponse> {
        let mut agent_dispatches = self.0.around.agents.list(request.room).await;
        agent_dispatches.retain(|dispatch| request.dispatch_id.is_empty() || dispatch.id == request.dispatch_id);
        Ok(proto::ListAgentDispatchResponse { agent_dispatches })
    }
}
