//! What holds whatever happens, in any order.

use crate::job::State;
use crate::{
    Agent, Answer, Config, Dispatcher, Input, JobId, JobKind, JobStatus, JoinAs, Output, WorkerId, WorkerSpec,
};
use duologue_ids::{Mono, Seed};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

const ROOMS: [&str; 2] = ["r", "s"];
const PEOPLE: [&str; 2] = ["anna", "joe"];
const AGENTS: [&str; 2] = ["", "a"];
const KINDS: [JobKind; 3] = [JobKind::Room, JobKind::Publisher, JobKind::Participant];

/// Something that happens; the numbers choose among what there is at the time.
#[derive(Clone, Debug)]
enum Step {
    Pass(u64),
    Register(usize, usize),
    Status(usize, bool, f32),
    Gone(usize),
    Migrate(usize, usize),
    Answer(usize, usize, u8),
    Update(usize, usize, bool),
    Room(usize, bool),
    Over(usize),
    Create(usize, usize),
    Delete(usize),
    Join(usize, usize, bool),
    Publish(usize, usize),
    Leave(usize, usize),
}

fn step() -> impl Strategy<Value = Step> {
    let two = 0..2usize;
    prop_oneof![
        2 => (0..20_000u64).prop_map(Step::Pass),
        2 => (two.clone(), 0..3usize).prop_map(|(a, k)| Step::Register(a, k)),
        2 => (0..9usize, any::<bool>(), -1.0f32..2.0).prop_map(|(w, a, l)| Step::Status(w, a, l)),
        1 => (0..9usize).prop_map(Step::Gone),
        1 => (0..9usize, 0..9usize).prop_map(|(w, j)| Step::Migrate(w, j)),
        6 => (0..9usize, 0..9usize, 0..4u8).prop_map(|(w, j, a)| Step::Answer(w, j, a)),
        2 => (0..9usize, 0..9usize, any::<bool>()).prop_map(|(w, j, d)| Step::Update(w, j, d)),
        3 => (two.clone(), any::<bool>()).prop_map(|(r, n)| Step::Room(r, n)),
        1 => two.clone().prop_map(Step::Over),
        2 => (two.clone(), two.clone()).prop_map(|(r, a)| Step::Create(r, a)),
        1 => (0..9usize).prop_map(Step::Delete),
        2 => (two.clone(), two.clone(), any::<bool>()).prop_map(|(r, p, d)| Step::Join(r, p, d)),
        2 => (two.clone(), two.clone()).prop_map(|(r, p)| Step::Publish(r, p)),
        1 => (two.clone(), two).prop_map(|(r, p)| Step::Leave(r, p)),
    ]
}

/// A dispatcher, and what somebody sees who reads its outputs only.
struct World {
    dispatcher: Dispatcher,
    now: Mono,
    workers: Vec<WorkerId>,
    /// Every job ever offered, in that order.
    seen: Vec<JobId>,
    offers: BTreeMap<JobId, WorkerId>,
    assigned: BTreeMap<JobId, WorkerId>,
    ended: BTreeSet<JobId>,
    log: Vec<String>,
}

fn pick<T: Clone>(from: &[T], index: usize) -> Option<T> {
    (!from.is_empty()).then(|| from[index % from.len()].clone())
}

impl World {
    fn new(seed: u64) -> World {
        World {
            dispatcher: Dispatcher::new(Config::default(), Seed(seed)),
            now: Mono::ZERO,
            workers: Vec::new(),
            seen: Vec::new(),
            offers: BTreeMap::new(),
            assigned: BTreeMap::new(),
            ended: BTreeSet::new(),
            log: Vec::new(),
        }
    }

    fn input(&mut self, step: Step) -> Option<Input> {
        let (room, who) = (|r: usize| ROOMS[r].to_owned(), |p: usize| PEOPLE[p].to_owned());
        let agent = |a: usize| Agent { name: AGENTS[a].into(), ..Default::default() };
        Some(match step {
            Step::Pass(ms) => {
                self.now += Duration::from_millis(ms);
                Input::Tick
            }
            Step::Register(a, k) => {
                let spec = WorkerSpec { agent_name: AGENTS[a].into(), kind: KINDS[k], ..Default::default() };
                self.workers.push(self.dispatcher.register(self.now, spec));
                Input::Tick
            }
            Step::Status(w, available, load) => {
                Input::WorkerStatus { worker: pick(&self.workers, w)?, available, load }
            }
            Step::Gone(w) => Input::WorkerGone { worker: pick(&self.workers, w)? },
            Step::Migrate(w, j) => {
                Input::Migrated { worker: pick(&self.workers, w)?, jobs: vec![pick(&self.seen, j)?] }
            }
            Step::Answer(w, j, answer) => {
                let job = pick(&self.seen, self.seen.len().wrapping_sub(1 + j % 3))?;
                // Mostly the one that was asked, now and then anybody.
                let asked = self.offers.get(&job).cloned().filter(|_| w > 1);
                let answer = match answer {
                    0 => Answer::Refuse,
                    1 => Answer::Nothing,
                    _ => Answer::Accept(JoinAs::default()),
                };
                Input::Answered { worker: asked.or(pick(&self.workers, w))?, job, answer }
            }
            Step::Update(w, j, done) => {
                let job = pick(&self.seen, j)?;
                let status = if done { JobStatus::Succeeded } else { JobStatus::Running };
                let worker = self.assigned.get(&job).cloned().filter(|_| w > 1).or(pick(&self.workers, w))?;
                Input::JobUpdated { worker, job, status, error: String::new() }
            }
            Step::Room(r, named) => {
                Input::RoomCreated { room: room(r), agents: if named { vec![agent(1)] } else { vec![] } }
            }
            Step::Over(r) => Input::RoomEnded { room: room(r) },
            Step::Create(r, a) => {
                let _ = self.dispatcher.create(self.now, ROOMS[r], agent(a));
                Input::Tick
            }
            Step::Delete(d) => {
                let all: Vec<_> = ROOMS.iter().flat_map(|r| self.dispatcher.dispatches(r)).cloned().collect();
                let dispatch = pick(&all, d)?;
                self.dispatcher.delete(self.now, &dispatch.room, &dispatch.id).unwrap();
                Input::Tick
            }
            Step::Join(r, p, dependent) => Input::Joined { room: room(r), identity: who(p), dependent },
            Step::Publish(r, p) => Input::Published { room: room(r), identity: who(p) },
            Step::Leave(r, p) => Input::Left { room: room(r), identity: who(p) },
        })
    }

    fn take(&mut self, step: Step) {
        let Some(input) = self.input(step) else { return };
        self.dispatcher.handle(self.now, input);
        self.observe();
        self.check();
    }

    fn observe(&mut self) {
        loop {
            let output = self.dispatcher.poll();
            self.log.push(format!("{output:?}"));
            match output {
                Output::Offer { worker, job } => {
                    assert!(!self.assigned.contains_key(&job.id), "offered while at a worker");
                    assert!(!self.ended.contains(&job.id), "offered after its end");
                    self.seen.push(job.id.clone());
                    self.offers.insert(job.id, worker);
                }
                Output::Assign { worker, job, .. } => {
                    assert_eq!(self.offers.get(&job.id), Some(&worker), "given to whom it was not offered");
                    assert_eq!(self.assigned.insert(job.id, worker), None, "given twice");
                }
                Output::Ended { job } => assert!(self.ended.insert(job.id), "ended twice"),
                Output::Terminate { .. } | Output::Failed { .. } => {}
                Output::Timeout(at) => {
                    assert!(at > self.now, "asks for a moment that is past");
                    break;
                }
            }
        }
    }

    /// The inside agrees with itself.
    fn check(&self) {
        let jobs = &self.dispatcher.jobs;
        for (id, worker) in self.dispatcher.workers() {
            for job in &worker.jobs {
                let state = &jobs[job].state;
                assert!(*state == State::Offered(id.clone()) || *state == State::Assigned(id.clone()), "{state:?}");
            }
        }
        for (id, entry) in jobs {
            match &entry.state {
                State::Offered(worker) | State::Assigned(worker) => {
                    let at: Vec<_> = self.dispatcher.workers().filter(|(_, w)| w.jobs.contains(id)).collect();
                    assert_eq!(at.iter().map(|(id, _)| *id).collect::<Vec<_>>(), [worker], "at exactly one worker");
                }
                State::Waiting => assert!(self.dispatcher.queue.contains_key(&entry.order), "lost"),
                State::Lost(_) => assert!(entry.timer.is_some(), "kept for ever"),
                State::Ended => assert!(self.ended.contains(id), "ended in silence"),
            }
            let listed = self.dispatcher.dispatches.get(&entry.job.dispatch).is_some_and(|d| d.jobs.contains(id));
            assert!(listed, "a job without its dispatch");
        }
        let timers = jobs.values().filter(|entry| entry.timer.is_some()).count();
        assert_eq!(self.dispatcher.timers.len(), timers, "timers of jobs that there are, one each");
        let waiting = jobs.values().filter(|entry| entry.state == State::Waiting).count();
        assert_eq!(self.dispatcher.queue.len(), waiting);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_job_is_at_two_workers_and_none_is_lost(
        steps in prop::collection::vec(step(), 1..80), seed in any::<u64>(),
    ) {
        let mut world = World::new(seed);
        steps.into_iter().for_each(|step| world.take(step));
        // Nobody says anything any more: what is not at a worker is given up by its deadline.
        let end = world.now + Duration::from_secs(60 + 10 + 120);
        while world.now < end {
            world.take(Step::Pass(1_000));
        }
        for entry in world.dispatcher.jobs.values() {
            prop_assert!(matches!(entry.state, State::Assigned(_) | State::Ended), "{:?}", entry.state);
        }
    }

    #[test]
    fn one_seed_has_one_outcome(steps in prop::collection::vec(step(), 1..40), seed in any::<u64>()) {
        let run = || {
            let mut world = World::new(seed);
            steps.iter().cloned().for_each(|step| world.take(step));
            world.log
        };
        prop_assert_eq!(run(), run());
    }
}
