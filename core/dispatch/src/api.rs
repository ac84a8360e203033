use crate::{Agent, Dispatch, DispatchId, Job, JobId, JobStatus, Permissions, WorkerId};
use duologue_ids::Mono;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long things may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Config {
    /// A worker has this long to say whether it takes a job; then the next one is asked. LiveKit's workers know 10 s.
    pub answer_within: Duration,
    /// A job that found no worker waits this long for one.
    pub deadline: Duration,
    /// A worker that did not answer is not asked again for the same job before this has passed.
    pub ask_again_after: Duration,
    /// The jobs of a worker whose connection broke are kept this long. LiveKit's Python worker tries 16 times, at most
    /// 10 s apart.
    pub reconnect_within: Duration,
}

impl Default for Config {
    fn default() -> Self {
        Config {
            answer_within: Duration::from_secs(10),
            deadline: Duration::from_secs(60),
            ask_again_after: Duration::from_secs(5),
            reconnect_within: Duration::from_secs(120),
        }
    }
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Input {
    /// Time has passed: the moment that [`Output::Timeout`] asked for.
    Tick,
    /// A room came into being.
    RoomCreated {
        /// Its name.
        room: String,
        /// The agents that its configuration names; with none, one unnamed agent is dispatched.
        agents: Vec<Agent>,
    },
    /// A room is over, and with it its dispatches and jobs.
    RoomEnded {
        /// Its name.
        room: String,
    },
    /// Somebody became a participant of a room.
    Joined {
        /// The room's name.
        room: String,
        /// The participant.
        identity: String,
        /// An agent, or a recorder: these get no agents of their own.
        dependent: bool,
    },
    /// A participant published a track.
    Published {
        /// The room's name.
        room: String,
        /// The participant.
        identity: String,
    },
    /// A participant left a room.
    Left {
        /// The room's name.
        room: String,
        /// The participant.
        identity: String,
    },
    /// A worker says how it is.
    WorkerStatus {
        /// Which one.
        worker: WorkerId,
        /// Whether it takes jobs.
        available: bool,
        /// How busy it is: 0 idle, 1 full.
        load: f32,
    },
    /// A worker's connection is gone.
    WorkerGone {
        /// Which one.
        worker: WorkerId,
    },
    /// A worker that was registered anew brings jobs which it had before.
    Migrated {
        /// The new registration.
        worker: WorkerId,
        /// The jobs.
        jobs: Vec<JobId>,
    },
    /// A worker answers an [`Output::Offer`].
    Answered {
        /// Which one.
        worker: WorkerId,
        /// What it was asked for.
        job: JobId,
        /// What it says.
        answer: Answer,
    },
    /// A worker says how far a job is.
    JobUpdated {
        /// Which one.
        worker: WorkerId,
        /// Which job.
        job: JobId,
        /// How far.
        status: JobStatus,
        /// What went wrong; empty where nothing did.
        error: String,
    },
}

/// What a worker says to a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// Yes, as this participant.
    Accept(JoinAs),
    /// No.
    Refuse,
    /// There is nothing to do: the job is over, and went well.
    Nothing,
}

/// As whom an agent joins its room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JoinAs {
    /// Its identity; where empty, `agent-` and the job's id.
    pub identity: String,
    /// Its name.
    pub name: String,
    /// Its metadata.
    pub metadata: String,
    /// Its attributes. An assignment adds `lk.agent_name`.
    pub attributes: BTreeMap<String, String>,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Output {
    /// Ask a worker whether it takes a job.
    Offer {
        /// Whom.
        worker: WorkerId,
        /// Which.
        job: Job,
    },
    /// Give a job to the worker that said yes, with a token for the participant.
    Assign {
        /// Whom.
        worker: WorkerId,
        /// Which.
        job: Job,
        /// As whom it joins.
        join_as: JoinAs,
        /// What it may do there.
        permissions: Permissions,
    },
    /// Tell a worker to end a job.
    Terminate {
        /// Whom.
        worker: WorkerId,
        /// Which.
        job: JobId,
    },
    /// A job is over.
    Ended {
        /// Which, and how.
        job: Job,
    },
    /// A dispatch that somebody asked for came to nothing.
    Failed {
        /// Which.
        dispatch: Dispatch,
        /// For people.
        why: Failure,
    },
    /// Nothing more to do. Come back with [`Input::Tick`] then, or with another input before.
    Timeout(Mono),
}

/// Why a dispatch came to nothing, or a job was given up.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// Nobody runs the agent.
    #[error("no worker registered as {agent} within {waited_s} s; start one, or correct the name ({registered})")]
    NobodyRegistered {
        /// The agent wanted.
        agent: String,
        /// Seconds waited.
        waited_s: u64,
        /// Who is registered, for people.
        registered: String,
    },
    /// All who run it are full.
    #[error(
        "no worker of {agent} was free within {waited_s} s ({workers} registered, all full); start another one, or raise the load at which they report themselves full"
    )]
    AllFull {
        /// The agent wanted.
        agent: String,
        /// Seconds waited.
        waited_s: u64,
        /// How many run it.
        workers: usize,
    },
    /// Those who run it did not take the job.
    #[error(
        "no worker of {agent} took the job within {waited_s} s ({refused} refused, {silent} did not answer); see the workers' logs"
    )]
    NobodyTookIt {
        /// The agent wanted.
        agent: String,
        /// Seconds waited.
        waited_s: u64,
        /// How many said no.
        refused: usize,
        /// How many said nothing.
        silent: usize,
    },
    /// The worker that had it did not come back.
    #[error(
        "worker {worker} lost its connection and did not come back within {waited_s} s; see why it ended, and dispatch the agent again"
    )]
    WorkerLost {
        /// Who.
        worker: WorkerId,
        /// Seconds waited.
        waited_s: u64,
    },
}

/// Why no dispatch was created.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CreateError {
    /// There is no such room.
    #[error("there is no room {0:?}; create it first")]
    NoRoom(String),
}

/// Why no dispatch was deleted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DeleteError {
    /// There is no such dispatch in the room.
    #[error("there is no dispatch {0} in this room; list those that there are")]
    NoDispatch(DispatchId),
}
