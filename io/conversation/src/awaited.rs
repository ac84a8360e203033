//! Which provider owes an answer, and since when: what a call that fell silent is told apart by.

use duologue_ids::Mono;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A stage of an agent's pipeline, as `summary.json` names it, and for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    Stt,
    Llm,
    Tts,
}

impl Stage {
    pub(crate) fn key(self) -> &'static str {
        match self {
            Stage::Stt => "stt",
            Stage::Llm => "llm",
            Stage::Tts => "tts",
        }
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Stage::Stt => "speech recognition",
            Stage::Llm => "language model",
            Stage::Tts => "voice",
        }
    }
}

/// A request that has not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Request {
    /// Whose, as a place in the duet.
    pub(crate) side: usize,
    pub(crate) stage: Stage,
    pub(crate) since: Mono,
}

/// All requests of a conversation that have not ended. Clones share them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Awaited(Arc<Mutex<Requests>>);

#[derive(Debug, Default)]
struct Requests {
    next: u64,
    open: BTreeMap<u64, Request>,
}

impl Awaited {
    /// The request is open until the ticket is dropped.
    pub(crate) fn open(&self, request: Request) -> Ticket {
        let mut requests = self.lock();
        let id = requests.next;
        requests.next += 1;
        requests.open.insert(id, request);
        Ticket { id, of: self.clone() }
    }

    /// The request that has been open longest, where that is `at_least` by `now`.
    pub(crate) fn oldest(&self, now: Mono, at_least: Duration) -> Option<Request> {
        let oldest = self.lock().open.values().min_by_key(|r| r.since).copied();
        oldest.filter(|r| now.since(r.since) >= at_least)
    }

    fn lock(&self) -> MutexGuard<'_, Requests> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes its request when it is dropped.
#[derive(Debug)]
pub(crate) struct Ticket {
    id: u64,
    of: Awaited,
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.of.lock().open.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_open_request_is_known_once_it_is_old_enough() {
        let awaited = Awaited::default();
        let at = Mono::from_millis;
        let long = Duration::from_secs(10);
        let hearing = awaited.open(Request { side: 1, stage: Stage::Stt, since: at(1_000) });
        let writing = awaited.open(Request { side: 0, stage: Stage::Llm, since: at(5_000) });
        assert_eq!(awaited.oldest(at(10_999), long), None);
        assert_eq!(awaited.oldest(at(11_000), long).map(|r| (r.side, r.stage)), Some((1, Stage::Stt)));
        drop(hearing);
        assert_eq!(awaited.oldest(at(15_000), long).map(|r| r.stage), Some(Stage::Llm));
        drop(writing);
        assert_eq!(awaited.oldest(at(99_000), long), None);
    }
}
