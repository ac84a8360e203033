//! Processes that serve an agent are killed at moments of no meaning, during streams and pushes. Whoever listens to a task gets
//! all its events, each once and in order; every push arrives at least once; no task is lost or stays where it was.
//!
//! `DUOLOGUE_TEST_KILLS` says how often, `DUOLOGUE_TEST_SEED` by which dice; `make kill-test` has a hundred.

#[path = "../../examples/conformance_agent/behaviour.rs"]
mod behaviour;
mod course;
mod replica;
mod seen;
#[expect(dead_code, reason = "the tests of the store use more of it")]
#[path = "../../../store/tests/engines/server.rs"]
mod server;
mod subscriber;
mod webhook;

use std::future::Future;

fn run(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(test);
}

#[test]
fn one_process_with_a_file() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        let url = format!("sqlite:{}", folder.path().join("store.db").display());
        course::run(&url, 1, folder.path()).await;
    });
}

#[test]
fn two_processes_on_a_server() {
    run(async {
        let folder = tempfile::tempdir().expect("a folder");
        if let Some(url) = server::schema().await {
            course::run(&url, 2, folder.path()).await;
        }
    });
}
