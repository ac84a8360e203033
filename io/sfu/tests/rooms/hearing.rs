//! Who hears whom: muted, removed, one after the other in the same section, many at once.

use crate::server::{LiveKit, config, token_with, wait};
use crate::tone::{Tone, audio_of};
use crate::tones::hears;
use duologue_livekit_wire::proto::{
    MuteRoomTrackRequest, ParticipantPermission, RoomParticipantIdentity, UpdateParticipantRequest,
};
use duologue_sfu::ServiceError;
use duologue_worker::{JoinOptions, PeerMode, PublishOptions, Room, RoomEvent};

async fn sings(room: &Room, hertz: f64) -> Tone {
    Tone::start(room.publish(PublishOptions::default()).await.expect("published"), hertz)
}

/// One after the other comes, sings, and leaves, so that sections are used again; the numbers in them go on.
async fn sections_are_used_again(peers: PeerMode) {
    let server = LiveKit::with(config()).await;
    let (_anna, mut at_anna) = server.join("kitchen", "anna", JoinOptions { peers, ..Default::default() }).await;
    for (round, hertz) in [441.0, 882.0, 1_323.0, 662.0, 1_103.0].into_iter().enumerate() {
        let name = format!("guest-{round}");
        let (guest, _at_guest) = server.join("kitchen", &name, JoinOptions::default()).await;
        let tone = sings(&guest, hertz).await;
        let mut heard = audio_of(&mut at_anna, &name).await;
        hears(&mut heard, hertz).await;
        drop(tone);
        guest.leave().await;
        wait(&mut at_anna, |event| matches!(event, RoomEvent::Left(p) if p.identity == name).then_some(())).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sections_are_used_again_on_one_connection() {
    sections_are_used_again(PeerMode::Auto).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn sections_are_used_again_on_two_connections() {
    sections_are_used_again(PeerMode::Dual).await;
}

/// More speak at once than there are sections in the first offer.
async fn many_speak(peers: PeerMode) {
    let server = LiveKit::with(config()).await;
    let mut guests = Vec::new();
    for n in 1..=6u32 {
        let name = format!("guest-{n}");
        let options = JoinOptions { hears: Vec::new(), ..Default::default() };
        let (guest, events) = server.join("choir", &name, options).await;
        let tone = sings(&guest, 300.0 * f64::from(n)).await;
        guests.push((name, guest, events, tone));
    }
    let (_anna, mut at_anna) = server.join("choir", "anna", JoinOptions { peers, ..Default::default() }).await;
    let mut heard = Vec::new();
    while heard.len() < guests.len() {
        let audio = wait(&mut at_anna, |event| match event {
            RoomEvent::Audio(audio) => Some(audio),
            _ => None,
        });
        heard.push(audio.await);
    }
    for audio in &mut heard {
        let n = guests.iter().position(|(name, ..)| *name == audio.participant.identity).expect("a guest") + 1;
        hears(audio, 300.0 * n as f64).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_speak_on_one_connection() {
    many_speak(PeerMode::Auto).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_speak_on_two_connections() {
    many_speak(PeerMode::Dual).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_muted_by_the_service_is_not_passed_on() {
    let server = LiveKit::with(config()).await;
    let (_anna, mut at_anna) = server.join("kitchen", "anna", JoinOptions::default()).await;
    let (ben, _at_ben) = server.join("kitchen", "ben", JoinOptions::default()).await;
    let _tone = sings(&ben, 441.0).await;
    let mut of_ben = audio_of(&mut at_anna, "ben").await;
    hears(&mut of_ben, 441.0).await;
    let mute = |muted| MuteRoomTrackRequest {
        room: "kitchen".into(),
        identity: "ben".into(),
        track_sid: of_ben.track.sid.clone(),
        muted,
    };
    let (on, off) = (mute(true), mute(false));
    server.services().mute_track(on).await.expect("muted");
    let muted = |muted: bool| {
        move |event| match event {
            RoomEvent::Changed(p) => p.tracks.iter().any(|track| track.muted == muted).then_some(()),
            _ => None,
        }
    };
    wait(&mut at_anna, muted(true)).await;
    // Whatever was on its way is read; then there is nothing, although he sings on.
    let silence = tokio::time::Duration::from_millis(500);
    while tokio::time::timeout(silence, of_ben.packets.recv()).await.is_ok_and(|packet| packet.is_some()) {}
    // Nobody's microphone is switched on from afar; he does it himself.
    assert_eq!(server.services().mute_track(off).await, Err(ServiceError::RemoteUnmute));
    ben.mute(&of_ben.track.sid, false).await.expect("unmuted");
    wait(&mut at_anna, muted(false)).await;
    hears(&mut of_ben, 441.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_publish_any_more_is_not_heard_any_more() {
    let server = LiveKit::with(config()).await;
    let (_anna, mut at_anna) = server.join("kitchen", "anna", JoinOptions::default()).await;
    let (ben, _at_ben) = server.join("kitchen", "ben", JoinOptions::default()).await;
    let _tone = sings(&ben, 441.0).await;
    let mut of_ben = audio_of(&mut at_anna, "ben").await;
    hears(&mut of_ben, 441.0).await;
    let permission = Some(ParticipantPermission { can_subscribe: true, ..Default::default() });
    let change =
        UpdateParticipantRequest { room: "kitchen".into(), identity: "ben".into(), permission, ..Default::default() };
    server.services().update_participant(change).await.expect("changed");
    let ended = async { while of_ben.packets.recv().await.is_some() {} };
    tokio::time::timeout(crate::server::PATIENCE, ended).await.expect("the track ends");
    let who = RoomParticipantIdentity { room: "kitchen".into(), identity: "ben".into(), ..Default::default() };
    assert_eq!(server.services().participant(who).await.expect("he is there").tracks, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_grants_of_a_token_hold() {
    let server = LiveKit::with(config()).await;
    let mute = token_with("kitchen", "mute", |claims| claims.video.can_publish = Some(false));
    let (mute, _at_mute) = server.join_as(&mute, JoinOptions::default()).await;
    let refused = mute.publish(PublishOptions::default()).await.expect_err("refused");
    assert!(refused.to_string().contains("canPublish"), "{refused}");
    let deaf = token_with("kitchen", "deaf", |claims| claims.video.can_subscribe = Some(false));
    let (_deaf, mut at_deaf) = server.join_as(&deaf, JoinOptions::default()).await;
    let (anna, _at_anna) = server.join("kitchen", "anna", JoinOptions::default()).await;
    let (_ben, mut at_ben) = server.join("kitchen", "ben", JoinOptions::default()).await;
    let _tone = sings(&anna, 441.0).await;
    hears(&mut audio_of(&mut at_ben, "anna").await, 441.0).await;
    anna.send_data(b"now".to_vec(), Default::default()).await.expect("sent");
    wait(&mut at_deaf, |event| match event {
        RoomEvent::Audio(_) => panic!("heard"),
        RoomEvent::Data { .. } => Some(()),
        _ => None,
    })
    .await;
}
