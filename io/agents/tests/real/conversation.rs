//! Conversations of two agents of ours.

use crate::server::{LiveKit, PATIENCE};
use crate::stage::{SIDES, agent, assert_whole, cast, conversation, said, scripted, worker, workers};
use duologue_agents::{RoomConversation, Seen, Step, Watcher, hold};
use duologue_conversation::scenario::Side;
use duologue_conversation::{Summary, Transcript, names, read_side};
use duologue_livekit_wire::proto::CreateRoomRequest;
use duologue_voice::CloseReason;
use duologue_worker::Standing;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};
use tokio::time::timeout;

fn watcher() -> (Watcher, UnboundedReceiver<Seen>) {
    let (seen, watched) = unbounded_channel();
    (Arc::new(move |happened| drop(seen.send(happened))), watched)
}

async fn held(config: RoomConversation) -> Summary {
    let held = hold(config, Arc::default(), watcher().0);
    timeout(PATIENCE, held).await.expect("in time").expect("held")
}

fn transcript(folder: &Path) -> Transcript {
    let bytes = std::fs::read(folder.join("kept").join(names::TRANSCRIPT)).expect("kept");
    serde_json::from_slice(&bytes).expect("a transcript")
}

#[tokio::test(flavor = "multi_thread")]
async fn two_agents_talk_and_what_they_said_is_kept_and_scored() {
    let Some(server) = LiveKit::start().await else { return };
    let home = tempfile::tempdir().expect("a folder");
    let cast = cast(home.path());
    let _workers = workers(&server, &cast).await;
    let (watcher, mut watched) = watcher();
    let config = conversation(&server, home.path(), &cast);
    let held = hold(config, Arc::default(), watcher);
    let summary = timeout(PATIENCE, held).await.expect("in time").expect("held");

    assert_whole(&summary);
    assert_eq!((summary.error.as_deref(), summary.goal_reached), (None, true), "{:?}", summary.verdicts);
    let transcript = transcript(home.path());
    assert_eq!(said(&transcript, Side::Customer)[0], "The light is red.");
    assert_eq!(said(&transcript, Side::Support)[0], "Northwind, this is Joe.");
    assert!(transcript.utterances.iter().take(3).all(|u| u.heard.is_some()), "{:?}", transcript.utterances);
    assert!(summary.metrics.heard_e2e_latency_ms.p50.is_some_and(|ms| (300.0..5_000.0).contains(&ms)));
    for side in SIDES {
        let recorded = read_side(&home.path().join("kept"), side);
        assert!(!recorded.speech.intervals().is_empty(), "{side} is heard in the recording");
        let agent = summary.agents.iter().find(|agent| agent.side == side).expect("it is in the summary");
        assert_eq!((agent.models["tts"].as_str(), agent.voice.as_str()), ("scripted", "babble"), "as it reported");
        assert!(agent.usage.as_ref().is_some_and(|usage| usage.tts_characters > 20));
    }
    for name in [names::REPORT, names::STEREO, names::EVENTS, names::METRICS] {
        assert!(home.path().join("kept").join(name).is_file(), "{name}");
    }
    assert_eq!(server.api().list_rooms(&[]).await.expect("listed").len(), 0, "the room is removed");

    let mut steps = Vec::new();
    while let Ok(seen) = watched.try_recv() {
        if let Seen::Step(step) = seen {
            steps.push(step);
        }
    }
    assert_eq!(steps[0], Step::RoomCreated { room: "stage".into() });
    let dispatched = |side: Side| Step::Dispatched { side, agent_name: cast.agent_name(side).into() };
    assert_eq!(steps[1..3], SIDES.map(dispatched));
    assert_eq!(steps.last(), Some(&Step::Started));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_come_is_named() {
    let Some(server) = LiveKit::start().await else { return };
    let home = tempfile::tempdir().expect("a folder");
    let cast = cast(home.path());
    let support = agent(&cast, Side::Support, scripted(Side::Support));
    let _worker = worker(&server, cast.agent_name(Side::Support), support).await;
    let config = RoomConversation { join: Duration::from_secs(5), ..conversation(&server, home.path(), &cast) };
    let summary = held(config).await;
    assert_eq!(summary.end_reason, Some(CloseReason::AgentJoinTimeout));
    let error = summary.error.expect("it says why");
    assert!(error.starts_with("the customer agent (`customer-agent`) did not come within 5 s: no worker"), "{error}");
    assert!(!error.contains("support agent"), "{error}");
    assert_eq!(server.api().list_rooms(&[]).await.expect("listed").len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_comes_late_is_waited_for() {
    let Some(server) = LiveKit::start().await else { return };
    let home = tempfile::tempdir().expect("a folder");
    let cast = cast(home.path());
    let (watcher, mut watched) = watcher();
    let conversation = conversation(&server, home.path(), &cast);
    let holding = tokio::spawn(hold(conversation, Arc::default(), watcher));
    let nobody = async {
        while let Some(seen) = watched.recv().await {
            if matches!(seen, Seen::Step(Step::NoWorker { .. })) {
                return;
            }
        }
    };
    timeout(PATIENCE, nobody).await.expect("it says that nobody is there");
    let _workers = workers(&server, &cast).await;
    let summary = timeout(PATIENCE, holding).await.expect("in time").expect("no panic").expect("held");
    assert_whole(&summary);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_that_is_stopped_ends_in_order() {
    let Some(server) = LiveKit::start().await else { return };
    let home = tempfile::tempdir().expect("a folder");
    let cast = cast(home.path());
    let _workers = workers(&server, &cast).await;
    let (watcher, mut watched) = watcher();
    let cancel = Arc::new(AtomicBool::new(false));
    let holding = tokio::spawn(hold(conversation(&server, home.path(), &cast), cancel.clone(), watcher));
    while !matches!(watched.recv().await, Some(Seen::Step(Step::Started)) | None) {}
    cancel.store(true, Ordering::Relaxed);
    let summary = timeout(PATIENCE, holding).await.expect("in time").expect("no panic").expect("held");
    assert_eq!((summary.end_reason, summary.error), (Some(CloseReason::Cancelled), None));
    assert_eq!(server.api().list_rooms(&[]).await.expect("listed").len(), 0);
}

/// A server counts agents as nobody, and closes a room with nobody in it when its `empty_timeout` is over.
#[tokio::test(flavor = "multi_thread")]
async fn a_room_of_agents_stays_open_past_its_empty_timeout() {
    let Some(server) = LiveKit::start().await else { return };
    let home = tempfile::tempdir().expect("a folder");
    let cast = cast(home.path());
    let _workers = workers(&server, &cast).await;
    let short = CreateRoomRequest {
        name: "stage".into(),
        empty_timeout: 2,
        departure_timeout: 1,
        ..CreateRoomRequest::default()
    };
    server.api().create_room(short).await.expect("created");
    // Longer than that by far.
    let summary = held(conversation(&server, home.path(), &cast)).await;
    assert_whole(&summary);
    assert!(summary.duration_s > 5.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn workers_that_drain_hold_their_conversation_to_its_end() {
    let Some(server) = LiveKit::start().await else { return };
    let home = tempfile::tempdir().expect("a folder");
    let cast = cast(home.path());
    let workers = workers(&server, &cast).await;
    let mut standing = workers[0].standing();
    let (watcher, mut watched) = watcher();
    let holding = tokio::spawn(hold(conversation(&server, home.path(), &cast), Arc::default(), watcher));
    while !matches!(watched.recv().await, Some(Seen::Step(Step::Started)) | None) {}
    let draining = workers.map(|worker| tokio::spawn(worker.drain()));
    let drains = standing.wait_for(|s| matches!(s, Standing::Draining { jobs: 1 }));
    timeout(PATIENCE, drains).await.expect("in time").expect("it lives");
    let summary = timeout(PATIENCE, holding).await.expect("in time").expect("no panic").expect("held");
    assert_whole(&summary);
    for worker in draining {
        timeout(PATIENCE, worker).await.expect("in time").expect("drained");
    }
}
