//! The dispatcher itself: what it knows, and what each input changes.

use crate::job::{Entry, State};
use crate::{
    Agent, Config, CreateError, DeleteError, Dispatch, DispatchId, Input, Job, JobId, JobKind, JobStatus, Output,
    Worker, WorkerId, WorkerSpec,
};
use duologue_ids::{Mono, Seed, SeededRng};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Who is in a room, as far as jobs go.
#[derive(Clone, Copy, Debug, Default)]
struct Present {
    dependent: bool,
    published: bool,
}

/// Knows all workers, dispatches and jobs of one server, and decides who is asked for what.
#[derive(Debug)]
pub struct Dispatcher {
    pub(crate) config: Config,
    pub(crate) rng: SeededRng,
    pub(crate) workers: BTreeMap<WorkerId, Worker>,
    rooms: BTreeMap<String, BTreeMap<String, Present>>,
    pub(crate) dispatches: BTreeMap<DispatchId, Dispatch>,
    pub(crate) jobs: BTreeMap<JobId, Entry>,
    /// Jobs that wait for a worker, the oldest first.
    pub(crate) queue: BTreeMap<u64, JobId>,
    pub(crate) timers: BTreeSet<(Mono, JobId)>,
    pub(crate) outputs: VecDeque<Output>,
    next_order: u64,
}

impl Dispatcher {
    /// One without workers or rooms. The seed decides ids and draws: one seed, one outcome.
    pub fn new(config: Config, seed: Seed) -> Dispatcher {
        Dispatcher {
            config,
            rng: seed.derive("dispatch").rng(),
            workers: BTreeMap::new(),
            rooms: BTreeMap::new(),
            dispatches: BTreeMap::new(),
            jobs: BTreeMap::new(),
            queue: BTreeMap::new(),
            timers: BTreeSet::new(),
            outputs: VecDeque::new(),
            next_order: 0,
        }
    }

    /// Takes in a worker, idle and available, and asks it for what waits for one of its kind.
    pub fn register(&mut self, now: Mono, spec: WorkerSpec) -> WorkerId {
        let id = WorkerId(self.rng.id("AW_"));
        self.workers.insert(id.clone(), Worker { spec, available: true, load: 0.0, jobs: BTreeSet::new() });
        self.handle(now, Input::Tick);
        self.offer_waiting(now);
        id
    }

    /// Wishes an agent into a room.
    pub fn create(&mut self, now: Mono, room: &str, agent: Agent) -> Result<DispatchId, CreateError> {
        self.handle(now, Input::Tick);
        if !self.rooms.contains_key(room) {
            return Err(CreateError::NoRoom(room.to_owned()));
        }
        Ok(self.dispatch(now, room, agent, false))
    }

    /// Takes the wish back: its jobs end. Returns it as it was.
    pub fn delete(&mut self, now: Mono, room: &str, id: &DispatchId) -> Result<Dispatch, DeleteError> {
        self.handle(now, Input::Tick);
        match self.dispatches.get(id) {
            Some(dispatch) if dispatch.room == room => {
                let dispatch = dispatch.clone();
                self.undo(now, id);
                Ok(dispatch)
            }
            _ => Err(DeleteError::NoDispatch(id.clone())),
        }
    }

    /// The dispatches of a room.
    pub fn dispatches<'a>(&'a self, room: &'a str) -> impl Iterator<Item = &'a Dispatch> {
        self.dispatches.values().filter(move |dispatch| dispatch.room == room)
    }

    /// A job, as long as its room lasts and somebody may ask for it.
    pub fn job(&self, id: &JobId) -> Option<&Job> {
        self.jobs.get(id).map(|entry| &entry.job)
    }

    /// The workers that are connected.
    pub fn workers(&self) -> impl Iterator<Item = (&WorkerId, &Worker)> {
        self.workers.iter()
    }

    /// Takes in what happened. What it names and nobody knows (a job that is over, a worker that is gone) is passed over:
    /// messages cross on their way.
    pub fn handle(&mut self, now: Mono, input: Input) {
        self.expire(now);
        match input {
            Input::Tick => {}
            Input::RoomCreated { room, agents } => self.room_created(now, room, agents),
            Input::RoomEnded { room } => self.room_ended(now, &room),
            Input::Joined { room, identity, dependent } => self.joined(now, &room, identity, dependent),
            Input::Published { room, identity } => self.published(now, &room, &identity),
            Input::Left { room, identity } => self.left(now, &room, &identity),
            Input::WorkerStatus { worker, available, load } => {
                if let Some(worker) = self.workers.get_mut(&worker) {
                    (worker.available, worker.load) = (available, if load.is_finite() { load } else { 1.0 });
                    self.offer_waiting(now);
                }
            }
            Input::WorkerGone { worker } => self.worker_gone(now, &worker),
            Input::Migrated { worker, jobs } => self.migrated(&worker, jobs),
            Input::Answered { worker, job, answer } => self.answered(now, worker, job, answer),
            Input::JobUpdated { worker, job, status, error } => {
                let Some(entry) = self.jobs.get_mut(&job).filter(|e| e.state == State::Assigned(worker)) else {
                    return;
                };
                match status {
                    JobStatus::Pending => {}
                    JobStatus::Running => entry.job.status = status,
                    JobStatus::Succeeded | JobStatus::Failed => self.end(now, &job, status, error),
                }
            }
        }
    }

    /// What is to be done next; [`Output::Timeout`] once there is nothing.
    pub fn poll(&mut self) -> Output {
        self.outputs
            .pop_front()
            .unwrap_or_else(|| Output::Timeout(self.timers.first().map_or(Mono::FAR, |(at, _)| *at)))
    }

    fn room_created(&mut self, now: Mono, room: String, agents: Vec<Agent>) {
        if self.rooms.contains_key(&room) {
            return;
        }
        self.rooms.insert(room.clone(), BTreeMap::new());
        if agents.is_empty() {
            self.dispatch(now, &room, Agent::default(), true);
        }
        for agent in agents {
            self.dispatch(now, &room, agent, false);
        }
    }

    fn room_ended(&mut self, now: Mono, room: &str) {
        self.rooms.remove(room);
        let over: Vec<_> = self.dispatches(room).map(|dispatch| dispatch.id.clone()).collect();
        over.iter().for_each(|id| self.undo(now, id));
    }

    fn joined(&mut self, now: Mono, room: &str, identity: String, dependent: bool) {
        let Some(present) = self.rooms.get_mut(room) else { return };
        if present.contains_key(&identity) {
            return;
        }
        present.insert(identity.clone(), Present { dependent, published: false });
        if !dependent {
            self.for_participant(now, room, &identity, JobKind::Participant);
        }
    }

    fn published(&mut self, now: Mono, room: &str, identity: &str) {
        let Some(present) = self.rooms.get_mut(room).and_then(|room| room.get_mut(identity)) else { return };
        if !std::mem::replace(&mut present.published, true) && !present.dependent {
            self.for_participant(now, room, identity, JobKind::Publisher);
        }
    }

    /// Nobody needs to be found any more for somebody who is not there. An agent that has come sees for itself.
    fn left(&mut self, now: Mono, room: &str, identity: &str) {
        if self.rooms.get_mut(room).and_then(|room| room.remove(identity)).is_none() {
            return;
        }
        let idle = |entry: &&Entry| {
            matches!(entry.state, State::Waiting | State::Offered(_))
                && entry.job.room == room
                && entry.job.participant.as_deref() == Some(identity)
        };
        let idle: Vec<_> = self.jobs.values().filter(idle).map(|entry| entry.job.id.clone()).collect();
        let why = "the participant left before a worker took the job";
        idle.iter().for_each(|job| self.end(now, job, JobStatus::Failed, why.to_owned()));
    }

    fn for_participant(&mut self, now: Mono, room: &str, identity: &str, kind: JobKind) {
        let dispatches: Vec<_> = self.dispatches(room).map(|dispatch| dispatch.id.clone()).collect();
        dispatches.iter().for_each(|id| self.create_job(now, id, kind, Some(identity.to_owned())));
    }

    fn dispatch(&mut self, now: Mono, room: &str, agent: Agent, implicit: bool) -> DispatchId {
        let id = DispatchId(self.rng.id("AD_"));
        let dispatch = Dispatch {
            id: id.clone(),
            room: room.to_owned(),
            agent,
            created: now,
            jobs: Vec::new(),
            implicit,
            served: false,
            reported: false,
        };
        self.dispatches.insert(id.clone(), dispatch);
        self.create_job(now, &id, JobKind::Room, None);
        let present = self.rooms.get(room).into_iter().flatten().filter(|(_, present)| !present.dependent);
        let present: Vec<_> = present.map(|(identity, present)| (identity.clone(), present.published)).collect();
        for (identity, published) in present {
            self.create_job(now, &id, JobKind::Participant, Some(identity.clone()));
            if published {
                self.create_job(now, &id, JobKind::Publisher, Some(identity));
            }
        }
        id
    }

    fn create_job(&mut self, now: Mono, dispatch: &DispatchId, kind: JobKind, participant: Option<String>) {
        let Some(of) = self.dispatches.get_mut(dispatch) else { return };
        let id = JobId(self.rng.id("AJ_"));
        of.jobs.push(id.clone());
        let job = Job {
            id: id.clone(),
            dispatch: dispatch.clone(),
            kind,
            room: of.room.clone(),
            participant,
            agent_name: of.agent.name.clone(),
            deployment: of.agent.deployment.clone(),
            metadata: of.agent.metadata.clone(),
            attributes: of.agent.attributes.clone(),
            status: JobStatus::Pending,
            error: String::new(),
            worker: None,
            joined_as: None,
            created: now,
            assigned: None,
            ended: None,
        };
        let order = self.next_order;
        self.next_order += 1;
        let deadline = now + self.config.deadline;
        let entry = Entry {
            job,
            state: State::Waiting,
            order,
            deadline,
            timer: None,
            refused: BTreeSet::new(),
            silent: BTreeMap::new(),
        };
        self.jobs.insert(id.clone(), entry);
        self.queue.insert(order, id.clone());
        self.offer(now, &id);
    }

    /// Ends a dispatch and its jobs, at the workers too.
    fn undo(&mut self, now: Mono, id: &DispatchId) {
        let Some(dispatch) = self.dispatches.get(id) else { return };
        for job in dispatch.jobs.clone() {
            match self.jobs.get(&job).map(|entry| &entry.state) {
                Some(State::Assigned(worker)) => {
                    self.outputs.push_back(Output::Terminate { worker: worker.clone(), job: job.clone() });
                    self.end(now, &job, JobStatus::Succeeded, String::new());
                }
                _ => self.end(now, &job, JobStatus::Failed, "the dispatch ended before the job did".to_owned()),
            }
            self.jobs.remove(&job);
        }
        self.dispatches.remove(id);
    }
}
