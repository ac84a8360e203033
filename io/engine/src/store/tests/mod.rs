//! The store against a web server on loopback and a package client made of a shell script.

mod cache;
mod killed;
mod packages;
mod server;
mod web;

use std::path::Path;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tempfile::TempDir;

use super::*;
use server::Server;

/// Bytes that differ everywhere, so that a shifted or doubled chunk cannot go unnoticed.
fn content(len: usize, seed: u32) -> Vec<u8> {
    let mut state = seed.wrapping_mul(2_654_435_761) | 1;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..len).map(|_| next()).collect()
}

fn sha256(bytes: &[u8]) -> &'static str {
    let hash: String = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
    hash.leak()
}

fn file(path: &'static str, bytes: &[u8]) -> ModelFile {
    ModelFile { path, bytes: bytes.len() as u64, sha256: sha256(bytes) }
}

const HUB: HubSource = HubSource { repository: "owner/name", revision: "c0ffee", folder: "" };

/// A language model of one file on the hub.
fn language(id: &'static str, tier: Tier, files: Vec<ModelFile>) -> Model {
    Model {
        id,
        name: "a test",
        role: Role::LanguageModel,
        tier: Some(tier),
        optional: false,
        licence: Licence::Qwen,
        files: files.leak(),
        hub: Some(HUB),
        packages: &[],
    }
}

fn patience() -> Patience {
    Patience {
        probe: Duration::from_secs(20),
        stall: Duration::from_secs(20),
        client_stall: Duration::from_secs(20),
        attempts: 3,
        backoff: Duration::ZERO,
        longest_pause: Duration::ZERO,
    }
}

fn no_sources() -> Sources {
    Sources { mirror: None, hub: None, package_clients: Vec::new(), patience: patience() }
}

fn with_hub(server: &Server) -> Sources {
    Sources { hub: Some(server.address()), ..no_sources() }
}

/// A store in a directory that vanishes with it.
struct Cache {
    store: ModelStore,
    dir: TempDir,
}

fn cache(models: Vec<Model>, sources: Sources) -> Cache {
    let dir = tempfile::tempdir().expect("a temporary directory");
    Cache { store: ModelStore::with(dir.path().to_owned(), sources, models.leak()), dir }
}

impl Cache {
    /// The same directory seen by a program with other sources.
    fn from(&self, sources: Sources) -> ModelStore {
        ModelStore::with(self.dir.path().to_owned(), sources, self.store.catalogue())
    }

    fn read(&self, path: &str) -> Vec<u8> {
        std::fs::read(self.dir.path().join(path)).expect("the file is there")
    }

    fn has(&self, path: &str) -> bool {
        self.dir.path().join(path).exists()
    }
}

/// Plans and fetches in one go; the plan's failure as text.
fn fetch(store: &ModelStore, ids: &[&str]) -> Result<Seen, String> {
    fetch_until(store, ids, |_, _| ())
}

/// The same with a look at every update.
fn fetch_until(store: &ModelStore, ids: &[&str], look: impl FnMut(&Update<'_>, &CancelFlag)) -> Result<Seen, String> {
    let cancel = CancelFlag::default();
    let mut seen = Watcher { seen: Seen::default(), cancel: cancel.clone(), look };
    let plan = store.plan(ids, &mut seen, &cancel).map_err(|error| error.to_string())?;
    store.fetch(&plan, &mut seen, &cancel).map_err(|error| error.to_string())?;
    Ok(seen.seen)
}

/// What a person would have seen.
#[derive(Debug, Default)]
struct Seen {
    notes: Vec<String>,
    phases: Vec<(Phase, String)>,
    last_bytes: u64,
    total: u64,
    ready: Vec<&'static str>,
    waited: bool,
}

struct Watcher<F> {
    seen: Seen,
    cancel: CancelFlag,
    look: F,
}

impl<F: FnMut(&Update<'_>, &CancelFlag)> Progress for Watcher<F> {
    fn update(&mut self, update: Update<'_>) {
        (self.look)(&update, &self.cancel);
        match update {
            Update::Waiting => self.seen.waited = true,
            Update::Started { phase, from, total, .. } => {
                self.seen.phases.push((phase, from.to_owned()));
                self.seen.total = total;
            }
            Update::Bytes(done) => self.seen.last_bytes = done,
            Update::Note(line) => self.seen.notes.push(line.to_owned()),
            Update::Ready(model) => self.seen.ready.push(model.id),
        }
    }
}

fn files_below(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).into_iter().flatten().flatten() {
        match entry.path() {
            path if path.is_dir() => found.extend(files_below(&path)),
            path => found.push(path.display().to_string()),
        }
    }
    found
}
