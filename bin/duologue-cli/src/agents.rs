//! `duologue agent`: a worker whose jobs are an agent of a file.

use crate::args::{AgentCommand, ProviderArgs};
use crate::connect::Connector;
use crate::converse::{Local, fresh_seed, start_local};
use crate::output::{Exit, Failure, note, note_error, print};
use crate::providers::SideChoices;
use crate::settings::Settings;
use crate::voices;
use async_trait::async_trait;
use duologue_agents::{AgentFile, AgentJobs, Brief, Role, Roles, Venue, agent_schema, names, text_of, wish};
use duologue_conversation::scenario::{CastScenario, Casting, Side, load, persona_names, scenario_names};
use duologue_conversation::{AgentConfig, limits, session_config};
use duologue_ids::Seed;
use duologue_models::scripted::Dialogue;
use duologue_tools::Toolbox;
use duologue_worker::{Offer, RegisterError, Standing, Worker, WorkerConfig};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval, sleep};

/// What a worker logs where DUOLOGUE_LOG says nothing.
pub(crate) const LOGGED: &str =
    "duologue=info,duologue_agents=info,duologue_worker=info,duologue_conversation=info,duologue_tools=info";
/// How often the file is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// How long to wait for a server that is not there yet.
const AGAIN: Duration = Duration::from_secs(3);

/// Whether a command needs no settings.
pub(crate) fn is_about_files(command: &AgentCommand) -> bool {
    matches!(command, AgentCommand::Show { .. } | AgentCommand::Schema)
}

pub(crate) fn show(command: &AgentCommand) -> Result<Exit, Failure> {
    match command {
        AgentCommand::Show { agent } => match text_of(agent) {
            Some(text) => print(text.trim_end()),
            None => return Err(format!("no agent `{agent}` comes with Duologue\n  help: there are {}", known()).into()),
        },
        _ => print(serde_json::to_string_pretty(&agent_schema())?),
    }
    Ok(Exit::Done)
}

fn known() -> String {
    names().collect::<Vec<_>>().join(", ")
}

pub(crate) async fn serve(command: &AgentCommand, settings: &Settings) -> Result<Exit, Failure> {
    let (reference, dev) = match command {
        AgentCommand::Dev { agent } => (agent, true),
        AgentCommand::Start { agent } => (agent, false),
        AgentCommand::Show { .. } | AgentCommand::Schema => return show(command),
    };
    let served = Served::open(reference, settings).await?;
    let venue = crate::livekit::venue(settings)?;
    let equipped = Equipped::with(served, settings).await?;
    let done = work(reference, dev, (&equipped.stage, &venue, &equipped.models)).await;
    equipped.put_away().await;
    done
}

/// An agent with its models.
struct Equipped {
    stage: Arc<Stage>,
    models: Runtime,
}

impl Equipped {
    async fn with(served: Served, settings: &Settings) -> Result<Equipped, Failure> {
        let choices = served.choices(served.file.side, &served.cast, None, settings)?;
        let local = start_local(&[choices], settings).await?;
        // Models and tools have threads of their own: one that blocks mutes nobody.
        let models = Builder::new_multi_thread().thread_name("models").enable_all().build()?;
        let stage = Arc::new(Stage { settings: settings.clone(), local, served: RwLock::new(Arc::new(served)) });
        Ok(Equipped { stage, models })
    }

    async fn put_away(self) {
        if let Some(toolbox) = &self.stage.now().toolbox {
            toolbox.close().await;
        }
        self.models.shutdown_background();
        if let Some(local) = Arc::into_inner(self.stage).and_then(|stage| stage.local) {
            local.models.shutdown().await;
        }
    }
}

/// An agent that takes jobs beside whatever else this process does.
pub(crate) struct Serving {
    equipped: Equipped,
    worker: Worker,
}

impl Serving {
    pub(crate) async fn start(reference: &str, settings: &Settings, venue: &Venue) -> Result<Serving, Failure> {
        let equipped = Equipped::with(Served::open(reference, settings).await?, settings).await?;
        match start(&equipped.stage, venue, &equipped.models).await {
            Ok(worker) => Ok(Serving { equipped, worker }),
            Err(why) => {
                equipped.put_away().await;
                Err(why)
            }
        }
    }

    /// Ends it after the conversations that are under way; another Ctrl-C ends those too.
    pub(crate) async fn end(self) {
        end(self.worker, false).await;
        self.equipped.put_away().await;
    }
}

/// Serves until somebody says that it is enough.
async fn work(
    reference: &str,
    dev: bool,
    (stage, venue, models): (&Arc<Stage>, &Venue, &Runtime),
) -> Result<Exit, Failure> {
    let mut worker = start(stage, venue, models).await?;
    let mut seen = changed(reference);
    let mut look = interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let stop = crate::interrupt::interrupted();
    tokio::pin!(stop);
    // Workers under earlier names, which end after their conversations, or with this one.
    let (over, mut former) = (watch::Sender::new(false), JoinSet::new());
    loop {
        tokio::select! {
            _ = &mut stop => break,
            _ = look.tick(), if dev => {}
        }
        let now = changed(reference);
        if now == seen {
            continue;
        }
        seen = now;
        let before = stage.now();
        match Served::open(reference, &stage.settings).await {
            Err(error) => note_error(error),
            Ok(served) => {
                let same = before.file.agent_name == served.file.agent_name && before.file.jobs == served.file.jobs;
                *stage.served.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(served);
                note("The file changed: new conversations follow it.");
                if !same {
                    let old = std::mem::replace(&mut worker, start(stage, venue, models).await?);
                    let mut over = over.subscribe();
                    former.spawn(old.drain_until(async move { drop(over.wait_for(|over| *over).await) }));
                }
            }
        }
    }
    end(worker, dev).await;
    over.send_replace(true);
    former.join_all().await;
    Ok(Exit::Done)
}

async fn end(worker: Worker, dev: bool) {
    let jobs = match &*worker.standing().borrow() {
        Standing::Registered { jobs, .. } | Standing::Draining { jobs } => *jobs,
        _ => 0,
    };
    if dev || jobs == 0 {
        return worker.stop().await;
    }
    note(format!("{jobs} under way; the worker ends after them. Once more to end them now."));
    let enough = async {
        crate::interrupt::interrupted().await;
    };
    worker.drain_until(enough).await;
}

/// Registers; a server that is not there yet is waited for.
async fn start(stage: &Arc<Stage>, venue: &Venue, models: &Runtime) -> Result<Worker, Failure> {
    let served = stage.now();
    let mut config =
        WorkerConfig::new(venue.server.clone(), &venue.key, venue.secret.expose(), &served.file.agent_name);
    (config.jobs_max, config.drain) = (served.file.jobs, served.file.drain());
    loop {
        let jobs = Arc::new(AgentJobs::new(stage.clone(), models.handle().clone()));
        match Worker::start(config.clone(), jobs).await {
            Ok(worker) => {
                note(format!("`{}` is served to {}", served.file.agent_name, venue.server.url()));
                return Ok(worker);
            }
            Err(RegisterError::Connect(why)) if why.is_passing() => {
                tracing::warn!(%why, "the server is not there yet; it is tried again");
                sleep(AGAIN).await;
            }
            Err(why) => return Err(why.into()),
        }
    }
}

fn changed(reference: &str) -> Option<SystemTime> {
    std::fs::metadata(reference).and_then(|file| file.modified()).ok()
}

/// What is served.
struct Served {
    file: AgentFile,
    cast: CastScenario,
    dialogue: Option<Arc<Dialogue>>,
    /// Tools of servers, which all its conversations share.
    toolbox: Option<Toolbox>,
}

impl Served {
    async fn open(reference: &str, settings: &Settings) -> Result<Served, Failure> {
        let served = Served::load(reference)?;
        let toolbox = crate::tools::of(&served.file, settings).await?;
        Ok(Served { toolbox, ..served })
    }

    fn load(reference: &str) -> Result<Served, Failure> {
        let file = AgentFile::load(reference)?;
        let cast = file.cast()?;
        let dialogue = file.dialogue.as_deref().map(|path| Dialogue::load(Path::new(path))).transpose()?;
        Ok(Served { file, cast, dialogue: dialogue.map(Arc::new), toolbox: None })
    }

    fn choices(
        &self,
        side: Side,
        cast: &CastScenario,
        voice: Option<String>,
        settings: &Settings,
    ) -> Result<SideChoices, Failure> {
        let (support_voice, customer_voice) = (voice.clone(), voice);
        let flags = ProviderArgs { support_voice, customer_voice, ..ProviderArgs::default() };
        let choices = SideChoices::of(side, &flags, cast, settings)?;
        choices.check_keys(side, settings)?;
        Ok(choices)
    }
}

/// Everything that jobs are made of.
struct Stage {
    settings: Settings,
    local: Option<Local>,
    served: RwLock<Arc<Served>>,
}

#[async_trait]
impl Roles for Stage {
    async fn role(&self, _: &Offer, brief: Option<Brief>) -> Result<Role, String> {
        self.agent(brief.unwrap_or_default()).map_err(|why| why.to_string())
    }
}

impl Stage {
    fn now(&self) -> Arc<Served> {
        self.served.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn agent(&self, brief: Brief) -> Result<Role, Failure> {
        let served = self.now();
        let (side, own) = (brief.side.unwrap_or(served.file.side), brief.cast.is_none() && brief.scenario.is_none());
        let cast = if own { served.cast.clone() } else { casting(&brief, side, &served.file)? };
        let cast = wish(&cast, side, &brief.providers, &Default::default());
        let choices = served.choices(side, &cast, brief.voice.clone(), &self.settings)?;
        let voice = voices::voice(side, &[choices.clone(), choices.clone()], &cast)?;
        let dialogue = match &brief.dialogue {
            Some(lines) => Some(Arc::new(lines.parse::<Dialogue>()?)),
            None => served.dialogue.clone(),
        };
        let connector = Connector {
            dialogue,
            cast: &cast,
            voices: &[voice.clone(), voice],
            settings: &self.settings,
            local: self.local.as_ref().map(|local| &local.models),
            cassette: None,
        };
        let providers = connector.connect_side(side, &choices)?;
        let language_model = self.local.as_ref().and_then(|local| local.language_model.as_deref());
        let seed = Seed(brief.seed.unwrap_or_else(fresh_seed));
        let mut session = session_config(&cast, side, seed, None);
        if let (true, Some(instructions)) = (own, &served.file.instructions) {
            session.instructions = instructions.as_str().into();
            // They are its own on either side; in a scenario they are the support agent's.
            session.tools = cast.tools(Side::Support).into();
        }
        let models = choices.describe(language_model);
        let mut config = AgentConfig::new(session, providers, models).with_tools(&cast.scenario().tools);
        // A scenario is judged by what its own tools were called for.
        if let (true, Some(toolbox)) = (own, &served.toolbox) {
            config = config.with_toolbox(toolbox);
        }
        let limits = if own && brief.conductor.is_none() { served.file.limits() } else { limits(&cast, None) };
        Ok(Role { hears: served.file.hears(), ..Role::new(config, limits, brief.conductor) })
    }
}

/// The scenario that a dispatch wants, with the models and the voice of the file where the scenario says nothing else.
fn casting(brief: &Brief, side: Side, file: &AgentFile) -> Result<CastScenario, Failure> {
    let cast = match (&brief.cast, &brief.scenario) {
        (Some(cast), _) => (**cast).clone(),
        (None, name) => {
            let name = name.as_deref().unwrap_or_default();
            let persona = brief.persona.clone();
            // Who dispatches may not have this machine's files read.
            if !scenario_names().any(|known| known == name) {
                return Err(
                    format!("there is no scenario `{name}` in the library; send the whole of it as `cast`").into()
                );
            }
            if let Some(unknown) = persona.as_ref().filter(|name| !persona_names().any(|known| known == name.as_str()))
            {
                return Err(format!("there is no persona `{unknown}` in the library").into());
            }
            let casting = match side {
                Side::Support => Casting { support: persona, customer: None },
                Side::Customer => Casting { support: None, customer: persona },
            };
            load(name, &casting).map_err(|e| e.without_content())?
        }
    };
    Ok(wish(&cast, side, &file.providers, &file.voice))
}
