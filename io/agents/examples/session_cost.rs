//! What a session in a room costs: processor time per second of sound, memory, and the time from a job's assignment to the
//! session that waits in its room.
//!
//! `LIVEKIT_URL=… LIVEKIT_API_KEY=… LIVEKIT_API_SECRET=… cargo run --release --workspace --example session_cost -- [ROOMS]
//! [SECONDS]` puts two agents into each room, who talk to each other in turn for so long. Their models answer at once and cost
//! nothing: what is measured is hearing, turn taking, playing, Opus both ways, and the room. The server is another process.

use async_trait::async_trait;
use duologue_agents::{AgentJobs, HEARS, OneRole, Role, Roles};
use duologue_conversation::{AgentConfig, CascadeModels, Models, Providers};
use duologue_livekit_wire::proto::CreateAgentDispatchRequest;
use duologue_models::{
    ChatStream, Llm, ModelError, SpeechRequest, SpeechStream, SpokenAudio, Stt, TranscribeRequest, Transcript, Tts,
};
use duologue_sim::{BABBLE_RATE, babble};
use duologue_voice::{Limits, Opening, SessionConfig};
use duologue_worker::{Offer, Server, Standing, Worker, WorkerConfig};
use futures::{StreamExt, stream};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::runtime::Handle;

/// Says the same whatever it hears.
struct Parrot {
    voice: Vec<i16>,
}

#[async_trait]
impl Stt for Parrot {
    async fn transcribe(&self, _: TranscribeRequest) -> Result<Transcript, ModelError> {
        Ok(Transcript { text: "Please go on.".into(), confidence: None })
    }
}

#[async_trait]
impl Llm for Parrot {
    async fn chat(&self, _: duologue_chat::ChatRequest) -> Result<ChatStream, ModelError> {
        let line = duologue_chat::ChatDelta::Text("The technician comes tomorrow between nine and eleven.".into());
        Ok(stream::iter([
            Ok(line),
            Ok(duologue_chat::ChatDelta::Done { finish: duologue_chat::Finish::Stop, usage: None }),
        ])
        .boxed())
    }
}

#[async_trait]
impl Tts for Parrot {
    async fn speak(&self, _: SpeechRequest) -> Result<SpeechStream, ModelError> {
        let chunk = SpokenAudio { rate: BABBLE_RATE, samples: self.voice.clone(), words: Vec::new() };
        Ok(stream::iter([Ok(chunk)]).boxed())
    }
}

/// Of two in a room one speaks first.
struct Pair([OneRole; 2]);

#[async_trait]
impl Roles for Pair {
    async fn role(&self, offer: &Offer, _: Option<duologue_agents::Brief>) -> Result<Role, String> {
        let OneRole { config, limits } = &self.0[usize::from(offer.metadata == "second")];
        Ok(Role { hears: HEARS.to_vec(), ..Role::new(config.clone(), limits.clone(), None) })
    }
}

fn agent(opens: bool, voice: &[i16]) -> OneRole {
    let parrot = Arc::new(Parrot { voice: voice.to_vec() });
    let models = CascadeModels { stt: parrot.clone(), llm: parrot.clone(), tts: parrot };
    let providers = Providers { models: Models::Cascade(models), voice: "".into(), speed: 1.0, language: "en".into() };
    let mut session = SessionConfig::new("One", "Other", "Talk.");
    session.opening = if opens { Opening::Generate } else { Opening::Wait };
    session.collision.yields = !opens;
    let limits = Limits { turns: u32::MAX, duration: Duration::from_secs(3_600), silence: Duration::from_secs(3_600) };
    OneRole { config: AgentConfig::new(session, providers, Default::default()), limits }
}

/// Seconds of processor time of this process, and its memory in MiB.
fn used() -> (f64, f64) {
    let read = |name: &str| std::fs::read_to_string(format!("/proc/self/{name}")).unwrap_or_default();
    let stat = read("stat");
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<f64>().ok()).unwrap_or(0.0);
    let status = read("status");
    let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    let kib = resident.split_whitespace().next().and_then(|kib| kib.parse::<f64>().ok()).unwrap_or(0.0);
    // Linux counts in hundredths of a second.
    ((ticks(11) + ticks(12)) / 100.0, kib / 1_024.0)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    tracing_subscriber::fmt().with_env_filter("duologue_agents=debug").with_writer(std::io::stderr).init();
    let given: Vec<u64> = std::env::args().skip(1).filter_map(|arg| arg.parse().ok()).collect();
    let (rooms, seconds) = (given.first().copied().unwrap_or(25), given.get(1).copied().unwrap_or(60));
    let variable = |name: &str| std::env::var(name).map_err(|_| format!("{name} is not set"));
    let (key, secret) = (variable("LIVEKIT_API_KEY")?, variable("LIVEKIT_API_SECRET")?);
    let server = Server::new(&variable("LIVEKIT_URL")?)?;
    let voice = babble("The technician comes tomorrow between nine and eleven.", 140.0, 1.0);
    let roles = Pair([agent(true, &voice), agent(false, &voice)]);
    let name = format!("cost-{}", std::process::id());
    let config = WorkerConfig { jobs_max: 10_000, ..WorkerConfig::new(server.clone(), &key, &secret, &name) };
    let worker = Worker::start(config, Arc::new(AgentJobs::new(Arc::new(roles), Handle::current()))).await?;
    let (_, before) = used();
    let api = server.api(&key, &secret);
    let room = |n: u64| format!("{name}-{n}");
    for n in 0..rooms {
        for metadata in ["first", "second"] {
            let dispatch = CreateAgentDispatchRequest {
                agent_name: name.clone(),
                room: room(n),
                metadata: metadata.into(),
                ..Default::default()
            };
            api.create_dispatch(dispatch).await?;
        }
    }
    let sessions = 2 * rooms;
    let mut standing = worker.standing();
    standing.wait_for(|s| matches!(s, Standing::Registered { jobs, .. } if *jobs as u64 >= sessions)).await?;
    tokio::time::sleep(Duration::from_secs(10)).await;
    let ((cpu, _), began) = (used(), Instant::now());
    tokio::time::sleep(Duration::from_secs(seconds)).await;
    let ((after, memory), took) = (used(), began.elapsed().as_secs_f64());
    let each = 1e3 * (after - cpu) / (sessions as f64 * took);
    println!(
        "{sessions} sessions in {rooms} rooms, {took:.0} s: {each:.2} ms of processor time per second and session"
    );
    println!("{:.2} MiB of memory more per session", (memory - before) / sessions as f64);
    for n in 0..rooms {
        api.delete_room(&room(n)).await?;
    }
    worker.stop().await;
    Ok(())
}
