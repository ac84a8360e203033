use crate::bed::{Bed, loaded, step};
use crate::on_both;
use duologue_store::{Claiming, Commit, Store, UnixMs};
use std::time::Duration;

on_both!(sleepers_are_woken_in_time, a_step_decides_about_the_next_time);

async fn due(store: &Store, now: i64, limit: u32) -> Vec<String> {
    let claiming = Claiming::new("task", UnixMs(now), Duration::from_millis(100), limit);
    let woken = store.due(claiming).await.expect("a store that works");
    woken.into_iter().map(|aggregate| aggregate.key.id).collect()
}

fn sleeper(id: &str, expected: u64, wake_at: Option<i64>) -> Commit {
    Commit { wake_at: wake_at.map(UnixMs), ..step(id, expected, "x") }
}

async fn sleepers_are_woken_in_time(bed: Bed) {
    let store = bed.open().await;
    let all = vec![sleeper("b", 0, Some(20)), sleeper("a", 0, Some(10)), sleeper("c", 0, None)];
    store.commit_all(all).await.expect("committed");
    assert_eq!(store.next_due("task").await, Ok(Some(UnixMs(10))));
    assert_eq!(due(&store, 9, 9).await, [""; 0]);
    assert_eq!(due(&store, 20, 9).await, ["a", "b"]);
    assert_eq!(due(&store, 119, 9).await, [""; 0], "somebody is at it");
    assert_eq!(due(&store, 120, 1).await, ["a"], "nobody was");
    assert_eq!(loaded(&store, "a").await.wake_at, Some(UnixMs(10)), "what it asked for stays as it is");
}

async fn a_step_decides_about_the_next_time(bed: Bed) {
    let store = bed.open().await;
    store.commit_all(vec![sleeper("a", 0, Some(0)), sleeper("b", 0, Some(0))]).await.expect("committed");
    assert_eq!(due(&store, 0, 9).await, ["a", "b"]);
    store.commit_all(vec![sleeper("a", 1, Some(50)), sleeper("b", 1, None)]).await.expect("committed");
    assert_eq!(due(&store, 49, 9).await, [""; 0]);
    assert_eq!(due(&store, 50, 9).await, ["a"]);
    store.commit(sleeper("a", 2, None)).await.expect("committed");
    assert_eq!(store.next_due("task").await, Ok(None));
    assert_eq!(due(&store, i64::MAX, 9).await, [""; 0]);
}
