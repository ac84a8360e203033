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
use duologue_livekit_wire::token::{self, SignError, VideoGrants};
use reqwest::header::CONTENT_TYPE;
use serde::Deserialize;
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
    /// It refused, by its own code and words (Twirp's error object).
    #[error("the server refused {method}: {message} ({code})")]
    Refused {
        /// What was asked for.
        method: String,
        /// Twirp's code, such as `not_found` or `permission_denied`.
        code: String,
        /// The server's words.
        message: String,
    },
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

#[derive(Deserialize)]
struct Refusal {
    code: String,
    msg: String,
}

impl Api {
    pub(crate) fn new(server: Server, key: &str, secret: &str) -> Api {
        Api { server, key: key.to_owned(), secret: secret.to_owned() }
    }

    /// Creates a room, or finds the one of that name. A server counts a room with nobody but agents in it as empty and
    /// removes it `empty_timeout` seconds after its creation, so set that for rooms of agents.
    pub async fn create_room(&self, request: CreateRoomRequest) -> Result<Room, ApiError> {
        let grants = VideoGrants { room_create: true, ..Default::default() };
        self.ask("RoomService", "CreateRoom", grants, &request).await
    }

    /// Removes a room and everybody in it.
    pub async fn delete_room(&self, room: &str) -> Result<(), ApiError> {
        let grants = VideoGrants { room_create: true, ..Default::default() };
        let request = DeleteRoomRequest { room: room.to_owned() };
        self.ask::<DeleteRoomResponse>("RoomService", "DeleteRoom", grants, &request).await.map(drop)
    }

    /// The rooms of these names; all where none is given.
    pub async fn list_rooms(&self, names: &[String]) -> Result<Vec<Room>, ApiError> {
        let grants = VideoGrants { room_list: true, ..Default::default() };
        let request = ListRoomsRequest { names: names.to_vec() };
        Ok(self.ask::<ListRoomsResponse>("RoomService", "ListRooms", grants, &request).await?.rooms)
    }

    /// Who is in a room.
    pub async fn list_participants(&self, room: &str) -> Result<Vec<ParticipantInfo>, ApiError> {
        let request = ListParticipantsRequest { room: room.to_owned() };
        let answer: ListParticipantsResponse =
            self.ask("RoomService", "ListParticipants", admin(room), &request).await?;
        Ok(answer.participants)
    }

    /// Shows somebody out.
    pub async fn remove_participant(&self, room: &str, identity: &str) -> Result<(), ApiError> {
        let request =
            RoomParticipantIdentity { room: room.to_owned(), identity: identity.to_owned(), ..Default::default() };
        let answer = self.ask::<RemoveParticipantResponse>("RoomService", "RemoveParticipant", admin(room), &request);
        answer.await.map(drop)
    }

    /// Asks for an agent in a room, which is created where there is none. The answer has no jobs where no worker serves
    /// that name at the moment, and livekit-server does not look for one later.
    pub async fn create_dispatch(&self, request: CreateAgentDispatchRequest) -> Result<AgentDispatch, ApiError> {
        self.ask("AgentDispatchService", "CreateDispatch", admin(&request.room), &request).await
    }

    /// The dispatches of a room, with their jobs.
    pub async fn list_dispatches(&self, room: &str) -> Result<Vec<AgentDispatch>, ApiError> {
        let request = ListAgentDispatchRequest { room: room.to_owned(), ..Default::default() };
        let answer: ListAgentDispatchResponse =
            self.ask("AgentDispatchService", "ListDispatch", admin(room), &request).await?;
        Ok(answer.agent_dispatches)
    }

    /// Ends the jobs of a dispatch and removes it.
    pub async fn delete_dispatch(&self, room: &str, dispatch: &str) -> Result<AgentDispatch, ApiError> {
        let request = DeleteAgentDispatchRequest { dispatch_id: dispatch.to_owned(), room: room.to_owned() };
        self.ask("AgentDispatchService", "DeleteDispatch", admin(room), &request).await
    }

    async fn ask<A: Message + Default>(
        &self,
        service: &str,
        method: &str,
        grants: VideoGrants,
        request: &impl Message,
    ) -> Result<A, ApiError> {
        let mut claims = token::claims(&self.key, "", unix_seconds(), TOKEN);
        claims.video = grants;
        let url = self.server.at(&format!("twirp/livekit.{service}/{method}"));
        let sent = self
            .server
            .http
            .post(url.clone())
            .timeout(PATIENCE)
            .bearer_auth(token::sign(&claims, &self.secret)?)
            .header(CONTENT_TYPE, "application/protobuf")
            .body(request.encode_to_vec())
            .send()
            .await;
        let mut response = sent.map_err(|error| unreachable(url.as_str(), &error))?;
        let status = response.status().as_u16();
        if status != 200 {
            return Err(refused(url.as_str(), method, status, &body_of(response).await));
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

fn admin(room: &str) -> VideoGrants {
    VideoGrants { room_admin: true, room: room.to_owned(), ..Default::default() }
}

fn refused(url: &str, method: &str, status: u16, body: &str) -> ApiError {
    match serde_json::from_str::<Refusal>(body) {
        Ok(refusal) if refusal.code != "bad_route" && status != 401 => {
            ApiError::Refused { method: method.to_owned(), code: words(&refusal.code), message: words(&refusal.msg) }
        }
        Ok(refusal) => ConnectError::of_status(url, status, &refusal.msg).into(),
        Err(_) => ConnectError::of_status(url, status, body).into(),
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
