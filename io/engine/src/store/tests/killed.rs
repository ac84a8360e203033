//! `kill -9` in the middle of a download, in a process of its own.

use std::process::{Command, Stdio};
use std::time::Instant;

use super::server::Answer;
use super::*;

const PATH: &str = "language/a.gguf";
const DIR: &str = "DUOLOGUE_TEST_KILLED_DIR";
const HUB_ADDRESS: &str = "DUOLOGUE_TEST_KILLED_HUB";

fn bytes() -> Vec<u8> {
    content(900_000, 40)
}

fn one() -> Vec<Model> {
    vec![language("a", Tier::Standard, vec![file(PATH, &bytes())])]
}

/// Not a test by itself: the process that the test below starts and kills.
#[test]
fn victim() {
    let (Some(dir), Ok(hub)) = (std::env::var_os(DIR), std::env::var(HUB_ADDRESS)) else { return };
    let sources = Sources { hub: Some(Address::parse(&hub).expect("loopback")), ..no_sources() };
    let _ = fetch(&ModelStore::with(dir.into(), sources, one().leak()), &["a"]);
}

#[test]
fn a_killed_fetch_is_taken_up_to_the_byte() {
    let server = Server::start(|asked, downloads| match downloads {
        0 => Answer::good(asked, &bytes()).hanging_at(350_000),
        _ => Answer::good(asked, &bytes()),
    });
    let cache = cache(one(), with_hub(&server));
    let mut victim = Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "store::tests::killed::victim"])
        .env(DIR, cache.dir.path())
        .env(HUB_ADDRESS, server.address().to_string())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("this test runs");
    let start = Instant::now();
    while cache.store.status()[0].bytes_waiting < 350_000 {
        assert!(start.elapsed() < Duration::from_secs(60), "the victim downloads nothing");
        std::thread::yield_now();
    }
    victim.kill().expect("is running");
    victim.wait().expect("has ended");
    assert!(!cache.has(PATH));

    fetch(&cache.store, &["a"]).expect("the lock died with the victim");
    assert_eq!(cache.read(PATH), bytes());
    assert_eq!(server.downloads()[1].from, Some(350_000));
}
