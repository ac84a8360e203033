//! What only SQLite has: a file, its lock, its backup.

use crate::bed::{Bed, loaded, on_file, push, state, step};
use duologue_store::{BackupError, Commit, OpenError, Store, StoreConfig};
use rusqlite::Connection;

#[test]
fn a_second_opening_is_refused_and_told_by_whom() {
    on_file(|bed: Bed| async move {
        let store = bed.open_as("first").await;
        let refused = Store::open(bed.config("second")).await.expect_err("locked");
        let OpenError::Locked { holder, .. } = &refused else { panic!("{refused}") };
        assert_eq!(*holder, format!("process {} (instance `first`)", std::process::id()));
        store.close().await;
        bed.open_as("second").await;
    });
}

#[test]
fn other_peoples_files_are_left_alone() {
    on_file(|bed: Bed| async move {
        let theirs = Connection::open(bed.path()).expect("a database");
        theirs.execute_batch("CREATE TABLE t (a); INSERT INTO t VALUES (7)").expect("theirs");
        let refused = Store::open(bed.config("main")).await.expect_err("not ours");
        assert!(matches!(refused, OpenError::Foreign { .. }), "{refused}");
        assert_eq!(theirs.query_row("SELECT a FROM t", [], |row| row.get::<_, i64>(0)), Ok(7));
        drop(theirs);
        std::fs::write(bed.path(), "no database at all, but long enough to have a header of a hundred bytes".repeat(9))
            .expect("written");
        let refused = Store::open(bed.config("main")).await.expect_err("not ours");
        assert!(matches!(refused, OpenError::Foreign { .. }), "{refused}");
    });
}

#[cfg(unix)]
#[test]
fn nobody_else_can_read_the_files() {
    on_file(|bed: Bed| async move {
        let store = bed.open().await;
        store.commit(step("a", 0, "x")).await.expect("committed");
        let copy = bed.path().with_file_name("copy.db");
        store.backup(&copy).await.expect("a backup");
        let beside = |end: &str| bed.path().with_file_name(format!("store.db{end}"));
        for path in [bed.path(), beside("-wal"), beside("-shm"), copy] {
            let mode = std::os::unix::fs::MetadataExt::mode(&path.metadata().expect("a file"));
            assert_eq!(mode & 0o077, 0, "{}", path.display());
        }
    });
}

#[test]
fn a_missing_folder_is_named() {
    on_file(|_: Bed| async move {
        let refused = Store::open(StoreConfig::new("sqlite:/nowhere/at/all.db")).await.expect_err("no folder");
        assert!(matches!(&refused, OpenError::File { .. }) && refused.to_string().contains("/nowhere/at/all"));
    });
}

#[test]
fn a_backup_is_made_while_the_store_is_used() {
    on_file(|bed: Bed| async move {
        let store = bed.open().await;
        let before = Commit { events: vec![b"e".to_vec()], outbox: vec![push("k", 0)], ..step("a", 0, "1") };
        store.commit(before).await.expect("committed");
        let others = (0..50).map(|number| {
            let store = store.clone();
            async move { store.commit(step(&format!("t{number}"), 0, "x")).await }
        });
        let path = bed.path().with_file_name("copy.db");
        let (made, others) = tokio::join!(store.backup(&path), futures::future::join_all(others));
        made.expect("a backup");
        assert!(others.iter().all(Result::is_ok));
        store.commit(step("a", 1, "2")).await.expect("committed");
        let again = store.backup(&path).await.expect_err("it exists");
        assert!(matches!(again, BackupError::Exists { .. }), "{again}");
        let names = std::fs::read_dir(path.parent().expect("a folder")).expect("read");
        assert!(names.flatten().all(|entry| !entry.file_name().to_string_lossy().ends_with(".part")));

        let copy = Store::open(StoreConfig::new(format!("sqlite:{}", path.display()))).await.expect("a store");
        assert_eq!(loaded(&copy, "a").await.state, state("1"));
        assert!(copy.standing("k").await.expect("read").is_some());
        assert_eq!(copy.faults().await, Ok(vec![]));
    });
}

#[test]
fn faults_are_found() {
    on_file(|bed: Bed| async move {
        let store = bed.open().await;
        store.commit(Commit { events: vec![vec![1], vec![2]], ..step("a", 0, "1") }).await.expect("committed");
        store.close().await;
        bed.forge("DELETE FROM store_event WHERE seq = 1").await;
        assert_eq!(bed.open().await.faults().await, Ok(vec!["1 aggregates lack events".to_owned()]));
    });
}
