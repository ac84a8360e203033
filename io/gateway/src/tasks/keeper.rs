//! What is done about tasks without anybody's asking: deadlines, work whose process is gone, and the end of what is kept.

use super::runner::{Runner, status, words};
use super::store::{Change, Run, StoreError, Stored};
use super::{Caller, Tasks};
use crate::hop::Hop;
use duologue_a2a::model::{TaskState, Timestamp};
use duologue_a2a::task::{Event, apply};
use duologue_a2a::version::Dialect;
use std::sync::{Arc, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// How often a shared store is asked, since nobody tells when another process is gone.
const ROUND: Duration = Duration::from_millis(500);

/// A message is answered anew no more often than that, whatever was told: it may be what ends the processes.
const MOST_ATTEMPTS: u32 = 100;

/// Looks after tasks until the end.
pub(super) async fn keep(tasks: Tasks) {
    loop {
        let next = match tasks.0.store.next_due().await {
            Ok(next) => next.map(|next| tasks.0.clock.instant(next)),
            Err(error) => {
                tracing::warn!(%error, "deadlines and lost work have to wait");
                Some(Instant::now() + ROUND)
            }
        };
        let round = tasks.0.store.is_durable().then(|| Instant::now() + ROUND);
        let then = [next, round].into_iter().flatten().min();
        tokio::select! {
            () = tasks.0.stop.cancelled() => return,
            () = tasks.0.sooner.notified() => continue,
            () = sleep_until(then) => {}
        }
        match tasks.0.store.due(tasks.now()).await {
            Ok(due) => {
                for stored in due {
                    let id = stored.record.task().id.clone();
                    if let Err(error) = tasks.tend(stored).await {
                        tracing::warn!(task = %id, %error, "a task has to wait");
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "deadlines and lost work have to wait"),
        }
    }
}

async fn sleep_until(then: Option<Instant>) {
    match then {
        Some(then) => tokio::time::sleep_until(then).await,
        None => std::future::pending().await,
    }
}

/// Passes on what other processes do.
pub(super) async fn watch_others(tasks: Tasks) {
    loop {
        let change = tokio::select! {
            () = tasks.0.stop.cancelled() => return,
            change = tasks.0.store.changed() => change,
        };
        match change {
            Change::Moved(id) => tasks.moved(&id),
            Change::Anything => {
                tasks.0.listeners.tell_all();
                let running = tasks.0.running.lock().unwrap_or_else(PoisonError::into_inner);
                running.values().for_each(|running| running.moved.notify_one());
            }
        }
    }
}

impl Tasks {
    /// What the time has come for.
    async fn tend(&self, stored: Stored) -> Result<(), StoreError> {
        let now = self.now();
        let record = &stored.record;
        let id = record.task().id.clone();
        if record.state().is_terminal() {
            return self.0.store.remove(&id, stored.version).await;
        }
        if record.deadline().is_some_and(|deadline| deadline <= now) {
            return self.ends(stored, Event::DeadlinePassed, now).await;
        }
        match &stored.run {
            // Ours, and slow to say so: it is looked at again a little later.
            Some(run) if run.until <= now && self.running(&id).is_some_and(|ours| ours.epoch == run.epoch) => Ok(()),
            Some(run) if run.until <= now => self.take_up(stored, now).await,
            // Looked at too early: it is asked for again when the time comes.
            _ => {
                let step = self.step(stored.version, Arc::clone(record), stored.run, Vec::new());
                or_moved(self.commit(step).await)
            }
        }
    }

    async fn ends(&self, stored: Stored, event: Event, now: Timestamp) -> Result<(), StoreError> {
        let Stored { mut record, version, run } = stored;
        let Ok(actions) = apply(Arc::make_mut(&mut record), event, now) else { return Ok(()) };
        let id = record.task().id.clone();
        let run = run.filter(|_| !record.state().is_terminal());
        or_moved(self.commit(self.step(version, record, run, actions)).await)?;
        self.moved(&id);
        Ok(())
    }

    /// Goes on with a task whose process is gone.
    async fn take_up(&self, stored: Stored, now: Timestamp) -> Result<(), StoreError> {
        let (attempt, fruitless) = stored.run.as_ref().map_or((2, 1), |run| (run.attempt + 1, run.fruitless + 1));
        let is_hopeless = fruitless >= self.0.settings.attempts || attempt > MOST_ATTEMPTS;
        if is_hopeless || !self.0.agent.takes_up_again() {
            let message =
                words("The process that worked at the task ended before the task did. Send the message again.");
            return self.ends(Stored { run: None, ..stored }, status(TaskState::Failed, Some(message)), now).await;
        }
        // Whoever is full leaves it to another; it is due again soon.
        let Ok(turn) = self.room() else { return Ok(()) };
        let Stored { record, version, .. } = stored;
        let run = Some(Run { fruitless, ..self.new_run(version, attempt) });
        let step = self.step(version, Arc::clone(&record), run.clone(), Vec::new());
        match self.commit(step).await {
            Ok(()) => {}
            other => return or_moved(other),
        }
        tracing::info!(task = %record.task().id, attempt, "taken up again: the process that worked at it is gone");
        let hop = Hop::kept(record.kept(), record.deadline());
        let caller = Caller { owner: record.owner().clone(), hop, dialect: Dialect::V1_0 };
        let runner = Runner::going_on(self.clone(), caller, Stored { record, version: version + 1, run });
        self.0.tracker.spawn(async move {
            let _turn = turn;
            runner.run().await;
        });
        Ok(())
    }
}

/// Whoever was faster has looked after it.
fn or_moved(committed: Result<(), StoreError>) -> Result<(), StoreError> {
    match committed {
        Err(StoreError::Moved) => Ok(()),
        other => other,
    }
}
