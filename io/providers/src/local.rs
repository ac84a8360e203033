//! The models of this machine that a choice needs: [`LocalPlan`], then [`Local`].

use crate::choice::{Choice, SideChoices};
use crate::settings::Settings;
use duologue_engine::local::{LocalModelPaths, LocalModels, LocalOptions};
use duologue_engine::store::{
    BadAddress, CancelFlag, ModelStatus, ModelStore, OpenError, Role, Silent, State, Unavailable, VerifyError,
};
use duologue_models::ModelError;
use std::path::PathBuf;

/// Why there are no local models.
#[derive(Debug, thiserror::Error)]
pub enum LocalError {
    /// Nobody knows where they are kept.
    #[error(transparent)]
    Store(#[from] OpenError),
    /// The mirror of the settings is none.
    #[error(transparent)]
    Mirror(#[from] BadAddress),
    /// One is missing or damaged.
    #[error(transparent)]
    Unavailable(#[from] Unavailable),
    /// One was read for the first time, and is not what it should be.
    #[error(transparent)]
    Verify(#[from] VerifyError),
    /// Reading one ended early.
    #[error("a model could not be read to its end")]
    Cut(#[from] tokio::task::JoinError),
    /// An engine did not start.
    #[error(transparent)]
    Start(#[from] ModelError),
}

/// Local models, running.
#[derive(Debug)]
pub struct Local {
    /// They.
    pub models: LocalModels,
    /// Id of the language model, where one is among them.
    pub language_model: Option<String>,
}

/// The local models that somebody chose, found in the cache and not yet started.
#[derive(Debug)]
pub struct LocalPlan {
    store: ModelStore,
    paths: LocalModelPaths,
    language_model: Option<&'static str>,
    options: LocalOptions,
}

impl LocalPlan {
    /// What these choices need; nothing where no stage is local.
    ///
    /// # Errors
    /// A model is missing or damaged.
    pub fn of(sides: &[SideChoices], settings: &Settings) -> Result<Option<LocalPlan>, LocalError> {
        if !sides.iter().any(|s| s.uses(&Choice::Local)) {
            return Ok(None);
        }
        let store = model_store(settings)?;
        let wants_llm = sides.iter().any(|s| s.llm == Choice::Local);
        let wants_speech = sides.iter().any(|s| s.stt == Choice::Local || s.tts == Choice::Local);
        let language_model = if wants_llm { Some(store.language_model(settings.get("language_model"))?) } else { None };
        let speech_dir = if wants_speech { Some(store.speech_dir()?) } else { None };
        let paths = LocalModelPaths { llm: language_model.as_ref().map(|m| m.path.clone()), speech_dir };
        let language_model = language_model.map(|m| m.model.id);
        Ok(Some(LocalPlan { store, paths, language_model, options: engine_options(settings) }))
    }

    /// Models of it that were never compared with their checksums: they were copied here, or changed since.
    pub fn unread(&self) -> Vec<&'static str> {
        let is_used = |s: &ModelStatus| match s.model.role {
            Role::LanguageModel => self.language_model == Some(s.model.id),
            _ => self.paths.speech_dir.is_some() && !s.model.optional,
        };
        let unread = self.store.status().into_iter().filter(|s| s.state == State::Unverified && is_used(s));
        unread.map(|status| status.model.id).collect()
    }

    /// Reads what was never read, once: what is damaged must not speak nonsense.
    ///
    /// # Errors
    /// One is damaged.
    pub async fn verify(&self) -> Result<(), LocalError> {
        for id in self.unread() {
            let store = self.store.clone();
            tokio::task::spawn_blocking(move || store.verify(id, &mut Silent, &CancelFlag::default())).await??;
        }
        Ok(())
    }

    /// Where they are kept.
    pub fn store(&self) -> &ModelStore {
        &self.store
    }

    /// Starts the engines that are needed, and only those; once this is over they are warm, which takes seconds.
    ///
    /// # Errors
    /// One did not start.
    pub async fn start(self) -> Result<Local, LocalError> {
        let models = LocalModels::start(self.paths, self.options).await?;
        Ok(Local { models, language_model: self.language_model.map(str::to_owned) })
    }
}

/// The cache of models that the settings name.
///
/// # Errors
/// Nobody knows where it is, or the mirror is none.
pub fn model_store(settings: &Settings) -> Result<ModelStore, LocalError> {
    let store = ModelStore::open(settings.get("models").map(PathBuf::from))?;
    Ok(match settings.get("models_mirror") {
        Some(address) => store.with_mirror(address)?,
        None => store,
    })
}

/// How the settings want engines started.
pub fn engine_options(settings: &Settings) -> LocalOptions {
    LocalOptions { engine_dir: settings.get("engine_dir").map(PathBuf::from), ..LocalOptions::default() }
}
