//! Local models as [`Llm`], [`Stt`] and [`Tts`], each a request to a supervised child process.
//!
//! [`LocalModels::start`] starts the engines side by side and returns when both are warm. What they share is the
//! [`HeavyGate`]: writing and recognising take turns where processors are few. Speaking passes beside it, since a clause
//! takes about 60 ms and must not wait for the rest of the line it belongs to.

mod line;
mod llm;
mod prompt;
mod stt;
mod tts;

pub use llm::LocalLlm;
pub use stt::LocalStt;
pub use tts::LocalTts;

use crate::child::{Engine, EngineError, EngineSpec, HeavyGate, find_engine};
use duologue_models::{Llm, ModelError, Stt, Tts};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Where the models are; an engine without one is not started.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LocalModelPaths {
    /// A GGUF file of a language model with a ChatML prompt format.
    pub llm: Option<PathBuf>,
    /// The folder with the models for hearing and speaking.
    pub speech_dir: Option<PathBuf>,
}

/// How the engines use the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalOptions {
    /// Processors to count with; all of the machine by default.
    pub processors: usize,
    /// Tokens that a call may take, instructions included.
    pub context: u32,
    /// Parties whose part of a call is kept in the language model's memory; more than these may talk, but then their
    /// history is read again for each reply.
    pub sessions: u32,
    /// Where the engines' programs are; see [`find_engine`] for where they are looked for without it.
    pub engine_dir: Option<PathBuf>,
}

impl Default for LocalOptions {
    fn default() -> LocalOptions {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        LocalOptions { processors, context: 4096, sessions: 4, engine_dir: None }
    }
}

/// The local engines, running and warm. They end when this and all models taken from it are dropped.
#[derive(Debug)]
pub struct LocalModels {
    llm: Option<Arc<Engine>>,
    speech: Option<Arc<Engine>>,
    gate: HeavyGate,
    context: u32,
    parties: AtomicU32,
}

impl LocalModels {
    /// Starts what `paths` names, at the same time, and waits until all is warm. Where one fails the other one is ended.
    pub async fn start(paths: LocalModelPaths, options: LocalOptions) -> Result<LocalModels, ModelError> {
        let (llm, speech) = futures::future::try_join(
            start(paths.llm.map(|model| language_engine(&model, &options))),
            start(paths.speech_dir.map(|folder| speech_engine(&folder, &options))),
        )
        .await?;
        let gate = HeavyGate::for_processors(options.processors);
        Ok(LocalModels { llm, speech, gate, context: options.context, parties: AtomicU32::new(1) })
    }

    /// The language model, where one was named. Take one for each party: each keeps its own place in the cache.
    pub fn llm(&self) -> Option<Arc<dyn Llm>> {
        let engine = self.llm.as_ref()?;
        let party = self.parties.fetch_add(1, Ordering::Relaxed);
        Some(Arc::new(LocalLlm::new(Arc::clone(engine), self.gate.clone(), self.context, party)))
    }

    /// Recognition, where a speech model was named.
    pub fn stt(&self) -> Option<Arc<dyn Stt>> {
        let engine = self.speech.as_ref()?;
        Some(Arc::new(LocalStt::new(Arc::clone(engine), self.gate.clone())))
    }

    /// Speech, where a speech model was named.
    pub fn tts(&self) -> Option<Arc<dyn Tts>> {
        let engine = self.speech.as_ref()?;
        Some(Arc::new(LocalTts::new(Arc::clone(engine))))
    }

    /// Names of the voices; none without a speech model.
    pub fn voices(&self) -> &[String] {
        self.speech.as_ref().map_or(&[], |engine| engine.voices())
    }

    /// Ends the engines and waits for it, at most some seconds.
    pub async fn shutdown(&self) {
        futures::future::join_all(self.llm.iter().chain(&self.speech).map(|engine| engine.shutdown())).await;
    }
}

async fn start(spec: Option<Result<EngineSpec, EngineError>>) -> Result<Option<Arc<Engine>>, EngineError> {
    match spec {
        Some(spec) => Ok(Some(Arc::new(Engine::start(spec?).await?))),
        None => Ok(None),
    }
}

fn language_engine(model: &Path, options: &LocalOptions) -> Result<EngineSpec, EngineError> {
    let mut spec =
        EngineSpec::new("the local language model", find_engine("duologue-engine-llm", options.engine_dir.as_deref())?);
    spec.arguments = arguments([
        ("--model", model.into()),
        ("--threads", threads(options).to_string().into()),
        ("--context", options.context.to_string().into()),
        ("--sessions", options.sessions.to_string().into()),
    ]);
    Ok(spec)
}

fn speech_engine(folder: &Path, options: &LocalOptions) -> Result<EngineSpec, EngineError> {
    let mut spec = EngineSpec::new(
        "the local speech engine",
        find_engine("duologue-engine-speech", options.engine_dir.as_deref())?,
    );
    spec.arguments = arguments([("--dir", folder.into()), ("--threads", threads(options).min(4).to_string().into())]);
    // Recognition says nothing until it has everything, and shares the machine with much else.
    spec.silent_for = Duration::from_secs(30);
    Ok(spec)
}

fn arguments<const N: usize>(pairs: [(&str, OsString); N]) -> Vec<OsString> {
    pairs.into_iter().flat_map(|(name, value)| [name.into(), value]).collect()
}

/// Threads of one heavy request: with as many requests at once as the gate lets pass, no two threads share a processor.
/// Beyond eight it does not become faster.
fn threads(options: &LocalOptions) -> usize {
    match options.processors {
        0 | 1 => 1,
        2..=4 => 2,
        many => (many / 2).min(8),
    }
}
