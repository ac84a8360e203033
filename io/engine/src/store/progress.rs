//! What the caller sees of a fetch while it runs, and how it stops one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::catalogue::Model;
use super::error::{FetchError, PlanError, SourceError, VerifyError};

/// Receives what happens, on the thread that fetches. The command line draws bars from it.
pub trait Progress {
    /// Called often; must return quickly.
    fn update(&mut self, update: Update<'_>);
}

/// Ignores everything.
#[derive(Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn update(&mut self, _: Update<'_>) {}
}

/// One thing that happened.
#[derive(Debug)]
pub enum Update<'a> {
    /// Another process is fetching into the same cache; this one waits for it.
    Waiting,
    /// A phase of a model begins: a new bar.
    Started {
        /// Which model.
        model: &'static Model,
        /// What is done with it.
        phase: Phase,
        /// Where its bytes come from, for a person.
        from: &'a str,
        /// Bytes until the phase is over.
        total: u64,
    },
    /// Bytes of the present phase that are done, those of an earlier attempt included. Falls when a source makes a
    /// download start afresh.
    Bytes(u64),
    /// A line for the person: a source that failed, another that takes over.
    Note(&'a str),
    /// The model is complete and verified.
    Ready(&'static Model),
}

/// What is being done with a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Bytes arrive. Files from HTTPS are hashed on the way.
    Downloading,
    /// Members of packages are unpacked, joined and hashed.
    Assembling,
    /// Files that were already there are hashed.
    Verifying,
}

/// Asks a running operation to stop. Clones share one state.
///
/// The operation looks at it between reads, so a stalled server can delay it by [`super::Patience::stall`]. Everything
/// on disk is safe at any moment: a program that is in a hurry may as well exit.
#[derive(Debug, Clone, Default)]
pub struct CancelFlag(Arc<AtomicBool>);

impl CancelFlag {
    /// Stops the operation soon.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether somebody asked.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Waits for a time, or less if cancelled.
    pub(super) fn wait(&self, time: Duration) {
        const SLICE: Duration = Duration::from_millis(50);
        let start = Instant::now();
        while !self.is_cancelled() {
            let left = time.saturating_sub(start.elapsed());
            if left.is_zero() {
                return;
            }
            std::thread::sleep(left.min(SLICE));
        }
    }
}

/// The caller's two ends, as the parts of an operation pass them on.
pub(super) struct Watch<'a> {
    progress: &'a mut dyn Progress,
    pub(super) cancel: &'a CancelFlag,
    before: u64,
}

impl<'a> Watch<'a> {
    pub(super) fn new(progress: &'a mut dyn Progress, cancel: &'a CancelFlag) -> Self {
        Self { progress, cancel, before: 0 }
    }

    /// A phase begins, with nothing done.
    pub(super) fn start(&mut self, model: &'static Model, phase: Phase, from: &str, total: u64) {
        self.before = 0;
        self.progress.update(Update::Started { model, phase, from, total });
    }

    /// Bytes done of the present part of the phase.
    pub(super) fn at(&mut self, done: u64) {
        self.progress.update(Update::Bytes(self.before + done));
    }

    /// The present part is over: what follows counts on top of its bytes.
    pub(super) fn part_done(&mut self, bytes: u64) {
        self.before += bytes;
        self.at(0);
    }

    pub(super) fn note(&mut self, line: &str) {
        self.progress.update(Update::Note(line));
    }

    pub(super) fn ready(&mut self, model: &'static Model) {
        self.progress.update(Update::Ready(model));
    }

    pub(super) fn waiting(&mut self) {
        self.progress.update(Update::Waiting);
    }

    /// `Err` once cancelled, for `?`.
    pub(super) fn go_on(&self) -> Result<(), Cancelled> {
        if self.cancel.is_cancelled() { Err(Cancelled) } else { Ok(()) }
    }
}

/// Somebody set the [`CancelFlag`].
#[derive(Debug)]
pub(super) struct Cancelled;

impl From<Cancelled> for SourceError {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

impl From<Cancelled> for PlanError {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

impl From<Cancelled> for FetchError {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}

impl From<Cancelled> for VerifyError {
    fn from(_: Cancelled) -> Self {
        Self::Cancelled
    }
}
