use crate::bed::{Bed, loaded, state, step};
use crate::on_both;
use duologue_store::{Commit, CommitError, LeaseError, UnixMs};
use std::time::Duration;

on_both!(one_holder_at_a_time, what_is_done_under_a_lost_lease_is_refused);

const SPAN: Duration = Duration::from_millis(100);

async fn one_holder_at_a_time(bed: Bed) {
    let store = bed.open().await;
    let first = store.acquire("tick", "a", UnixMs(0), SPAN).await.expect("free");
    assert_eq!((first.token, first.until), (1, UnixMs(100)));
    let held = LeaseError::Held { name: "tick".into(), holder: "a".into(), until: UnixMs(100) };
    assert_eq!(store.acquire("tick", "b", UnixMs(99), SPAN).await, Err(held));
    let kept = store.renew(&first, UnixMs(90), SPAN).await.expect("kept");
    assert_eq!((kept.token, kept.until), (1, UnixMs(190)));
    store.acquire("tick", "b", UnixMs(189), SPAN).await.expect_err("kept");
    let second = store.acquire("tick", "b", UnixMs(190), SPAN).await.expect("it ran out");
    assert_eq!(second.token, 2);
    let lost = LeaseError::Lost { name: "tick".into() };
    assert_eq!(store.renew(&kept, UnixMs(191), SPAN).await, Err(lost.clone()));
    assert_eq!(store.release(kept).await, Err(lost));
    store.release(second).await.expect("given back");
    let third = store.acquire("tick", "a", UnixMs(191), SPAN).await.expect("free again");
    assert_eq!(third.token, 3, "tokens are never used twice");
    let other = store.acquire("other", "b", UnixMs(191), SPAN).await.expect("another lease");
    assert_eq!(other.token, 1);
    let again = store.acquire("tick", "a", UnixMs(192), SPAN).await.expect("its own");
    assert_eq!(again.token, 4);
    store.renew(&third, UnixMs(193), SPAN).await.expect_err("an earlier life of the same holder");
}

async fn what_is_done_under_a_lost_lease_is_refused(bed: Bed) {
    let store = bed.open().await;
    let mine = store.acquire("tick", "a", UnixMs(0), SPAN).await.expect("free");
    let under = |lease| Commit { under: Some(lease), ..step("t", 0, "a") };
    store.commit(under(mine.clone())).await.expect("held");
    let theirs = store.acquire("tick", "b", UnixMs(100), SPAN).await.expect("it ran out");
    let late = Commit { expected: 1, ..under(mine) };
    assert_eq!(store.commit(late).await, Err(CommitError::LeaseLost { lease: "tick".into() }));
    store.commit(Commit { expected: 1, ..under(theirs) }).await.expect("held");
    assert_eq!(loaded(&store, "t").await.version, 2);
    assert_eq!(loaded(&store, "t").await.state, state("a"));
}
