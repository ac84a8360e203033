//! Which provider owes an answer, and since when: what a call that fell silent is told apart by.

use crate::scenario::Side;
use duologue_ids::Mono;
use duologue_voice::CloseReason;
use serde::{Deserialize, Serialize};
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

/// An answer that a model owes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owed {
    /// Which of an agent's models, for people.
    pub stage: String,
    /// `provider/model`; empty where that is not known.
    pub model: String,
    /// For how long, in milliseconds.
    pub waited_ms: u64,
}

/// A provider that owes an answer for so long hangs, or is far too slow for a conversation.
const UNANSWERED: Duration = Duration::from_secs(10);

impl Owed {
    /// How long an answer has to be owed for a call that ended like this to be blamed on it; `None` where nothing is.
    pub fn patience(reason: CloseReason) -> Option<Duration> {
        match reason {
            // Both were silent for the whole limit. Whoever thinks is not; but nothing shows that somebody's words are
            // awaited.
            CloseReason::Inactivity => Some(Duration::from_secs(1)),
            CloseReason::DurationLimit => Some(UNANSWERED),
            _ => None,
        }
    }

    /// For people: that the call ended without this.
    pub fn blame(&self, side: Side) -> String {
        let Owed { stage, model, waited_ms } = self;
        format!(
            "the {stage} of the {side} agent ({model}) had not answered for {} s when the call ended\n  \
             help: `duologue doctor` checks models and endpoints; a machine with much else to do may be too slow for them",
            waited_ms / 1_000,
        )
    }
}

impl Request {
    /// The answer to it, which one of these models (`provider/model` by stage) owes.
    pub(crate) fn owed(&self, now: Mono, models: &BTreeMap<String, String>) -> Owed {
        Owed {
            stage: self.stage.name().to_owned(),
            model: models.get(self.stage.key()).cloned().unwrap_or_default(),
            waited_ms: u64::try_from(now.since(self.since).as_millis()).unwrap_or(u64::MAX),
        }
    }
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
