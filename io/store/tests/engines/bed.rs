//! Where a test's store is, and what most tests write.

use crate::server;
use duologue_store::{Aggregate, Commit, CommitError, Key, Outgoing, State, Store, StoreConfig, UnixMs};
use std::future::Future;
use std::path::PathBuf;

/// A place for a store of one test.
pub(crate) struct Bed {
    url: String,
    /// None: on a server.
    folder: Option<tempfile::TempDir>,
}

impl Bed {
    /// A store in a file.
    pub(crate) fn file() -> Bed {
        let folder = tempfile::tempdir().expect("a folder");
        Bed { url: format!("sqlite:{}", folder.path().join("store.db").display()), folder: Some(folder) }
    }

    /// A store that ends when it is closed.
    pub(crate) fn memory() -> Bed {
        Bed { url: "sqlite::memory:".into(), folder: None }
    }

    /// A store on the server; none where there is no server.
    pub(crate) async fn server() -> Option<Bed> {
        Some(Bed { url: server::schema().await?, folder: None })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn config(&self, instance: &str) -> StoreConfig {
        Bed::config_of(&self.url, instance)
    }

    pub(crate) fn config_of(url: &str, instance: &str) -> StoreConfig {
        StoreConfig { instance: instance.to_owned(), ..StoreConfig::new(url) }
    }

    /// The file.
    pub(crate) fn path(&self) -> PathBuf {
        PathBuf::from(self.url.trim_start_matches("sqlite:"))
    }

    /// Does to the database, which nobody has open, what somebody with the engine's own tools could do.
    pub(crate) async fn forge(&self, sql: &str) {
        if self.folder.is_none() {
            return server::execute(&self.url, sql).await;
        }
        let connection = rusqlite::Connection::open(self.path()).expect("a database");
        connection.execute_batch(sql).expect("forged");
    }

    /// Ends what is left on the server of a process that is gone.
    pub(crate) async fn end_sessions(&self) {
        if let Some((_, schema)) = self.url.split_once("application_name=") {
            let of_ours = format!("datname = current_database() AND application_name = '{schema}'");
            let end = format!("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE {of_ours}");
            server::execute(&server::url(), &end).await;
        }
    }

    /// What is on the server, in SQL.
    pub(crate) fn dump(&self) -> String {
        let schema = self.url.split_once("application_name=").map(|(_, schema)| schema).unwrap_or_default();
        server::dump(schema)
    }

    /// Bytes in SQL.
    pub(crate) fn blob(&self, bytes: &[u8]) -> String {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        if self.folder.is_some() { format!("x'{digits}'") } else { format!("'\\x{digits}'") }
    }

    /// The store, as it is after all that was done to it.
    pub(crate) async fn open(&self) -> Store {
        self.open_as("main").await
    }

    pub(crate) async fn open_as(&self, instance: &str) -> Store {
        Store::open(self.config(instance)).await.expect("an open store")
    }
}

pub(crate) fn run<F: Future<Output = ()>>(test: impl FnOnce() -> F) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    runtime.expect("a runtime").block_on(test());
}

pub(crate) fn on_file<F: Future<Output = ()>>(test: fn(Bed) -> F) {
    run(|| test(Bed::file()));
}

pub(crate) fn on_server<F: Future<Output = ()>>(test: fn(Bed) -> F) {
    run(|| async move {
        if let Some(bed) = Bed::server().await {
            test(bed).await;
        }
    });
}

pub(crate) fn task(id: &str) -> Key {
    Key::new("task", id)
}

pub(crate) fn state(text: &str) -> State {
    State { schema: 1, bytes: text.as_bytes().to_vec() }
}

/// A step that says `text`.
pub(crate) fn step(id: &str, expected: u64, text: &str) -> Commit {
    Commit::new(task(id), expected, state(text))
}

pub(crate) fn push(key: &str, not_before: i64) -> Outgoing {
    Outgoing { key: key.into(), kind: "push".into(), payload: key.as_bytes().to_vec(), not_before: UnixMs(not_before) }
}

/// The aggregate, which must be there.
pub(crate) async fn loaded(store: &Store, id: &str) -> Aggregate {
    store.load(&task(id)).await.expect("a store that works").expect("an aggregate")
}

/// The version found where another was expected.
pub(crate) fn found(error: CommitError) -> u64 {
    match error {
        CommitError::Conflict { found, .. } => found,
        other => panic!("no conflict: {other}"),
    }
}
