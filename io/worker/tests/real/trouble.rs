//! What goes wrong says why.

use crate::server::{LiveKit, PATIENCE, at, token, token_of};
use duologue_worker::{ApiError, CloseReason, ConnectError, JoinError, JoinOptions, Room, RoomEvent};
use tokio::time::timeout;

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_brings_the_servers_reason() {
    let Some(server) = LiveKit::start().await else { return };
    let forged = token_of("another-secret-of-at-least-32-characters", "kitchen", "anna");
    let Err(error) = Room::join(&server.at(), &forged, JoinOptions::default()).await else { panic!("let in") };
    let said = error.to_string();
    assert!(matches!(error, JoinError::Connect(ConnectError::Unauthorized { .. })), "{said}");
    assert!(said.contains("invalid token") && said.contains("LIVEKIT_API_SECRET"), "{said}");

    let stranger = server.at().api("stranger", "a-secret-of-at-least-32-characters");
    let Err(error) = stranger.list_rooms(&[]).await else { panic!("let in") };
    assert!(matches!(error, ApiError::Connect(ConnectError::Unauthorized { .. })), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_at_the_address_is_said_so() {
    // A port that was free a moment ago.
    let port = std::net::TcpListener::bind(("127.0.0.1", 0)).expect("a port").local_addr().expect("an address").port();
    let Err(error) = Room::join(&at(port), &token("kitchen", "anna"), JoinOptions::default()).await else {
        panic!("let in")
    };
    assert!(matches!(error, JoinError::Connect(ConnectError::Unreachable { .. })), "{error}");
    assert!(error.to_string().contains("is it running"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_one_of_the_same_identity_ends_the_first() {
    let Some(server) = LiveKit::start().await else { return };
    let (_first, mut at_first) = server.join("kitchen", "anna", JoinOptions::default()).await;
    let (_second, _at_second) = server.join("kitchen", "anna", JoinOptions::default()).await;
    assert_eq!(closed(&mut at_first).await, CloseReason::DuplicateIdentity);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_that_is_removed_closes() {
    let Some(server) = LiveKit::start().await else { return };
    let (_anna, mut at_anna) = server.join("kitchen", "anna", JoinOptions::default()).await;
    server.api().delete_room("kitchen").await.expect("removed");
    assert_eq!(closed(&mut at_anna).await, CloseReason::RoomClosed);
}

async fn closed(events: &mut tokio::sync::mpsc::Receiver<RoomEvent>) -> CloseReason {
    let closed = async {
        loop {
            if let RoomEvent::Closed(reason) = events.recv().await.expect("a last event") {
                return reason;
            }
        }
    };
    timeout(PATIENCE, closed).await.expect("in time")
}
