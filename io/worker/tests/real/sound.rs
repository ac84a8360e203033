//! Sound between two of ours, also when the line is cut.

use crate::relay::Relay;
use crate::server::{LiveKit, PATIENCE, at, token, wait};
use crate::tone::{Tone, assert_near, audio_of, loudest};
use duologue_worker::{JoinOptions, Kind, PeerMode, PublishOptions, Room, RoomEvent};
use tokio::time::timeout;

/// Two in a room hear each other's tone; `redundant` and `dual` are of the first.
async fn two_hear_each_other(dual: bool, redundant: bool) {
    let Some(server) = LiveKit::start().await else { return };
    let peers = if dual { PeerMode::Dual } else { PeerMode::Auto };
    let (anna, mut at_anna) = server.join("kitchen", "anna", JoinOptions { peers, ..Default::default() }).await;
    let (ben, mut at_ben) = server.join("kitchen", "ben", JoinOptions::default()).await;
    assert_eq!((anna.is_single(), ben.is_single()), (!dual, true));
    let options = PublishOptions { redundancy: redundant, ..Default::default() };
    let _anna = Tone::start(anna.publish(options).await.expect("published"), 441.0);
    let _ben = Tone::start(ben.publish(PublishOptions::default()).await.expect("published"), 882.0);
    let mut of_ben = audio_of(&mut at_anna, "ben").await;
    let mut of_anna = audio_of(&mut at_ben, "anna").await;
    assert_near(loudest(&mut of_ben).await, 882.0);
    assert_near(loudest(&mut of_anna).await, 441.0);
    wait(&mut at_anna, |event| match event {
        RoomEvent::Speaking(who) => who.iter().any(|(identity, level)| identity == "ben" && *level > 0.0).then_some(()),
        _ => None,
    })
    .await;
    ben.leave().await;
    wait(&mut at_anna, |event| matches!(event, RoomEvent::Left(p) if p.identity == "ben").then_some(())).await;
    let ended = async { while of_ben.packets.recv().await.is_some() {} };
    timeout(PATIENCE, ended).await.expect("his sound ends with him");
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hear_each_other_on_one_connection() {
    two_hear_each_other(false, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hear_each_other_with_redundancy() {
    two_hear_each_other(false, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hear_each_other_on_two_connections() {
    two_hear_each_other(true, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn only_the_kinds_asked_for_are_heard() {
    let Some(server) = LiveKit::start().await else { return };
    let deaf = JoinOptions { hears: vec![Kind::Agent], ..Default::default() };
    let (_anna, mut at_anna) = server.join("kitchen", "anna", deaf).await;
    let (ben, mut at_ben) = server.join("kitchen", "ben", JoinOptions::default()).await;
    let (carl, _at_carl) = server.join("kitchen", "carl", JoinOptions::default()).await;
    let _carl = Tone::start(carl.publish(PublishOptions::default()).await.expect("published"), 441.0);
    let mut of_carl = audio_of(&mut at_ben, "carl").await;
    assert_near(loudest(&mut of_carl).await, 441.0);
    // Whoever hears a person that publishes after that would have been offered it before this message.
    ben.send_data(b"now".to_vec(), Default::default()).await.expect("sent");
    wait(&mut at_anna, |event| match event {
        RoomEvent::Audio(audio) => panic!("heard {}", audio.participant.identity),
        RoomEvent::Data { .. } => Some(()),
        _ => None,
    })
    .await;
}

/// The line is cut again and again, and the sound goes on; so does what is sent afterwards.
async fn the_line_is_cut(peers: PeerMode) {
    let Some(server) = LiveKit::start().await else { return };
    let relay = Relay::to(server.port).await;
    let (ben, mut at_ben) = server.join("kitchen", "ben", JoinOptions::default()).await;
    let options = JoinOptions { peers, ..Default::default() };
    let joined = Room::join(&at(relay.port), &token("kitchen", "anna"), options).await;
    let (anna, mut at_anna) = joined.expect("joined");
    let _anna = Tone::start(anna.publish(PublishOptions::default()).await.expect("published"), 441.0);
    let _ben = Tone::start(ben.publish(PublishOptions::default()).await.expect("published"), 882.0);
    let mut of_ben = audio_of(&mut at_anna, "ben").await;
    let mut of_anna = audio_of(&mut at_ben, "anna").await;
    assert_near(loudest(&mut of_ben).await, 882.0);
    for _ in 0..2 {
        let before = relay.accepted();
        relay.cut();
        // The same tracks, without a new subscription.
        assert_near(loudest(&mut of_anna).await, 441.0);
        assert_near(loudest(&mut of_ben).await, 882.0);
        let anew = wait(&mut at_anna, |event| match event {
            RoomEvent::Reconnected { anew } => Some(anew),
            RoomEvent::Audio(_) | RoomEvent::Left(_) => panic!("the conversation was lost: {event:?}"),
            _ => None,
        })
        .await;
        assert!(!anew && relay.accepted() > before);
    }
    // The new line works: another participant is seen and heard, and sees us.
    let (carl, mut at_carl) = server.join("kitchen", "carl", JoinOptions::default()).await;
    let _carl = Tone::start(carl.publish(PublishOptions::default()).await.expect("published"), 1_323.0);
    let mut of_carl = audio_of(&mut at_anna, "carl").await;
    assert_near(loudest(&mut of_carl).await, 1_323.0);
    wait(&mut at_carl, |event| match event {
        RoomEvent::Audio(audio) => (audio.participant.identity == "anna").then_some(()),
        _ => None,
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_line_is_cut_and_the_sound_goes_on() {
    the_line_is_cut(PeerMode::Auto).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_line_is_cut_and_the_sound_goes_on_with_two_connections() {
    the_line_is_cut(PeerMode::Dual).await;
}
