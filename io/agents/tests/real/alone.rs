//! An agent of ours with a person, or a program that passes for one.

use crate::server::{LiveKit, PATIENCE, wait};
use crate::stage::{agent, cast, scripted, worker};
use duologue_conversation::scenario::Side;
use duologue_livekit_wire::proto::CreateAgentDispatchRequest;
use duologue_media::{Codec, Frame, Mouth};
use duologue_sim::{BABBLE_RATE, babble};
use duologue_worker::{JoinOptions, Kind, Publication, PublishOptions, RoomEvent, Standing, TextState};
use std::time::Duration;
use tokio::time::{interval, timeout};

/// Says something, as loud as an agent.
async fn say(voice: &Publication, mouth: &mut Mouth, text: &str) {
    let samples = babble(text, 205.0, 1.0);
    let mut clock = interval(Duration::from_millis(20));
    let frames = samples.chunks_exact(BABBLE_RATE as usize / 50).map(|chunk| Frame::new(BABBLE_RATE, chunk.to_vec()));
    for frame in frames.map(Result::ok).chain([None, None]) {
        clock.tick().await;
        if let Some(packet) = mouth.send(frame.as_ref()).expect("coded") {
            voice.send(packet, Some(20));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_nobody_came_to_does_not_keep_its_worker_from_ending() {
    let Some(server) = LiveKit::start().await else { return };
    let home = tempfile::tempdir().expect("a folder");
    let cast = cast(home.path());
    let joe = worker(&server, "joe", agent(&cast, Side::Support, scripted(Side::Support))).await;
    let dispatch =
        CreateAgentDispatchRequest { agent_name: "joe".into(), room: "kitchen".into(), ..Default::default() };
    server.api().create_dispatch(dispatch).await.expect("dispatched");
    let mut standing = joe.standing();
    let busy = standing.wait_for(|s| matches!(s, Standing::Registered { jobs: 1, .. }));
    timeout(PATIENCE, busy).await.expect("in time").expect("it lives");
    timeout(PATIENCE, joe.drain()).await.expect("it ends");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_agent_says_and_hears_can_be_read_and_it_goes_when_it_is_left() {
    let Some(server) = LiveKit::start().await else { return };
    let home = tempfile::tempdir().expect("a folder");
    let cast = cast(home.path());
    let joe = worker(&server, "joe", agent(&cast, Side::Support, scripted(Side::Support))).await;
    let mut standing = joe.standing();
    let (anna, mut at_anna) = server.join("kitchen", "anna", JoinOptions::default()).await;
    let voice = anna.publish(PublishOptions::default()).await.expect("published");
    let dispatch =
        CreateAgentDispatchRequest { agent_name: "joe".into(), room: "kitchen".into(), ..Default::default() };
    server.api().create_dispatch(dispatch).await.expect("dispatched");

    let joined = wait(&mut at_anna, |event| match event {
        RoomEvent::Joined(participant) => Some(participant),
        _ => None,
    });
    assert_eq!(joined.await.kind, Kind::Agent);
    let track = wait(&mut at_anna, |event| match event {
        RoomEvent::Audio(audio) => Some(audio.track.sid.clone()),
        _ => None,
    })
    .await;
    let mut states = Vec::new();
    let greeting = wait(&mut at_anna, |event| match event {
        RoomEvent::Changed(agent) => {
            states.extend(agent.attributes.get("lk.agent.state").cloned());
            None
        }
        RoomEvent::Text(text) if text.state == TextState::Complete => Some(text),
        _ => None,
    })
    .await;
    assert_eq!((greeting.topic.as_str(), greeting.text.as_str()), ("lk.transcription", "Northwind, this is Joe."));
    assert_eq!(greeting.attributes["lk.transcription_final"], "true");
    assert_eq!(greeting.attributes["lk.transcribed_track_id"], track);
    assert!(greeting.attributes["lk.segment_id"].starts_with("SG_"));
    assert!(states.iter().any(|state| state == "speaking"), "{states:?}");

    let mut mouth = Mouth::new(Codec::Opus, BABBLE_RATE, 1);
    say(&voice, &mut mouth, "The light is red.").await;
    let heard = wait(&mut at_anna, |event| match event {
        // Whose words they are says the track; some servers name who wrote them down.
        RoomEvent::Text(text) if text.attributes.get("lk.transcribed_track_id").is_some_and(|of| of == voice.sid()) => {
            Some(text).filter(|text| text.attributes["lk.transcription_final"] == "true")
        }
        _ => None,
    })
    .await;
    // A babble is not understood to the letter on a busy machine; whose it is and where, is told.
    assert!(heard.text.to_lowercase().contains("light") || heard.text.contains("red"), "{}", heard.text);
    let answer = wait(&mut at_anna, |event| match event {
        RoomEvent::Text(text) if text.state == TextState::Complete => {
            Some(text.text).filter(|_| text.attributes["lk.transcribed_track_id"] == track)
        }
        _ => None,
    });
    assert_eq!(answer.await, "A technician comes tomorrow.");

    anna.leave().await;
    let idle = standing.wait_for(|s| matches!(s, Standing::Registered { jobs: 0, .. }));
    timeout(PATIENCE, idle).await.expect("in time").expect("it lives");
}
