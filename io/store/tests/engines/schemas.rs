//! Databases of every released schema (`tests/data`), which each later program opens, reads and goes on with. They were
//! written by `writes_the_newest` below, when the schema was released, and are never written again.

use crate::bed::{Bed, loaded, on_file, on_server, push, state, step, task};
use duologue_store::{Claiming, Commit, Entry, Event, OpenError, Outcome, Settled, Standing, Store, UnixMs};
use std::path::PathBuf;
use std::time::Duration;

/// The released schemas.
const RELEASED: [u32; 1] = [1];

fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

#[test]
fn released_files_open() {
    for number in RELEASED {
        let bed = Bed::file();
        std::fs::copy(data(&format!("schema-{number}.sqlite")), bed.path()).expect("a copy");
        crate::bed::run(|| async move { reads(&bed).await });
    }
}

#[test]
fn released_dumps_open() {
    on_server(|bed: Bed| async move {
        for number in RELEASED {
            let sql = std::fs::read_to_string(data(&format!("schema-{number}.postgres.sql"))).expect("a dump");
            bed.forge(&sql).await;
            reads(&bed).await;
        }
    });
}

/// What [`write`] has written is there, and can be gone on with.
async fn reads(bed: &Bed) {
    let store = bed.open().await;
    let found = loaded(&store, "a").await;
    assert_eq!((found.version, found.state, found.owner.as_str()), (2, state("two"), "anna"));
    assert_eq!((found.label.as_str(), found.rank, found.wake_at), ("context", 7, Some(UnixMs(40))));
    let events = [b"one".to_vec(), b"two".to_vec()];
    let events: Vec<_> = (1..).zip(events).map(|(seq, payload)| Event { seq, payload }).collect();
    assert_eq!(store.events(&task("a"), 0, 9).await, Ok(events));
    assert_eq!(store.standing("done").await, Ok(Some(Standing::Done(UnixMs(9)))));
    let waiting = Standing::Due { at: UnixMs(30), attempts: 1, failure: Some("no answer".into()) };
    assert_eq!(store.standing("waiting").await, Ok(Some(waiting)));
    let lease = store.acquire("tick", "b", UnixMs(1_000), Duration::from_millis(10)).await.expect("it ran out");
    assert_eq!(lease.token, 2);
    assert_eq!(store.audit_verify().await.map(|verdict| (verdict.entries, verdict.broken)), Ok((2, vec![])));
    assert_eq!(store.faults().await, Ok(vec![]));
    store.commit(Commit { outbox: vec![push("more", 0)], ..step("a", 2, "three") }).await.expect("committed");
    store.enter(vec![Entry { at: UnixMs(50), kind: "call".into(), body: vec![] }]).await.expect("entered");
    assert_eq!(store.audit_verify().await.map(|verdict| verdict.broken), Ok(vec![]));
    store.close().await;
}

async fn write(store: &Store) {
    let entry = |text: &str| vec![Entry { at: UnixMs(5), kind: "call".into(), body: text.into() }];
    let placed = |commit| Commit { owner: "anna".into(), label: "context".into(), rank: 7, ..commit };
    let outbox = vec![push("done", 0), push("waiting", 0)];
    let first = Commit { events: vec![b"one".to_vec()], outbox, audit: entry("one"), ..placed(step("a", 0, "one")) };
    store.commit(first).await.expect("committed");
    let outcomes = [Outcome::Done(UnixMs(9)), Outcome::Retry(UnixMs(30), "no answer".into())];
    let asking = Claiming::new("push", UnixMs(8), Duration::from_millis(10), 2);
    for (claim, outcome) in store.claim(asking).await.expect("claimed").into_iter().zip(outcomes) {
        store.settle(Settled { claim, outcome }).await.expect("settled");
    }
    let wake_at = Some(UnixMs(40));
    let second = Commit { events: vec![b"two".to_vec()], wake_at, audit: entry("two"), ..placed(step("a", 1, "two")) };
    store.commit(second).await.expect("committed");
    store.acquire("tick", "a", UnixMs(0), Duration::from_millis(10)).await.expect("free");
}

#[test]
fn what_is_written_today_is_read() {
    on_file(|bed: Bed| async move {
        let store = bed.open().await;
        write(&store).await;
        store.close().await;
        reads(&bed).await;
    });
}

/// To be run once, when a schema is released: `DUOLOGUE_FIXTURES=FOLDER cargo test … writes_the_newest -- --ignored`.
/// It writes the file, and with a server the dump, of which `pg_dump --inserts --no-owner` is the form.
#[test]
#[ignore = "writes the fixtures of a schema that is about to be released"]
fn writes_the_newest() {
    let Some(folder) = std::env::var_os("DUOLOGUE_FIXTURES").map(PathBuf::from) else { return };
    crate::bed::run(|| async move {
        let bed = Bed::file();
        let store = bed.open().await;
        write(&store).await;
        store.close().await;
        std::fs::copy(bed.path(), folder.join("schema.sqlite")).expect("written");
        if let Some(bed) = Bed::server().await {
            let store = bed.open().await;
            write(&store).await;
            store.close().await;
            std::fs::write(folder.join("schema.postgres.sql"), bed.dump()).expect("written");
        }
    });
}

#[test]
fn a_newer_file_is_refused_and_left_as_it_is() {
    on_file(|bed: Bed| async move {
        bed.open().await.close().await;
        bed.forge("PRAGMA user_version = 99").await;
        let before = std::fs::read(bed.path()).expect("read");
        refuses(&bed).await;
        assert!(std::fs::read(bed.path()).expect("read") == before);
    });
}

#[test]
fn a_newer_server_is_refused() {
    on_server(|bed: Bed| async move {
        bed.open().await.close().await;
        bed.forge("UPDATE store_schema SET number = 99").await;
        refuses(&bed).await;
    });
}

async fn refuses(bed: &Bed) {
    let refused = Store::open(bed.config("main")).await.expect_err("newer");
    assert!(matches!(refused, OpenError::Newer { found: 99, .. }), "{refused}");
}

#[test]
fn many_may_open_a_new_database_at_once() {
    on_server(|bed: Bed| async move {
        let stores = futures::future::join_all((0..6).map(|_| Store::open(bed.config("main")))).await;
        for (number, store) in stores.into_iter().enumerate() {
            let store = store.expect("an open store");
            store.commit(step(&number.to_string(), 0, "x")).await.expect("committed");
        }
    });
}
