use crate::bed::{Bed, found, loaded, push, state, step, task};
use crate::on_both;
use duologue_store::{Commit, CommitError, Event, Key, Listing, RefusedError, UnixMs};

on_both!(
    a_step_is_read_back_whole,
    versions_guard,
    events_have_numbers_without_a_gap,
    several_steps_are_one,
    what_is_refused_leaves_nothing,
    others_in_a_batch_are_not_harmed,
    all_is_there_after_reopening,
    removal_takes_events_along,
    names_have_bounds,
    what_nothing_can_be_named_is_not_found,
);

async fn a_step_is_read_back_whole(bed: Bed) {
    let store = bed.open().await;
    let commit = Commit {
        owner: "anna".into(),
        label: "context".into(),
        rank: -5,
        events: vec![b"one".to_vec(), Vec::new()],
        wake_at: Some(UnixMs(70)),
        ..step("a", 0, "\u{0}text")
    };
    let receipt = store.commit(commit.clone()).await.expect("committed");
    assert_eq!((receipt.version, receipt.last_event), (1, 2));
    let read = loaded(&store, "a").await;
    assert_eq!((read.key, read.version, read.state), (commit.key, 1, commit.state));
    assert_eq!((read.owner, read.label, read.rank), (commit.owner, commit.label, -5));
    assert_eq!((read.last_event, read.wake_at), (2, Some(UnixMs(70))));
    assert_eq!(store.load(&Key::new("lead", "a")).await, Ok(None));
    let ids = ["b".to_owned(), "a".to_owned(), "a".to_owned()];
    let many = store.load_many("task", &ids).await.expect("read");
    assert_eq!(many.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true, true]);
}

async fn versions_guard(bed: Bed) {
    let store = bed.open().await;
    assert_eq!(found(store.commit(step("a", 1, "x")).await.expect_err("nothing there")), 0);
    store.commit(step("a", 0, "1")).await.expect("the first");
    assert_eq!(found(store.commit(step("a", 0, "x")).await.expect_err("there already")), 1);
    assert_eq!(store.commit(step("a", 1, "2")).await.expect("the second").version, 2);
    assert_eq!(found(store.commit(step("a", 1, "x")).await.expect_err("moved on")), 2);
    assert_eq!(loaded(&store, "a").await.state, state("2"));
}

async fn events_have_numbers_without_a_gap(bed: Bed) {
    let store = bed.open().await;
    for (version, events) in [vec!["a", "b"], vec![], vec!["c"]].into_iter().enumerate() {
        let events = events.into_iter().map(|event| event.as_bytes().to_vec()).collect();
        store.commit(Commit { events, ..step("a", version as u64, "x") }).await.expect("committed");
    }
    let event = |seq, text: &str| Event { seq, payload: text.into() };
    assert_eq!(store.events(&task("a"), 0, 9).await, Ok(vec![event(1, "a"), event(2, "b"), event(3, "c")]));
    assert_eq!(store.events(&task("a"), 1, 1).await, Ok(vec![event(2, "b")]));
    assert_eq!(store.events(&task("a"), 3, 9).await, Ok(vec![]));
    assert_eq!(store.events(&task("b"), 0, 9).await, Ok(vec![]));
}

async fn several_steps_are_one(bed: Bed) {
    let store = bed.open().await;
    let both = vec![step("a", 0, "a"), step("b", 0, "b"), step("a", 1, "aa")];
    let receipts = store.commit_all(both).await.expect("committed");
    assert_eq!(receipts.iter().map(|receipt| receipt.version).collect::<Vec<_>>(), [1, 1, 2]);
    let one_wrong = vec![step("a", 2, "x"), step("c", 0, "x"), step("b", 7, "x")];
    assert_eq!(found(store.commit_all(one_wrong).await.expect_err("b has version 1")), 1);
    assert_eq!(loaded(&store, "a").await.state, state("aa"));
    assert_eq!(store.load(&task("c")).await, Ok(None));
    assert_eq!(store.commit_all(Vec::new()).await, Ok(vec![]));
}

async fn what_is_refused_leaves_nothing(bed: Bed) {
    let store = bed.open().await;
    store.commit(Commit { outbox: vec![push("k", 0)], ..step("a", 0, "1") }).await.expect("committed");
    let again = Commit {
        events: vec![b"e".to_vec()],
        outbox: vec![push("new", 0), push("k", 0)],
        wake_at: Some(UnixMs(1)),
        ..step("a", 1, "2")
    };
    assert_eq!(store.commit(again).await, Err(CommitError::KeyTaken { key: "k".into() }));
    let read = loaded(&store, "a").await;
    assert_eq!((read.version, read.last_event, read.wake_at), (1, 0, None));
    assert_eq!(store.standing("new").await, Ok(None));
    assert_eq!(store.faults().await, Ok(vec![]));
}

async fn others_in_a_batch_are_not_harmed(bed: Bed) {
    let store = bed.open().await;
    store.commit(Commit { outbox: vec![push("taken", 0)], ..step("first", 0, "1") }).await.expect("committed");
    // All of these wait together; some are refused for one reason or the other.
    let commits = (0..60).map(|number| {
        let (store, id) = (store.clone(), format!("t{number}"));
        tokio::spawn(async move {
            let key = if number % 3 == 0 { "taken".to_owned() } else { id.clone() };
            let expected = u64::from(number % 4 == 1);
            let commit = Commit { outbox: vec![push(&key, 0)], events: vec![vec![1]], ..step(&id, expected, "x") };
            (number, store.commit(commit).await.is_ok())
        })
    });
    for outcome in futures::future::join_all(commits).await {
        let (number, done) = outcome.expect("a task that ends");
        assert_eq!(done, number % 3 != 0 && number % 4 != 1, "{number}");
        let read = store.load(&task(&format!("t{number}"))).await.expect("read");
        assert_eq!(read.is_some(), done, "{number}");
    }
    assert_eq!(store.faults().await, Ok(vec![]));
}

async fn all_is_there_after_reopening(bed: Bed) {
    let store = bed.open().await;
    store.commit(Commit { events: vec![b"e".to_vec()], ..step("a", 0, "1") }).await.expect("committed");
    store.close().await;
    assert!(store.load(&task("a")).await.is_err(), "it is closed");
    let store = bed.open().await;
    assert_eq!(loaded(&store, "a").await.state, state("1"));
    assert_eq!(store.commit(step("a", 1, "2")).await.expect("committed").last_event, 1);
}

async fn removal_takes_events_along(bed: Bed) {
    let store = bed.open().await;
    let commit = Commit { events: vec![b"e".to_vec()], outbox: vec![push("k", 0)], ..step("a", 0, "1") };
    store.commit(commit).await.expect("committed");
    assert_eq!(found(store.remove(&task("a"), 2).await.expect_err("another version")), 1);
    store.remove(&task("a"), 1).await.expect("removed");
    assert_eq!(store.load(&task("a")).await, Ok(None));
    assert_eq!(found(store.remove(&task("a"), 1).await.expect_err("gone")), 0);
    assert!(store.standing("k").await.expect("read").is_some(), "its effect still has to happen");
    assert_eq!(store.commit(step("a", 0, "new")).await.expect("committed").last_event, 0);
    assert_eq!(store.events(&task("a"), 0, 9).await, Ok(vec![]));
    assert_eq!(store.faults().await, Ok(vec![]));
}

async fn names_have_bounds(bed: Bed) {
    let store = bed.open().await;
    // The longest that are allowed fit into every index, also where they cannot be compressed.
    let name = |bytes: usize| (0..bytes).map(|at| char::from(b'!' + (at * at % 89) as u8)).collect::<String>();
    let longest = Commit {
        key: Key::new(name(64), name(512)),
        owner: name(1024),
        label: name(512),
        outbox: vec![push(&name(1024), 0)],
        ..step("", 0, "x")
    };
    store.commit(longest.clone()).await.expect("as long as allowed");
    let refused = |commit: Commit| async { store.commit(commit).await.expect_err("refused") };
    let name_of = |error| match error {
        CommitError::Refused(RefusedError::Name { field, .. }) => field,
        other => panic!("{other}"),
    };
    assert_eq!(name_of(refused(Commit { owner: name(1025), ..longest.clone() }).await), "owner");
    assert_eq!(name_of(refused(Commit { label: "\0".into(), ..longest.clone() }).await), "label");
    assert_eq!(name_of(refused(step(&name(513), 0, "")).await), "id");
    let large = vec![vec![0; (16 << 20) + 1]];
    let error = refused(Commit { events: large, ..step("large", 0, "") }).await;
    assert!(matches!(error, CommitError::Refused(RefusedError::Size { .. })), "{error}");
    assert!(store.commit(Commit { expected: u64::MAX, ..step("a", 0, "") }).await.is_err());
}

async fn what_nothing_can_be_named_is_not_found(bed: Bed) {
    let store = bed.open().await;
    store.commit(step("a", 0, "x")).await.expect("committed");
    let (zero, ids) = (task("a\0"), ["a\0".to_owned(), "a".to_owned()]);
    assert_eq!(store.load(&zero).await, Ok(None));
    let many = store.load_many("task", &ids).await.expect("read");
    assert_eq!(many.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true]);
    assert_eq!(store.events(&zero, 0, 9).await, Ok(vec![]));
    assert_eq!(store.standing("a\0").await, Ok(None));
    assert_eq!(found(store.remove(&zero, 1).await.expect_err("not there")), 0);
    let listing = Listing { label: Some("\0".into()), ..Listing::new("task", "", 9) };
    assert_eq!((store.list(listing.clone()).await, store.count(listing).await), (Ok(vec![]), Ok(0)));
}
