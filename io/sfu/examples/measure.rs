//! What the room server costs: processor time for each second of sound that goes through it, and how long an agent takes
//! from its dispatch to its first sound. `cargo run --release --example measure -- [ROOMS] [SECONDS]`; Linux only.
//!
//! The server runs on a thread of its own, whose time the system counts; clients, which encode and encrypt too, on others.

use async_trait::async_trait;
use duologue_ids::Redacted;
use duologue_livekit_wire::proto::CreateAgentDispatchRequest;
use duologue_livekit_wire::token::{self, VideoGrants};
use duologue_media::{Codec, Packet};
use duologue_sfu::{ApiKey, RoomServer, RoomServerConfig};
use duologue_worker::{
    Assigned, JobHandler, JoinOptions, PublishOptions, Room, RoomEvent, Server, Worker, WorkerConfig,
};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use tokio::sync::{mpsc, oneshot};
use tokio::time::interval;

const KEY: &str = "devkey";
const SECRET: &str = "a-secret-of-at-least-32-characters";

type Failure = Box<dyn std::error::Error + Send + Sync>;
/// Asks for the processor time of the server's thread.
type Clock = mpsc::UnboundedSender<oneshot::Sender<Duration>>;

/// The server on a thread of its own.
fn serve() -> Result<(RoomServer, Clock), Failure> {
    let (ready, started) = std::sync::mpsc::channel();
    std::thread::Builder::new().name("server".into()).spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async move {
            let free = SocketAddr::from(([127, 0, 0, 1], 0));
            let key = ApiKey { key: KEY.into(), secret: Redacted::new(SECRET.into()) };
            let config = RoomServerConfig { signalling: free, media: free, ..RoomServerConfig::local(key) };
            let (clock, mut asked) = mpsc::unbounded_channel::<oneshot::Sender<Duration>>();
            let server = RoomServer::start(config).await?;
            ready.send((server, clock))?;
            while let Some(reply) = asked.recv().await {
                let _ = reply.send(spent()?);
            }
            Ok::<(), Failure>(())
        })
    })?;
    Ok(started.recv()?)
}

/// The first number of `schedstat`: nanoseconds on a processor.
fn spent() -> Result<Duration, Failure> {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(Duration::from_nanos(stat.split(' ').next().unwrap_or_default().parse()?))
}

async fn read(clock: &Clock) -> Result<Duration, Failure> {
    let (reply, told) = oneshot::channel();
    clock.send(reply)?;
    Ok(told.await?)
}

fn token(room: &str, identity: &str) -> Result<String, Failure> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let mut claims = token::claims(KEY, identity, now, Duration::from_secs(3_600));
    claims.video = VideoGrants { room_join: true, room: room.into(), ..Default::default() };
    Ok(token::sign(&claims, SECRET)?)
}

/// Somebody who sends a packet of 80 bytes every 20 ms, and counts what it hears.
async fn speaker(server: Server, room: String, name: String, heard: mpsc::UnboundedSender<()>) -> Result<(), Failure> {
    let (room, mut events) = Room::join(&server, &token(&room, &name)?, JoinOptions::default()).await?;
    let voice = room.publish(PublishOptions { redundancy: true, ..Default::default() }).await?;
    tokio::spawn(async move {
        let mut frames = interval(Duration::from_millis(20));
        for sequence in 0u16.. {
            frames.tick().await;
            let timestamp = u32::from(sequence) * 960;
            let packet = Packet { sequence, timestamp, marker: false, codec: Codec::Opus, payload: vec![0x78; 80] };
            voice.send(packet, Some(30));
        }
    });
    while let Some(event) = events.recv().await {
        if let RoomEvent::Audio(mut audio) = event {
            let heard = heard.clone();
            tokio::spawn(async move { while audio.packets.recv().await.is_some_and(|_| heard.send(()).is_ok()) {} });
        }
    }
    Ok(())
}

/// An agent that says how long it took to be in its room.
struct Agent(mpsc::UnboundedSender<(Instant, Instant)>);

#[async_trait]
impl JobHandler for Agent {
    async fn run(&self, job: Assigned) -> Result<(), String> {
        let assigned = Instant::now();
        let joined = Room::join(&job.server, &job.token, JoinOptions::default()).await;
        let (room, _events) = joined.map_err(|e| e.to_string())?;
        let _ = self.0.send((assigned, Instant::now()));
        room.leave().await;
        Ok(())
    }
}

async fn jobs(server: &RoomServer, at: Server) -> Result<(), Failure> {
    let (done, mut begun) = mpsc::unbounded_channel();
    let _worker = Worker::start(WorkerConfig::new(at, KEY, SECRET, "agent"), Arc::new(Agent(done))).await?;
    let (mut assigning, mut joining) = (Vec::new(), Vec::new());
    for n in 0..50 {
        let asked = Instant::now();
        let dispatch =
            CreateAgentDispatchRequest { agent_name: "agent".into(), room: format!("job-{n}"), ..Default::default() };
        server.services().create_dispatch(dispatch).await?;
        let (assigned, joined) = begun.recv().await.ok_or("the worker ended")?;
        assigning.push((assigned - asked).as_secs_f64() * 1e3);
        joining.push((joined - assigned).as_secs_f64() * 1e3);
    }
    for (what, times) in [("dispatched -> job begins", &mut assigning), ("job begins -> in the room", &mut joining)] {
        times.sort_by(f64::total_cmp);
        println!("{what}: median {:.2} ms, 95 % below {:.2} ms", times[times.len() / 2], times[times.len() * 95 / 100]);
    }
    Ok(())
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let mut numbers = std::env::args().skip(1).map(|number| number.parse::<u32>());
    let rooms = numbers.next().transpose()?.unwrap_or(10);
    let seconds = numbers.next().transpose()?.unwrap_or(10);
    let (server, clock) = serve()?;
    let at = Server::new(&format!("ws://{}", server.signalling()))?;
    jobs(&server, at.clone()).await?;

    let (heard, mut packets) = mpsc::unbounded_channel();
    for room in 0..rooms {
        for name in ["anna", "ben"] {
            tokio::spawn(speaker(at.clone(), format!("room-{room}"), name.into(), heard.clone()));
        }
    }
    let mut settle = interval(Duration::from_secs(5));
    settle.tick().await;
    settle.tick().await;
    while packets.try_recv().is_ok() {}
    let (before, began) = (read(&clock).await?, Instant::now());
    let mut measured = interval(Duration::from_secs(seconds.into()));
    measured.tick().await;
    measured.tick().await;
    let (spent, took) = (read(&clock).await? - before, began.elapsed());
    let arrived = std::iter::from_fn(|| packets.try_recv().ok()).count();
    let sound = took.as_secs_f64() * f64::from(rooms * 2);
    println!(
        "{rooms} rooms of two, {seconds} s: {:.1} % of a core; {:.2} ms of it for each second that somebody speaks; \
         {:.1} % of the packets arrived",
        spent.as_secs_f64() / took.as_secs_f64() * 100.0,
        spent.as_secs_f64() * 1e3 / sound,
        arrived as f64 / (sound * 50.0) * 100.0
    );
    Ok(())
}
