use crate::bed::{Bed, step};
use crate::on_both;
use duologue_store::{AuditError, Broken, Commit, Entry, Fault, RefusedError, UnixMs, Verdict};

on_both!(
    entries_follow_each_other,
    what_was_refused_is_not_entered,
    chains_go_on_after_reopening,
    a_changed_entry_is_found,
    a_missing_entry_is_found,
    a_cut_chain_is_found,
    a_rewritten_chain_is_found,
    anchors_are_the_stores_own,
);

fn entry(text: &str) -> Entry {
    Entry { at: UnixMs(5), kind: "call".into(), body: text.as_bytes().to_vec() }
}

async fn entries_follow_each_other(bed: Bed) {
    let store = bed.open().await;
    store.enter(vec![entry("refused")]).await.expect("entered");
    let audit = vec![entry("one"), entry("two")];
    store.commit(Commit { audit, ..step("a", 0, "x") }).await.expect("committed");
    let links = store.audit_links("main", 0, 9).await.expect("read");
    let read: Vec<_> = links.iter().map(|link| (link.seq, link.entry.clone())).collect();
    assert_eq!(read, [(1, entry("refused")), (2, entry("one")), (3, entry("two"))]);
    assert_eq!(store.audit_links("main", 2, 9).await.expect("read"), links[2..]);
    assert_eq!(store.audit_verify().await, Ok(Verdict { chains: 1, entries: 3, broken: vec![] }));
    let chains = store.audit_chains().await.expect("read");
    assert_eq!((chains[0].seq, chains[0].hash), (3, links[2].hash));
}

async fn what_was_refused_is_not_entered(bed: Bed) {
    let store = bed.open().await;
    let wait = (0..40).map(|number| {
        let commit = Commit { audit: vec![entry("x")], ..step(&format!("{number}"), u64::from(number % 2 == 1), "x") };
        let store = store.clone();
        tokio::spawn(async move { store.commit(commit).await.is_ok() })
    });
    let done = futures::future::join_all(wait).await;
    assert_eq!(done.into_iter().filter(|outcome| matches!(outcome, Ok(true))).count(), 20);
    assert_eq!(store.audit_verify().await, Ok(Verdict { chains: 1, entries: 20, broken: vec![] }));
}

async fn chains_go_on_after_reopening(bed: Bed) {
    for (opened, instance) in ["a", "b", "a"].into_iter().enumerate() {
        let store = bed.open_as(instance).await;
        store.enter(vec![entry("x"), entry("y")]).await.expect("entered");
        store.anchor(UnixMs(6)).await.expect("anchored");
        let entries = [2, 5, 8][opened];
        assert_eq!(store.audit_verify().await, Ok(Verdict { chains: opened.min(1) + 1, entries, broken: vec![] }));
        store.close().await;
    }
}

/// Two chains of three entries and an anchor each, changed by somebody who has the database in hand.
async fn forged(bed: &Bed, sql: &str) -> Vec<Broken> {
    for instance in ["a", "b", "a"] {
        let store = bed.open_as(instance).await;
        store.enter(vec![entry("x"), entry("y"), entry("z")]).await.expect("entered");
        store.anchor(UnixMs(6)).await.expect("anchored");
        store.close().await;
    }
    bed.forge(sql).await;
    let store = bed.open().await;
    store.audit_verify().await.expect("read").broken
}

fn broken(instance: &str, seq: u64, fault: Fault) -> Vec<Broken> {
    vec![Broken { instance: instance.into(), seq, fault }]
}

async fn a_changed_entry_is_found(bed: Bed) {
    let found = forged(&bed, "UPDATE store_audit SET at = 6 WHERE instance = 'b' AND seq = 2").await;
    assert_eq!(found, broken("b", 2, Fault::Changed));
}

async fn a_missing_entry_is_found(bed: Bed) {
    let found = forged(&bed, "DELETE FROM store_audit WHERE instance = 'a' AND seq = 1").await;
    assert_eq!(found, broken("a", 1, Fault::Missing));
}

async fn a_cut_chain_is_found(bed: Bed) {
    let cut = "DELETE FROM store_audit WHERE instance = 'b' AND seq > 2;
               UPDATE store_audit_head SET seq = 2, hash =
                 (SELECT hash FROM store_audit WHERE instance = 'b' AND seq = 2) WHERE instance = 'b'";
    assert_eq!(forged(&bed, cut).await, broken("b", 4, Fault::Missing), "the other chain remembers the fourth");
}

async fn a_rewritten_chain_is_found(bed: Bed) {
    // A chain that holds together, made of other entries.
    let other = Bed::file();
    let store = other.open_as("b").await;
    store.enter(vec![entry("x"), entry("nothing happened"), entry("z"), entry("4")]).await.expect("entered");
    let mut sql = "DELETE FROM store_audit WHERE instance = 'b';".to_owned();
    for link in store.audit_links("b", 0, 9).await.expect("read") {
        let (body, hash) = (bed.blob(&link.entry.body), bed.blob(&link.hash));
        sql += &format!("INSERT INTO store_audit VALUES ('b', {}, 5, 'call', {body}, {hash});", link.seq);
        sql += &format!("UPDATE store_audit_head SET seq = {}, hash = {hash} WHERE instance = 'b';", link.seq);
    }
    let found = forged(&bed, &sql).await;
    assert_eq!(found, broken("b", 4, Fault::Rewritten { witness: "a".into(), at: 7 }));
}

async fn anchors_are_the_stores_own(bed: Bed) {
    let store = bed.open().await;
    let forged = Entry { kind: "anchor".into(), ..entry("1 00 b") };
    assert_eq!(store.enter(vec![forged]).await, Err(AuditError::Refused(RefusedError::Reserved)));
    store.anchor(UnixMs(0)).await.expect("nothing to say");
    assert_eq!(store.audit_verify().await, Ok(Verdict::default()));
}
