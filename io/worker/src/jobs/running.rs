//! The jobs that are being done.

use super::job::{Assigned, JobHandler, Offer};
use crate::net::server::Server;
use duologue_livekit_wire::proto::{JobStatus, UpdateJobStatus};
use futures::FutureExt;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tokio::sync::{mpsc, watch};

/// Bytes of an error that are reported.
const ERROR_MAX: usize = 1_000;

/// A job that ended, as the server is told.
pub(super) type Ended = UpdateJobStatus;

/// The jobs under way, by their ids.
pub(super) struct Running {
    jobs: BTreeMap<String, watch::Sender<bool>>,
    draining: watch::Sender<bool>,
    ended: mpsc::UnboundedSender<Ended>,
    /// For as many jobs as run, since each says so once.
    pub(super) endings: mpsc::UnboundedReceiver<Ended>,
}

impl Running {
    pub(super) fn new() -> Running {
        let (ended, endings) = mpsc::unbounded_channel();
        Running { jobs: BTreeMap::new(), draining: watch::Sender::new(false), ended, endings }
    }

    pub(super) fn count(&self) -> usize {
        self.jobs.len()
    }

    pub(super) fn ids(&self) -> Vec<String> {
        self.jobs.keys().cloned().collect()
    }

    /// Begins a job in a task of its own.
    pub(super) fn begin(&mut self, handler: &Arc<dyn JobHandler>, offer: Offer, server: Server, token: String) {
        let (end, ending) = watch::channel(false);
        let (handler, ended, id) = (Arc::clone(handler), self.ended.clone(), offer.id.clone());
        let job = Assigned { offer, server, token, ending, draining: self.draining.subscribe() };
        self.jobs.insert(id.clone(), end);
        tokio::spawn(async move {
            // A panic is this job's own end and nobody else's.
            let outcome = AssertUnwindSafe(handler.run(job)).catch_unwind().await;
            let outcome = outcome.unwrap_or_else(|panic| Err(format!("the job panicked: {}", words(&*panic))));
            let (status, error) = match outcome {
                Ok(()) => (JobStatus::JsSuccess, String::new()),
                Err(error) => (JobStatus::JsFailed, error.chars().take(ERROR_MAX).collect()),
            };
            let _ = ended.send(UpdateJobStatus { job_id: id, status: status.into(), error });
        });
    }

    /// Lets jobs that nothing came of yet end.
    pub(super) fn drain(&self) {
        self.draining.send_replace(true);
    }

    /// Asks a job to end.
    pub(super) fn end(&self, id: &str) {
        if let Some(job) = self.jobs.get(id) {
            job.send_replace(true);
        }
    }

    pub(super) fn end_all(&self) {
        for job in self.jobs.values() {
            job.send_replace(true);
        }
    }

    /// Notes that a job ended.
    pub(super) fn ended(&mut self, id: &str) {
        self.jobs.remove(id);
    }
}

fn words(panic: &(dyn std::any::Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "no message".into())
}
