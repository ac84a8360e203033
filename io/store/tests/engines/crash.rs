//! A process that commits is killed at moments of no meaning: nothing that it was told is lost, nothing is half there.
//!
//! The process is this test program, which runs one test of its own: it says on its standard output what was acknowledged.

use crate::bed::{Bed, on_file, on_server, push, state, step, task};
use duologue_store::{Claiming, Commit, Entry, Outcome, Settled, Store, UnixMs};
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

const URL: &str = "DUOLOGUE_TEST_CRASH_URL";
/// Before each kill so many acknowledgements are read.
const LIVES: [usize; 8] = [1, 40, 333, 7, 150, 600, 90, 25];
const WRITERS: usize = 8;

#[test]
fn sqlite() {
    on_file(|bed: Bed| async move { survives(&bed).await });
}

#[test]
fn postgres() {
    on_server(|bed: Bed| async move { survives(&bed).await });
}

/// What a killed process was told, read back by its successor.
async fn survives(bed: &Bed) {
    let (mut versions, mut settled) = (BTreeMap::<String, u64>::new(), BTreeSet::new());
    for lines in LIVES {
        let mut told = Vec::new();
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args(["--exact", "crash::writes_until_it_is_killed", "--nocapture", "--ignored"])
            .env(URL, bed.url())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("a process");
        let mut output = BufReader::new(child.stdout.take().expect("its output")).lines();
        while told.len() < lines {
            let line = output.next().expect("the process writes until it is killed").expect("text");
            told.extend(line.strip_prefix("told ").map(str::to_owned));
        }
        child.kill().expect("killed");
        child.wait().expect("gone");
        // What it wrote before that counts, too.
        told.extend(output.map_while(Result::ok).filter_map(|line| line.strip_prefix("told ").map(str::to_owned)));
        for line in told {
            match line.split_once(' ') {
                Some(("settled", key)) => drop(settled.insert(key.to_owned())),
                Some((id, version)) => drop(versions.insert(id.to_owned(), version.parse().expect("a version"))),
                // Cut off by the kill.
                None => {}
            }
        }
        // On a server, the transaction that was under way may still be.
        bed.end_sessions().await;
        check(&bed.open().await, &versions, &settled).await;
    }
    assert!(versions.len() >= WRITERS && !settled.is_empty());
}

async fn check(store: &Store, versions: &BTreeMap<String, u64>, settled: &BTreeSet<String>) {
    assert_eq!(store.faults().await, Ok(vec![]));
    assert_eq!(store.audit_verify().await.map(|verdict| verdict.broken), Ok(vec![]));
    let mut steps = 0;
    for id in (0..WRITERS).map(|writer| format!("w{writer}")) {
        let told = versions.get(&id).copied().unwrap_or_default();
        let Some(found) = store.load(&task(&id)).await.expect("read") else {
            assert_eq!(told, 0, "{id} is lost");
            continue;
        };
        assert!(found.version >= told, "{id} has version {}, but {told} was acknowledged", found.version);
        assert_eq!((found.state, found.last_event), (state(&found.version.to_string()), found.version), "{id}");
        for version in 1..=found.version {
            let effect = store.standing(&format!("{id}-{version}")).await.expect("read");
            assert!(effect.is_some(), "step {version} of {id} has no effect");
        }
        steps += found.version;
    }
    let entered = store.audit_chains().await.expect("read").first().map(|chain| chain.seq);
    assert_eq!(entered, Some(steps), "each step has one entry");
    for key in settled {
        let standing = store.standing(key).await.expect("read");
        assert!(matches!(standing, Some(duologue_store::Standing::Done(_))), "{key}: {standing:?}");
    }
    store.close().await;
}

/// Not a test of its own: what [`survives`] starts.
#[test]
#[ignore = "writes until it is killed"]
fn writes_until_it_is_killed() {
    let Ok(url) = std::env::var(URL) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(async {
        let store = Store::open(Bed::config_of(&url, "main")).await.expect("an open store");
        let writers = (0..WRITERS).map(|writer| tokio::spawn(write(store.clone(), format!("w{writer}"))));
        let performer = tokio::spawn(perform(store.clone()));
        futures::future::join_all(writers.chain([performer])).await;
    });
}

fn tell(words: &str) {
    // Where nobody reads any more, the kill is near.
    let _ = writeln!(std::io::stdout().lock(), "told {words}");
}

async fn write(store: Store, id: String) {
    let mut version = store.load(&task(&id)).await.expect("read").map_or(0, |found| found.version);
    loop {
        let next = version + 1;
        let commit = Commit {
            events: vec![next.to_be_bytes().to_vec()],
            outbox: vec![push(&format!("{id}-{next}"), 0)],
            audit: vec![Entry { at: UnixMs(0), kind: "step".into(), body: id.clone().into_bytes() }],
            ..step(&id, version, &next.to_string())
        };
        version = store.commit(commit).await.expect("nobody else writes this").version;
        tell(&format!("{id} {version}"));
    }
}

async fn perform(store: Store) {
    // Leases end at once, as time goes here: what the killed one had is given out again.
    for now in 0.. {
        let asking = Claiming::new("push", UnixMs(now), Duration::ZERO, 4);
        for claim in store.claim(asking).await.expect("a store that works") {
            let key = claim.key.clone();
            let done = Settled { claim, outcome: Outcome::Done(UnixMs(0)) };
            if store.settle(done).await.is_ok() {
                tell(&format!("settled {key}"));
            }
        }
    }
}
