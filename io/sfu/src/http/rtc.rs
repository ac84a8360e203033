//! Signalling: who may come in, and what is said until they go. `/rtc/v1` is for clients with one connection, `/rtc` for
//! those with two (`rtcservice.go`).

use super::socket::{self, Socket};
use crate::auth::{self, Refusal, Visitor, parameter};
use crate::room::{Ask, Entry, EntryError, Return, RoomRef, Session};
use crate::server::Inner;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use duologue_livekit_wire::proto::signal_response::Message;
use duologue_livekit_wire::proto::{JoinRequest, LeaveRequest, SignalRequest, SignalResponse};
use duologue_livekit_wire::token::VideoGrants;
use duologue_livekit_wire::{join, query};
use duologue_room::{Join, JoinError, ParticipantSid, ResumeError};
use std::sync::Arc;
use tokio::sync::oneshot;

/// Attempts to get into a room that closes just then.
const ATTEMPTS: usize = 4;

pub(super) async fn older(State(server): State<Arc<Inner>>, request: Request) -> Response {
    connect(server, request, false).await
}

pub(super) async fn today(State(server): State<Arc<Inner>>, request: Request) -> Response {
    connect(server, request, true).await
}

pub(super) async fn validate_older(State(server): State<Arc<Inner>>, request: Request) -> Response {
    validate(&server, &request, false)
}

pub(super) async fn validate_today(State(server): State<Arc<Inner>>, request: Request) -> Response {
    validate(&server, &request, true)
}

/// Clients ask here why they were not let in.
fn validate(server: &Inner, request: &Request, today: bool) -> Response {
    let query = request.uri().query().unwrap_or_default();
    let visitor = server.keys.visitor(request.headers(), query, server.around.clock);
    match visitor.and_then(|visitor| wish(server, visitor, query, today)) {
        Ok(_) => "success".into_response(),
        Err(refusal) => refusal.into_response(),
    }
}

/// Somebody who may come in, and how.
struct Wish {
    visitor: Visitor,
    request: JoinRequest,
    single: bool,
}

/// What an address asks for: a request in one piece, or, to the older address only, in parameters.
pub(crate) fn request_of(query: &str, today: bool) -> Result<(JoinRequest, bool), Refusal> {
    match parameter(query, "join_request").filter(|text| !text.is_empty()) {
        Some(text) => Ok((join::read(&unescaped(text))?, true)),
        None if today => Err(Refusal::NoRequest),
        None => Ok((query::read(query)?, false)),
    }
}

/// Base64 has one character that clients may escape.
fn unescaped(text: &str) -> String {
    text.replace("%3D", "=").replace("%3d", "=")
}

fn wish(server: &Inner, visitor: Option<Visitor>, query: &str, today: bool) -> Result<Wish, Refusal> {
    // A token that says nothing of rooms is as good as none.
    let says_of_rooms = |visitor: &Visitor| visitor.claims.video != VideoGrants::default();
    let mut visitor = visitor.filter(says_of_rooms).ok_or(Refusal::NoGrant)?;
    let (request, single) = request_of(query, today)?;
    let (claims, limit) = (&mut visitor.claims, server.config.limits.name);
    if !claims.video.room_join {
        return Err(Refusal::NotToJoin);
    }
    if claims.sub.is_empty() {
        return Err(Refusal::NoIdentity);
    }
    if claims.sub.len() > limit {
        return Err(Refusal::LongIdentity(limit));
    }
    if claims.video.room.is_empty() {
        return Err(Refusal::NoRoom);
    }
    if claims.video.room.len() > limit {
        return Err(Refusal::LongRoom(limit));
    }
    let says = !request.metadata.is_empty() || !request.participant_attributes.is_empty();
    if says && !claims.video.can_update_own_metadata.unwrap_or(false) {
        return Err(Refusal::NoGrant);
    }
    if !request.metadata.is_empty() {
        claims.metadata.clone_from(&request.metadata);
    }
    let added = request.participant_attributes.iter().filter(|(_, value)| !value.is_empty());
    claims.attributes.extend(added.map(|(key, value)| (key.clone(), value.clone())));
    Ok(Wish { visitor, request, single })
}

async fn connect(server: Arc<Inner>, mut request: Request, today: bool) -> Response {
    let query = request.uri().query().unwrap_or_default().to_owned();
    let visitor = match server.keys.visitor(request.headers(), &query, server.around.clock) {
        Ok(visitor) => visitor,
        Err(refusal) => return refusal.into_response(),
    };
    let Some((response, opening)) = socket::upgrade(&mut request, server.config.limits) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let wish = match wish(&server, visitor, &query, today) {
        Ok(wish) => wish,
        Err(refusal) => return refusal.into_response(),
    };
    if wish.request.reconnect {
        let returned = come_back(&server, wish).await;
        tokio::spawn(async move {
            match (opening.await, returned) {
                (Some(socket), Ok((room, session))) => converse(socket, room, session).await,
                (Some(socket), Err(error)) => send_away(socket, error.leave()).await,
                (None, Ok((room, session))) => lost(&room, session).await,
                (None, Err(_)) => {}
            }
        });
        return response;
    }
    let (room, session) = match enter(&server, wish).await {
        Ok(entered) => entered,
        Err(refusal) => return refusal.into_response(),
    };
    tokio::spawn(async move {
        match opening.await {
            Some(socket) => converse(socket, room, session).await,
            None => lost(&room, session).await,
        }
    });
    response
}

/// Into the room of the token, which is made where there is none.
async fn enter(server: &Arc<Inner>, wish: Wish) -> Result<(RoomRef, Session), Refusal> {
    for _ in 0..ATTEMPTS {
        let room = server.room_for(&wish.visitor.claims)?;
        let (reply, entered) = oneshot::channel();
        let entry = Box::new(entry(&wish));
        if room.asks.send(Ask::Join(entry, reply)).await.is_err() {
            server.forget(&room);
            continue;
        }
        match entered.await {
            Ok(Ok(session)) => return Ok((room, session)),
            Ok(Err(EntryError::Room(JoinError::Full(_)))) => return Err(Refusal::Full),
            Ok(Err(EntryError::Peer(error))) => return Err(Refusal::Peer(error.to_string())),
            // It was just closing: there is another one under its name by now, or will be.
            Ok(Err(EntryError::Room(JoinError::Closed))) | Err(_) => server.forget(&room),
        }
    }
    Err(Refusal::Leaving)
}

fn entry(wish: &Wish) -> Entry {
    let (claims, request) = (&wish.visitor.claims, &wish.request);
    Entry {
        visitor: wish.visitor.clone(),
        join: Join {
            identity: claims.sub.clone(),
            name: claims.name.clone(),
            kind: auth::kind(claims),
            metadata: claims.metadata.clone(),
            attributes: claims.attributes.clone().into_iter().collect(),
            permission: auth::permission(&claims.video),
            client: request.client_info.clone().unwrap_or_default(),
            auto_subscribe: request.connection_settings.unwrap_or_default().auto_subscribe,
            single: wish.single,
            // The room numbers its connections.
            connection: 0,
            tracks: request.add_track_requests.clone(),
        },
        offer: request.publisher_offer.clone(),
    }
}

/// Back into a room that is there.
async fn come_back(server: &Arc<Inner>, wish: Wish) -> Result<(RoomRef, Session), ResumeError> {
    let room = server.room(&wish.visitor.claims.video.room).ok_or(ResumeError)?;
    let (reason, sid) = (wish.request.reconnect_reason(), ParticipantSid(wish.request.participant_sid));
    let (reply, returned) = oneshot::channel();
    let back = Box::new(Return { visitor: wish.visitor, sid, reason });
    room.asks.send(Ask::Resume(back, reply)).await.map_err(|_| ResumeError)?;
    let session = returned.await.unwrap_or(Err(ResumeError))?;
    Ok((room, session))
}

/// Carries messages both ways until one side has had enough.
async fn converse(socket: Socket, room: RoomRef, session: Session) {
    let (mut reader, writer) = socket.split();
    let mut writing = tokio::spawn(writer.run(session.messages));
    loop {
        let message = tokio::select! {
            message = reader.next::<SignalRequest>() => message,
            _ = &mut writing => break,
        };
        let Some(SignalRequest { message }) = message else { break };
        let Some(message) = message else { continue };
        if room.asks.send(Ask::Signal(session.sid.clone(), Box::new(message))).await.is_err() {
            // The room is over; its last words go out.
            let _ = (&mut writing).await;
            break;
        }
    }
    writing.abort();
    let _ = room.asks.send(Ask::SignalLost(session.sid, session.connection)).await;
}

async fn lost(room: &RoomRef, session: Session) {
    let _ = room.asks.send(Ask::SignalLost(session.sid, session.connection)).await;
}

async fn send_away(socket: Socket, leave: LeaveRequest) {
    let (_, mut writer) = socket.split();
    writer.send(&SignalResponse { message: Some(Message::Leave(leave)) }).await;
    writer.close().await;
}
