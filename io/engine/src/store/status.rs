//! What is in the cache, seen from outside: states, paths, verification, removal.

use std::fs;
use std::path::PathBuf;

use super::catalogue::{Model, ModelFile, Role, Tier};
use super::disk::{self, CacheLock};
use super::error::{RemoveError, Unavailable, UnknownModel, VerifyError};
use super::manifest::{Manifest, Verdict};
use super::part_file::{HashError, sha256_of};
use super::progress::{CancelFlag, Phase, Progress, Watch};
use super::{DiskError, ModelStore};

/// One line of `duologue models list`.
#[derive(Debug)]
pub struct ModelStatus {
    /// Which model.
    pub model: &'static Model,
    /// Whether it can be used.
    pub state: State,
    /// Bytes of its complete files.
    pub bytes_on_disk: u64,
    /// Bytes of unfinished downloads, which the next fetch goes on with.
    pub bytes_waiting: u64,
    /// Where it came from, if this cache fetched it: `Hugging Face`, `packages`, or the mirror's address.
    pub from: Option<String>,
}

/// Whether a model can be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// All files are there and their hashes were right when last read.
    Present,
    /// All files have the right size, but nobody has read them: they were copied here. They can be used.
    Unverified,
    /// Files are missing.
    Missing,
    /// A file is not the pinned one.
    Corrupt {
        /// Which.
        path: PathBuf,
        /// Why, for a person.
        reason: String,
    },
}

/// Where the usable models lie; `None` for what is missing or damaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalPaths {
    /// The preferred language model.
    pub language_model: Option<PathBuf>,
    /// The directory with the models for hearing and speaking, if both are there.
    pub speech_dir: Option<PathBuf>,
}

/// A language model that can be used now.
#[derive(Debug, Clone)]
pub struct LanguageModel {
    /// What it is; reports name it, and say so if its tier is [`Tier::Packages`].
    pub model: &'static Model,
    /// The GGUF file.
    pub path: PathBuf,
}

/// How one file stands; cheap, since it reads no contents.
enum FileState {
    Good(String),
    Unread,
    Missing,
    Bad(String),
}

impl ModelStore {
    /// The state of every model in the catalogue. Reads sizes and times only.
    #[must_use]
    pub fn status(&self) -> Vec<ModelStatus> {
        let manifest = Manifest::load(&self.dir);
        self.catalogue.iter().map(|model| self.status_of(model, &manifest)).collect()
    }

    pub(super) fn status_of(&self, model: &'static Model, manifest: &Manifest) -> ModelStatus {
        let (mut state, mut bytes_on_disk, mut from) = (State::Present, 0, None);
        for file in model.files {
            let found = self.file_state(file, manifest);
            if !matches!(found, FileState::Missing) {
                bytes_on_disk += fs::metadata(self.path(file)).map_or(0, |found| found.len());
            }
            state = match (state, found) {
                (corrupt @ State::Corrupt { .. }, _) => corrupt,
                (_, FileState::Bad(reason)) => State::Corrupt { path: self.path(file), reason },
                (State::Missing, _) | (_, FileState::Missing) => State::Missing,
                (State::Unverified, _) | (_, FileState::Unread) => State::Unverified,
                (State::Present, FileState::Good(place)) => {
                    from = Some(place);
                    State::Present
                }
            };
        }
        let bytes_waiting = disk::size_below(&self.partial(model));
        ModelStatus { model, state, bytes_on_disk, bytes_waiting, from }
    }

    fn file_state(&self, file: &ModelFile, manifest: &Manifest) -> FileState {
        let Ok(found) = fs::metadata(self.path(file)) else { return FileState::Missing };
        if !found.is_file() || found.len() != file.bytes {
            return FileState::Bad(format!("has {} bytes instead of {}", found.len(), file.bytes));
        }
        match manifest.verdict(file, &found) {
            Verdict::Good(from) => FileState::Good(from),
            Verdict::Bad => FileState::Bad("has the wrong SHA-256".to_owned()),
            Verdict::Unknown => FileState::Unread,
        }
    }

    /// Where the usable models lie. Checks sizes only.
    #[must_use]
    pub fn paths(&self) -> LocalPaths {
        LocalPaths {
            language_model: self.language_model(None).ok().map(|found| found.path),
            speech_dir: self.speech_dir().ok(),
        }
    }

    /// The language model `id`, or the best one that is there: the standard tier before the packages tier.
    ///
    /// # Errors
    /// It is missing or damaged, or `id` is not a language model.
    pub fn language_model(&self, id: Option<&str>) -> Result<LanguageModel, Unavailable> {
        let manifest = Manifest::load(&self.dir);
        let candidates = self.language_models();
        if let Some(id) = id {
            let model = self.model(id).and_then(|model| match model.role {
                Role::LanguageModel => Ok(model),
                _ => Err(self.not_a_language_model(id)),
            });
            let model = model.map_err(Unavailable::NotALanguageModel)?;
            self.usable(model, &manifest, format!(" {id}"))?;
            return Ok(LanguageModel { model, path: self.path(&model.files[0]) });
        }
        let mut failures = Vec::new();
        for model in candidates {
            match self.usable(model, &manifest, String::new()) {
                Ok(()) => return Ok(LanguageModel { model, path: self.path(&model.files[0]) }),
                Err(error) => failures.push(error),
            }
        }
        // A damaged model tells more than a missing one.
        let damaged = failures.iter().position(|error| matches!(error, Unavailable::Corrupt { .. }));
        let failure = failures.into_iter().nth(damaged.unwrap_or(0));
        Err(failure.unwrap_or_else(|| Unavailable::NotALanguageModel(self.not_a_language_model(""))))
    }

    /// The directory that the speech engine takes: it holds a folder for speaking and one for hearing.
    ///
    /// # Errors
    /// A speech model is missing or damaged.
    pub fn speech_dir(&self) -> Result<PathBuf, Unavailable> {
        let manifest = Manifest::load(&self.dir);
        for model in self.catalogue.iter().filter(|model| model.role != Role::LanguageModel && !model.optional) {
            self.usable(model, &manifest, String::new())?;
        }
        Ok(self.dir.join("speech"))
    }

    /// All language models, the preferred tier first.
    pub(super) fn language_models(&self) -> Vec<&'static Model> {
        let tier = |wanted| self.catalogue.iter().filter(move |model| model.tier == Some(wanted));
        tier(Tier::Standard).chain(tier(Tier::Packages)).collect()
    }

    fn not_a_language_model(&self, id: &str) -> UnknownModel {
        let known = self.language_models().iter().map(|model| model.id).collect();
        UnknownModel { asked: id.to_owned(), nearest: None, known }
    }

    fn usable(&self, model: &'static Model, manifest: &Manifest, argument: String) -> Result<(), Unavailable> {
        let (role, bytes) = (model.role, model.bytes());
        match self.status_of(model, manifest).state {
            State::Present | State::Unverified => Ok(()),
            State::Missing => {
                Err(Unavailable::Missing { role, model: model.id, bytes, dir: self.dir.clone(), argument })
            }
            State::Corrupt { path, reason } => Err(Unavailable::Corrupt { role, model: model.id, bytes, path, reason }),
        }
    }

    /// Reads a model in full and compares every hash, whatever is remembered. The outcome is remembered: a damaged
    /// model is unusable until it is fetched again.
    ///
    /// # Errors
    /// It is missing or damaged, cannot be read, or the id is wrong.
    pub fn verify(&self, id: &str, progress: &mut dyn Progress, cancel: &CancelFlag) -> Result<(), VerifyError> {
        let model = self.model(id)?;
        let mut manifest = Manifest::load(&self.dir);
        if self.status_of(model, &manifest).state == State::Missing {
            self.usable(model, &manifest, format!(" {id}"))?;
        }
        let outcome = self.read_in_full(model, &mut manifest, true, &mut Watch::new(progress, cancel));
        match outcome {
            Ok(()) => {}
            Err(HashError::Cancelled) => return Err(VerifyError::Cancelled),
            Err(HashError::Disk(error)) => return Err(error.into()),
        }
        Ok(self.usable(model, &manifest, format!(" {id}"))?)
    }

    /// Hashes the files of a model: all of them, or only those about which nothing is remembered.
    pub(super) fn read_in_full(
        &self,
        model: &'static Model,
        manifest: &mut Manifest,
        all: bool,
        watch: &mut Watch<'_>,
    ) -> Result<(), HashError> {
        let due = |file: &&ModelFile| match self.file_state(file, manifest) {
            FileState::Unread => true,
            FileState::Good(_) => all,
            FileState::Bad(_) => all && fs::metadata(self.path(file)).is_ok_and(|found| found.len() == file.bytes),
            FileState::Missing => false,
        };
        let due: Vec<_> = model.files.iter().filter(due).collect();
        if due.is_empty() {
            return Ok(());
        }
        watch.start(model, Phase::Verifying, "cache", due.iter().map(|file| file.bytes).sum());
        for file in due {
            let path = self.path(file);
            let found = fs::metadata(&path).map_err(DiskError::new("read", &path))?;
            let cancel = watch.cancel;
            let hash = sha256_of(&path, cancel, &mut |done| watch.at(done))?;
            let from = match manifest.verdict(file, &found) {
                Verdict::Good(from) => from,
                _ => "cache".to_owned(),
            };
            manifest.record(file, &found, hash == file.sha256, &from);
            watch.part_done(file.bytes);
        }
        // A cache that others own may be read-only: then the hashes are computed again next time.
        if let Err(error) = manifest.save(&self.dir) {
            tracing::debug!(%error, "the outcome of reading a model is not remembered");
        }
        Ok(())
    }

    /// Deletes models, complete or not, and gives the bytes that became free. One that is not there is fine.
    ///
    /// # Errors
    /// An id is wrong (then nothing is deleted), a file cannot be deleted, or a fetch is running.
    pub fn remove<S: AsRef<str>>(&self, ids: &[S]) -> Result<u64, RemoveError> {
        let models: Vec<_> = ids.iter().map(|id| self.model(id.as_ref())).collect::<Result<_, _>>()?;
        if !self.dir.exists() {
            return Ok(0);
        }
        let lock = CacheLock::try_take(&self.dir)?;
        let _lock = lock.ok_or_else(|| RemoveError::Busy { dir: self.dir.clone() })?;
        let mut manifest = Manifest::load(&self.dir);
        let mut freed = 0;
        for model in models {
            let status = self.status_of(model, &manifest);
            for file in model.files {
                disk::delete(&self.path(file))?;
                manifest.forget(file);
                // Only succeeds for the last file of the folder.
                let _ = self.path(file).parent().map(fs::remove_dir);
            }
            self.forget_partial(model)?;
            freed += status.bytes_on_disk + status.bytes_waiting;
        }
        manifest.save(&self.dir)?;
        Ok(freed)
    }
}
