//! What is in the cache: states, damage, removal, two processes at once.

use std::fs;

use super::*;
use crate::store::disk::CacheLock;

const PATH: &str = "language/a.gguf";

fn one(bytes: &[u8]) -> Vec<Model> {
    vec![language("a", Tier::Standard, vec![file(PATH, bytes)])]
}

/// A cache into which somebody copied bytes.
fn copied(pinned: &[u8], bytes: &[u8], sources: Sources) -> Cache {
    let cache = cache(one(pinned), sources);
    fs::create_dir_all(cache.dir.path().join("language")).expect("a folder");
    fs::write(cache.dir.path().join(PATH), bytes).expect("a file");
    cache
}

#[test]
fn a_missing_model_is_named_with_its_size_and_the_command() {
    let cache = cache(one(&[7; 2_000_000]), no_sources());
    assert_eq!(cache.store.status()[0].state, State::Missing);
    assert_eq!(cache.store.paths().language_model, None);
    let error = cache.store.language_model(None).expect_err("missing").to_string();
    assert!(error.contains("a (language-model, 2.0 MB)") && error.ends_with("`duologue models fetch`"), "{error}");
    let error = cache.store.language_model(Some("a")).expect_err("missing").to_string();
    assert!(error.ends_with("`duologue models fetch a`"), "{error}");
}

#[test]
fn a_file_that_was_copied_here_is_read_once_and_used() {
    let bytes = content(100_000, 30);
    let cache = copied(&bytes, &bytes, no_sources());
    assert_eq!(cache.store.status()[0].state, State::Unverified);
    assert!(cache.store.language_model(None).is_ok());
    let seen = fetch(&cache.store, &["a"]).expect("nothing to fetch");
    assert_eq!(seen.phases, [(Phase::Verifying, "cache".to_owned())]);
    assert_eq!(cache.store.status()[0].state, State::Present);
    assert!(fetch(&cache.store, &["a"]).expect("nothing to do").phases.is_empty());
}

#[test]
fn a_cut_file_is_damaged_and_fetching_mends_it() {
    let bytes = content(100_000, 31);
    let server = Server::good(bytes.clone());
    let cache = copied(&bytes, &bytes[..99_999], with_hub(&server));
    let error = cache.store.language_model(None).expect_err("damaged").to_string();
    assert!(error.contains("99999 bytes instead of 100000") && error.contains("`duologue models fetch a`"), "{error}");
    fetch(&cache.store, &["a"]).expect("mended");
    assert_eq!(cache.read(PATH), bytes);
}

#[test]
fn verification_finds_a_flipped_bit_and_remembers_it() {
    let bytes = content(100_000, 32);
    let server = Server::good(bytes.clone());
    let cache = copied(&bytes, &bytes, with_hub(&server));
    cache.store.verify("a", &mut Silent, &CancelFlag::default()).expect("right");
    let mut flipped = bytes.clone();
    flipped[50_000] ^= 1;
    fs::write(cache.dir.path().join(PATH), &flipped).expect("a file");

    let error = cache.store.verify("a", &mut Silent, &CancelFlag::default()).expect_err("damaged").to_string();
    assert!(error.contains("damaged") && error.contains("wrong SHA-256"), "{error}");
    assert!(cache.store.language_model(None).is_err(), "it stays unusable");
    fetch(&cache.store, &["a"]).expect("mended");
    assert_eq!(cache.read(PATH), bytes);
    cache.store.verify("a", &mut Silent, &CancelFlag::default()).expect("right again");
}

#[test]
fn removing_gives_the_bytes_back_and_knows_its_ids() {
    let bytes = content(100_000, 33);
    let cache = copied(&bytes, &bytes, no_sources());
    let error = cache.store.remove(&["a", "b-wrong"]).expect_err("unknown").to_string();
    assert!(error.contains("b-wrong") && error.contains("known are: a") && cache.has(PATH), "{error}");
    assert_eq!(cache.store.remove(&["a"]).expect("removed"), 100_000);
    assert!(!cache.has("language"));
    assert_eq!(cache.store.remove(&["a"]).expect("nothing there"), 0);
}

#[test]
fn a_misspelt_id_gets_a_suggestion() {
    let store = ModelStore::with("/nowhere".into(), no_sources(), CATALOGUE);
    let error = store.plan(&["whisper-tinyen"], &mut Silent, &CancelFlag::default()).expect_err("unknown").to_string();
    assert!(error.contains("did you mean `whisper-tiny.en`?"), "{error}");
    let error = store.language_model(Some("hibari")).expect_err("speaks").to_string();
    assert!(error.contains("a language model is needed") && error.contains("qwen2.5-1.5b-instruct"), "{error}");
}

#[test]
fn a_second_process_waits_and_finds_the_work_done() {
    let bytes = content(100_000, 34);
    let server = Server::good(bytes.clone());
    let cache = cache(one(&bytes), with_hub(&server));
    let other = cache.from(no_sources());
    let mut lock = CacheLock::try_take(cache.dir.path()).expect("a lock file");
    assert!(lock.is_some());
    assert!(matches!(other.remove(&["a"]), Err(RemoveError::Busy { .. })));
    let seen = fetch_until(&cache.store, &["a"], |update, _| {
        if matches!(update, Update::Waiting) {
            // What the other process does meanwhile.
            fs::create_dir_all(other.dir().join("language")).expect("a folder");
            fs::write(other.dir().join(PATH), &bytes).expect("a file");
            other.verify("a", &mut Silent, &CancelFlag::default()).expect("right");
            lock = None;
        }
    });
    assert!(seen.expect("nothing left to do").waited);
    assert!(server.downloads().is_empty());
}

#[test]
fn waiting_for_another_process_can_be_cancelled() {
    let bytes = content(1_000, 35);
    let server = Server::good(bytes.clone());
    let cache = cache(one(&bytes), with_hub(&server));
    let _lock = CacheLock::try_take(cache.dir.path()).expect("a lock file");
    let outcome = fetch_until(&cache.store, &["a"], |update, cancel| {
        if matches!(update, Update::Waiting) {
            cancel.cancel();
        }
    });
    assert!(outcome.expect_err("cancelled").contains("cancelled"));
}

#[test]
fn too_small_a_disk_is_said_before_the_first_byte() {
    let server = Server::good(Vec::from(*b"never asked for in full"));
    let huge = ModelFile { path: PATH, bytes: 1 << 60, sha256: sha256(b"") };
    let cache = cache(vec![language("a", Tier::Standard, vec![huge])], with_hub(&server));
    let error = fetch(&cache.store, &["a"]).expect_err("no such disk");
    assert!(error.contains("GB of free disk are needed"), "{error}");
    assert!(error.contains("DUOLOGUE_MODELS"), "{error}");
    assert!(server.downloads().is_empty());
}

#[test]
fn a_full_disk_is_told_from_other_failures() {
    let path = Path::new("/cache/x");
    let full = DiskError::new("write", path)(std::io::ErrorKind::StorageFull.into());
    assert!(full.to_string().starts_with("the disk is full: could not write /cache/x; free some space"), "{full}");
    let denied = DiskError::new("write", path)(std::io::ErrorKind::PermissionDenied.into());
    assert!(denied.to_string().contains("permissions"), "{denied}");
}

#[test]
fn a_cache_that_cannot_be_made_is_an_error_and_no_panic() {
    let server = Server::good(b"x".to_vec());
    let dir = tempfile::tempdir().expect("a temporary directory");
    let blocked = dir.path().join("a-file");
    fs::write(&blocked, b"").expect("a file");
    let store = ModelStore::with(blocked, with_hub(&server), one(b"x").leak());
    let error = fetch(&store, &["a"]).expect_err("a file is in the way");
    assert!(error.contains("could not create") && error.contains("a-file"), "{error}");
}
