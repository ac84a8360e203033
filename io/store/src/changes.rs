//! Who is told that something has moved.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::broadcast::{self, error::RecvError};

/// Notices that a receiver may be behind before it is told to reload.
const BACKLOG: usize = 1024;

/// What a receiver is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// An aggregate has a new version. The same notice can come twice, and an older one after a newer.
    Moved {
        /// Its id.
        id: Arc<str>,
        /// The version; 0: it was removed.
        version: u64,
    },
    /// Notices were lost: whatever is kept of this kind may be out of date.
    Reload,
}

/// What changes about the aggregates of one kind ([`crate::Store::changes`]).
#[derive(Debug)]
pub struct Changes(broadcast::Receiver<Change>);

impl Changes {
    /// The next one; none once the store is closed. Nothing is lost when the wait is given up.
    pub async fn next(&mut self) -> Option<Change> {
        match self.0.recv().await {
            Ok(change) => Some(change),
            Err(RecvError::Lagged(_)) => Some(Change::Reload),
            Err(RecvError::Closed) => None,
        }
    }
}

/// An aggregate that has moved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moved {
    pub(crate) kind: String,
    pub(crate) id: Arc<str>,
    pub(crate) version: u64,
}

/// The receivers, by kind; none: the store is closed.
#[derive(Debug)]
pub(crate) struct Notices(Mutex<Option<BTreeMap<String, broadcast::Sender<Change>>>>);

impl Notices {
    pub(crate) fn new() -> Notices {
        Notices(Mutex::new(Some(BTreeMap::new())))
    }

    pub(crate) fn subscribe(&self, kind: &str) -> Changes {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(kinds) = kinds.as_mut() else { return Changes(broadcast::channel(1).1) };
        kinds.retain(|_, sender| sender.receiver_count() > 0);
        let sender = kinds.entry(kind.to_owned()).or_insert_with(|| broadcast::channel(BACKLOG).0);
        Changes(sender.subscribe())
    }

    pub(crate) fn tell(&self, moved: impl IntoIterator<Item = Moved>) {
        let kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(kinds) = kinds.as_ref().filter(|kinds| !kinds.is_empty()) else { return };
        for Moved { kind, id, version } in moved {
            if let Some(sender) = kinds.get(&kind) {
                // Nobody listens any more: nothing to tell.
                let _ = sender.send(Change::Moved { id, version });
            }
        }
    }

    pub(crate) fn reload(&self) {
        let kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for sender in kinds.iter().flat_map(BTreeMap::values) {
            let _ = sender.send(Change::Reload);
        }
    }

    /// Ends every receiver's stream once it has read what was told.
    pub(crate) fn close(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}
