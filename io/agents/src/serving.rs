//! A worker whose jobs are an agent of a file: [`Served`] is the agent, [`Stage`] what its jobs are made of.

use crate::brief::Brief;
use crate::file::{AgentFile, AgentFileError, wish};
use crate::jobs::{AgentJobs, Role, Roles};
use crate::venue::Venue;
use async_trait::async_trait;
use duologue_conversation::scenario::{CastScenario, Casting, LoadError, Side, load, persona_names, scenario_names};
use duologue_conversation::{AgentConfig, limits, session_config};
use duologue_ids::Seed;
use duologue_models::scripted::{Dialogue, DialogueError};
use duologue_providers::{ChoiceError, ConnectError, Connector, Local, Settings, SideChoices, Wishes, voices};
use duologue_tools::Toolbox;
use duologue_worker::{Offer, RegisterError, Worker, WorkerConfig};
use std::hash::{BuildHasher, RandomState};
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;
use tokio::runtime::Handle;

/// How long to wait for a server that is not there yet.
const AGAIN: Duration = Duration::from_secs(3);

/// Why an agent is not served.
#[derive(Debug, thiserror::Error)]
pub enum ServedError {
    /// Its file.
    #[error(transparent)]
    File(#[from] AgentFileError),
    /// Its lines.
    #[error(transparent)]
    Dialogue(#[from] DialogueError),
}

/// An agent as it is served: its file, whom it plays, its lines and its tools.
pub struct Served {
    file: AgentFile,
    cast: CastScenario,
    dialogue: Option<Arc<Dialogue>>,
    toolbox: Option<Toolbox>,
}

impl Served {
    /// Reads the file at a path, or the agent of that name that comes with Duologue. Blocks on the disk.
    ///
    /// # Errors
    /// [`ServedError`].
    pub fn load(reference: &str) -> Result<Served, ServedError> {
        Served::of(AgentFile::load(reference)?)
    }

    /// An agent that is known already. Blocks on the disk, for the scenario and the lines that it names.
    ///
    /// # Errors
    /// [`ServedError`].
    pub fn of(file: AgentFile) -> Result<Served, ServedError> {
        let cast = file.cast()?;
        let dialogue = file.dialogue.as_deref().map(|path| Dialogue::load(Path::new(path))).transpose()?;
        Ok(Served { file, cast, dialogue: dialogue.map(Arc::new), toolbox: None })
    }

    /// The same with tools that do something, which all its conversations share.
    #[must_use]
    pub fn with_toolbox(self, toolbox: Option<Toolbox>) -> Served {
        Served { toolbox, ..self }
    }

    /// Its file.
    pub fn file(&self) -> &AgentFile {
        &self.file
    }

    /// Which models serve it, where a dispatch says nothing else.
    ///
    /// # Errors
    /// There is no such provider, or a key is missing.
    pub fn choices(&self, settings: &Settings) -> Result<SideChoices, ChoiceError> {
        choices(self.file.side, &self.cast, None, settings)
    }
}

fn choices(
    side: Side,
    cast: &CastScenario,
    voice: Option<String>,
    settings: &Settings,
) -> Result<SideChoices, ChoiceError> {
    let choices = SideChoices::of(side, &Wishes { voice, ..Wishes::default() }, cast, settings)?;
    choices.check_keys(side, settings)?;
    Ok(choices)
}

/// What jobs are made of: an agent, and the models of this machine where it uses any.
pub struct Stage {
    settings: Settings,
    local: Option<Local>,
    served: RwLock<Arc<Served>>,
}

impl Stage {
    /// Jobs are made of this from now on.
    pub fn new(served: Served, settings: Settings, local: Option<Local>) -> Stage {
        Stage { settings, local, served: RwLock::new(Arc::new(served)) }
    }

    /// The agent that new jobs are.
    pub fn now(&self) -> Arc<Served> {
        self.served.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// New jobs are another agent; those that are under way stay what they are.
    pub fn replace(&self, served: Served) {
        *self.served.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(served);
    }

    /// Registers a worker for these jobs; a server that is not there yet is waited for. Models and tools work on the runtime `models`.
    ///
    /// # Errors
    /// The server refuses it.
    pub async fn register(self: &Arc<Self>, venue: &Venue, models: &Handle) -> Result<Worker, RegisterError> {
        loop {
            match self.register_once(venue, models).await {
                Err(RegisterError::Connect(why)) if why.is_passing() => {
                    tracing::warn!(%why, "the server is not there yet; it is tried again");
                    tokio::time::sleep(AGAIN).await;
                }
                other => return other,
            }
        }
    }

    /// The same, but does not wait for the server.
    ///
    /// # Errors
    /// The server is not there, or refuses it.
    pub async fn register_once(self: &Arc<Self>, venue: &Venue, models: &Handle) -> Result<Worker, RegisterError> {
        let served = self.now();
        let mut config =
            WorkerConfig::new(venue.server.clone(), &venue.key, venue.secret.expose(), &served.file.agent_name);
        (config.jobs_max, config.drain) = (served.file.jobs, served.file.drain());
        Worker::start(config, Arc::new(AgentJobs::new(self.clone(), models.clone()))).await
    }

    /// Ends tools and models.
    pub async fn close(&self) {
        if let Some(toolbox) = &self.now().toolbox {
            toolbox.close().await;
        }
        if let Some(local) = &self.local {
            local.models.shutdown().await;
        }
    }

    fn agent(&self, brief: Brief) -> Result<Role, RoleError> {
        let served = self.now();
        let (side, own) = (brief.side.unwrap_or(served.file.side), brief.cast.is_none() && brief.scenario.is_none());
        let cast = if own { served.cast.clone() } else { casting(&brief, side, &served.file)? };
        let cast = wish(&cast, side, &brief.providers, &Default::default());
        let choices = choices(side, &cast, brief.voice.clone(), &self.settings)?;
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
        let mut session = session_config(&cast, side, seed(&brief), None);
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

#[async_trait]
impl Roles for Stage {
    async fn role(&self, _: &Offer, brief: Option<Brief>) -> Result<Role, String> {
        self.agent(brief.unwrap_or_default()).map_err(|why| why.to_string())
    }
}

/// Why a dispatch does not become an agent.
#[derive(Debug, thiserror::Error)]
enum RoleError {
    #[error(transparent)]
    Choice(#[from] ChoiceError),
    #[error(transparent)]
    Connect(#[from] ConnectError),
    #[error(transparent)]
    Dialogue(#[from] DialogueError),
    #[error("{0}")]
    Scenario(Box<LoadError>),
    #[error("there is no scenario `{0}` in the library; send the whole of it as `cast`")]
    UnknownScenario(String),
    #[error("there is no persona `{0}` in the library")]
    UnknownPersona(String),
}

/// As the dispatch says, else by chance.
fn seed(brief: &Brief) -> Seed {
    Seed(brief.seed.unwrap_or_else(|| RandomState::new().hash_one(0_u8)))
}

/// The scenario that a dispatch wants, with the models and the voice of the file where the scenario says nothing else.
fn casting(brief: &Brief, side: Side, file: &AgentFile) -> Result<CastScenario, RoleError> {
    let cast = match (&brief.cast, &brief.scenario) {
        (Some(cast), _) => (**cast).clone(),
        (None, name) => {
            let name = name.as_deref().unwrap_or_default();
            let persona = brief.persona.clone();
            // Who dispatches may not have this machine's files read.
            if !scenario_names().any(|known| known == name) {
                return Err(RoleError::UnknownScenario(name.to_owned()));
            }
            if let Some(unknown) = persona.as_ref().filter(|name| !persona_names().any(|known| known == name.as_str()))
            {
                return Err(RoleError::UnknownPersona(unknown.clone()));
            }
            let casting = match side {
                Side::Support => Casting { support: persona, customer: None },
                Side::Customer => Casting { support: None, customer: persona },
            };
            load(name, &casting).map_err(|e| RoleError::Scenario(Box::new(e.without_content())))?
        }
    };
    Ok(wish(&cast, side, &file.providers, &file.voice))
}
