use crate::net::refusal::{ConnectError, words};
use crate::net::server::Server;
use crate::net::socket::{body_of, unreachable};
use crate::net::unix_seconds;
use duologue_livekit_wire::Message;
use duologue_livekit_wire::proto::{
    AgentDispatch, CreateAgentDispatchRequest, CreateRoomRequest, DeleteAgentDispatchRequest, DeleteRoomRequest,
    DeleteRoomResponse, ListAgentDispatchRequest, ListAgentDispatchResponse, ListParticipantsRequest,
    ListParticipantsResponse, ListRoomsRequest, ListRoomsResponse, ParticipantInfo, RemoveParticipantResponse, Room,
    RoomParticipantIdentity,
};
use duologue_livekit_wire::token::{self, SignError};
use duologue_livekit_wire::twirp::{Call, Code, Format, TwirpError};
use reqwest::header::CONTENT_TYPE;
use std::time::Duration;

/// How long a request may take. Removing a dispatch waits for its agents to leave.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long the token of a request is valid.
const TOKEN: Duration = Duration::from_secs(60);
/// Bytes of an answer at most.
const ANSWER_MAX: usize = 16 << 20;

/// Why a request failed.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// The server cannot be asked.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// It refused, by its own code and words.
    #[error("the server refused {method}: {message} ({code})", message = .error.message, code = .error.code)]
    Refused {
        /// What was asked for.
        method: &'static str,
        /// Why not.
        error: TwirpError,
    },
    /// The request cannot be written.
    #[error("the request cannot be written: {0}")]
    Unwritten(TwirpError),
    /// No token can be made.
    #[error(transparent)]
    Token(#[from] SignError),
}

/// Requests about rooms and dispatches (`RoomService` and `AgentDispatchService` over Twirp, in protobuf).
#[derive(Clone)]
pub struct Api {
    server: Server,
    key: String,
    secret: String,
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api").field("server", &self.server.url()).field("key", &self.key).finish_non_exhaustive()
    }
}

impl Api {
    pub(crate) fn new(server: Server, key: &str, secret: &str) -> Api {
        Api { server, key: key.to_owned(), secret: secret.to_owned() }
    }

    /// Creates a room, or finds the one of that name. A server counts a room with nobody but agents in it as empty and
    /// removes it `empty_timeout` seconds after its creation, so set that for rooms of agents.
    pub async fn create_room(&self, request: CreateRoomRequest) -> Result<Room, ApiError> {
        self.ask(Call::CreateRoom(Box::new(request))).await
    }

    /// Removes a room and everybody in it.
    pub async fn delete_room(&self, room: &str) -> Result<(), ApiError> {
        let call = Call::DeleteRoom(DeleteRoomRequest { room: room.to_owned() });
        self.ask::<DeleteRoomResponse>(call).await.map(drop)
    }

    /// The rooms of these names; all where none is given.
    pub async fn list_rooms(&self, names: &[String]) -> Result<Vec<Room>, ApiError> {
        let call = Call::ListRooms(ListRoomsRequest { names: names.to_vec() });
        Ok(self.ask::<ListRoomsResponse>(call).await?.rooms)
    }

    /// Who is in a room.
    pub async fn list_participants(&self, room: &str) -> Result<Vec<ParticipantInfo>, ApiError> {
        let call = Call::ListParticipants(ListParticipantsRequest { room: room.to_owned() });
        Ok(self.ask::<ListParticipantsResponse>(call).await?.participants)
    }

    /// Shows somebody out.
    pub async fn remove_participant(&self, room: &str, identity: &str) -> Result<(), ApiError> {
        let who =
            RoomParticipantIdentity { room: room.to_owned(), identity: identity.to_owned(), ..Default::default() };
        self.ask::<RemoveParticipantResponse>(Call::RemoveParticipant(who)).await.map(drop)
    }

    /// Asks for an agent in a room, which is created where there is none. The answer has no jobs where no worker serves
    /// that name at the moment, and livekit-server does not look for one later.
    pub async fn create_dispatch(&self, request: CreateAgentDispatchRequest) -> Result<AgentDispatch, ApiError> {
        self.ask(Call::CreateDispatch(request)).await
    }

    /// The dispatches of a room, with their jobs.
    pub async fn list_dispatches(&self, room: &str) -> Result<Vec<AgentDispatch>, ApiError> {
        let call = Call::ListDispatch(ListAgentDispatchRequest { room: room.to_owned(), ..Default::default() });
        Ok(self.ask::<ListAgentDispatchResponse>(call).await?.agent_dispatches)
    }

    /// Ends the jobs of a dispatch and removes it.
    pub async fn delete_dispatch(&self, room: &str, dispatch: &str) -> Result<AgentDispatch, ApiError> {
        let which = DeleteAgentDispatchRequest { dispatch_id: dispatch.to_owned(), room: room.to_owned() };
        self.ask(Call::DeleteDispatch(which)).await
    }

    async fn ask<A: Message + Default>(&self, call: Call) -> Result<A, ApiError> {
        let mut claims = token::claims(&self.key, "", unix_seconds(), TOKEN);
        claims.video = call.grant().alone();
        let url = self.server.at(call.path().trim_start_matches('/'));
        let format = Format::Protobuf;
        let sent = self
            .server
            .http
            .post(url.clone())
            .timeout(PATIENCE)
            .bearer_auth(token::sign(&claims, &self.secret)?)
            .header(CONTENT_TYPE, format.content_type())
            .body(call.body(format).map_err(ApiError::Unwritten)?)
            .send()
            .await;
        let mut response = sent.map_err(|error| unreachable(url.as_str(), &error))?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(refused(url.as_str(), call.method(), status, &body_of(response).await));
        }
        let foreign = |why: String| ConnectError::Foreign { url: url.to_string(), why };
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(|error| unreachable(url.as_str(), &error))? {
            body.extend_from_slice(&chunk);
            if body.len() > ANSWER_MAX {
                return Err(foreign(format!("an answer of more than {ANSWER_MAX} bytes")).into());
            }
        }
        Ok(A::decode(&body[..]).map_err(|e| foreign(e.to_string()))?)
    }
}

fn refused(url: &str, method: &'static str, status: u16, body: &str) -> ApiError {
    match TwirpError::of(body.as_bytes()) {
        Some(error) if error.code != Code::BadRoute && status != 401 => {
            let error = TwirpError::new(error.code, words(&error.message));
            ApiError::Refused { method, error }
        }
        Some(error) => ConnectError::of_status(url, status, &error.message).into(),
        None => ConnectError::of_status(url, status, body).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_keeps_the_servers_words() {
        let text = |status, body| refused("http://x/", "DeleteRoom", status, body).to_string();
        assert_eq!(
            text(404, r#"{"code":"not_found","msg":"requested room does not exist"}"#),
            "the server refused DeleteRoom: requested room does not exist (not_found)"
        );
        assert!(
            text(401, r#"{"code":"unauthenticated","msg":"invalid token"}"#)
                .contains("refuses the token: invalid token")
        );
        assert!(text(404, "<html>nothing</html>").contains("no LiveKit server"));
    }
}
