use super::LogError;
use duologue_policy::DecisionRecord;
use duologue_store::{Entry, Store, UnixMs};
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::sync::mpsc;

/// The kind of an entry of the audit chain that is a decision.
const KIND: &str = "decision";
/// Decisions that may wait for the store; then whoever decides waits too.
const WAITING: usize = 1_024;
/// Decisions that are entered at once.
const TOGETHER: usize = 256;

/// A log in the audit chain of a store, which carries it and looks through it ([`Store::audit_verify`]).
#[derive(Clone)]
pub struct StoreLog {
    store: Store,
    queue: Option<Queue>,
}

/// Entries on their way, and what went wrong with those before.
#[derive(Clone)]
struct Queue {
    entries: mpsc::Sender<Entry>,
    trouble: Arc<Mutex<Option<LogError>>>,
}

impl fmt::Debug for StoreLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoreLog").field("store", &self.store).field("strict", &self.queue.is_none()).finish()
    }
}

impl StoreLog {
    /// Each decision is on the disk before it takes effect. Those that come at the same time share one write.
    pub fn strict(store: Store) -> StoreLog {
        StoreLog { store, queue: None }
    }

    /// A decision is on its way to the disk when it takes effect, some milliseconds before it is there: a process that dies
    /// can lose the last ones. While entering fails, every call is denied. To be made within a tokio runtime; it goes on
    /// until the last clone is dropped and all is entered.
    pub fn relaxed(store: Store) -> StoreLog {
        let (entries, waiting) = mpsc::channel(WAITING);
        let trouble = Arc::default();
        tokio::spawn(enter_all(store.clone(), waiting, Arc::clone(&trouble)));
        StoreLog { store, queue: Some(Queue { entries, trouble }) }
    }

    pub(super) async fn write(&self, record: &DecisionRecord<'_>) -> Result<(), LogError> {
        let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let at = UnixMs(i64::try_from(since_1970.as_millis()).unwrap_or(i64::MAX));
        let entry = Entry { at, kind: KIND.to_owned(), body: record.to_json().into_bytes() };
        let Some(queue) = &self.queue else {
            return self.store.enter(vec![entry]).await.map_err(|error| LogError(error.to_string()));
        };
        let closed = |_| LogError("the log is closed".to_owned());
        // It is tried whatever became of those before: once it is entered, calls are let pass again.
        queue.entries.send(entry).await.map_err(closed)?;
        queue.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone().map_or(Ok(()), Err)
    }
}

async fn enter_all(store: Store, mut waiting: mpsc::Receiver<Entry>, trouble: Arc<Mutex<Option<LogError>>>) {
    let mut entries = Vec::with_capacity(TOGETHER);
    while waiting.recv_many(&mut entries, TOGETHER).await > 0 {
        let done = store.enter(std::mem::take(&mut entries)).await;
        let now = done.err().map(|error| LogError(error.to_string()));
        let mut before = trouble.lock().unwrap_or_else(PoisonError::into_inner);
        if let (None, Some(error)) = (before.as_ref(), now.as_ref()) {
            tracing::error!(%error, "Decisions cannot be entered into the store: all calls are denied");
        }
        *before = now;
    }
}
