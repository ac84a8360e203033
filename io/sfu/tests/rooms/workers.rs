//! Workers of ours get jobs from our server, also where livekit-server gives up.

use crate::server::{KEY, LiveKit, PATIENCE, SECRET, config, wait, wait_server};
use crate::tone::{Tone, audio_of};
use crate::tones::hears;
use async_trait::async_trait;
use duologue_livekit_wire::proto::{CreateAgentDispatchRequest, DeleteAgentDispatchRequest};
use duologue_sfu::{RoomServerConfig, ServerEvent};
use duologue_worker::{
    Answer, Assigned, JobHandler, JoinOptions, Kind, Offer, PublishOptions, Room, RoomEvent, Worker, WorkerConfig,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::timeout;

/// Joins and sings at the pitch that its metadata say, until it is told to end.
struct Singer;

#[async_trait]
impl JobHandler for Singer {
    async fn run(&self, mut job: Assigned) -> Result<(), String> {
        let hertz: f64 = job.offer.metadata.parse().expect("a pitch");
        let joined = Room::join(&job.server, &job.token, JoinOptions::default()).await;
        let (room, mut events) = joined.map_err(|e| e.to_string())?;
        let voice = room.publish(PublishOptions::default()).await.map_err(|e| e.to_string())?;
        let _tone = Tone::start(voice, hertz);
        let over = async { while events.recv().await.is_some() {} };
        tokio::select! {
            () = job.ends() => {}
            () = over => {}
        }
        room.leave().await;
        Ok(())
    }
}

/// Thinks for ever about what it is offered.
struct Silent;

#[async_trait]
impl JobHandler for Silent {
    async fn offered(&self, _: &Offer) -> Answer {
        std::future::pending().await
    }

    async fn run(&self, _: Assigned) -> Result<(), String> {
        Err("nobody said yes".into())
    }
}

fn singer(server: &LiveKit) -> WorkerConfig {
    WorkerConfig::new(server.at(), KEY, SECRET, "singer")
}

fn dispatch(room: &str, metadata: &str) -> CreateAgentDispatchRequest {
    CreateAgentDispatchRequest {
        agent_name: "singer".into(),
        room: room.into(),
        metadata: metadata.into(),
        ..Default::default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_dispatch_waits_for_its_worker() {
    let server = LiveKit::with(config()).await;
    let made = server.services().create_dispatch(dispatch("stage", "441")).await.expect("dispatched");
    let state = made.state.expect("a state");
    assert_eq!((state.jobs.len(), made.room.as_str(), made.agent_name.as_str()), (1, "stage", "singer"));
    assert!(state.created_at > 1_700_000_000_000_000_000 && state.jobs[0].state.clone().unwrap().worker_id.is_empty());
    let (_anna, mut at_anna) = server.join("stage", "anna", JoinOptions::default()).await;
    // Only now somebody runs the agent.
    let worker = Worker::start(singer(&server), Arc::new(Singer)).await.expect("registered");
    let agent = wait(&mut at_anna, |event| match event {
        RoomEvent::Joined(participant) => Some(participant),
        _ => None,
    })
    .await;
    assert_eq!((agent.kind, agent.attributes["lk.agent_name"].as_str()), (Kind::Agent, "singer"));
    hears(&mut audio_of(&mut at_anna, &agent.identity).await, 441.0).await;

    let listed = server.services().list_dispatches(Default::default()).await.expect("listed").agent_dispatches;
    assert_eq!(listed, [], "of no room");
    let ended = DeleteAgentDispatchRequest { dispatch_id: made.id, room: "stage".into() };
    server.services().delete_dispatch(ended).await.expect("deleted");
    wait(&mut at_anna, |event| matches!(event, RoomEvent::Left(p) if p.identity == agent.identity).then_some(())).await;
    drop(worker);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_that_does_not_answer_is_replaced() {
    let dispatching = duologue_dispatch::Config { answer_within: Duration::from_millis(200), ..Default::default() };
    let server = LiveKit::with(RoomServerConfig { dispatch: dispatching, ..config() }).await;
    let _silent = Worker::start(singer(&server), Arc::new(Silent)).await.expect("registered");
    let (_anna, mut at_anna) = server.join("stage", "anna", JoinOptions::default()).await;
    server.services().create_dispatch(dispatch("stage", "882")).await.expect("dispatched");
    let _singer = Worker::start(singer(&server), Arc::new(Singer)).await.expect("registered");
    let agent = wait(&mut at_anna, |event| match event {
        RoomEvent::Joined(participant) => Some(participant),
        _ => None,
    });
    let agent = agent.await.identity;
    hears(&mut audio_of(&mut at_anna, &agent).await, 882.0).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agent_that_nobody_runs_is_told_of_at_the_deadline() {
    let dispatching = duologue_dispatch::Config { deadline: Duration::from_millis(300), ..Default::default() };
    let server = LiveKit::with(RoomServerConfig { dispatch: dispatching, ..config() }).await;
    let mut events = server.server.events();
    server.services().create_dispatch(dispatch("stage", "882")).await.expect("dispatched");
    let why = wait_server(&mut events, |event| match event {
        ServerEvent::DispatchFailed(dispatch, why) => Some((dispatch.agent.name.clone(), why.to_string())),
        _ => None,
    });
    let (agent, why) = why.await;
    assert!(agent == "singer" && why.contains("no worker registered as"), "{why}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_work_is_sent_away() {
    let server = LiveKit::with(config()).await;
    let mut stranger = singer(&server);
    stranger.secret = "another-secret-of-at-least-32-characters".into();
    let refused = timeout(PATIENCE, Worker::start(stranger, Arc::new(Singer))).await.expect("in time");
    let Err(error) = refused else { panic!("let in") };
    assert!(error.to_string().contains("invalid token"), "{error}");
}
