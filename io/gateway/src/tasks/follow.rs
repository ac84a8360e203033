//! Listening to a task: what was told, and what will be, each event once and in order.

use super::store::{Numbered, StoreError};
use super::{Caller, Tasks};
use duologue_a2a::error::{A2aError, ErrorKind};
use duologue_a2a::model::{Message, StreamResponse, TaskState};
use duologue_a2a::task::TaskRecord;
use futures::stream::{BoxStream, Stream, StreamExt};
use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, watch};

/// A stream of a task's events, or of one message.
pub struct Events {
    first: Option<u64>,
    stream: BoxStream<'static, Result<Numbered, A2aError>>,
}

impl Events {
    /// The agent's whole answer, where there is no task.
    pub(super) fn only(message: Message) -> Events {
        let only = Numbered { sequence: None, event: Arc::new(StreamResponse::Message(message)) };
        Events { first: None, stream: futures::stream::iter([Ok(only)]).boxed() }
    }

    /// Number of the first event to come. Those after it are numbered without a gap.
    pub fn first(&self) -> Option<u64> {
        self.first
    }

    /// The same, with each event changed.
    pub(crate) fn map_each(self, change: impl FnMut(Numbered) -> Numbered + Send + 'static) -> Events {
        let mut change = change;
        Events { stream: self.stream.map(move |event| event.map(&mut change)).boxed(), ..self }
    }
}

impl std::fmt::Debug for Events {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Events").field("first", &self.first).finish_non_exhaustive()
    }
}

impl Stream for Events {
    type Item = Result<Numbered, A2aError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        self.stream.poll_next_unpin(context)
    }
}

/// Looked again after so long, should the notice of another process not have come.
const DOUBT: Duration = Duration::from_secs(10);

/// Who listens to which task.
#[derive(Default)]
pub(super) struct Listeners(Mutex<HashMap<String, watch::Sender<()>>>);

impl Listeners {
    fn listen(&self, id: &str) -> watch::Receiver<()> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match all.get(id) {
            Some(sender) => sender.subscribe(),
            None => {
                let (sender, receiver) = watch::channel(());
                all.insert(id.to_owned(), sender);
                receiver
            }
        }
    }

    pub(super) fn tell(&self, id: &str) {
        if let Some(sender) = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id) {
            sender.send_replace(());
        }
    }

    pub(super) fn tell_all(&self) {
        for sender in self.0.lock().unwrap_or_else(PoisonError::into_inner).values() {
            sender.send_replace(());
        }
    }

    fn forget(&self, id: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.get(id).is_some_and(|sender| sender.receiver_count() <= 1) {
            all.remove(id);
        }
    }
}

/// How far a task that is not over is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Until {
    /// To where it waits for somebody, also where it does so already: for whoever sends a message, or sends it again.
    Pause,
    /// The same, but beyond where it waits already: for whoever subscribes.
    NextPause,
}

/// One who listens.
struct Follower {
    tasks: Tasks,
    id: String,
    /// The number of the last event that was given.
    after: u64,
    waiting: VecDeque<Numbered>,
    news: watch::Receiver<()>,
    /// The stream ends where the task waits for somebody and nothing follows (specification 1.0.1 §11.7).
    ends_at_pause: bool,
    is_over: bool,
    _permit: OwnedSemaphorePermit,
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.tasks.0.listeners.forget(&self.id);
    }
}

impl Tasks {
    /// What becomes of a task: the task as it is, then what follows. With the number of the last event that was seen: only
    /// what follows that. Either way, of a task that waits for somebody it is told how it goes on.
    pub(crate) async fn subscribe(&self, caller: &Caller, id: &str, seen: Option<u64>) -> Result<Events, A2aError> {
        let stored = self.get(&caller.owner, id).await?;
        let record = &stored.record;
        let Some(seen) = seen else {
            if record.state().is_terminal() {
                let message = format!("The task is over ({}): ask for it instead", record.state().as_str());
                return Err(A2aError::new(ErrorKind::UnsupportedOperation, message));
            }
            return self.follow(id, record.sequence(), Some(snapshot(record)), Until::NextPause);
        };
        if seen > record.sequence() {
            return Err(A2aError::invalid("Last-Event-ID", "is the number of no event of this task"));
        }
        self.follow(id, seen, None, Until::NextPause)
    }

    /// Events after a number, with something before them.
    pub(super) fn follow(
        &self,
        id: &str,
        after: u64,
        first: Option<Numbered>,
        until: Until,
    ) -> Result<Events, A2aError> {
        let permit = Arc::clone(&self.0.streams).try_acquire_owned().map_err(|_| {
            A2aError::new(ErrorKind::ResourceExhausted, "Too many streams are open: close one, or try again later")
        })?;
        let news = self.0.listeners.listen(id);
        let number = first.as_ref().and_then(|first| first.sequence).unwrap_or(after + 1);
        let (waiting, id) = (first.into_iter().collect(), id.to_owned());
        let tasks = self.clone();
        let ends_at_pause = until == Until::Pause;
        let follower = Follower { tasks, id, after, waiting, news, ends_at_pause, is_over: false, _permit: permit };
        let stream = futures::stream::unfold(follower, |mut follower| async move {
            let next = follower.next().await?;
            Some((next, follower))
        });
        Ok(Events { first: Some(number), stream: stream.boxed() })
    }
}

/// The task in place of the events up to now.
pub(super) fn snapshot(record: &TaskRecord) -> Numbered {
    let event = Arc::new(StreamResponse::Task(record.task().clone()));
    Numbered { sequence: Some(record.sequence()), event }
}

impl Follower {
    async fn next(&mut self) -> Option<Result<Numbered, A2aError>> {
        loop {
            if let Some(numbered) = self.waiting.pop_front() {
                self.note(&numbered);
                return Some(Ok(numbered));
            }
            if self.is_over {
                return None;
            }
            // What comes while we look is news again.
            self.news.borrow_and_update();
            match self.tasks.0.store.events(&self.id, self.after).await {
                Ok(events) if events.is_empty() => {}
                Ok(events) => {
                    self.waiting = events.into();
                    continue;
                }
                Err(error) => {
                    self.is_over = true;
                    return Some(Err(error.into()));
                }
            }
            match self.has_ended().await {
                Ok(false) => {}
                Ok(true) => return None,
                Err(error) => return Some(Err(error.into())),
            }
            if !self.wait().await {
                return None;
            }
        }
    }

    fn note(&mut self, numbered: &Numbered) {
        let Some(sequence) = numbered.sequence.filter(|sequence| *sequence > self.after) else { return };
        self.after = sequence;
        let state = state_after(&numbered.event);
        self.is_over = state.is_some_and(TaskState::is_terminal);
        self.ends_at_pause |= state.is_some();
    }

    /// Somebody who has seen everything of a task that is over, or has come to where it waits, waits for nothing.
    async fn has_ended(&self) -> Result<bool, StoreError> {
        let Some(stored) = self.tasks.0.store.load(&self.id).await? else { return Ok(true) };
        let state = stored.record.state();
        let ends = state.is_terminal() || self.ends_at_pause && state.is_interrupted();
        Ok(ends && stored.record.sequence() <= self.after)
    }

    /// Whether to look again: not, where this process ends. The client takes the stream up elsewhere.
    async fn wait(&mut self) -> bool {
        let is_shared = self.tasks.0.store.is_durable();
        tokio::select! {
            changed = self.news.changed() => changed.is_ok(),
            () = self.tasks.0.stop.cancelled() => false,
            () = tokio::time::sleep(DOUBT), if is_shared => true,
        }
    }
}

fn state_after(event: &StreamResponse) -> Option<TaskState> {
    match event {
        StreamResponse::Task(task) => Some(task.status.state),
        StreamResponse::StatusUpdate(update) => Some(update.status.state),
        StreamResponse::Message(_) | StreamResponse::ArtifactUpdate(_) => None,
    }
}
