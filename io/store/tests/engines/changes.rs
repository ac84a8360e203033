use crate::bed::{Bed, step};
use crate::on_both;
use duologue_store::{Change, Commit, Key};

on_both!(receivers_are_told_of_their_kind, who_is_slow_is_told_to_reload, a_closed_store_ends_the_stream);

fn moved(id: &str, version: u64) -> Option<Change> {
    Some(Change::Moved { id: id.into(), version })
}

async fn receivers_are_told_of_their_kind(bed: Bed) {
    let store = bed.open().await;
    let mut changes = store.changes("task");
    store.commit(Commit { key: Key::new("lead", "l"), ..step("", 0, "x") }).await.expect("committed");
    store.commit_all(vec![step("a", 0, "x"), step("b", 0, "x")]).await.expect("committed");
    store.commit(step("a", 7, "x")).await.expect_err("another version");
    store.commit(step("a", 1, "x")).await.expect("committed");
    store.remove(&Key::new("task", "b"), 1).await.expect("removed");
    for expected in [moved("a", 1), moved("b", 1), moved("a", 2), moved("b", 0)] {
        assert_eq!(changes.next().await, expected);
    }
}

async fn who_is_slow_is_told_to_reload(bed: Bed) {
    let store = bed.open().await;
    let mut changes = store.changes("task");
    for round in 0..30 {
        let many = (0..50).map(|number| step(&format!("{round}-{number}"), 0, "x")).collect();
        store.commit_all(many).await.expect("committed");
    }
    assert_eq!(changes.next().await, Some(Change::Reload));
    assert!(matches!(changes.next().await, Some(Change::Moved { .. })));
}

async fn a_closed_store_ends_the_stream(bed: Bed) {
    let store = bed.open().await;
    let mut changes = store.changes("task");
    store.commit(step("a", 0, "x")).await.expect("committed");
    store.close().await;
    assert_eq!(changes.next().await, moved("a", 1));
    assert_eq!(changes.next().await, None);
    assert_eq!(store.changes("task").next().await, None);
}
