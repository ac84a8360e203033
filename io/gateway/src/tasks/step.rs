//! One step of a run: what the agent told becomes the task's next version, or is made anew from what somebody else wrote.

use super::Running;
use super::begin::has_settled;
use super::runner::{Begun, Current, Halt, Runner, Want, status, words};
use super::store::{MessageKey, Remembered, Run, StoreError, Stored};
use duologue_a2a::error::A2aError;
use duologue_a2a::model::{TaskState, Timestamp};
use duologue_a2a::task::{Action, Event, NewTask, Refused, TaskRecord, apply};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

/// How often a store that does not answer is asked again, and how long is waited the first time; then twice that.
const TRIES: u32 = 6;
const FIRST_WAIT: Duration = Duration::from_millis(50);

/// What is to be written.
struct Next {
    record: Arc<TaskRecord>,
    before: u64,
    run: Run,
    actions: Vec<Action>,
}

impl Runner {
    /// Writes what the agent told, and tells it. With `last`, nobody works at the task any more.
    pub(super) async fn commit(&mut self, batch: &[Event], last: bool) -> Result<(), Halt> {
        let (mut tries, mut wait) = (0, FIRST_WAIT);
        // What may have been written, though the store did not say so.
        let mut doubtful: Option<Next> = None;
        let written = loop {
            let next = self.next_step(batch)?;
            match self.write(&next, last).await {
                Ok(()) => break next,
                Err(StoreError::Moved) => {
                    let stored = self.tasks.0.store.load(&self.task_id).await.map_err(Halt::Unavailable)?;
                    let stored = stored.ok_or(Halt::Gone)?;
                    match doubtful.take().filter(|doubtful| doubtful.record == stored.record) {
                        Some(doubtful) => break doubtful,
                        None => self.adopt(stored)?,
                    }
                    if last && !self.messages.is_empty() {
                        return Err(Halt::Overtaken);
                    }
                }
                Err(StoreError::Answered) => match doubtful.take() {
                    Some(doubtful) if self.is_ours().await? => break doubtful,
                    _ => return self.answered_elsewhere().await,
                },
                Err(error) if tries + 1 == TRIES => return Err(Halt::Unavailable(error)),
                Err(_) => {
                    doubtful.get_or_insert(next);
                    tokio::time::sleep(wait).await;
                    (tries, wait) = (tries + 1, wait * 2);
                }
            }
        };
        self.took(written, last)
    }

    async fn write(&self, next: &Next, last: bool) -> Result<(), StoreError> {
        let run = (!last && !next.record.state().is_terminal()).then(|| next.run.clone());
        let mut step = self.tasks.step(next.before, Arc::clone(&next.record), run, next.actions.clone());
        if next.before == 0 {
            step.opens = self.key();
        }
        self.tasks.commit(step).await
    }

    /// A step was written.
    fn took(&mut self, written: Next, last: bool) -> Result<(), Halt> {
        let Next { record, before, run, .. } = written;
        let (is_over, settles) = (record.state().is_terminal(), has_settled(&record));
        if before == 0 && !is_over {
            self.is_at_work(run.epoch);
        }
        self.tasks.0.listeners.tell(&self.task_id);
        if self.first.as_ref().is_some_and(|first| settles || first.want != Want::End) {
            self.tell_first(Ok(Begun::Task(Arc::clone(&record))));
        }
        self.seen = record.task().history.len();
        self.current = Some(Current { record, version: before + 1, run });
        // An agent that goes on after the end of its task has nothing more to tell.
        if is_over && !last { Err(Halt::Gone) } else { Ok(()) }
    }

    /// Who moves the task tells this run.
    pub(super) fn is_at_work(&self, epoch: u64) {
        let running = Running { epoch, moved: Arc::clone(&self.moved) };
        self.tasks.0.running.lock().unwrap_or_else(PoisonError::into_inner).insert(self.task_id.clone(), running);
    }

    /// What a batch makes of the task, or of the message that opens it.
    fn next_step(&mut self, batch: &[Event]) -> Result<Next, Halt> {
        let now = self.tasks.now();
        let mut next = match &self.current {
            Some(current) => Next {
                record: Arc::clone(&current.record),
                before: current.version,
                run: Run { until: self.tasks.lease_from(now), ..current.run.clone() },
                actions: Vec::new(),
            },
            None => self.open(now).map_err(|refused| {
                self.tell_first(Err(refused.into()));
                Halt::Gone
            })?,
        };
        if !batch.is_empty() {
            next.run.fruitless = 0;
            tell_all(Arc::make_mut(&mut next.record), batch, now, &mut next.actions);
        }
        Ok(next)
    }

    fn open(&self, now: Timestamp) -> Result<Next, Refused> {
        let Some(asked) = &self.asked else { return Err(Refused::OtherTask) };
        let new = NewTask {
            owner: self.caller.owner.clone(),
            task_id: self.task_id.clone(),
            context_id: asked.context_id.clone(),
            message: asked.message.clone(),
            push: asked.push.clone(),
            deadline: self.caller.hop.deadline,
            kept: self.caller.hop.keep(),
        };
        let (record, actions) = TaskRecord::open(new, now)?;
        Ok(Next { record: Arc::new(record), before: 0, run: self.tasks.new_run(0, 1), actions })
    }

    fn key(&self) -> Option<MessageKey> {
        self.asked.as_ref().and_then(|asked| asked.key)
    }

    /// Whether the task that a message opened is this run's.
    async fn is_ours(&self) -> Result<bool, Halt> {
        let Some(key) = self.key() else { return Ok(false) };
        let remembered = self.tasks.0.store.remembered(key).await.map_err(Halt::Unavailable)?;
        Ok(matches!(remembered, Some(Remembered::Task(id)) if id == self.task_id))
    }

    /// Another process has answered the same message: its answer is the answer.
    pub(super) async fn answered_elsewhere(&mut self) -> Result<(), Halt> {
        let Some(key) = self.key() else { return Err(Halt::Gone) };
        let begun = match self.tasks.0.store.remembered(key).await.map_err(Halt::Unavailable)? {
            Some(Remembered::Message(message)) => Begun::Message(message),
            Some(Remembered::Task(id)) => {
                let stored: Stored = match self.tasks.get(&self.caller.owner, &id).await {
                    Ok(stored) => stored,
                    Err(error) => return self.gives_up(error),
                };
                Begun::Known(stored.record)
            }
            None => return Err(Halt::Gone),
        };
        self.tell_first(Ok(begun));
        Err(Halt::Gone)
    }

    fn gives_up(&mut self, error: A2aError) -> Result<(), Halt> {
        self.tell_first(Err(error));
        Err(Halt::Gone)
    }
}

/// All that was told, up to the first that is not taken: that is the agent's fault, and ends the task.
fn tell_all(record: &mut TaskRecord, batch: &[Event], now: Timestamp, actions: &mut Vec<Action>) {
    for event in batch {
        match apply(record, event.clone(), now) {
            Ok(more) => actions.extend(more),
            // What comes after the end changes nothing.
            Err(Refused::AfterEnd(_)) => return,
            Err(refused) => {
                tracing::warn!(task = %record.task().id, %refused, "what the agent told is not taken");
                let message = words(format!("The agent's answer is not one of the protocol: {refused}"));
                let failed = apply(record, status(TaskState::Failed, Some(message)), now);
                return actions.extend(failed.into_iter().flatten());
            }
        }
    }
}
