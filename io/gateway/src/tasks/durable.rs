//! Tasks on a disk or a database server, by way of the store.
//!
//! A task is an aggregate with its events; what came of a message is another, so that the same message is not taken twice by
//! two processes.

use super::store::{Change, MessageKey, Numbered, Remembered, Run, Step, StoreError, Stored, TaskStore};
use async_trait::async_trait;
use duologue_a2a::error::A2aError;
use duologue_a2a::model::{ListTasksRequest, ListTasksResponse, Message, StreamResponse, Task, TaskState, Timestamp};
use duologue_a2a::task::{self, Owner, TaskRecord, view};
use duologue_store::{
    Aggregate, Change as Moved, Changes, Claim, Claiming, Commit, CommitError, Cursor, Key, Listing, Outcome, Outgoing,
    SettleError, Settled, State, Store, Unavailable, UnixMs,
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;

const TASK: &str = "task";
const MESSAGE: &str = "message";
/// Kind of the effects that tell webhooks.
pub(crate) const PUSH: &str = "push";
/// Form of the states.
const SCHEMA: u32 = 1;
/// Events read at once.
const EVENTS: u32 = 256;
/// Tasks looked at once, and how long nobody else looks at them.
const DUE: u32 = 64;
const DUE_LEASE: Duration = Duration::from_secs(10);
/// How long an answer is given again.
const REMEMBERED: Duration = Duration::from_secs(24 * 3_600);
/// Most bytes of an owner and of a context as the store knows them; longer ones are known by their digest.
const NAME_MAX: usize = 400;
/// Tasks read at once for a list that the store cannot narrow by itself.
const SCANNED: u32 = 200;

/// Tasks in a [`Store`].
pub(crate) struct Durable {
    store: Store,
    changes: Mutex<Changes>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
enum Given {
    Task(String),
    Message(Message),
}

impl Durable {
    pub(crate) fn new(store: Store) -> Durable {
        let changes = Mutex::new(store.changes(TASK));
        Durable { store, changes }
    }
}

#[async_trait]
impl TaskStore for Durable {
    fn is_durable(&self) -> bool {
        true
    }

    async fn load(&self, id: &str) -> Result<Option<Stored>, StoreError> {
        let found = self.store.load(&Key::new(TASK, id)).await?;
        found.map(|aggregate| read(&aggregate)).transpose()
    }

    async fn commit(&self, step: Step) -> Result<(), StoreError> {
        let opens = step.opens.map(|key| {
            let now = step.record.created();
            remember(key, &Given::Task(step.record.task().id.clone()), now)
        });
        let commits = std::iter::once(commit(&step)).chain(opens).collect();
        match self.store.commit_all(commits).await {
            Ok(_) => Ok(()),
            Err(CommitError::Conflict { kind, .. }) if kind == MESSAGE => Err(StoreError::Answered),
            Err(CommitError::Conflict { .. } | CommitError::KeyTaken { .. }) => Err(StoreError::Moved),
            Err(error) => Err(StoreError::Unavailable(error.to_string())),
        }
    }

    async fn events(&self, id: &str, after: u64) -> Result<Vec<Numbered>, StoreError> {
        let events = self.store.events(&Key::new(TASK, id), after, EVENTS).await?;
        let read = |event: duologue_store::Event| {
            let read: StreamResponse = serde_json::from_slice(&event.payload).map_err(damaged)?;
            Ok(Numbered { sequence: Some(event.seq), event: Arc::new(read) })
        };
        events.into_iter().map(read).collect()
    }

    async fn list(&self, who: &Owner, request: &ListTasksRequest) -> Result<ListTasksResponse, A2aError> {
        let size = request.page_size.unwrap_or(50);
        let most = usize::try_from(size).unwrap_or(0);
        let after =
            task::Cursor::of(request)?.map(|cursor| Cursor { rank: cursor.updated.as_millis(), id: cursor.task_id });
        let mut listing = listing(who, request, SCANNED);
        // The store knows nothing of states: for one of them, all pages are read, and one is kept.
        let of_state = Some(request.status).filter(|state| *state != TaskState::Unspecified);
        let mut total = match of_state {
            None => self.store.count(listing.clone()).await.map_err(StoreError::from)?,
            Some(_) => 0,
        };
        if of_state.is_none() {
            (listing.before, listing.limit) = (after.clone(), u32::try_from(most + 1).unwrap_or(u32::MAX));
        }
        let mut page = Page { after, most, found: Vec::new() };
        loop {
            let read_now = self.store.list(listing.clone()).await.map_err(StoreError::from)?;
            let is_last = of_state.is_none() || read_now.len() < SCANNED as usize;
            listing.before = read_now.last().map(Aggregate::cursor);
            for aggregate in read_now {
                let record = read(&aggregate)?.record;
                if of_state.is_none_or(|state| state == record.state()) {
                    total += u64::from(of_state.is_some());
                    page.offer(aggregate.cursor(), &record, request);
                }
            }
            if is_last {
                break;
            }
        }
        let next_page_token = page.token();
        Ok(ListTasksResponse {
            tasks: page.found.into_iter().map(|(_, task)| task).take(most).collect(),
            next_page_token,
            page_size: size,
            total_size: i32::try_from(total).unwrap_or(i32::MAX),
        })
    }

    async fn remembered(&self, key: MessageKey) -> Result<Option<Remembered>, StoreError> {
        let Some(found) = self.store.load(&key.key()).await? else { return Ok(None) };
        Ok(Some(match serde_json::from_slice(&found.state.bytes).map_err(damaged)? {
            Given::Task(id) => Remembered::Task(id),
            Given::Message(message) => Remembered::Message(message),
        }))
    }

    async fn remember(&self, key: MessageKey, answer: &Message, now: Timestamp) -> Result<(), StoreError> {
        match self.store.commit(remember(key, &Given::Message(answer.clone()), now)).await {
            Ok(_) => Ok(()),
            Err(CommitError::Conflict { .. }) => Err(StoreError::Answered),
            Err(error) => Err(StoreError::Unavailable(error.to_string())),
        }
    }

    async fn due(&self, now: Timestamp) -> Result<Vec<Stored>, StoreError> {
        let now = UnixMs(now.as_millis());
        for forgotten in self.store.due(Claiming::new(MESSAGE, now, DUE_LEASE, DUE)).await? {
            // Somebody else forgot it, or it will be due again.
            drop(self.store.remove(&forgotten.key, forgotten.version).await);
        }
        let due = self.store.due(Claiming::new(TASK, now, DUE_LEASE, DUE)).await?;
        due.iter().map(read).collect()
    }

    async fn next_due(&self) -> Result<Option<Timestamp>, StoreError> {
        let (task, message) = (self.store.next_due(TASK).await?, self.store.next_due(MESSAGE).await?);
        Ok([task, message].into_iter().flatten().min().map(|at| Timestamp::from_millis(at.0)))
    }

    async fn remove(&self, id: &str, version: u64) -> Result<(), StoreError> {
        match self.store.remove(&Key::new(TASK, id), version).await {
            Ok(()) | Err(CommitError::Conflict { .. }) => Ok(()),
            Err(error) => Err(StoreError::Unavailable(error.to_string())),
        }
    }

    async fn claim_pushes(&self, now: UnixMs, lease: Duration, limit: u32) -> Result<Vec<Claim>, Unavailable> {
        self.store.claim(Claiming::new(PUSH, now, lease, limit)).await
    }

    async fn settle_push(&self, claim: Claim, outcome: Outcome) -> Result<(), SettleError> {
        self.store.settle(Settled { claim, outcome }).await
    }

    async fn next_push(&self) -> Result<Option<UnixMs>, Unavailable> {
        self.store.next_claim(PUSH).await
    }

    async fn changed(&self) -> Change {
        match self.changes.lock().await.next().await {
            Some(Moved::Moved { id, .. }) => Change::Moved(id),
            Some(Moved::Reload) => Change::Anything,
            // Closed: nothing changes any more.
            None => std::future::pending().await,
        }
    }
}

/// A page of a list, and one task more, where there is one.
struct Page {
    after: Option<Cursor>,
    most: usize,
    found: Vec<(Cursor, Task)>,
}

impl Page {
    fn offer(&mut self, place: Cursor, record: &TaskRecord, request: &ListTasksRequest) {
        if self.found.len() <= self.most && self.after.as_ref().is_none_or(|after| place < *after) {
            let with_artifacts = request.include_artifacts.unwrap_or_default();
            self.found.push((place, view(record.task(), request.history_length, with_artifacts)));
        }
    }

    /// Where the next page begins; empty: there is none.
    fn token(&self) -> String {
        let last = self.most.checked_sub(1).and_then(|last| self.found.get(last));
        let next = last
            .filter(|_| self.found.len() > self.most)
            .map(|(place, _)| task::Cursor { updated: Timestamp::from_millis(place.rank), task_id: place.id.clone() });
        next.map(|next| next.token()).unwrap_or_default()
    }
}

fn commit(step: &Step) -> Commit {
    let record = &step.record;
    let task = record.task();
    let outgoing = |order: &super::store::Order| Outgoing {
        key: order.key(&task.id),
        kind: PUSH.to_owned(),
        payload: json(order),
        not_before: UnixMs(0),
    };
    Commit {
        owner: name(&record.owner().0),
        label: name(&task.context_id),
        rank: record.updated().as_millis(),
        events: step.events.iter().map(|numbered| json(&*numbered.event)).collect(),
        outbox: step.pushes.iter().map(outgoing).collect(),
        wake_at: step.wake_at.map(|at| UnixMs(at.as_millis())),
        ..Commit::new(Key::new(TASK, &task.id), step.before, State { schema: SCHEMA, bytes: write(step) })
    }
}

fn remember(key: MessageKey, given: &Given, now: Timestamp) -> Commit {
    let state = State { schema: SCHEMA, bytes: json(given) };
    // Nobody lists these; by the time they lie beside each other in the lists' indexes.
    let (rank, wake_at) = (now.as_millis(), Some(UnixMs(now.as_millis()).after(REMEMBERED)));
    Commit { rank, wake_at, ..Commit::new(key.key(), 0, state) }
}

/// The run on a line of its own, then the record.
fn write(step: &Step) -> Vec<u8> {
    let mut bytes = json(&step.run);
    bytes.push(b'\n');
    bytes.extend_from_slice(&step.record.to_json());
    bytes
}

fn read(aggregate: &Aggregate) -> Result<Stored, StoreError> {
    if aggregate.state.schema != SCHEMA {
        return Err(StoreError::Unavailable(format!(
            "the task {} was stored by a newer program: use that one",
            aggregate.key.id
        )));
    }
    let bytes = &aggregate.state.bytes;
    let end = bytes.iter().position(|byte| *byte == b'\n').unwrap_or(bytes.len());
    let (run, record) = (bytes.get(..end).unwrap_or_default(), bytes.get(end + 1..).unwrap_or_default());
    let run: Option<Run> = serde_json::from_slice(run).map_err(damaged)?;
    let record = TaskRecord::from_json(record).map_err(|error| StoreError::Unavailable(error.to_string()))?;
    Ok(Stored { record: Arc::new(record), version: aggregate.version, run })
}

fn listing(who: &Owner, request: &ListTasksRequest, limit: u32) -> Listing {
    let label = Some(&request.context_id).filter(|context| !context.is_empty()).map(|context| name(context));
    let since = request.status_timestamp_after.map(Timestamp::as_millis);
    Listing { label, since, ..Listing::new(TASK, name(&who.0), limit) }
}

/// A name as the store takes it.
fn name(text: &str) -> String {
    if text.len() <= NAME_MAX && !text.contains('\0') {
        return text.to_owned();
    }
    hex("sha256:", &Sha256::digest(text))
}

fn hex(prefix: &str, bytes: &[u8]) -> String {
    bytes.iter().fold(prefix.to_owned(), |mut text, byte| {
        // Into memory: cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

impl MessageKey {
    fn key(self) -> Key {
        Key::new(MESSAGE, hex("", &self.0))
    }
}

/// Of types whose keys are all strings, into memory: cannot fail.
fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).unwrap_or_default()
}

fn damaged(error: serde_json::Error) -> StoreError {
    StoreError::Unavailable(format!("what was stored is damaged: restore it from a backup: {error}"))
}

impl From<Unavailable> for StoreError {
    fn from(error: Unavailable) -> StoreError {
        StoreError::Unavailable(error.to_string())
    }
}
