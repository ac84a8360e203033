//! Who comes and goes, and when a room is over.

use crate::server::{LiveKit, PATIENCE, closed, config, token_with, wait, wait_server};
use crate::tone::{Tone, audio_of};
use crate::tones::hears;
use duologue_livekit_wire::proto::{CreateRoomRequest, DeleteRoomRequest, DisconnectReason, PerformRpcRequest};
use duologue_room::{CallError, Event};
use duologue_sfu::{RoomDefaults, RoomServerConfig, ServerEvent, ServiceError};
use duologue_worker::{CloseReason, JoinOptions, Kind, PublishOptions, RoomEvent};
use std::time::{Duration, Instant};
use tokio::time::timeout;

fn quick() -> RoomServerConfig {
    let rooms = RoomDefaults {
        empty_timeout: Duration::from_millis(300),
        departure_timeout: Duration::from_millis(200),
        ..RoomDefaults::default()
    };
    RoomServerConfig { rooms, ..config() }
}

fn over(event: ServerEvent) -> Option<DisconnectReason> {
    match event {
        ServerEvent::Room { event: Event::Closed(reason), .. } => Some(reason),
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_one_of_the_same_identity_ends_the_first() {
    let server = LiveKit::with(config()).await;
    let (_first, mut at_first) = server.join("kitchen", "anna", JoinOptions::default()).await;
    let (_second, _at_second) = server.join("kitchen", "anna", JoinOptions::default()).await;
    assert_eq!(closed(&mut at_first).await, CloseReason::DuplicateIdentity);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_is_deleted_ends_for_everybody() {
    let server = LiveKit::with(config()).await;
    let (_anna, mut at_anna) = server.join("kitchen", "anna", JoinOptions::default()).await;
    server.services().delete_room(DeleteRoomRequest { room: "kitchen".into() }).await.expect("deleted");
    assert_eq!(closed(&mut at_anna).await, CloseReason::RoomClosed);
    assert!(server.services().delete_room(DeleteRoomRequest { room: "kitchen".into() }).await.is_err());
    // Its name is free.
    let (_anna, _at_anna) = server.join("kitchen", "anna", JoinOptions::default()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rooms_end_when_nobody_came_and_when_the_last_has_left() {
    let server = LiveKit::with(quick()).await;
    let mut events = server.server.events();
    let began = Instant::now();
    server.services().create_room(CreateRoomRequest { name: "hall".into(), ..Default::default() }).await.expect("made");
    assert_eq!(wait_server(&mut events, over).await, DisconnectReason::RoomClosed);
    assert!(began.elapsed() >= Duration::from_millis(300));
    let (anna, _at_anna) = server.join("hall", "anna", JoinOptions::default()).await;
    anna.leave().await;
    let left = Instant::now();
    assert_eq!(wait_server(&mut events, over).await, DisconnectReason::RoomClosed);
    assert!(left.elapsed() >= Duration::from_millis(150));
    let rooms = server.services().list_rooms(Default::default()).await.expect("listed");
    assert_eq!(rooms.rooms, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn agents_among_themselves_keep_a_room_open() {
    let server = LiveKit::with(quick()).await;
    let agent = |name: &str| {
        token_with("stage", name, |claims| {
            claims.kind = "agent".into();
            claims.video.agent = true;
        })
    };
    let options = || JoinOptions { hears: vec![Kind::Agent], ..Default::default() };
    let (one, mut at_one) = server.join_as(&agent("one"), options()).await;
    let (two, mut at_two) = server.join_as(&agent("two"), options()).await;
    let _one = Tone::start(one.publish(PublishOptions::default()).await.expect("published"), 441.0);
    let _two = Tone::start(two.publish(PublishOptions::default()).await.expect("published"), 882.0);
    let mut of_two = audio_of(&mut at_one, "two").await;
    let mut of_one = audio_of(&mut at_two, "one").await;
    // Three times as long as a room without anybody lasts.
    hears(&mut of_two, 882.0).await;
    hears(&mut of_one, 441.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stops_says_so() {
    let server = LiveKit::with(config()).await;
    let (_anna, mut at_anna) = server.join("kitchen", "anna", JoinOptions::default()).await;
    timeout(PATIENCE, server.server.stop()).await.expect("in time");
    assert_eq!(closed(&mut at_anna).await, CloseReason::ServerShutdown);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_service_calls_a_method() {
    let server = LiveKit::with(config()).await;
    let (_anna, mut at_anna) = server.join("kitchen", "anna", JoinOptions::default()).await;
    tokio::spawn(async move {
        while let Some(event) = at_anna.recv().await {
            if let RoomEvent::Called(call) = event
                && call.method == "double"
            {
                let doubled = call.payload.repeat(2);
                call.answer(Ok(doubled));
            }
        }
    });
    let call = |to: &str, method: &str| PerformRpcRequest {
        room: "kitchen".into(),
        destination_identity: to.into(),
        method: method.into(),
        payload: "ho".into(),
        ..Default::default()
    };
    let services = server.services();
    assert_eq!(services.perform_rpc(call("anna", "double")).await.expect("an answer").payload, "hoho");
    let refused = services.perform_rpc(call("anna", "dance")).await.expect_err("no such method");
    assert!(matches!(refused, ServiceError::Call(CallError::Answer { code: 1400, .. })), "{refused}");
    assert_eq!(services.perform_rpc(call("ben", "double")).await, Err(ServiceError::NoParticipant));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_service_changes_is_seen() {
    let server = LiveKit::with(config()).await;
    let (_anna, mut at_anna) = server.join("kitchen", "anna", JoinOptions::default()).await;
    let (_ben, _at_ben) = server.join("kitchen", "ben", JoinOptions::default()).await;
    let change = duologue_livekit_wire::proto::UpdateParticipantRequest {
        room: "kitchen".into(),
        identity: "ben".into(),
        name: "Benjamin".into(),
        attributes: [("mood".to_string(), "good".to_string())].into(),
        ..Default::default()
    };
    server.services().update_participant(change).await.expect("changed");
    let seen = wait(&mut at_anna, |event| match event {
        RoomEvent::Changed(p) if p.name == "Benjamin" => p.attributes.get("mood").cloned(),
        _ => None,
    });
    assert_eq!(seen.await, "good");
    let rooms = server.services().list_rooms(Default::default()).await.expect("listed").rooms;
    assert_eq!((rooms.len(), rooms[0].name.as_str(), rooms[0].num_participants), (1, "kitchen", 2));
}
