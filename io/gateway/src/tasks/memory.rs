//! Tasks in memory: for agents that begin anew with each start. Bounded: the oldest that are over are forgotten.

use super::orders::Orders;
use super::store::{Change, MessageKey, Numbered, Remembered, Step, StoreError, Stored, TaskStore};
use async_trait::async_trait;
use duologue_a2a::error::A2aError;
use duologue_a2a::model::{ListTasksRequest, ListTasksResponse, Message, Timestamp};
use duologue_a2a::task::{Owner, TaskRecord, page};
use duologue_store::{Claim, Outcome, SettleError, Unavailable, UnixMs};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// How much is kept.
#[derive(Clone, Copy, Debug)]
pub struct MemoryBounds {
    /// Tasks that are over.
    pub finished: usize,
    /// Tasks that are not; more are refused.
    pub open: usize,
    /// Messages whose answer is given again.
    pub messages: usize,
    /// Bytes of such answers, where no task keeps them.
    pub message_bytes: usize,
}

impl Default for MemoryBounds {
    /// 10,000 tasks that are over, 50,000 that are not, 20,000 messages, 16 MiB.
    fn default() -> MemoryBounds {
        MemoryBounds { finished: 10_000, open: 50_000, messages: 20_000, message_bytes: 16 << 20 }
    }
}

#[derive(Default)]
struct Tables {
    tasks: HashMap<String, Kept>,
    /// Those that are over, in the order of their ends.
    finished: VecDeque<String>,
    messages: HashMap<MessageKey, Given>,
    /// In the order in which they came.
    message_order: VecDeque<MessageKey>,
    message_bytes: usize,
    wakes: BTreeSet<(Timestamp, String)>,
    orders: Orders,
}

struct Kept {
    stored: Stored,
    events: Vec<Numbered>,
    wake_at: Option<Timestamp>,
}

enum Given {
    Task(String),
    /// As JSON, since that is smaller than what it is read from.
    Message(Box<[u8]>),
}

pub(crate) struct Memory {
    tables: Mutex<Tables>,
    bounds: MemoryBounds,
}

impl Memory {
    pub(crate) fn new(bounds: MemoryBounds) -> Memory {
        Memory { tables: Mutex::default(), bounds }
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        // A table is whole between two statements of a step: a panic elsewhere does not spoil it.
        self.tables.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    fn commit(&mut self, step: Step, bounds: &MemoryBounds) -> Result<(), StoreError> {
        let id = step.record.task().id.clone();
        let version = self.tasks.get(&id).map_or(0, |kept| kept.stored.version);
        if version != step.before {
            return Err(StoreError::Moved);
        }
        if version == 0 && self.tasks.len() - self.finished.len().min(self.tasks.len()) >= bounds.open {
            return Err(StoreError::Full("Too many tasks wait here: finish or cancel some, or try again later"));
        }
        if let Some(key) = step.opens {
            if self.is_answered(key) {
                return Err(StoreError::Answered);
            }
            self.give(key, Given::Task(id.clone()), bounds);
        }
        step.pushes.iter().for_each(|order| self.orders.add(&id, order));
        let is_over = step.record.state().is_terminal();
        let stored = Stored { record: step.record, version: version + 1, run: step.run };
        match self.tasks.get_mut(&id) {
            Some(kept) => {
                let was_over = kept.stored.record.state().is_terminal();
                kept.stored = stored;
                kept.events.extend(step.events);
                let before = std::mem::replace(&mut kept.wake_at, step.wake_at);
                self.wake(&id, before, step.wake_at);
                if is_over && !was_over {
                    self.finish(id, bounds);
                }
            }
            None => {
                self.wake(&id, None, step.wake_at);
                self.tasks.insert(id.clone(), Kept { stored, events: step.events, wake_at: step.wake_at });
                if is_over {
                    self.finish(id, bounds);
                }
            }
        }
        Ok(())
    }

    /// Of a task that was forgotten, no answer is left.
    fn is_answered(&self, key: MessageKey) -> bool {
        self.messages.get(&key).is_some_and(|given| match given {
            Given::Task(id) => self.tasks.contains_key(id),
            Given::Message(_) => true,
        })
    }

    fn wake(&mut self, id: &str, before: Option<Timestamp>, now: Option<Timestamp>) {
        if let Some(before) = before {
            self.wakes.remove(&(before, id.to_owned()));
        }
        self.wakes.extend(now.map(|now| (now, id.to_owned())));
    }

    fn finish(&mut self, id: String, bounds: &MemoryBounds) {
        self.finished.push_back(id);
        while self.finished.len() > bounds.finished {
            let Some(oldest) = self.finished.pop_front() else { break };
            if let Some(kept) = self.tasks.remove(&oldest) {
                self.wake(&oldest, kept.wake_at, None);
            }
        }
    }

    fn give(&mut self, key: MessageKey, given: Given, bounds: &MemoryBounds) {
        self.message_bytes += given.bytes();
        match self.messages.insert(key, given) {
            None => self.message_order.push_back(key),
            Some(before) => self.message_bytes -= before.bytes(),
        }
        while self.message_order.len() > bounds.messages || self.message_bytes > bounds.message_bytes {
            let Some(oldest) = self.message_order.pop_front() else { break };
            self.message_bytes -= self.messages.remove(&oldest).map_or(0, |given| given.bytes());
        }
    }
}

impl Given {
    fn bytes(&self) -> usize {
        match self {
            Given::Task(_) => 0,
            Given::Message(json) => json.len(),
        }
    }
}

#[async_trait]
impl TaskStore for Memory {
    fn is_durable(&self) -> bool {
        false
    }

    async fn load(&self, id: &str) -> Result<Option<Stored>, StoreError> {
        Ok(self.tables().tasks.get(id).map(|kept| kept.stored.clone()))
    }

    async fn commit(&self, step: Step) -> Result<(), StoreError> {
        self.tables().commit(step, &self.bounds)
    }

    async fn events(&self, id: &str, after: u64) -> Result<Vec<Numbered>, StoreError> {
        let tables = self.tables();
        let events = tables.tasks.get(id).map_or(&[][..], |kept| &kept.events);
        let from = events.partition_point(|numbered| numbered.sequence.is_some_and(|sequence| sequence <= after));
        Ok(events.get(from..).unwrap_or_default().to_vec())
    }

    async fn list(&self, who: &Owner, request: &ListTasksRequest) -> Result<ListTasksResponse, A2aError> {
        let records: Vec<_> = {
            let tables = self.tables();
            let all = tables.tasks.values().map(|kept| &kept.stored.record);
            all.filter(|record| record.is_listed(who, request)).cloned().collect()
        };
        page(records.iter().map(|record| -> &TaskRecord { record }), who, request)
    }

    async fn remembered(&self, key: MessageKey) -> Result<Option<Remembered>, StoreError> {
        let tables = self.tables();
        Ok(tables.messages.get(&key).and_then(|given| match given {
            // A task that was forgotten is not told of any more.
            Given::Task(id) => tables.tasks.contains_key(id).then(|| Remembered::Task(id.clone())),
            Given::Message(json) => serde_json::from_slice(json).ok().map(Remembered::Message),
        }))
    }

    async fn remember(&self, key: MessageKey, answer: &Message, _now: Timestamp) -> Result<(), StoreError> {
        let json = serde_json::to_vec(answer).map_err(|error| StoreError::Unavailable(error.to_string()))?;
        let mut tables = self.tables();
        if !tables.is_answered(key) {
            tables.give(key, Given::Message(json.into()), &self.bounds);
        }
        Ok(())
    }

    async fn due(&self, now: Timestamp) -> Result<Vec<Stored>, StoreError> {
        let mut tables = self.tables();
        let later = tables.wakes.split_off(&(now.plus_millis(1), String::new()));
        let due = std::mem::replace(&mut tables.wakes, later);
        let stored = |(_, id): (Timestamp, String)| {
            let kept = tables.tasks.get_mut(&id)?;
            kept.wake_at = None;
            Some(kept.stored.clone())
        };
        Ok(due.into_iter().filter_map(stored).collect())
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.tables().wakes.first().map(|(at, _)| *at))
    }

    async fn remove(&self, id: &str, version: u64) -> Result<(), StoreError> {
        let mut tables = self.tables();
        match tables.tasks.get(id) {
            Some(kept) if kept.stored.version == version => drop(tables.tasks.remove(id)),
            _ => {}
        }
        Ok(())
    }

    async fn claim_pushes(&self, now: UnixMs, lease: Duration, limit: u32) -> Result<Vec<Claim>, Unavailable> {
        Ok(self.tables().orders.claim(now, lease, limit))
    }

    async fn settle_push(&self, claim: Claim, outcome: Outcome) -> Result<(), SettleError> {
        self.tables().orders.settle(claim, outcome)
    }

    async fn next_push(&self) -> Result<Option<UnixMs>, Unavailable> {
        Ok(self.tables().orders.next())
    }

    async fn changed(&self) -> Change {
        std::future::pending().await
    }
}
