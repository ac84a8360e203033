use crate::bed::{Bed, step};
use crate::on_both;
use duologue_store::{Aggregate, Commit, Cursor, Listing};

on_both!(lists_are_of_one_owner_newest_first, pages_meet_without_gap_or_overlap);

fn placed(id: &str, owner: &str, label: &str, rank: i64) -> Commit {
    Commit { owner: owner.into(), label: label.into(), rank, ..step(id, 0, "x") }
}

fn ids(found: &[Aggregate]) -> Vec<&str> {
    found.iter().map(|aggregate| aggregate.key.id.as_str()).collect()
}

async fn lists_are_of_one_owner_newest_first(bed: Bed) {
    let store = bed.open().await;
    let all = [
        placed("a", "anna", "x", 3),
        placed("b", "anna", "y", 5),
        placed("c", "anna", "x", 4),
        placed("d", "bert", "x", 9),
        // Bytes decide the order, not the words of some language.
        placed("Z", "anna", "x", 4),
    ];
    store.commit_all(all.to_vec()).await.expect("committed");
    let everything = Listing::new("task", "anna", 10);
    assert_eq!(ids(&store.list(everything.clone()).await.expect("read")), ["b", "c", "Z", "a"]);
    assert_eq!(store.count(everything.clone()).await, Ok(4));
    let labelled = Listing { label: Some("x".into()), ..everything.clone() };
    assert_eq!(ids(&store.list(labelled.clone()).await.expect("read")), ["c", "Z", "a"]);
    let recent = Listing { since: Some(4), ..labelled.clone() };
    assert_eq!(ids(&store.list(recent.clone()).await.expect("read")), ["c", "Z"]);
    let after = Listing { before: Some(Cursor { rank: 4, id: "c".into() }), ..recent };
    assert_eq!(ids(&store.list(after.clone()).await.expect("read")), ["Z"]);
    assert_eq!(store.count(Listing { limit: 1, ..after }).await, Ok(2), "neither cursor nor limit counts");
    assert_eq!(ids(&store.list(Listing::new("lead", "anna", 9)).await.expect("read")), [""; 0]);
}

async fn pages_meet_without_gap_or_overlap(bed: Bed) {
    let store = bed.open().await;
    let all = (0..25).map(|number| placed(&format!("{number:02}"), "anna", "", i64::from(number % 4))).collect();
    store.commit_all(all).await.expect("committed");
    let mut seen: Vec<Cursor> = Vec::new();
    loop {
        let before = seen.last().cloned();
        let page = store.list(Listing { before, ..Listing::new("task", "anna", 4) }).await.expect("read");
        if page.is_empty() {
            break;
        }
        seen.extend(page.iter().map(Aggregate::cursor));
    }
    assert_eq!(seen.len(), 25);
    assert!(seen.windows(2).all(|pair| pair[0] > pair[1]));
}
