//! A conversation in a room of a LiveKit server.

use crate::args::{RoomArgs, Workers};
use crate::output::Failure;
use crate::settings::Settings;
use duologue_agents::{AgentJobs, Brief, OneRole, RoomConversation, Venue, Watcher, hold};
use duologue_conversation::scenario::Side;
use duologue_conversation::{ConversationConfig, Recognisers, Summary, index, limits};
use duologue_worker::{RegisterError, Server, Worker, WorkerConfig};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tokio::runtime::Handle;

const SIDES: [Side; 2] = [Side::Support, Side::Customer];

#[derive(Debug, thiserror::Error)]
pub(crate) enum VenueError {
    #[error(
        "no API key for the LiveKit server {url}: {missing} is not set\n  help: put it into the environment, .env.local or .env"
    )]
    NoKey { url: String, missing: &'static str },
    #[error(
        "no LiveKit server: LIVEKIT_URL is not set\n  help: set it, with LIVEKIT_API_KEY and LIVEKIT_API_SECRET, in the environment, .env.local or .env"
    )]
    NoServer,
    #[error("the {side} agent's worker could not register: {why}")]
    Worker { side: Side, why: RegisterError },
}

/// The LiveKit server of the settings, where there is one.
pub(crate) fn venue(settings: &Settings) -> Result<Option<Venue>, Failure> {
    let Some(url) = settings.get("livekit.url") else { return Ok(None) };
    let get = |key: &str, missing| {
        settings.get(key).map(str::to_owned).ok_or_else(|| VenueError::NoKey { url: url.to_owned(), missing })
    };
    Ok(Some(Venue {
        server: Server::new(url)?,
        key: get("livekit.api_key", "LIVEKIT_API_KEY")?,
        secret: get("livekit.api_secret", "LIVEKIT_API_SECRET")?,
    }))
}

/// Holds a conversation in a room, with workers of this process.
pub(crate) async fn converse_with_own(
    config: ConversationConfig,
    (venue, rooms): (Venue, &RoomArgs),
    cancel: Arc<AtomicBool>,
    watcher: Watcher,
) -> Result<Summary, Failure> {
    // Nobody else's workers are to take these jobs.
    let names = SIDES.map(|side| format!("{}-{}", config.cast.agent_name(side), config.id));
    let limits = limits(&config.cast, config.duration);
    let mut workers = Vec::new();
    for side in SIDES {
        let role = OneRole { config: config.agent(side), limits: limits.clone() };
        let jobs = Arc::new(AgentJobs::new(Arc::new(role), Handle::current()));
        let registration = WorkerConfig::new(venue.server.clone(), &venue.key, &venue.secret, &names[index(side)]);
        let worker = Worker::start(registration, jobs).await;
        workers.push(worker.map_err(|why| VenueError::Worker { side, why })?);
    }
    let brief = |side| Brief { side: Some(side), ..Brief::default() };
    let conversation = RoomConversation {
        dossier: config.dossier(),
        prices: config.prices.clone(),
        limits,
        venue,
        room: rooms.room.clone().unwrap_or_else(|| config.id.clone()),
        agent_names: names,
        briefs: SIDES.map(brief),
        join: Duration::from_secs_f64(rooms.join_timeout),
        recognisers: config.listen_back.then(|| Recognisers::of(Handle::current(), &config.providers)),
    };
    let held = hold(conversation, cancel, watcher).await;
    for worker in workers {
        worker.stop().await;
    }
    Ok(held?)
}

impl RoomArgs {
    /// Whether workers of others are to do it.
    pub(crate) fn external(&self) -> bool {
        self.workers == Workers::External
    }
}
