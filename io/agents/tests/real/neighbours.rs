//! What goes wrong in one conversation is nobody else's.

use crate::server::{KEY, LiveKit, PATIENCE, SECRET};
use crate::stage::{SIDES, agent, assert_whole, cast, conversation, scripted};
use async_trait::async_trait;
use duologue_agents::{AgentJobs, Brief, OneRole, Role, Roles, hold};
use duologue_conversation::scenario::{CastScenario, Side};
use duologue_livekit_wire::proto::CreateAgentDispatchRequest;
use duologue_models::{ChatStream, Llm, ModelError, SpeechRequest, SpeechStream, SpokenAudio, Tts};
use duologue_voice::Limits;
use duologue_worker::{JoinOptions, Offer, Standing, Worker, WorkerConfig};
use futures::{StreamExt, stream};
use std::sync::{Arc, Mutex, mpsc};
use tokio::runtime::Builder;
use tokio::time::timeout;

/// Blocks the thread that it is asked on until the test is over.
struct Blocks(Mutex<mpsc::Receiver<()>>);

#[async_trait]
impl Llm for Blocks {
    async fn chat(&self, _: duologue_chat::ChatRequest) -> Result<ChatStream, ModelError> {
        // Ends when the other end is dropped.
        let _ = self.0.lock().map(|held| held.recv());
        Ok(stream::empty().boxed())
    }
}

/// Speaks without end, as fast as anybody takes it.
struct Endless;

#[async_trait]
impl Tts for Endless {
    async fn speak(&self, _: SpeechRequest) -> Result<SpeechStream, ModelError> {
        let second = || Ok(SpokenAudio { rate: 24_000, samples: vec![3_000; 24_000], words: Vec::new() });
        Ok(stream::repeat_with(second).boxed())
    }
}

/// Gives jobs an agent by their metadata.
struct Mixed {
    cast: Arc<CastScenario>,
    held: Mutex<Option<mpsc::Receiver<()>>>,
}

#[async_trait]
impl Roles for Mixed {
    async fn role(&self, offer: &Offer, brief: Option<Brief>) -> Result<Role, String> {
        let side = brief.as_ref().and_then(|brief| brief.side).unwrap_or(Side::Support);
        let mut models = scripted(side);
        match offer.metadata.as_str() {
            "panics" => panic!("a defect of this job"),
            "blocks" => {
                let held = self.held.lock().ok().and_then(|mut held| held.take()).ok_or("asked once")?;
                models.llm = Arc::new(Blocks(Mutex::new(held)));
            }
            "leaks" => models.tts = Arc::new(Endless),
            _ => {}
        }
        let role = OneRole { config: agent(&self.cast, side, models), limits: Limits::default() };
        role.role(offer, brief).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_a_leak_and_a_blocking_model_in_one_job_leave_the_others_untouched() {
    let Some(server) = LiveKit::start().await else { return };
    let home = tempfile::tempdir().expect("a folder");
    let cast = cast(home.path());
    let (release, held) = mpsc::channel();
    let models = Builder::new_multi_thread().worker_threads(4).enable_all().build().expect("a runtime");
    let roles = Arc::new(Mixed { cast: cast.clone(), held: Mutex::new(Some(held)) });
    let jobs = Arc::new(AgentJobs::new(roles, models.handle().clone()));
    let config = WorkerConfig::new(server.at(), KEY, SECRET, "anybody");
    let worker = Worker::start(config, jobs).await.expect("registered");
    let mut standing = worker.standing();

    // Somebody listens to the bad ones, so that they begin.
    let (_anna, _at_anna) = server.join("elsewhere", "anna", JoinOptions::default()).await;
    for metadata in ["blocks", "leaks", "panics"] {
        let dispatch = CreateAgentDispatchRequest {
            agent_name: "anybody".into(),
            room: "elsewhere".into(),
            metadata: metadata.into(),
            ..Default::default()
        };
        server.api().create_dispatch(dispatch).await.expect("dispatched");
    }
    let two = standing.wait_for(|s| matches!(s, Standing::Registered { jobs: 2, .. }));
    timeout(PATIENCE, two).await.expect("the one that panics is gone").expect("it lives");

    let mut config = conversation(&server, home.path(), &cast);
    config.agent_names = SIDES.map(|_| "anybody".to_owned());
    let held = hold(config, Arc::default(), Arc::new(|_| {}));
    let summary = timeout(PATIENCE, held).await.expect("in time").expect("held");
    assert_whole(&summary);
    assert!(summary.metrics.heard_e2e_latency_ms.p95.is_some_and(|ms| ms < 10_000.0));
    drop(release);
    worker.stop().await;
    models.shutdown_background();
}
