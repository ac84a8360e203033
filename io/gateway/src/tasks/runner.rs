//! One run of a task: the agent's turn, what it tells committed step by step, and the end.

use super::begin::Landing;
use super::store::{MessageKey, Run, StoreError, Stored};
use super::{Caller, Tasks};
use crate::agent::{Answer, Failure, Turn, new_id};
use duologue_a2a::error::{A2aError, ErrorKind};
use duologue_a2a::model::{Message, Part, Role, TaskState};
use duologue_a2a::task::{Event, TaskRecord, Webhook};
use futures::FutureExt;
use std::collections::VecDeque;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, PoisonError};
use tokio::sync::{Mutex, Notify, mpsc, oneshot};
use tokio::time::{Instant, sleep_until};
use tokio_util::sync::CancellationToken;

/// What an agent has told and is not committed yet, at most; then it waits.
const BACKLOG: usize = 64;
/// Messages that wait for a turn to take them.
const INBOX: usize = 64;

/// What came of a message so far.
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "there is one of these a turn, moved once or twice; how large it is depends on the features of serde_json"
)]
pub(super) enum Begun {
    Message(Message),
    Task(Arc<TaskRecord>),
    /// The task that the same message began before.
    Known(Arc<TaskRecord>),
}

/// What the sender of a message waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Want {
    /// There is to be a task, at once.
    Task,
    /// There is a task.
    Open,
    /// The task is over, or waits for somebody.
    End,
}

/// The sender of a message, who waits.
pub(super) struct First {
    pub(super) tell: oneshot::Sender<Result<Begun, A2aError>>,
    pub(super) want: Want,
    /// As long as it is not known what comes of the message, nobody else answers the same one.
    pub(super) _landing: Option<Landing>,
}

/// A message that may open a task.
pub(super) struct Asked {
    pub(super) message: Message,
    pub(super) context_id: String,
    pub(super) push: Option<Webhook>,
    /// By which it is known again; none: it is not.
    pub(super) key: Option<MessageKey>,
}

/// The task, as this process last wrote it.
pub(super) struct Current {
    pub(super) record: Arc<TaskRecord>,
    pub(super) version: u64,
    pub(super) run: Run,
}

/// Why a run ends before the agent does.
pub(super) enum Halt {
    /// The task was called off, is over, or somebody else works at it.
    Gone,
    /// Before the end was written, the caller sent more.
    Overtaken,
    /// The store does not answer. Another process takes the task up.
    Unavailable(StoreError),
}

/// A run.
pub(super) struct Runner {
    pub(super) tasks: Tasks,
    pub(super) caller: Caller,
    pub(super) task_id: String,
    pub(super) asked: Option<Asked>,
    pub(super) current: Option<Current>,
    pub(super) first: Option<First>,
    pub(super) moved: Arc<Notify>,
    /// Messages that came meanwhile, not yet in the turn's inbox.
    pub(super) messages: VecDeque<Message>,
    /// What the next turn begins with: nothing, where the task was opened for it.
    begins_anew: bool,
    /// How many messages of the history have been seen.
    pub(super) seen: usize,
}

/// What a turn runs with.
struct Lines {
    told: mpsc::Receiver<Event>,
    inbox: mpsc::Sender<Message>,
    over: CancellationToken,
}

impl Runner {
    /// For a message without a task.
    pub(super) fn opening(tasks: Tasks, caller: Caller, asked: Asked, first: First) -> Runner {
        let (task_id, moved) = (new_id(), Arc::new(Notify::new()));
        let (asked, first) = (Some(asked), Some(first));
        Runner {
            tasks,
            caller,
            task_id,
            asked,
            current: None,
            first,
            moved,
            messages: VecDeque::new(),
            begins_anew: true,
            seen: 0,
        }
    }

    /// For a task that exists, whose run was committed as ours.
    pub(super) fn going_on(tasks: Tasks, caller: Caller, stored: Stored) -> Runner {
        let Stored { record, version, run } = stored;
        let run = run.unwrap_or_else(|| tasks.new_run(version, 1));
        let (task_id, seen) = (record.task().id.clone(), record.task().history.len());
        let current = Some(Current { record, version, run });
        let moved = Arc::new(Notify::new());
        let (messages, first) = (VecDeque::new(), None);
        Runner { tasks, caller, task_id, asked: None, current, first, moved, messages, begins_anew: false, seen }
    }

    /// Runs until the task is over, waits for somebody, or is somebody else's.
    pub(super) async fn run(mut self) {
        let mut message = self.first_message();
        if let Some(current) = &self.current {
            self.is_at_work(current.run.epoch);
        }
        if self.first.as_ref().is_some_and(|first| first.want == Want::Task)
            && let Err(halt) = self.commit(&[], false).await
        {
            return self.halt(halt);
        }
        while let Some(next) = message.take() {
            match self.turn(next).await {
                Ok(following) => message = following,
                Err(halt) => self.halt(halt),
            }
        }
        self.leave();
    }

    /// The message to be answered: the one that was asked, else the newest of the owner's.
    fn first_message(&self) -> Option<Message> {
        match (&self.asked, &self.current) {
            (Some(asked), _) => Some(Message {
                task_id: self.task_id.clone(),
                context_id: asked.context_id.clone(),
                role: Role::User,
                ..asked.message.clone()
            }),
            (None, Some(current)) => {
                current.record.task().history.iter().rev().find(|message| message.role == Role::User).cloned()
            }
            (None, None) => None,
        }
    }

    /// One turn of the agent. What follows, where the caller sent more meanwhile.
    async fn turn(&mut self, message: Message) -> Result<Option<Message>, Halt> {
        let (turn, mut lines) = self.new_turn(message);
        let mut batch = Vec::new();
        self.begins_anew = false;
        let ended = self.work(&turn, &mut lines, &mut batch).await?;
        while let Ok(event) = lines.told.try_recv() {
            batch.push(event);
        }
        self.messages.extend(unread(turn.inbox.into_inner()));
        self.end(ended, batch).await
    }

    /// Lets the agent work, and commits what it tells, until it ends.
    async fn work(
        &mut self,
        turn: &Turn,
        lines: &mut Lines,
        batch: &mut Vec<Event>,
    ) -> Result<Result<Answer, Failure>, Halt> {
        let agent = Arc::clone(&self.tasks.0.agent);
        let mut work = std::pin::pin!(AssertUnwindSafe(agent.handle(turn)).catch_unwind());
        let deadline = self.caller.hop.deadline.map(|deadline| self.tasks.0.clock.instant(deadline));
        loop {
            let beat = self.next_beat();
            let in_time = deadline.filter(|_| self.current.is_none());
            // The agent first: what it tells in one go is one step.
            let step = tokio::select! {
                biased;
                ended = &mut work => return Ok(ended.unwrap_or_else(|_| Err(panicked()))),
                _ = lines.told.recv_many(batch, BACKLOG) => self.commit(&std::mem::take(batch), false).await,
                () = self.moved.notified() => self.look(lines).await,
                () = at(beat) => self.commit(&[], false).await,
                () = at(in_time) => {
                    self.tell_first(Err(ErrorKind::DeadlineExceeded.into()));
                    Err(Halt::Gone)
                }
            };
            if let Err(halt) = step {
                lines.over.cancel();
                lines.told.close();
                drop(tokio::time::timeout(self.tasks.0.settings.grace, work).await);
                return Err(halt);
            }
        }
    }

    fn new_turn(&self, message: Message) -> (Turn, Lines) {
        let (told_sender, told) = mpsc::channel(BACKLOG);
        let (inbox, inbox_receiver) = mpsc::channel(INBOX);
        let over = CancellationToken::new();
        let turn = Turn {
            task_id: self.task_id.clone(),
            context_id: message.context_id.clone(),
            message,
            task: self.current.as_ref().filter(|_| !self.begins_anew).map(|current| Arc::clone(&current.record)),
            caller: self.caller.owner.0.clone(),
            hop: self.caller.hop.clone(),
            attempt: self.current.as_ref().map_or(1, |current| current.run.attempt),
            told: told_sender,
            inbox: Mutex::new(inbox_receiver),
            over: over.clone(),
        };
        (turn, Lines { told, inbox, over })
    }

    /// When to give a sign of life, where another process would take the task for lost.
    fn next_beat(&self) -> Option<Instant> {
        let current = self.current.as_ref().filter(|_| self.tasks.0.store.is_durable())?;
        let lease = i64::try_from(self.tasks.0.settings.lease.as_millis()).unwrap_or(i64::MAX);
        Some(self.tasks.0.clock.instant(current.run.until.plus_millis(-lease / 2)))
    }

    /// Somebody else has moved the task.
    async fn look(&mut self, lines: &Lines) -> Result<(), Halt> {
        let Some(current) = &self.current else { return Ok(()) };
        let stored = self.tasks.0.store.load(&self.task_id).await.map_err(Halt::Unavailable)?;
        if let Some(stored) = stored.filter(|stored| stored.version != current.version) {
            self.adopt(stored)?;
        }
        while let Some(message) = self.messages.pop_front() {
            if let Err(mpsc::error::TrySendError::Full(message) | mpsc::error::TrySendError::Closed(message)) =
                lines.inbox.try_send(message)
            {
                self.messages.push_front(message);
                break;
            }
        }
        Ok(())
    }

    /// Goes on from what somebody else wrote.
    pub(super) fn adopt(&mut self, stored: Stored) -> Result<(), Halt> {
        let Some(current) = &mut self.current else { return Ok(()) };
        let is_ours = stored.run.as_ref().is_some_and(|run| run.epoch == current.run.epoch);
        current.record = stored.record;
        current.version = stored.version;
        if !is_ours {
            return Err(Halt::Gone);
        }
        let history = &current.record.task().history;
        let new = history.get(self.seen..).unwrap_or_default();
        self.messages.extend(new.iter().filter(|message| message.role == Role::User).cloned());
        self.seen = history.len();
        Ok(())
    }

    /// What the agent's end means for the task.
    async fn end(&mut self, ended: Result<Answer, Failure>, mut batch: Vec<Event>) -> Result<Option<Message>, Halt> {
        if self.current.is_none() && batch.is_empty() {
            match ended {
                Ok(Answer::Message(message)) => return self.answer(message).await.map(|()| None),
                Err(Failure::Refused(error)) => {
                    self.tell_first(Err(error));
                    return Ok(None);
                }
                _ => {}
            }
        }
        let told = batch.len();
        loop {
            batch.truncate(told);
            batch.extend(self.last_word(&ended, self.state_after(&batch)));
            match self.commit(&batch, self.messages.is_empty()).await {
                Err(Halt::Overtaken) => {}
                other => break other?,
            }
        }
        let is_over = self.current.as_ref().is_none_or(|current| current.record.state().is_terminal());
        Ok(if is_over { None } else { self.messages.pop_front() })
    }

    fn state_after(&self, batch: &[Event]) -> Option<TaskState> {
        let told = batch.iter().rev().find_map(|event| match event {
            Event::Status { state, .. } => Some(*state),
            _ => None,
        });
        told.or(self.current.as_ref().map(|current| current.record.state()))
    }

    /// What is to be told at an agent's end, besides what it told itself.
    fn last_word(&self, ended: &Result<Answer, Failure>, state: Option<TaskState>) -> Option<Event> {
        if state.is_some_and(TaskState::is_terminal) {
            return None;
        }
        // What came meanwhile is answered before the task ends.
        let state_now = if self.messages.is_empty() { TaskState::Completed } else { TaskState::Working };
        match ended {
            Ok(Answer::Message(message)) => Some(status(state_now, Some(message.clone()))),
            Ok(Answer::Done) if state.is_some_and(TaskState::is_interrupted) => None,
            Ok(Answer::Done) => self.messages.is_empty().then(|| status(TaskState::Completed, None)),
            Err(failure) => {
                tracing::warn!(task = %self.task_id, %failure, "the agent failed");
                Some(status(TaskState::Failed, Some(words(failure.to_string()))))
            }
        }
    }

    /// An answer without a task.
    async fn answer(&mut self, message: Message) -> Result<(), Halt> {
        if let Some(key) = self.asked.as_ref().and_then(|asked| asked.key) {
            let now = self.tasks.now();
            match self.tasks.0.store.remember(key, &message, now).await {
                Ok(()) => {}
                // Another process was faster: both senders get its answer.
                Err(StoreError::Answered) => return self.answered_elsewhere().await,
                Err(error) => {
                    tracing::warn!(%error, "an answer cannot be remembered: sent again, the message is answered anew");
                }
            }
        }
        self.tell_first(Ok(Begun::Message(message)));
        Ok(())
    }

    pub(super) fn tell_first(&mut self, begun: Result<Begun, A2aError>) {
        if let Some(first) = self.first.take() {
            // The caller may have gone; the task goes on without it.
            drop(first.tell.send(begun));
        }
    }

    fn halt(&mut self, halt: Halt) {
        match (halt, &self.current) {
            (Halt::Gone | Halt::Overtaken, Some(current)) => {
                let record = Arc::clone(&current.record);
                self.tell_first(Ok(Begun::Task(record)));
            }
            (Halt::Gone | Halt::Overtaken, None) => self.tell_first(Err(ErrorKind::Unavailable.into())),
            (Halt::Unavailable(error), _) => self.tell_first(Err(error.into())),
        }
    }

    fn leave(self) {
        let mut running = self.tasks.0.running.lock().unwrap_or_else(PoisonError::into_inner);
        if running.get(&self.task_id).is_some_and(|running| Arc::ptr_eq(&running.moved, &self.moved)) {
            running.remove(&self.task_id);
        }
    }
}

/// Ends then, or never.
async fn at(then: Option<Instant>) {
    match then {
        Some(then) => sleep_until(then).await,
        None => std::future::pending().await,
    }
}

fn panicked() -> Failure {
    Failure::Failed("The agent failed: its log says why".to_owned())
}

fn unread(mut inbox: mpsc::Receiver<Message>) -> Vec<Message> {
    std::iter::from_fn(|| inbox.try_recv().ok()).collect()
}

pub(super) fn status(state: TaskState, message: Option<Message>) -> Event {
    Event::Status { state, message: message.map(Box::new), metadata: None }
}

/// A message of the agent's with these words.
pub(super) fn words(text: impl Into<String>) -> Message {
    Message { message_id: new_id(), role: Role::Agent, parts: vec![Part::text(text)], ..Message::default() }
}
