//! Any sequence of operations does to a store what it does to a few maps.

use crate::bed::{Bed, push, state, step, task};
use duologue_store::{
    Claim, Claiming, Commit, CommitError, Entry, Event, LeaseError, Listing, Outcome, Settled, Standing, Store, UnixMs,
};
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long claims and leases hold.
const SPAN: i64 = 10;

/// One of few aggregates, keys and moments, so that they meet.
#[derive(Clone, Debug)]
enum Op {
    Commit(Vec<Step>),
    Remove { id: u8, expected: u64 },
    Claim { limit: u32 },
    Settle { which: usize, outcome: u8 },
    Due { limit: u32 },
    Lease { holder: u8 },
    Wait(i64),
}

#[derive(Clone, Debug)]
struct Step {
    id: u8,
    /// Added to the right version.
    off: u64,
    events: u8,
    effect: Option<u8>,
    wake_in: Option<i64>,
    owner: u8,
    rank: i64,
    settles: Option<usize>,
}

fn any_step() -> impl Strategy<Value = Step> {
    let off = prop_oneof![9 => Just(0), 1 => Just(1u64)];
    let effect = proptest::option::weighted(0.4, 0..12u8);
    let wake_in = proptest::option::of(0..30i64);
    let settles = proptest::option::weighted(0.2, 0..4usize);
    (0..4u8, off, 0..3u8, effect, wake_in, 0..2u8, 0..3i64, settles).prop_map(
        |(id, off, events, effect, wake_in, owner, rank, settles)| Step {
            id,
            off,
            events,
            effect,
            wake_in,
            owner,
            rank,
            settles,
        },
    )
}

fn any_op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => proptest::collection::vec(any_step(), 1..3).prop_map(Op::Commit),
        1 => (0..4u8, 0..4u64).prop_map(|(id, expected)| Op::Remove { id, expected }),
        2 => (0..4u32).prop_map(|limit| Op::Claim { limit }),
        2 => (0..4usize, 0..4u8).prop_map(|(which, outcome)| Op::Settle { which, outcome }),
        2 => (0..3u32).prop_map(|limit| Op::Due { limit }),
        1 => (0..2u8).prop_map(|holder| Op::Lease { holder }),
        2 => (0..15i64).prop_map(Op::Wait),
    ]
}

#[derive(Clone, Debug, PartialEq)]
struct Aggregate {
    version: u64,
    owner: String,
    rank: i64,
    events: Vec<Vec<u8>>,
    wake_at: Option<i64>,
    due_at: Option<i64>,
}

#[derive(Clone, Debug, PartialEq)]
struct Effect {
    of: String,
    order: usize,
    attempt: u32,
    due_at: Option<i64>,
    settled: Option<Outcome>,
    failure: Option<String>,
}

/// What the store should hold.
#[derive(Clone, Default)]
struct Model {
    now: i64,
    aggregates: BTreeMap<String, Aggregate>,
    effects: BTreeMap<String, Effect>,
    asked: usize,
    lease: Option<(String, u64, i64)>,
    entries: u64,
    claims: Vec<Claim>,
}

fn outcome(which: u8, now: i64) -> Outcome {
    match which {
        0 => Outcome::Done(UnixMs(now)),
        1 => Outcome::Retry(UnixMs(now + 5), "later".into()),
        2 => Outcome::Failed(UnixMs(now), "never".into()),
        _ => Outcome::Working(UnixMs(now + 7)),
    }
}

impl Model {
    /// The commit that a step stands for.
    fn commit(&self, at: &Step, earlier: u64) -> Commit {
        let id = at.id.to_string();
        let expected = self.aggregates.get(&id).map_or(0, |found| found.version) + earlier + at.off;
        let claim = at.settles.and_then(|which| self.claims.get(which)).cloned();
        Commit {
            owner: at.owner.to_string(),
            rank: at.rank,
            events: (0..at.events).map(|number| vec![number]).collect(),
            outbox: at.effect.map(|key| push(&format!("k{key}"), self.now + i64::from(key))).into_iter().collect(),
            settled: claim.map(|claim| Settled { claim, outcome: outcome(0, self.now) }).into_iter().collect(),
            wake_at: at.wake_in.map(|span| UnixMs(self.now + span)),
            audit: vec![Entry { at: UnixMs(self.now), kind: "step".into(), body: vec![] }],
            ..step(&id, expected, &expected.to_string())
        }
    }

    fn apply(&mut self, commit: &Commit) -> bool {
        let id = &commit.key.id;
        let was = self.aggregates.get(id);
        if was.map_or(0, |found| found.version) != commit.expected {
            return false;
        }
        let mut events = was.map(|found| found.events.clone()).unwrap_or_default();
        events.extend(commit.events.iter().cloned());
        let (owner, rank, wake_at) = (commit.owner.clone(), commit.rank, commit.wake_at.map(|at| at.0));
        let aggregate = Aggregate { version: commit.expected + 1, owner, rank, events, wake_at, due_at: wake_at };
        self.aggregates.insert(id.clone(), aggregate);
        for outgoing in &commit.outbox {
            self.asked += 1;
            let due_at = Some(outgoing.not_before.0);
            let effect = Effect { of: id.clone(), order: self.asked, attempt: 0, due_at, settled: None, failure: None };
            if self.effects.insert(outgoing.key.clone(), effect).is_some() {
                return false;
            }
        }
        self.entries += 1;
        commit.settled.iter().all(|settled| self.settle(settled))
    }

    fn settle(&mut self, settled: &Settled) -> bool {
        let Some(effect) = self.effects.get_mut(&settled.claim.key) else { return false };
        if effect.attempt != settled.claim.attempt || effect.due_at.is_none() {
            return false;
        }
        match &settled.outcome {
            Outcome::Done(_) | Outcome::Failed(..) => {
                effect.due_at = None;
                effect.settled = Some(settled.outcome.clone());
            }
            Outcome::Retry(at, why) => {
                effect.due_at = Some(at.0);
                effect.failure = Some(why.clone());
            }
            Outcome::Working(until) => effect.due_at = Some(until.0),
        }
        true
    }

    fn claim(&mut self, limit: u32) -> Vec<String> {
        let now = self.now;
        let mut due: Vec<_> =
            self.effects.iter_mut().filter(|(_, effect)| effect.due_at.is_some_and(|at| at <= now)).collect();
        due.sort_by_key(|(_, effect)| (effect.due_at, effect.order));
        due.truncate(limit as usize);
        let taken = due.into_iter().map(|(key, effect)| {
            effect.attempt += 1;
            effect.due_at = Some(now + SPAN);
            key.clone()
        });
        taken.collect()
    }

    fn due(&mut self, limit: u32) -> Vec<String> {
        let now = self.now;
        let mut due: Vec<_> =
            self.aggregates.iter_mut().filter(|(_, found)| found.due_at.is_some_and(|at| at <= now)).collect();
        due.sort_by_key(|(id, found)| (found.due_at, found.wake_at, (*id).clone()));
        due.truncate(limit as usize);
        for (_, found) in &mut due {
            found.due_at = Some(now + SPAN);
        }
        due.sort_by_key(|(id, found)| (found.wake_at, (*id).clone()));
        due.into_iter().map(|(id, _)| id.clone()).collect()
    }
}

fn asking(kind: &str, now: i64, limit: u32) -> Claiming {
    Claiming::new(kind, UnixMs(now), Duration::from_millis(SPAN as u64), limit)
}

async fn perform(store: &Store, model: &mut Model, op: &Op) {
    match op {
        Op::Wait(span) => model.now += span,
        Op::Commit(steps) => {
            let mut after = model.clone();
            let mut commits: Vec<Commit> = Vec::new();
            for at in steps {
                let earlier = commits.iter().filter(|commit| commit.key.id == at.id.to_string()).count() as u64;
                commits.push(model.commit(at, earlier));
            }
            let right = commits.iter().all(|commit| after.apply(commit));
            let done = store.commit_all(commits).await;
            assert_eq!(done.is_ok(), right, "{done:?}");
            assert!(!matches!(done, Err(CommitError::Unavailable(_) | CommitError::Refused(_))), "{done:?}");
            if right {
                *model = after;
            }
        }
        Op::Remove { id, expected } => {
            let id = id.to_string();
            let right = model.aggregates.get(&id).is_some_and(|found| found.version == *expected);
            assert_eq!(store.remove(&task(&id), *expected).await.is_ok(), right);
            if right {
                model.aggregates.remove(&id);
            }
        }
        Op::Claim { limit } => {
            let claims = store.claim(asking("push", model.now, *limit)).await.expect("a store that works");
            assert_eq!(claims.iter().map(|claim| claim.key.clone()).collect::<Vec<_>>(), model.claim(*limit));
            for claim in claims {
                let effect = &model.effects[&claim.key];
                assert_eq!((claim.attempt, &claim.of.id), (effect.attempt, &effect.of));
                model.claims.insert(0, claim);
            }
        }
        Op::Settle { which, outcome: what } => {
            let Some(claim) = model.claims.get(*which).cloned() else { return };
            let settled = Settled { claim, outcome: outcome(*what, model.now) };
            let right = model.settle(&settled);
            assert_eq!(store.settle(settled).await.is_ok(), right);
        }
        Op::Due { limit } => {
            let woken = store.due(asking("task", model.now, *limit)).await.expect("a store that works");
            let ids: Vec<_> = woken.into_iter().map(|aggregate| aggregate.key.id).collect();
            assert_eq!(ids, model.due(*limit));
        }
        Op::Lease { holder } => lease(store, model, &holder.to_string()).await,
    }
}

async fn lease(store: &Store, model: &mut Model, holder: &str) {
    let given = store.acquire("tick", holder, UnixMs(model.now), Duration::from_millis(SPAN as u64)).await;
    let free = model.lease.as_ref().is_none_or(|(held, _, until)| held == holder || *until <= model.now);
    match given {
        Ok(lease) => {
            assert!(free);
            assert_eq!(lease.token, model.lease.as_ref().map_or(1, |(_, token, _)| token + 1));
            model.lease = Some((holder.to_owned(), lease.token, lease.until.0));
        }
        Err(LeaseError::Held { holder: by, until, .. }) => {
            assert!(!free);
            assert_eq!(model.lease.as_ref().map(|(by, _, until)| (by.clone(), *until)), Some((by, until.0)));
        }
        Err(other) => panic!("{other}"),
    }
}

async fn compare(store: &Store, model: &Model) {
    for id in (0..4u8).map(|id| id.to_string()) {
        let found = store.load(&task(&id)).await.expect("read");
        let Some(expected) = model.aggregates.get(&id) else {
            assert_eq!(found, None);
            continue;
        };
        let found = found.expect("it was committed");
        assert_eq!((found.version, &found.owner, found.rank), (expected.version, &expected.owner, expected.rank));
        assert_eq!(
            (found.state, found.wake_at),
            (state(&(expected.version - 1).to_string()), expected.wake_at.map(UnixMs))
        );
        let events: Vec<Event> =
            (1..).zip(expected.events.clone()).map(|(seq, payload)| Event { seq, payload }).collect();
        assert_eq!(store.events(&task(&id), 0, 1_000).await, Ok(events));
    }
    for key in (0..12).map(|key| format!("k{key}")) {
        let expected = model.effects.get(&key).map(|effect| match (&effect.settled, effect.due_at) {
            (Some(Outcome::Done(at)), _) => Standing::Done(*at),
            (Some(Outcome::Failed(at, why)), _) => Standing::Failed(*at, why.clone()),
            (_, at) => Standing::Due {
                at: UnixMs(at.expect("not settled")),
                attempts: effect.attempt,
                failure: effect.failure.clone(),
            },
        });
        assert_eq!(store.standing(&key).await, Ok(expected), "{key}");
    }
    for owner in ["0", "1"] {
        let mut expected: Vec<_> = model.aggregates.iter().filter(|(_, found)| found.owner == owner).collect();
        expected.sort_by_key(|(id, found)| std::cmp::Reverse((found.rank, (*id).clone())));
        let listed = store.list(Listing::new("task", owner, 9)).await.expect("read");
        assert!(listed.iter().map(|found| &found.key.id).eq(expected.into_iter().map(|(id, _)| id)));
    }
    assert_eq!(store.faults().await, Ok(vec![]));
    let verdict = store.audit_verify().await.expect("read");
    assert_eq!((verdict.entries, verdict.broken), (model.entries, vec![]));
}

/// Runs cases of any operations, each on a new store.
fn holds(cases: u32, bed: impl AsyncFn() -> Option<Bed>) {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let mut runner = proptest::test_runner::TestRunner::new(config);
    let outcome = runner.run(&proptest::collection::vec(any_op(), 1..40), |ops| {
        runtime.block_on(async {
            let Some(bed) = bed().await else { return };
            let (store, mut model) = (bed.open().await, Model::default());
            for op in &ops {
                perform(&store, &mut model, op).await;
            }
            compare(&store, &model).await;
            store.close().await;
        });
        Ok(())
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

#[test]
fn in_memory() {
    holds(400, async || Some(Bed::memory()));
}

#[test]
fn sqlite() {
    holds(40, async || Some(Bed::file()));
}

#[test]
fn postgres() {
    holds(40, async || Bed::server().await);
}
