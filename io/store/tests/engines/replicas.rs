//! Several processes on one server.

use crate::bed::{Bed, on_server, push, step};
use duologue_store::{Change, Claiming, Commit, CommitError, Entry, Outcome, Settled, Unavailable, UnixMs};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

#[test]
fn one_step_wins() {
    on_server(|bed: Bed| async move {
        let (a, b) = (bed.open_as("a").await, bed.open_as("b").await);
        for number in 0..40 {
            // Both create the same, ask for the same effect, and lengthen their chains.
            let both = [&a, &b].map(|store| {
                let audit = vec![Entry { at: UnixMs(0), kind: "step".into(), body: vec![] }];
                let outbox = vec![push(&format!("k{number}"), 0)];
                store.commit(Commit { outbox, audit, ..step(&number.to_string(), 0, "x") })
            });
            let outcomes = futures::future::join_all(both).await;
            assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
            let lost = outcomes.into_iter().find_map(Result::err);
            assert!(matches!(lost, Some(CommitError::Conflict { found: 1, .. })), "{lost:?}");
        }
        assert_eq!(a.audit_verify().await.map(|verdict| (verdict.entries, verdict.broken)), Ok((40, vec![])));
        assert_eq!(b.faults().await, Ok(vec![]));
    });
}

#[test]
fn effects_are_shared_out() {
    on_server(|bed: Bed| async move {
        let stores = [bed.open_as("a").await, bed.open_as("b").await, bed.open_as("c").await];
        let outbox = (0..150).map(|number| push(&format!("k{number}"), 0)).collect();
        stores[0].commit(Commit { outbox, ..step("a", 0, "x") }).await.expect("committed");
        let workers = stores.iter().flat_map(|store| [store.clone(), store.clone()]).map(|store| {
            tokio::spawn(async move {
                let mut got = Vec::new();
                let asking = Claiming::new("push", UnixMs(0), Duration::from_secs(1), 5);
                // What others hold at this moment is passed over; it is theirs.
                loop {
                    let claims = store.claim(asking.clone()).await.expect("a store that works");
                    if claims.is_empty() {
                        return got;
                    }
                    for claim in claims {
                        got.push(claim.key.clone());
                        store.settle(Settled { claim, outcome: Outcome::Done(UnixMs(0)) }).await.expect("taken down");
                    }
                }
            })
        });
        let got: Vec<String> =
            futures::future::join_all(workers).await.into_iter().flat_map(|got| got.expect("a worker")).collect();
        assert_eq!(got.len(), got.iter().collect::<BTreeSet<_>>().len(), "nothing twice");
        let left = Claiming::new("push", UnixMs(0), Duration::from_secs(1), 200);
        let left = stores[0].claim(left).await.expect("a store that works").len();
        assert_eq!(got.len() + left, 150, "nothing lost");
    });
}

#[test]
fn everybody_is_told_once() {
    on_server(|bed: Bed| async move {
        let (a, b) = (bed.open_as("a").await, bed.open_as("b").await);
        let (mut at_a, mut at_b) = (a.changes("task"), b.changes("task"));
        for version in 0..3 {
            a.commit(step("x", version, "x")).await.expect("committed");
        }
        b.commit(step("y", 0, "x")).await.expect("committed");
        let moved = |id: &str, version| Some(Change::Moved { id: id.into(), version });
        let expected = [moved("x", 1), moved("x", 2), moved("x", 3), moved("y", 1)];
        for change in &expected {
            assert_eq!(at_a.next().await, *change);
        }
        let mut told = Vec::new();
        for _ in &expected {
            told.push(at_b.next().await);
        }
        // Its own comes at once, those of others by way of the server.
        told.sort_by_key(|change| format!("{change:?}"));
        assert_eq!(told, expected);
    });
}

#[test]
fn a_lost_connection_is_told_and_made_anew() {
    on_server(|bed: Bed| async move {
        let (a, b) = (bed.open_as("a").await, bed.open_as("b").await);
        let mut changes = b.changes("task");
        a.commit(step("x", 0, "x")).await.expect("committed");
        assert_eq!(changes.next().await, Some(Change::Moved { id: "x".into(), version: 1 }));
        bed.end_sessions().await;
        // Once when it broke, once when it is back: from then on everything is heard again.
        assert_eq!(changes.next().await, Some(Change::Reload));
        assert_eq!(changes.next().await, Some(Change::Reload));
        a.commit(step("x", 1, "x")).await.expect("committed on a new connection");
        assert_eq!(changes.next().await, Some(Change::Moved { id: "x".into(), version: 2 }));
        assert_eq!(b.load(&crate::bed::task("x")).await.expect("read").map(|found| found.version), Some(2));
    });
}

#[test]
fn lost_connections_lose_no_answers() {
    on_server(|bed: Bed| async move {
        let store = bed.open().await;
        let ended = Arc::new(AtomicU32::new(0));
        let writers = (0..6).map(|writer| {
            let (store, id, ended) = (store.clone(), format!("w{writer}"), Arc::clone(&ended));
            tokio::spawn(async move {
                let mut version = 0;
                while ended.load(Ordering::Relaxed) < 12 {
                    let commit = Commit { events: vec![vec![1]], ..step(&id, version, "x") };
                    match store.commit(commit).await {
                        Ok(receipt) => version = receipt.version,
                        // Nothing was written: so the same step is right once more.
                        Err(CommitError::Unavailable(Unavailable::Unreachable { .. })) => {}
                        Err(other) => panic!("{other}"),
                    }
                }
                version
            })
        });
        let writers: Vec<_> = writers.collect();
        while ended.fetch_add(1, Ordering::Relaxed) < 12 {
            bed.end_sessions().await;
        }
        for (writer, outcome) in futures::future::join_all(writers).await.into_iter().enumerate() {
            let version = outcome.expect("a writer that is told what became of each step");
            let found = store.load(&crate::bed::task(&format!("w{writer}"))).await.expect("read").expect("written");
            assert_eq!((found.version, found.last_event), (version, version));
        }
        assert_eq!(store.faults().await, Ok(vec![]));
    });
}

#[test]
fn what_the_server_refuses_takes_nothing_else_with_it() {
    on_server(|bed: Bed| async move {
        let store = bed.open().await;
        let refuse = "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'not this'; END $$;
             CREATE TRIGGER refuse BEFORE INSERT ON store_aggregate FOR EACH ROW WHEN (NEW.id = '13')
             EXECUTE FUNCTION refuse()";
        bed.forge(refuse).await;
        let all = (0..40).map(|number| store.commit(step(&number.to_string(), 0, "x")));
        for (number, outcome) in futures::future::join_all(all).await.into_iter().enumerate() {
            match number {
                13 => {
                    assert!(matches!(outcome, Err(CommitError::Unavailable(Unavailable::Engine { .. }))), "{outcome:?}")
                }
                _ => assert!(outcome.is_ok(), "{number}: {outcome:?}"),
            }
        }
    });
}
