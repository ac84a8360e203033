use crate::net::server::Server;
use async_trait::async_trait;
use duologue_livekit_wire::proto::{Job, JobType};
use std::collections::BTreeMap;
use tokio::sync::watch;

/// What a worker is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum JobKind {
    /// One job for a dispatch into a room.
    #[default]
    Room,
    /// One for each participant that publishes something.
    Publisher,
    /// One for each participant.
    Participant,
}

impl JobKind {
    pub(crate) fn wire(self) -> JobType {
        match self {
            JobKind::Room => JobType::JtRoom,
            JobKind::Publisher => JobType::JtPublisher,
            JobKind::Participant => JobType::JtParticipant,
        }
    }
}

/// A job that the server offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// The job (`AJ_…`).
    pub id: String,
    /// The dispatch that it belongs to (`AD_…`).
    pub dispatch: String,
    /// The room's name.
    pub room: String,
    /// What whoever dispatched it wants to say.
    pub metadata: String,
    /// The agent's name that was dispatched.
    pub agent_name: String,
    /// For whom it is, by identity, where it is for one participant.
    pub participant: Option<String>,
}

impl Offer {
    pub(crate) fn of(job: &Job) -> Offer {
        Offer {
            id: job.id.clone(),
            dispatch: job.dispatch_id.clone(),
            room: job.room.as_ref().map(|room| room.name.clone()).unwrap_or_default(),
            metadata: job.metadata.clone(),
            agent_name: job.agent_name.clone(),
            participant: job.participant.as_ref().map(|participant| participant.identity.clone()),
        }
    }
}

/// Whether a job is taken, and as whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It is taken.
    Accept {
        /// Who joins; one of each in a room.
        identity: String,
        /// What people call it.
        name: String,
        /// What it says about itself.
        attributes: BTreeMap<String, String>,
    },
    /// Somebody else may have it.
    Reject,
}

impl Answer {
    /// Taken, as `agent-` and the job's id.
    pub fn accept(offer: &Offer) -> Answer {
        Answer::Accept {
            identity: format!("agent-{}", offer.id),
            name: offer.agent_name.clone(),
            attributes: BTreeMap::new(),
        }
    }
}

/// A job that is to be done now.
#[derive(Clone, Debug)]
pub struct Assigned {
    /// The job.
    pub offer: Offer,
    /// The server whose room is to be joined.
    pub server: Server,
    /// The token to join with; it is an agent's.
    pub token: String,
    /// Turns true when the server, or this worker, wants the job to end.
    pub ending: watch::Receiver<bool>,
    /// Turns true when this worker takes no more jobs and ends after those under way.
    pub draining: watch::Receiver<bool>,
}

impl Assigned {
    /// Waits until the job is to end.
    pub async fn ends(&mut self) {
        // Without anybody who could say so, it has ended.
        let _ = self.ending.wait_for(|ending| *ending).await;
    }
}

/// What does the jobs of a worker. All run in one process: a panic ends one job and leaves the others untouched.
#[async_trait]
pub trait JobHandler: Send + Sync + 'static {
    /// Whether to take a job; has to answer at once, since the server waits for ten seconds.
    async fn offered(&self, offer: &Offer) -> Answer {
        Answer::accept(offer)
    }

    /// Does it. An error is reported to the server as the job's failure.
    async fn run(&self, job: Assigned) -> Result<(), String>;
}
