//! Group commit: whatever waits is written in one transaction, whose one fsync all of it shares. Each piece of work is a
//! savepoint, so that what is refused takes nothing else with it.

use super::trouble::{Stop, unavailable};
use crate::Unavailable;
use crate::audit::Head;
use crate::changes::{Moved, Notices};
use rusqlite::Connection;
use std::sync::Arc;
use tokio::sync::oneshot;

/// The connection that writes, and what it remembers between batches.
pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) store: Arc<str>,
    pub(super) instance: String,
    pub(super) notices: Arc<Notices>,
    /// The end of our audit chain, once it was read: nobody else writes it.
    head: Option<Head>,
}

/// What a piece of work has at hand.
pub(super) struct Batch<'a> {
    pub(super) connection: &'a Connection,
    pub(super) instance: &'a str,
    pub(super) head: &'a mut Option<Head>,
    /// Whom to tell about once it is durable.
    pub(super) moved: &'a mut Vec<Moved>,
}

/// What came of a piece of work.
pub(super) enum Ran {
    /// It is to be kept.
    Kept,
    /// What it wrote is to be undone, by its own rules.
    Refused,
    /// What it wrote is to be undone, since the engine failed.
    Broken(Unavailable),
}

/// A piece of work in the queue.
pub(super) trait Task: Send {
    /// Does it.
    fn run(&mut self, batch: &mut Batch<'_>) -> Ran;
    /// Tells whoever waits how it went, now that the transaction's own outcome is known.
    fn conclude(self: Box<Self>, transaction: Result<(), &Unavailable>);
}

impl Writer {
    pub(super) fn new(connection: Connection, store: Arc<str>, instance: String, notices: Arc<Notices>) -> Writer {
        Writer { connection, store, instance, notices, head: None }
    }

    /// Writes all of it, and tells everybody how it went.
    pub(super) fn run(&mut self, mut tasks: Vec<Box<dyn Task>>) {
        let (before, mut moved) = (self.head, Vec::new());
        let outcome = self.transact(&mut tasks, &mut moved);
        match &outcome {
            Ok(()) => self.notices.tell(moved),
            Err(error) => {
                tracing::error!(store = %self.store, %error, tasks = tasks.len(), "a transaction was not written");
                self.head = before;
                if !self.connection.is_autocommit() {
                    // Fails only where SQLite has undone it already.
                    let _ = self.connection.execute_batch("ROLLBACK");
                }
            }
        }
        for task in tasks {
            task.conclude(outcome.as_ref().copied());
        }
    }

    fn transact(&mut self, tasks: &mut [Box<dyn Task>], moved: &mut Vec<Moved>) -> Result<(), Unavailable> {
        let (connection, store) = (&self.connection, &self.store);
        let say = |sql: &str| {
            let said = connection.prepare_cached(sql).and_then(|mut statement| statement.execute([]));
            said.map_err(|error| unavailable(store, &error))
        };
        say("BEGIN IMMEDIATE")?;
        // Alone, a piece of work is its transaction.
        let alone = tasks.len() == 1;
        for task in tasks {
            let (head, told) = (self.head, moved.len());
            if !alone {
                say("SAVEPOINT task")?;
            }
            let ran = task.run(&mut Batch { connection, instance: &self.instance, head: &mut self.head, moved });
            match ran {
                // A full disk or an error in reading: SQLite has undone what was done before, too.
                Ran::Broken(error) if connection.is_autocommit() => return Err(error),
                Ran::Kept => {}
                Ran::Refused | Ran::Broken(_) => {
                    self.head = head;
                    moved.truncate(told);
                    say(if alone { "ROLLBACK" } else { "ROLLBACK TO task" })?;
                }
            }
            if !alone {
                say("RELEASE task")?;
            }
        }
        if connection.is_autocommit() { Ok(()) } else { say("COMMIT").map(drop) }
    }
}

/// Work, and who waits for it.
pub(super) struct Job<T, E, F> {
    store: Arc<str>,
    work: Option<F>,
    outcome: Option<Result<T, E>>,
    reply: oneshot::Sender<Result<T, E>>,
}

impl<T, E, F> Job<T, E, F> {
    pub(super) fn new(store: Arc<str>, work: F) -> (Job<T, E, F>, oneshot::Receiver<Result<T, E>>) {
        let (reply, answer) = oneshot::channel();
        (Job { store, work: Some(work), outcome: None, reply }, answer)
    }
}

impl<T, E, F> Task for Job<T, E, F>
where
    T: Send,
    E: From<Unavailable> + Send,
    F: FnOnce(&mut Batch<'_>) -> Result<T, Stop<E>> + Send,
{
    fn run(&mut self, batch: &mut Batch<'_>) -> Ran {
        let Some(work) = self.work.take() else { return Ran::Refused };
        let (outcome, ran) = match work(batch) {
            Ok(done) => (Ok(done), Ran::Kept),
            Err(Stop::Refused(error)) => (Err(error), Ran::Refused),
            Err(Stop::Broken(error)) => {
                let error = unavailable(&self.store, &error);
                (Err(error.clone().into()), Ran::Broken(error))
            }
        };
        self.outcome = Some(outcome);
        ran
    }

    fn conclude(self: Box<Self>, transaction: Result<(), &Unavailable>) {
        let outcome = match (transaction, self.outcome) {
            (Ok(()), Some(outcome)) => outcome,
            // Refused by its own rules, which holds whatever became of the others.
            (Err(_), Some(Err(error))) => Err(error),
            (Err(error), _) => Err(error.clone().into()),
            (Ok(()), None) => Err(Unavailable::Closed.into()),
        };
        // Whoever asked has gone away; it is written all the same.
        let _ = self.reply.send(outcome);
    }
}
