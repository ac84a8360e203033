//! A worker of ours gets jobs from a real server.

use crate::server::{KEY, LiveKit, PATIENCE, SECRET, wait};
use crate::tone::{Tone, assert_near, audio_of, loudest};
use async_trait::async_trait;
use duologue_livekit_wire::proto::{CreateAgentDispatchRequest, CreateRoomRequest, JobState, JobStatus};
use duologue_worker::{
    Assigned, JobHandler, JoinOptions, Kind, PublishOptions, RegisterError, Room, RoomEvent, Server, Standing, Worker,
    WorkerConfig,
};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::watch;
use tokio::time::{interval, timeout};

/// Joins, sings at the pitch that its metadata say, and goes when it is told to; panics where there is no pitch.
#[derive(Default)]
struct Singer {
    /// Jobs that began.
    begun: watch::Sender<u32>,
}

#[async_trait]
impl JobHandler for Singer {
    async fn run(&self, mut job: Assigned) -> Result<(), String> {
        self.begun.send_modify(|jobs| *jobs += 1);
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

fn config(server: Server) -> WorkerConfig {
    WorkerConfig::new(server, KEY, SECRET, "singer")
}

fn dispatch(room: &str, metadata: &str) -> CreateAgentDispatchRequest {
    CreateAgentDispatchRequest {
        agent_name: "singer".into(),
        room: room.into(),
        metadata: metadata.into(),
        ..Default::default()
    }
}

async fn until(standing: &mut watch::Receiver<Standing>, fits: impl FnMut(&Standing) -> bool) {
    timeout(PATIENCE, standing.wait_for(fits)).await.expect("in time").expect("it lives");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_is_dispatched_done_and_ended() {
    let Some(server) = LiveKit::start().await else { return };
    let api = server.api();
    let singer = Arc::new(Singer::default());
    let mut begun = singer.begun.subscribe();
    let worker = Worker::start(config(server.at()), singer).await.expect("registered");
    let mut standing = worker.standing();
    api.create_room(CreateRoomRequest { name: "stage".into(), empty_timeout: 3_600, ..Default::default() })
        .await
        .expect("created");
    let (_anna, mut at_anna) = server.join("stage", "anna", JoinOptions::default()).await;

    let began = Instant::now();
    let made = api.create_dispatch(dispatch("stage", "441")).await.expect("dispatched");
    let agent = wait(&mut at_anna, |event| match event {
        RoomEvent::Joined(participant) => Some(participant),
        _ => None,
    })
    .await;
    // The server waits for an answer to its offer for ten seconds, and would go on without us.
    assert!(began.elapsed() < Duration::from_secs(10));
    assert_eq!((agent.kind, agent.attributes["lk.agent_name"].as_str()), (Kind::Agent, "singer"));
    let mut of_agent = audio_of(&mut at_anna, &agent.identity).await;
    assert_near(loudest(&mut of_agent).await, 441.0);

    let job = job_that_is(&api, JobStatus::JsRunning).await;
    assert_eq!((job.participant_identity.as_str(), job.error.as_str()), (agent.identity.as_str(), ""));
    let dispatches = api.list_dispatches("stage").await.expect("listed");
    // A room that is created without one has a dispatch for unnamed agents besides.
    let ours =
        dispatches.iter().filter(|dispatch| dispatch.agent_name == "singer").map(|dispatch| dispatch.id.as_str());
    assert_eq!(ours.collect::<Vec<_>>(), [made.id.as_str()]);
    let there = api.list_participants("stage").await.expect("listed");
    assert!(there.iter().any(|info| info.identity == agent.identity && info.kind == 4));

    // One that panics leaves the other untouched.
    api.create_dispatch(dispatch("stage", "no pitch")).await.expect("dispatched");
    timeout(PATIENCE, begun.wait_for(|jobs| *jobs == 2)).await.expect("in time").expect("it lives");
    assert_near(loudest(&mut of_agent).await, 441.0);

    until(&mut standing, |s| matches!(s, Standing::Registered { jobs: 1, .. })).await;
    let drained = tokio::spawn(worker.drain());
    until(&mut standing, |s| matches!(s, Standing::Draining { jobs: 1 })).await;
    assert_near(loudest(&mut of_agent).await, 441.0);
    api.delete_dispatch("stage", &made.id).await.expect("removed");
    wait(&mut at_anna, |event| matches!(event, RoomEvent::Left(p) if p.identity == agent.identity).then_some(())).await;
    timeout(PATIENCE, drained).await.expect("in time").expect("drained");
    assert!(matches!(*standing.borrow(), Standing::Stopped));
    api.delete_room("stage").await.expect("removed");
}

/// Waits until the server knows of a job that stands like this.
async fn job_that_is(api: &duologue_worker::Api, status: JobStatus) -> JobState {
    let found = async {
        let mut again = interval(Duration::from_millis(100));
        loop {
            again.tick().await;
            let dispatches = api.list_dispatches("stage").await.expect("listed");
            let jobs = dispatches.into_iter().filter_map(|dispatch| dispatch.state).flat_map(|state| state.jobs);
            if let Some(state) = jobs.filter_map(|job| job.state).find(|state| state.status() == status) {
                return state;
            }
        }
    };
    timeout(PATIENCE, found).await.expect("in time")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_whose_line_is_cut_keeps_its_jobs() {
    let Some(server) = LiveKit::start().await else { return };
    let relay = crate::relay::Relay::to(server.port).await;
    let worker =
        Worker::start(config(crate::server::at(relay.port)), Arc::new(Singer::default())).await.expect("registered");
    let mut standing = worker.standing();
    let (_anna, mut at_anna) = server.join("stage", "anna", JoinOptions::default()).await;
    server.api().create_dispatch(dispatch("stage", "441")).await.expect("dispatched");
    let mut of_agent = wait(&mut at_anna, |event| match event {
        RoomEvent::Audio(audio) => Some(audio),
        _ => None,
    })
    .await;
    let first = match &*standing.borrow() {
        Standing::Registered { id, .. } => id.clone(),
        other => panic!("{other:?}"),
    };
    relay.cut();
    until(&mut standing, |s| matches!(s, Standing::Registered { id, jobs: 1 } if *id != first)).await;
    assert_near(loudest(&mut of_agent).await, 441.0);
    worker.stop().await;
    wait(&mut at_anna, |event| matches!(event, RoomEvent::Left(_)).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_with_a_wrong_key_is_told_why() {
    let Some(server) = LiveKit::start().await else { return };
    let wrong = WorkerConfig { secret: "another-secret-of-at-least-32-characters".into(), ..config(server.at()) };
    let Err(error) = Worker::start(wrong, Arc::new(Singer::default())).await else { panic!("registered") };
    assert!(matches!(error, RegisterError::Connect(_)) && error.to_string().contains("refuses the token"), "{error}");
}
