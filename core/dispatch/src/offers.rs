//! How a job finds its worker, and what becomes of it then.

use crate::dispatcher::Dispatcher;
use crate::job::{Entry, State};
use crate::worker::draw;
use crate::{Answer, Failure, Job, JobId, JobKind, JobStatus, JoinAs, Output, WorkerId};
use duologue_ids::Mono;
use std::collections::BTreeSet;

/// The attribute by which LiveKit's clients tell which agent a participant is.
const AGENT_NAME: &str = "lk.agent_name";

impl Dispatcher {
    /// Asks somebody for every job that waits, the oldest first.
    pub(crate) fn offer_waiting(&mut self, now: Mono) {
        let waiting: Vec<_> = self.queue.values().cloned().collect();
        waiting.iter().for_each(|job| self.offer(now, job));
    }

    /// Asks one of those who can do it, or has it wait.
    pub(crate) fn offer(&mut self, now: Mono, id: &JobId) {
        let Some(entry) = self.jobs.get(id).filter(|entry| entry.state == State::Waiting) else { return };
        let asked = |worker: &WorkerId| {
            entry.refused.contains(worker) || entry.silent.get(worker).is_some_and(|again| *again > now)
        };
        let able = self.workers.iter().filter(|(_, worker)| worker.available && runs(worker, &entry.job));
        let able: Vec<_> = able.filter(|(id, _)| !asked(id)).map(|(id, worker)| (id.clone(), worker.load)).collect();
        let loads: Vec<_> = able.iter().map(|(_, load)| *load).collect();
        let Some((worker, _)) = draw(&loads, &mut self.rng).and_then(|drawn| able.into_iter().nth(drawn)) else {
            let again = entry.silent.values().filter(|again| **again > now).min().copied();
            let timer = again.map_or(entry.deadline, |again| again.min(entry.deadline));
            return self.set_timer(id, Some(timer));
        };
        self.set_state(id, State::Offered(worker.clone()));
        self.set_timer(id, Some(now + self.config.answer_within));
        if let Some(entry) = self.jobs.get(id) {
            self.outputs.push_back(Output::Offer { worker, job: entry.job.clone() });
        }
    }

    pub(crate) fn answered(&mut self, now: Mono, worker: WorkerId, id: JobId, answer: Answer) {
        // Whoever answers too late has been replaced: no assignment follows, and the worker gives up by itself.
        let Some(entry) = self.jobs.get_mut(&id).filter(|entry| entry.state == State::Offered(worker.clone())) else {
            return;
        };
        match answer {
            Answer::Accept(join_as) => self.assign(now, worker, &id, join_as),
            Answer::Nothing => {
                entry.job.worker = Some(worker);
                self.serve(&id);
                self.end(now, &id, JobStatus::Succeeded, String::new());
            }
            Answer::Refuse => {
                entry.refused.insert(worker);
                self.set_state(&id, State::Waiting);
                self.offer_before_deadline(now, &id);
            }
        }
    }

    fn assign(&mut self, now: Mono, worker: WorkerId, id: &JobId, mut join_as: JoinAs) {
        let Some(permissions) = self.workers.get(&worker).map(|worker| worker.spec.permissions.clone()) else { return };
        self.set_state(id, State::Assigned(worker.clone()));
        self.set_timer(id, None);
        self.serve(id);
        let Some(Entry { job, .. }) = self.jobs.get_mut(id) else { return };
        if join_as.identity.is_empty() {
            join_as.identity = format!("agent-{id}");
        }
        join_as.attributes.insert(AGENT_NAME.to_owned(), job.agent_name.clone());
        job.worker = Some(worker.clone());
        job.joined_as = Some(join_as.identity.clone());
        job.assigned = Some(now);
        self.outputs.push_back(Output::Assign { worker, job: job.clone(), join_as, permissions });
    }

    fn serve(&mut self, id: &JobId) {
        let dispatch = self.jobs.get(id).map(|entry| &entry.job.dispatch);
        if let Some(dispatch) = dispatch.and_then(|id| self.dispatches.get_mut(id)) {
            dispatch.served = true;
        }
    }

    pub(crate) fn worker_gone(&mut self, now: Mono, gone: &WorkerId) {
        let Some(worker) = self.workers.remove(gone) else { return };
        for id in worker.jobs {
            match self.jobs.get(&id).map(|entry| &entry.state) {
                Some(State::Offered(_)) => {
                    self.set_state(&id, State::Waiting);
                    self.offer_before_deadline(now, &id);
                }
                Some(State::Assigned(_)) => {
                    self.set_state(&id, State::Lost(gone.clone()));
                    self.set_timer(&id, Some(now + self.config.reconnect_within));
                }
                _ => {}
            }
        }
    }

    pub(crate) fn migrated(&mut self, worker: &WorkerId, jobs: Vec<JobId>) {
        let Some(spec) = self.workers.get(worker).map(|worker| worker.spec.clone()) else { return };
        for id in jobs {
            let had = match self.jobs.get(&id).map(|entry| (&entry.state, &entry.job)) {
                Some((State::Lost(_), job)) => runs_as(&spec, job),
                // The old connection may be dead without anybody having noticed.
                Some((State::Assigned(old), _)) if old == worker => continue,
                Some((State::Assigned(old), _)) => self.workers.get(old).is_some_and(|old| old.spec.serves_as(&spec)),
                _ => false,
            };
            if had {
                self.set_state(&id, State::Assigned(worker.clone()));
                self.set_timer(&id, None);
                if let Some(entry) = self.jobs.get_mut(&id) {
                    entry.job.worker = Some(worker.clone());
                }
            } else {
                // Ended meanwhile, or somebody else's: nobody waits for what it would still do.
                self.outputs.push_back(Output::Terminate { worker: worker.clone(), job: id });
            }
        }
    }

    /// Lets pass what should have happened by now.
    pub(crate) fn expire(&mut self, now: Mono) {
        while let Some((at, id)) = self.timers.first().filter(|(at, _)| *at <= now).cloned() {
            self.set_timer(&id, None);
            let Some(entry) = self.jobs.get_mut(&id) else { continue };
            match entry.state.clone() {
                State::Offered(worker) => {
                    entry.silent.insert(worker, at + self.config.ask_again_after);
                    self.set_state(&id, State::Waiting);
                    self.offer_before_deadline(now, &id);
                }
                State::Waiting => self.offer_before_deadline(now, &id),
                State::Lost(worker) => {
                    let why = Failure::WorkerLost { worker, waited_s: self.config.reconnect_within.as_secs() };
                    self.end(now, &id, JobStatus::Failed, why.to_string());
                }
                State::Assigned(_) | State::Ended => {}
            }
        }
    }

    fn offer_before_deadline(&mut self, now: Mono, id: &JobId) {
        match self.jobs.get(id) {
            Some(entry) if entry.deadline <= now => self.give_up(now, id),
            _ => self.offer(now, id),
        }
    }

    /// Nobody was found in time. That is a failure of the dispatch where somebody asked for it and it came to nothing,
    /// in this way or another: an agent for participants has no use for the job of the room.
    fn give_up(&mut self, now: Mono, id: &JobId) {
        let Some(entry) = self.jobs.get(id) else { return };
        let why = self.failure(entry);
        let otherwise = self.workers.values().any(|worker| {
            worker.spec.kind != entry.job.kind
                && (&worker.spec.agent_name, &worker.spec.deployment) == (&entry.job.agent_name, &entry.job.deployment)
        });
        let dispatch = entry.job.dispatch.clone();
        self.end(now, id, JobStatus::Failed, why.to_string());
        let Some(dispatch) = self.dispatches.get_mut(&dispatch) else { return };
        if !(dispatch.implicit || dispatch.served || dispatch.reported || otherwise) {
            dispatch.reported = true;
            self.outputs.push_back(Output::Failed { dispatch: dispatch.clone(), why });
        }
    }

    fn failure(&self, Entry { job, refused, silent, .. }: &Entry) -> Failure {
        let agent = match job.agent_name.as_str() {
            "" => "an agent without a name".to_owned(),
            name => format!("agent {name:?}"),
        };
        let waited_s = self.config.deadline.as_secs();
        let workers = self.workers.values().filter(|worker| runs(worker, job)).count();
        if !refused.is_empty() || !silent.is_empty() {
            Failure::NobodyTookIt { agent, waited_s, refused: refused.len(), silent: silent.len() }
        } else if workers > 0 {
            Failure::AllFull { agent, waited_s, workers }
        } else {
            let names: BTreeSet<_> = self.workers.values().map(|w| format!("{:?}", w.spec.agent_name)).collect();
            let registered = match names.len() {
                0 => "none is registered".to_owned(),
                _ => format!("registered: {}", names.into_iter().take(10).collect::<Vec<_>>().join(", ")),
            };
            Failure::NobodyRegistered { agent, waited_s, registered }
        }
    }

    /// The job is over. That of a room is kept to be seen; those of participants would grow without bound.
    pub(crate) fn end(&mut self, now: Mono, id: &JobId, status: JobStatus, error: String) {
        if self.jobs.get(id).is_none_or(|entry| entry.state == State::Ended) {
            return;
        }
        self.set_state(id, State::Ended);
        self.set_timer(id, None);
        let Some(Entry { job, .. }) = self.jobs.get_mut(id) else { return };
        (job.status, job.error, job.ended) = (status, error, Some(now));
        let job = job.clone();
        if job.kind != JobKind::Room {
            self.jobs.remove(id);
            if let Some(dispatch) = self.dispatches.get_mut(&job.dispatch) {
                dispatch.jobs.retain(|other| other != id);
            }
        }
        self.outputs.push_back(Output::Ended { job });
    }

    /// The one place where a job changes hands: queue and workers follow.
    fn set_state(&mut self, id: &JobId, state: State) {
        let Some(entry) = self.jobs.get_mut(id) else { return };
        if let State::Offered(worker) | State::Assigned(worker) = &entry.state
            && let Some(worker) = self.workers.get_mut(worker)
        {
            worker.jobs.remove(id);
        }
        if let State::Offered(worker) | State::Assigned(worker) = &state
            && let Some(worker) = self.workers.get_mut(worker)
        {
            worker.jobs.insert(id.clone());
        }
        if state == State::Waiting {
            self.queue.insert(entry.order, id.clone());
        } else {
            self.queue.remove(&entry.order);
        }
        entry.state = state;
    }

    fn set_timer(&mut self, id: &JobId, at: Option<Mono>) {
        let Some(entry) = self.jobs.get_mut(id) else { return };
        if let Some(old) = std::mem::replace(&mut entry.timer, at) {
            self.timers.remove(&(old, id.clone()));
        }
        if let Some(at) = at {
            self.timers.insert((at, id.clone()));
        }
    }
}

/// Whether a worker is registered for such jobs.
fn runs(worker: &crate::Worker, job: &Job) -> bool {
    runs_as(&worker.spec, job)
}

fn runs_as(spec: &crate::WorkerSpec, job: &Job) -> bool {
    (spec.kind, &spec.agent_name, &spec.deployment) == (job.kind, &job.agent_name, &job.deployment)
}
