use crate::bed::{Bed, loaded, push, step, task};
use crate::on_both;
use duologue_store::{
    Claim, Claiming, Commit, CommitError, Outcome, Outgoing, SettleError, Settled, Standing, Store, UnixMs,
};
use std::collections::BTreeSet;
use std::time::Duration;

on_both!(
    effects_are_given_to_one_at_a_time,
    an_abandoned_claim_comes_back,
    outcomes_are_kept,
    any_reason_can_be_kept,
    a_step_takes_an_outcome_in,
    settled_effects_can_be_pruned,
    many_who_claim_share_the_work,
);

fn asking(now: i64, limit: u32) -> Claiming {
    Claiming::new("push", UnixMs(now), Duration::from_millis(100), limit)
}

async fn claim(store: &Store, now: i64, limit: u32) -> Vec<Claim> {
    store.claim(asking(now, limit)).await.expect("a store that works")
}

fn keys(claims: &[Claim]) -> Vec<&str> {
    claims.iter().map(|claim| claim.key.as_str()).collect()
}

async fn put_out(store: &Store, outbox: Vec<Outgoing>) {
    store.commit(Commit { outbox, ..step("a", 0, "x") }).await.expect("committed");
}

async fn effects_are_given_to_one_at_a_time(bed: Bed) {
    let store = bed.open().await;
    put_out(&store, vec![push("late", 50), push("b", 10), push("a", 10), push("early", 5)]).await;
    assert_eq!(store.next_claim("push").await, Ok(Some(UnixMs(5))));
    assert_eq!(keys(&claim(&store, 4, 9).await), [""; 0]);
    let first = claim(&store, 20, 2).await;
    assert_eq!(keys(&first), ["early", "b"]);
    assert_eq!((&first[0].payload[..], first[0].attempt, &first[0].of), (&b"early"[..], 1, &task("a")));
    assert_eq!(keys(&claim(&store, 20, 9).await), ["a"]);
    assert_eq!(keys(&claim(&store, 20, 9).await), [""; 0]);
    assert_eq!(store.claim(Claiming { kind: "sms".into(), ..asking(99, 9) }).await, Ok(vec![]));
    assert_eq!(store.next_claim("push").await, Ok(Some(UnixMs(50))));
}

async fn an_abandoned_claim_comes_back(bed: Bed) {
    let store = bed.open().await;
    put_out(&store, vec![push("k", 0)]).await;
    let lost = claim(&store, 10, 1).await.remove(0);
    assert_eq!(keys(&claim(&store, 109, 1).await), [""; 0]);
    let taken = claim(&store, 110, 1).await.remove(0);
    assert_eq!(taken.attempt, 2);
    // Whoever was thought dead comes too late.
    let late = Settled { claim: lost, outcome: Outcome::Done(UnixMs(111)) };
    assert_eq!(store.settle(late).await, Err(SettleError::ClaimLost { key: "k".into() }));
    let working = Settled { claim: taken.clone(), outcome: Outcome::Working(UnixMs(500)) };
    store.settle(working).await.expect("still at it");
    assert_eq!(keys(&claim(&store, 499, 1).await), [""; 0]);
    // Its time is over, but nobody else has begun.
    let done = Settled { claim: taken, outcome: Outcome::Done(UnixMs(501)) };
    store.settle(done.clone()).await.expect("done");
    assert_eq!(store.settle(done).await, Err(SettleError::ClaimLost { key: "k".into() }));
    assert_eq!(keys(&claim(&store, 9_999, 1).await), [""; 0]);
}

async fn outcomes_are_kept(bed: Bed) {
    let store = bed.open().await;
    put_out(&store, vec![push("a", 0), push("b", 0)]).await;
    assert_eq!(store.standing("a").await, Ok(Some(Standing::Due { at: UnixMs(0), attempts: 0, failure: None })));
    let mut claims = claim(&store, 1, 2).await;
    let (b, a) = (claims.pop().expect("b"), claims.pop().expect("a"));
    let retry = Outcome::Retry(UnixMs(300), "no answer".into());
    store.settle(Settled { claim: a, outcome: retry }).await.expect("taken down");
    let failed = Outcome::Failed(UnixMs(2), "no such number".into());
    store.settle(Settled { claim: b, outcome: failed }).await.expect("taken down");
    let standing = Standing::Due { at: UnixMs(300), attempts: 1, failure: Some("no answer".into()) };
    assert_eq!(store.standing("a").await, Ok(Some(standing)));
    assert_eq!(store.standing("b").await, Ok(Some(Standing::Failed(UnixMs(2), "no such number".into()))));
    let again = claim(&store, 300, 2).await.remove(0);
    let working = Settled { claim: again.clone(), outcome: Outcome::Working(UnixMs(900)) };
    store.settle(working).await.expect("taken down");
    let standing = Standing::Due { at: UnixMs(900), attempts: 2, failure: Some("no answer".into()) };
    assert_eq!(store.standing("a").await, Ok(Some(standing)));
    store.settle(Settled { claim: again, outcome: Outcome::Done(UnixMs(301)) }).await.expect("taken down");
    assert_eq!(store.standing("a").await, Ok(Some(Standing::Done(UnixMs(301)))));
}

async fn a_step_takes_an_outcome_in(bed: Bed) {
    let store = bed.open().await;
    put_out(&store, vec![push("k", 0)]).await;
    let settled = |claim| vec![Settled { claim, outcome: Outcome::Done(UnixMs(5)) }];
    let taken = claim(&store, 0, 1).await.remove(0);
    let stale = Commit { settled: settled(taken.clone()), ..step("a", 7, "x") };
    store.commit(stale).await.expect_err("another version");
    assert!(matches!(store.standing("k").await, Ok(Some(Standing::Due { .. }))));
    let taken_in = Commit { settled: settled(taken.clone()), ..step("a", 1, "done") };
    store.commit(taken_in).await.expect("committed");
    assert_eq!(store.standing("k").await, Ok(Some(Standing::Done(UnixMs(5)))));
    let twice = Commit { settled: settled(taken), ..step("a", 2, "twice") };
    assert_eq!(store.commit(twice).await, Err(CommitError::ClaimLost { key: "k".into() }));
    assert_eq!(loaded(&store, "a").await.version, 2);
}

async fn settled_effects_can_be_pruned(bed: Bed) {
    let store = bed.open().await;
    put_out(&store, vec![push("a", 0), push("b", 0), push("c", 0)]).await;
    for (claim, at) in claim(&store, 0, 2).await.into_iter().zip([10, 20]) {
        store.settle(Settled { claim, outcome: Outcome::Done(UnixMs(at)) }).await.expect("taken down");
    }
    assert_eq!(store.prune(UnixMs(20), 9).await, Ok(1));
    assert_eq!(store.standing("a").await, Ok(None));
    assert!(store.standing("b").await.expect("read").is_some() && store.standing("c").await.expect("read").is_some());
    let again = Commit { outbox: vec![push("a", 0)], ..step("a", 1, "x") };
    store.commit(again).await.expect("the name is free again");
}

async fn many_who_claim_share_the_work(bed: Bed) {
    let store = bed.open().await;
    put_out(&store, (0..120).map(|number| push(&format!("k{number}"), 0)).collect()).await;
    let workers = (0..8).map(|_| {
        let store = store.clone();
        tokio::spawn(async move {
            let mut got = Vec::new();
            loop {
                let claims = store.claim(asking(0, 7)).await.expect("a store that works");
                if claims.is_empty() {
                    return got;
                }
                for claim in claims {
                    got.push(claim.key.clone());
                    let done = Settled { claim, outcome: Outcome::Done(UnixMs(1)) };
                    store.settle(done).await.expect("taken down");
                }
            }
        })
    });
    let mut got = Vec::new();
    for worker in futures::future::join_all(workers).await {
        got.extend(worker.expect("a worker that ends"));
    }
    // On PostgreSQL, an empty answer may mean that others held the rest at that moment: what is left is still there.
    got.extend(claim(&store, 0, 200).await.into_iter().map(|claim| claim.key));
    assert_eq!(got.len(), 120, "nothing twice");
    assert_eq!(got.into_iter().collect::<BTreeSet<_>>().len(), 120, "nothing left out");
}

async fn any_reason_can_be_kept(bed: Bed) {
    let store = bed.open().await;
    put_out(&store, vec![push("k", 0)]).await;
    // What a receiver answers is foreign text.
    let why = format!("said \0 and {}", "ä".repeat(9_000));
    let claim = claim(&store, 0, 1).await.remove(0);
    store.settle(Settled { claim, outcome: Outcome::Failed(UnixMs(1), why) }).await.expect("taken down");
    let Ok(Some(Standing::Failed(_, kept))) = store.standing("k").await else { panic!("not failed") };
    assert!(kept.starts_with("said \u{fffd} and ä") && kept.len() < 1_010, "{}", kept.len());
}
