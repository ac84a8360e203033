//! One case each of what the documentation promises.

use crate::{
    Agent, Answer, Config, Dispatcher, Failure, Input, Job, JobId, JobKind, JobStatus, JoinAs, Output, WorkerId,
    WorkerSpec,
};
use duologue_ids::{Mono, Seed};

struct Desk {
    dispatcher: Dispatcher,
    now: Mono,
}

fn spec(name: &str, kind: JobKind) -> WorkerSpec {
    WorkerSpec { agent_name: name.into(), kind, ..Default::default() }
}

fn agent(name: &str) -> Agent {
    Agent { name: name.into(), metadata: "told".into(), ..Default::default() }
}

impl Desk {
    fn new() -> Desk {
        Desk { dispatcher: Dispatcher::new(Config::default(), Seed(1)), now: Mono::ZERO }
    }

    fn register(&mut self, name: &str) -> WorkerId {
        self.dispatcher.register(self.now, spec(name, JobKind::Room))
    }

    fn room(&mut self, agents: &[&str]) {
        self.handle(Input::RoomCreated { room: "r".into(), agents: agents.iter().map(|name| agent(name)).collect() });
    }

    fn handle(&mut self, input: Input) {
        self.dispatcher.handle(self.now, input);
    }

    fn after(&mut self, seconds: u64) {
        self.now += std::time::Duration::from_secs(seconds);
        self.handle(Input::Tick);
    }

    fn drain(&mut self) -> Vec<Output> {
        let next = || Some(self.dispatcher.poll()).filter(|output| !matches!(output, Output::Timeout(_)));
        std::iter::from_fn(next).collect()
    }

    /// The only output, which is an offer.
    fn offered(&mut self) -> (WorkerId, Job) {
        match &self.drain()[..] {
            [Output::Offer { worker, job }] => (worker.clone(), job.clone()),
            other => panic!("one offer, not {other:?}"),
        }
    }

    fn answer(&mut self, worker: &WorkerId, job: &JobId, answer: Answer) {
        self.handle(Input::Answered { worker: worker.clone(), job: job.clone(), answer });
    }

    /// A job of agent `a` that is assigned.
    fn assigned(&mut self) -> (WorkerId, JobId) {
        self.register("a");
        self.room(&["a"]);
        let (worker, job) = self.offered();
        self.answer(&worker, &job.id, yes());
        assert!(matches!(&self.drain()[..], [Output::Assign { .. }]));
        (worker, job.id)
    }

    fn ended(&mut self) -> (JobStatus, String) {
        let ended = self.drain().into_iter().find_map(|output| match output {
            Output::Ended { job } => Some((job.status, job.error)),
            _ => None,
        });
        ended.unwrap()
    }
}

fn yes() -> Answer {
    Answer::Accept(JoinAs::default())
}

#[test]
fn a_room_without_agents_asks_the_unnamed_only() {
    let mut desk = Desk::new();
    desk.register("a");
    let unnamed = desk.register("");
    desk.room(&[]);
    assert_eq!(desk.offered().0, unnamed);
}

#[test]
fn an_unnamed_dispatch_that_nobody_asked_for_does_not_fail() {
    let mut desk = Desk::new();
    desk.room(&[]);
    desk.after(60);
    assert!(matches!(&desk.drain()[..], [Output::Ended { .. }]));
}

#[test]
fn a_name_that_nobody_runs_fails_with_those_that_somebody_runs() {
    let mut desk = Desk::new();
    desk.register("b");
    desk.room(&["a"]);
    desk.after(59);
    assert_eq!(desk.drain(), []);
    desk.after(1);
    let outputs = desk.drain();
    let Some(Output::Failed { why, dispatch }) = outputs.last() else { panic!("failed: {outputs:?}") };
    assert_eq!(dispatch.agent.name, "a");
    assert_eq!(
        why.to_string(),
        "no worker registered as agent \"a\" within 60 s; start one, or correct the name (registered: \"b\")"
    );
}

#[test]
fn who_refuses_is_not_asked_again() {
    let mut desk = Desk::new();
    let (one, other) = (desk.register("a"), desk.register("a"));
    desk.room(&["a"]);
    let (first, job) = desk.offered();
    desk.answer(&first, &job.id, Answer::Refuse);
    let (second, _) = desk.offered();
    assert_eq!(second, if first == one { other } else { one });
    desk.answer(&second, &job.id, Answer::Refuse);
    desk.after(59);
    assert_eq!(desk.drain(), []);
    desk.after(1);
    let outputs = desk.drain();
    assert!(
        matches!(outputs.last(), Some(Output::Failed { why: Failure::NobodyTookIt { refused: 2, silent: 0, .. }, .. })),
        "{outputs:?}"
    );
}

#[test]
fn who_does_not_answer_is_replaced_and_asked_again_later() {
    let mut desk = Desk::new();
    let only = desk.register("a");
    desk.room(&["a"]);
    let (_, job) = desk.offered();
    desk.after(10);
    assert_eq!(desk.drain(), []);
    desk.answer(&only, &job.id, yes());
    assert_eq!(desk.drain(), [], "too late");
    let other = desk.register("a");
    assert_eq!(desk.offered().0, other);
    desk.handle(Input::WorkerGone { worker: other });
    assert_eq!(desk.drain(), []);
    desk.after(5);
    assert_eq!(desk.offered().0, only);
}

#[test]
fn who_is_full_is_not_asked_and_is_as_soon_as_free() {
    let mut desk = Desk::new();
    let worker = desk.register("a");
    desk.handle(Input::WorkerStatus { worker: worker.clone(), available: false, load: 0.9 });
    desk.room(&["a"]);
    assert_eq!(desk.drain(), []);
    desk.handle(Input::WorkerStatus { worker: worker.clone(), available: true, load: 0.1 });
    assert_eq!(desk.offered().0, worker);
}

#[test]
fn an_assignment_says_as_whom() {
    let mut desk = Desk::new();
    let worker = desk.register("a");
    desk.room(&["a"]);
    let (_, job) = desk.offered();
    assert_eq!((job.room.as_str(), job.metadata.as_str(), job.kind), ("r", "told", JobKind::Room));
    let attributes = [("lk.agent_name".to_owned(), "forged".to_owned())].into();
    let join_as = JoinAs { attributes, ..Default::default() };
    desk.answer(&worker, &job.id, Answer::Accept(join_as));
    let outputs = desk.drain();
    let [Output::Assign { join_as, job, .. }] = &outputs[..] else { panic!("{outputs:?}") };
    assert_eq!(join_as.identity, format!("agent-{}", job.id));
    assert_eq!(join_as.attributes["lk.agent_name"], "a");
    assert_eq!(job.joined_as.as_ref(), Some(&join_as.identity));
}

#[test]
fn a_worker_tells_how_a_job_goes() {
    let mut desk = Desk::new();
    let (worker, job) = desk.assigned();
    let update = |worker: &WorkerId, status, error: &str| Input::JobUpdated {
        worker: worker.clone(),
        job: job.clone(),
        status,
        error: error.into(),
    };
    desk.handle(update(&WorkerId("AW_other".into()), JobStatus::Failed, "not mine"));
    desk.handle(update(&worker, JobStatus::Running, ""));
    assert_eq!(desk.dispatcher.job(&job).unwrap().status, JobStatus::Running);
    desk.handle(update(&worker, JobStatus::Failed, "out of words"));
    assert_eq!(desk.ended(), (JobStatus::Failed, "out of words".into()));
    assert_eq!(desk.dispatcher.workers().next().unwrap().1.jobs.len(), 0);
}

#[test]
fn a_worker_that_has_nothing_to_do_ends_the_job_well() {
    let mut desk = Desk::new();
    desk.register("a");
    desk.room(&["a"]);
    let (worker, job) = desk.offered();
    desk.answer(&worker, &job.id, Answer::Nothing);
    assert_eq!(desk.ended().0, JobStatus::Succeeded);
}

#[test]
fn a_worker_that_comes_back_has_its_jobs() {
    let mut desk = Desk::new();
    let (old, job) = desk.assigned();
    desk.handle(Input::WorkerGone { worker: old });
    desk.after(119);
    let stranger = desk.register("b");
    desk.handle(Input::Migrated { worker: stranger.clone(), jobs: vec![job.clone()] });
    assert_eq!(desk.drain(), [Output::Terminate { worker: stranger, job: job.clone() }]);
    let new = desk.register("a");
    desk.handle(Input::Migrated { worker: new.clone(), jobs: vec![job.clone()] });
    assert_eq!(desk.dispatcher.job(&job).unwrap().worker.as_ref(), Some(&new));
    desk.after(1_000);
    assert_eq!(desk.drain(), []);
}

#[test]
fn a_worker_that_stays_away_has_lost_them() {
    let mut desk = Desk::new();
    let (old, job) = desk.assigned();
    desk.handle(Input::WorkerGone { worker: old });
    desk.after(120);
    let (status, error) = desk.ended();
    assert_eq!(status, JobStatus::Failed);
    assert!(error.contains("did not come back within 120 s"), "{error}");
    let late = desk.register("a");
    desk.handle(Input::Migrated { worker: late.clone(), jobs: vec![job.clone()] });
    assert_eq!(desk.drain(), [Output::Terminate { worker: late, job }]);
}

#[test]
fn a_deleted_dispatch_and_an_ended_room_end_their_jobs() {
    for delete in [true, false] {
        let mut desk = Desk::new();
        let (worker, job) = desk.assigned();
        if delete {
            let id = desk.dispatcher.dispatches("r").next().unwrap().id.clone();
            assert!(desk.dispatcher.delete(desk.now, "elsewhere", &id).is_err());
            desk.dispatcher.delete(desk.now, "r", &id).unwrap();
        } else {
            desk.handle(Input::RoomEnded { room: "r".into() });
        }
        assert_eq!(desk.drain().first(), Some(&Output::Terminate { worker, job }));
        assert_eq!(desk.dispatcher.dispatches("r").count(), 0);
    }
}

#[test]
fn participants_have_jobs_of_their_own() {
    let mut desk = Desk::new();
    desk.dispatcher.register(desk.now, spec("a", JobKind::Participant));
    desk.dispatcher.register(desk.now, spec("a", JobKind::Publisher));
    desk.room(&["a"]);
    let joined = |identity: &str, dependent| Input::Joined { room: "r".into(), identity: identity.into(), dependent };
    let published = |identity: &str| Input::Published { room: "r".into(), identity: identity.into() };
    desk.handle(joined("agent", true));
    desk.handle(published("agent"));
    assert_eq!(desk.drain(), []);
    desk.handle(joined("anna", false));
    let (_, job) = desk.offered();
    assert_eq!((job.kind, job.participant.as_deref()), (JobKind::Participant, Some("anna")));
    desk.handle(published("anna"));
    assert_eq!(desk.offered().1.kind, JobKind::Publisher);
    desk.handle(published("anna"));
    assert_eq!(desk.drain(), [], "once each");
    desk.handle(Input::Left { room: "r".into(), identity: "anna".into() });
    assert_eq!(desk.ended().0, JobStatus::Failed);
    desk.after(60);
    assert!(
        !desk.drain().iter().any(|output| matches!(output, Output::Failed { .. })),
        "the agent is for participants"
    );
}

#[test]
fn a_later_dispatch_finds_who_is_there_already() {
    let mut desk = Desk::new();
    desk.room(&["b"]);
    desk.handle(Input::Joined { room: "r".into(), identity: "anna".into(), dependent: false });
    desk.handle(Input::Published { room: "r".into(), identity: "anna".into() });
    desk.dispatcher.register(desk.now, spec("a", JobKind::Publisher));
    assert!(desk.dispatcher.create(desk.now, "nowhere", agent("a")).is_err());
    desk.dispatcher.create(desk.now, "r", agent("a")).unwrap();
    assert_eq!(desk.offered().1.participant.as_deref(), Some("anna"));
}
