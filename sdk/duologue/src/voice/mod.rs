//! An agent that talks: the worker that takes jobs in rooms under its name, beside the server that answers other agents.

mod error;
mod tools;

pub use error::VoiceError;

use crate::config::{Config, Voice};
use crate::doings::Doings;
use crate::skills::Skills;
use duologue_agents::{AgentFile, Served, Stage, Venue};
use duologue_conversation::scenario::Side;
use duologue_providers::{LocalPlan, Settings};
use duologue_tools::Tool;
use duologue_worker::{RegisterError, Worker};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Mutex;
use tokio_util::task::AbortOnDropHandle;

/// What the program says of an agent that talks.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words {
    pub(crate) instructions: Option<String>,
    pub(crate) tools: Vec<Tool>,
}

/// Where the program or the file gives it a voice.
pub(crate) async fn talk(
    (config, words): (&Config, &Words),
    skills: &Skills,
    doings: &Doings,
) -> Result<Option<Talking>, VoiceError> {
    let usual = Voice::default();
    match (&config.voice, &words.instructions) {
        (None, None) => Ok(None),
        (voice, _) => Ok(Some(Talking::start((voice.as_ref().unwrap_or(&usual), words), skills, doings).await?)),
    }
}

/// A worker that takes jobs.
pub(crate) struct Talking {
    stage: Arc<Stage>,
    /// None until the server is there.
    worker: Arc<Mutex<Option<Worker>>>,
    models: Option<Runtime>,
    _waiting: Option<AbortOnDropHandle<()>>,
}

impl Talking {
    /// Loads models, reaches for tools and experts, and registers. A server that is not there yet is waited for beside everything else.
    async fn start((voice, words): (&Voice, &Words), skills: &Skills, doings: &Doings) -> Result<Talking, VoiceError> {
        let settings = settings()?;
        let venue = Venue::of(&settings)?;
        let file = file(voice, words, &skills.name)?;
        let toolbox = tools::of((voice, words), skills, (doings, &settings)).await?;
        let served = Served::of(file)?.with_toolbox(Some(toolbox));
        let local = match LocalPlan::of(&[served.choices(&settings)?], &settings)? {
            Some(plan) => {
                plan.verify().await?;
                Some(plan.start().await?)
            }
            None => None,
        };
        // Models and tools have threads of their own: one that blocks mutes nobody.
        let models =
            Builder::new_multi_thread().thread_name("models").enable_all().build().map_err(VoiceError::Threads)?;
        let stage = Arc::new(Stage::new(served, settings, local));
        let mut talking = Talking { stage, worker: Arc::default(), models: Some(models), _waiting: None };
        talking.register(venue).await?;
        Ok(talking)
    }

    async fn register(&mut self, venue: Venue) -> Result<(), VoiceError> {
        let Some(models) = self.models.as_ref().map(|models| models.handle().clone()) else { return Ok(()) };
        match self.stage.register_once(&venue, &models).await {
            Ok(worker) => keep(worker, &self.stage, &self.worker).await,
            Err(RegisterError::Connect(why)) if why.is_passing() => {
                tracing::warn!(%why, "The LiveKit server is not there yet; it is waited for");
                let (stage, worker) = (self.stage.clone(), self.worker.clone());
                self._waiting = Some(AbortOnDropHandle::new(tokio::spawn(async move {
                    match stage.register(&venue, &models).await {
                        Ok(registered) => keep(registered, &stage, &worker).await,
                        Err(error) => {
                            tracing::error!(%error, "The LiveKit server refuses this agent, which does not talk")
                        }
                    }
                })));
            }
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Takes no more jobs, lets those end that are under way, for as long as the file says, and then models and tools.
    pub(crate) async fn stop(mut self) {
        self._waiting = None;
        if let Some(worker) = self.worker.lock().await.take() {
            worker.drain().await;
        }
        self.stage.close().await;
    }
}

impl Drop for Talking {
    fn drop(&mut self) {
        // It may be dropped where nothing may block.
        if let Some(models) = self.models.take() {
            models.shutdown_background();
        }
    }
}

async fn keep(registered: Worker, stage: &Stage, worker: &Mutex<Option<Worker>>) {
    *worker.lock().await = Some(registered);
    tracing::info!(agent_name = stage.now().file().agent_name, "Voice agent takes jobs");
}

/// `duologue.yaml`, `.env` and `.env.local` of the current folder, and the environment.
fn settings() -> Result<Settings, VoiceError> {
    let read = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((name.into_string().ok()?, value.into_string().ok()?))
    };
    let environment: BTreeMap<String, String> = std::env::vars_os().filter_map(read).collect();
    Ok(Settings::read(Path::new("."), &environment, &[])?)
}

/// The agent as workers know it.
fn file(voice: &Voice, words: &Words, name: &str) -> Result<AgentFile, VoiceError> {
    let instructions = voice.instructions.clone().or_else(|| words.instructions.clone());
    let voice = voice.clone();
    Ok(AgentFile {
        agent_name: agent_name(voice.agent_name, name)?,
        instructions: Some(instructions.ok_or(VoiceError::NoInstructions)?),
        scenario: None,
        side: Side::Support,
        persona: None,
        opens: voice.opens,
        greeting: voice.greeting,
        language: voice.language,
        providers: voice.providers,
        voice: voice.voice,
        tools: Vec::new(),
        experts: BTreeMap::new(),
        dialogue: voice.dialogue,
        hears: voice.hears,
        limits: voice.limits,
        jobs: voice.jobs,
        drain_s: voice.drain_s,
    })
}

fn agent_name(given: Option<String>, name: &str) -> Result<String, VoiceError> {
    let fits = |name: &str| {
        (1..=64).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    let chosen = given.unwrap_or_else(|| name.to_owned());
    if fits(&chosen) { Ok(chosen) } else { Err(VoiceError::Name(chosen)) }
}

impl std::fmt::Debug for Talking {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Talking").finish_non_exhaustive()
    }
}
