use crate::{DispatchId, JobId, WorkerId};
use duologue_ids::Mono;
use std::collections::{BTreeMap, BTreeSet};

/// What a job is for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobKind {
    /// A room: one job as soon as its agent is dispatched.
    #[default]
    Room,
    /// A participant: one job at its first track.
    Publisher,
    /// A participant: one job when it joins.
    Participant,
}

/// How far a job is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum JobStatus {
    /// No worker has said that it runs.
    Pending,
    /// A worker runs it.
    Running,
    /// Over, as it should be.
    Succeeded,
    /// Over; [`Job::error`] says why.
    Failed,
}

/// One piece of work for one worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Its name.
    pub id: JobId,
    /// Why there is one.
    pub dispatch: DispatchId,
    /// What it is for.
    pub kind: JobKind,
    /// The room's name.
    pub room: String,
    /// Whom it is for, where it is for somebody: the identity.
    pub participant: Option<String>,
    /// The agent wanted.
    pub agent_name: String,
    /// The deployment wanted.
    pub deployment: String,
    /// What the dispatch says to the agent.
    pub metadata: String,
    /// What else it says, by name.
    pub attributes: BTreeMap<String, String>,
    /// How far it is.
    pub status: JobStatus,
    /// What went wrong, for people; empty where nothing did.
    pub error: String,
    /// Who has it: from the assignment on, until the end and beyond.
    pub worker: Option<WorkerId>,
    /// As whom the agent joins: from the assignment on.
    pub joined_as: Option<String>,
    /// When it came into being.
    pub created: Mono,
    /// When a worker got it.
    pub assigned: Option<Mono>,
    /// When it ended.
    pub ended: Option<Mono>,
}

/// Where a job is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    /// Nobody could be asked.
    Waiting,
    /// Somebody is asked.
    Offered(WorkerId),
    /// Somebody has it.
    Assigned(WorkerId),
    /// Somebody had it and is not connected; it is kept for them.
    Lost(WorkerId),
    /// Over.
    Ended,
}

/// A job with what only the dispatcher needs to know.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) job: Job,
    pub(crate) state: State,
    /// Jobs are served in the order of these.
    pub(crate) order: u64,
    /// When to give up finding a worker.
    pub(crate) deadline: Mono,
    /// The one timer it has running.
    pub(crate) timer: Option<Mono>,
    /// Who said no: not asked again.
    pub(crate) refused: BTreeSet<WorkerId>,
    /// Who did not answer, and when to ask again.
    pub(crate) silent: BTreeMap<WorkerId, Mono>,
}

/// The wish that an agent be in a room.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispatch {
    /// Its name.
    pub id: DispatchId,
    /// The room's name.
    pub room: String,
    /// The agent and what it is told.
    pub agent: Agent,
    /// Since when.
    pub created: Mono,
    /// What came of it: the job of the room, and those of participants that are not over.
    pub jobs: Vec<JobId>,
    /// Nobody asked for it: it stands in every room that names no agent.
    pub implicit: bool,
    /// Whether any job of it ever found a worker.
    pub served: bool,
    /// Whether it was said that none does.
    pub(crate) reported: bool,
}

/// An agent that a room is to have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Agent {
    /// As workers register it.
    pub name: String,
    /// Which of its deployments; empty for the usual one.
    pub deployment: String,
    /// What it is told.
    pub metadata: String,
    /// What else it is told, by name.
    pub attributes: BTreeMap<String, String>,
}
