//! A conversation in a room of a LiveKit server.

use crate::args::{ConverseArgs, MeetingArgs};
use crate::output::Failure;
use duologue_agents::{AgentJobs, Brief, OneRole, RoomConversation, Venue, Watcher, hold};
use duologue_conversation::scenario::{CastScenario, Provider, Providers, Side};
use duologue_conversation::{ConversationConfig, Dossier, Recognisers, Summary, index, limits};
use duologue_providers::{Settings, Wishes};
use duologue_sfu::{ApiKey, RoomServer, RoomServerConfig};
use duologue_worker::{RegisterError, Server, Worker, WorkerConfig};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;
use tokio::runtime::Handle;

const SIDES: [Side; 2] = [Side::Support, Side::Customer];

#[derive(Debug, thiserror::Error)]
enum WorkerError {
    #[error("the {side} agent's worker could not register: {why}")]
    Register { side: Side, why: RegisterError },
}

/// Where a conversation is held: on the server of the settings, else on one of this process, which lives as long as this.
pub(crate) struct Place {
    venue: Venue,
    own: Option<RoomServer>,
}

impl Place {
    pub(crate) async fn of(settings: &Settings) -> Result<Place, Failure> {
        if settings.get("livekit.url").is_some() {
            return Ok(Place { venue: Venue::of(settings)?, own: None });
        }
        // Nobody else is to come in: it is on this machine only, and the key is new.
        let key = ApiKey { key: "duologue".to_owned(), secret: duologue_api::fresh_secret()? };
        let here = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
        let config = RoomServerConfig { signalling: here, media: here, ..RoomServerConfig::local(key.clone()) };
        let own = RoomServer::start(config).await?;
        let server = Server::new(&format!("ws://{}", own.signalling()))?;
        Ok(Place { venue: Venue { server, key: key.key, secret: key.secret }, own: Some(own) })
    }
}

/// Holds a conversation in a room, with workers of this process.
pub(crate) async fn converse_with_own(
    config: ConversationConfig,
    (place, rooms): (Place, &MeetingArgs),
    cancel: Arc<AtomicBool>,
    watcher: Watcher,
) -> Result<Summary, Failure> {
    let Place { venue, own } = place;
    // Nobody else's workers are to take these jobs.
    let names = SIDES.map(|side| format!("{}-{}", config.cast.agent_name(side), config.id));
    let limits = limits(&config.cast, config.duration);
    let mut workers = Vec::new();
    for side in SIDES {
        let role = OneRole { config: config.agent(side), limits: limits.clone() };
        let jobs = Arc::new(AgentJobs::new(Arc::new(role), Handle::current()));
        let registration =
            WorkerConfig::new(venue.server.clone(), &venue.key, venue.secret.expose(), &names[index(side)]);
        let worker = Worker::start(registration, jobs).await;
        workers.push(worker.map_err(|why| WorkerError::Register { side, why })?);
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
    if let Some(own) = own {
        own.stop().await;
    }
    Ok(held?)
}

/// Holds a conversation in a room, with workers that were started elsewhere.
pub(crate) async fn converse_with_others(
    dossier: Dossier,
    (venue, args): (Venue, &ConverseArgs),
    cancel: Arc<AtomicBool>,
    watcher: Watcher,
) -> Result<Summary, Failure> {
    let dialogue = args.dialogue.as_deref().map(std::fs::read_to_string).transpose()?;
    let cast = dossier.cast.clone();
    let played = lasting(&cast, args.duration);
    let brief = |side| Brief {
        side: Some(side),
        cast: Some(Box::new(played.clone())),
        seed: Some(dossier.seed.0),
        voice: args.providers.wishes(side).voice,
        providers: planned(args.providers.wishes(side)),
        dialogue: dialogue.clone(),
        ..Brief::default()
    };
    let conversation = RoomConversation {
        prices: Default::default(),
        limits: limits(&cast, args.duration.map(Duration::from_secs_f64)),
        venue,
        room: args.rooms.room.clone().unwrap_or_else(|| dossier.id.clone()),
        agent_names: SIDES.map(|side| cast.agent_name(side).to_owned()),
        briefs: SIDES.map(brief),
        join: Duration::from_secs_f64(args.rooms.join_timeout),
        recognisers: None,
        dossier,
    };
    Ok(hold(conversation, cancel, watcher).await?)
}

/// The scenario as the agents are told of it: with the time that the command line gives it.
fn lasting(cast: &CastScenario, seconds: Option<f64>) -> CastScenario {
    let mut scenario = cast.scenario().clone();
    scenario.limits.duration_s = seconds.unwrap_or(scenario.limits.duration_s);
    CastScenario::new(scenario, cast.persona(Side::Support).clone(), cast.persona(Side::Customer).clone())
}

/// What the command line says of models, for the workers; what it leaves open is theirs to say.
fn planned(wishes: Wishes) -> Providers {
    let plan = |name: Option<String>| {
        name.map(|provider| Provider { provider, model: None, base_url: None, api_key_env: None })
    };
    Providers { stt: plan(wishes.stt), llm: plan(wishes.llm), tts: plan(wishes.tts) }
}
