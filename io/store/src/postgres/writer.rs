//! Group commit: what waits is read and locked, decided ([`super::picture`]) and written in one transaction.

use super::line::{Line, Wire};
use super::picture::{Op, Subjects};
use super::trouble::{is_collision, is_gone, unavailable, words};
use super::{listen, read, write};
use crate::changes::{Moved, Notices};
use crate::{CommitError, Receipt, Unavailable};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::Error;
use tokio_postgres::types::ToSql;

/// Operations in one transaction.
const BATCH: usize = 512;
/// Bytes of contents, from which on nothing more goes into a transaction: a statement's values have to fit into memory.
const BATCH_BYTES: usize = 32 << 20;
/// How often a batch is tried where others were in its way, or a connection broke before anything was written.
const TRIES: u32 = 5;
/// How often the server is asked what became of a transaction whose connection broke, and the time in between.
const QUESTIONS: (u32, Duration) = (50, Duration::from_millis(100));

/// An operation, and who waits for its outcome.
pub(super) struct Job {
    pub(super) op: Op,
    pub(super) reply: oneshot::Sender<Answer>,
}

/// The receipts of its commits; other operations have none.
pub(super) type Answer = Result<Vec<Receipt>, CommitError>;

/// The one who writes for this process.
pub(super) struct Writer {
    pub(super) line: Arc<Line>,
    pub(super) instance: String,
    pub(super) channel: String,
    /// Tells our own notices from those of others.
    pub(super) sender: String,
    pub(super) notices: Arc<Notices>,
}

/// Why a batch was not written.
enum Stop {
    /// Others were in the way: nothing was written, and the same again will do.
    Again(String),
    /// It cannot be written.
    Failed(Unavailable),
}

impl Writer {
    /// Writes until nobody can ask any more and nothing waits.
    pub(super) async fn run(self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(first) = jobs.recv().await {
            let (mut batch, mut bytes) = (vec![first], 0);
            while batch.len() < BATCH
                && bytes < BATCH_BYTES
                && !batch.last().is_some_and(|job| job.op.ends_batch())
                && let Ok(next) = jobs.try_recv()
            {
                bytes += next.op.size();
                batch.push(next);
            }
            let (ops, replies): (Vec<_>, Vec<_>) = batch.into_iter().map(|job| (job.op, job.reply)).unzip();
            for (reply, answer) in replies.into_iter().zip(self.answer(&ops).await) {
                // Whoever asked has gone away; it is decided all the same.
                let _ = reply.send(answer);
            }
        }
    }

    /// Writes them together; where the server refuses what they are together, each alone, so that what one of them has in
    /// it does not fall on the others.
    async fn answer(&self, ops: &[Op]) -> Vec<Answer> {
        let answers = self.told(ops).await;
        match answers.first() {
            Some(Err(CommitError::Unavailable(Unavailable::Engine { .. }))) if ops.len() > 1 => {}
            _ => return answers,
        }
        let mut answers = Vec::with_capacity(ops.len());
        for op in ops {
            answers.extend(self.told(std::slice::from_ref(op)).await);
        }
        answers
    }

    /// Writes them in one transaction, and tells whoever listens here.
    async fn told(&self, ops: &[Op]) -> Vec<Answer> {
        match self.write(ops).await {
            Ok((answers, moved)) => {
                self.notices.tell(moved);
                answers
            }
            Err(error) => {
                tracing::error!(store = %self.line.server.store, %error, operations = ops.len(), "a transaction was not written");
                if matches!(error, Unavailable::Unknown { .. }) {
                    // It may have been: others then hear of it from the server, and we from nobody.
                    self.notices.reload();
                }
                ops.iter().map(|_| Err(error.clone().into())).collect()
            }
        }
    }

    async fn write(&self, ops: &[Op]) -> Result<(Vec<Answer>, Vec<Moved>), Unavailable> {
        let store = &self.line.server.store;
        let mut told = String::new();
        for _ in 0..TRIES {
            let wire = self.line.wire().await?;
            match self.transact(&wire, ops).await {
                Ok(done) => return Ok(done),
                Err(Stop::Failed(error)) => return Err(error),
                Err(Stop::Again(why)) => told = why,
            }
        }
        Err(Unavailable::Unreachable { store: store.to_string(), what: told })
    }

    async fn transact(&self, wire: &Wire, ops: &[Op]) -> Result<(Vec<Answer>, Vec<Moved>), Stop> {
        let (transaction, mut picture) = match read::picture(wire, &self.instance, Subjects::of(ops.iter())).await {
            Ok(read) => read,
            Err(error) => return Err(self.undo(wire, &error).await),
        };
        let answers: Vec<Answer> = ops.iter().map(|op| picture.decide(op, &self.instance)).collect();
        match write::all(wire, &picture, &self.instance).await {
            Ok(true) => {}
            Ok(false) => return Err(self.collided(wire).await),
            Err(error) => return Err(self.undo(wire, &error).await),
        }
        let moved = std::mem::take(&mut picture.moved);
        if let Err(error) = self.commit(wire, &moved).await {
            self.commit_is_known(wire, &transaction, error).await?;
        }
        Ok((answers, moved))
    }

    /// Tells the others, and commits.
    async fn commit(&self, wire: &Wire, moved: &[Moved]) -> Result<(), Error> {
        let notify = wire.statement("SELECT pg_notify($1, told) FROM unnest($2::text[]) told").await?;
        let told = listen::notices(&self.sender, moved);
        let values: [&(dyn ToSql + Sync); 2] = [&self.channel, &told];
        futures::try_join!(wire.client.query(&notify, &values), wire.client.batch_execute("COMMIT"))?;
        Ok(())
    }

    /// Somebody else has created what we were about to create.
    async fn collided(&self, wire: &Wire) -> Stop {
        match wire.client.batch_execute("ROLLBACK").await {
            Ok(()) => Stop::Again("others wrote the same at the same time".into()),
            Err(error) => Stop::Again(words(&error)),
        }
    }

    /// Nothing was committed yet: leaves the connection fit for the next batch.
    async fn undo(&self, wire: &Wire, error: &Error) -> Stop {
        if is_gone(error) {
            return Stop::Again(words(error));
        }
        // Where this fails the connection is gone, and the transaction with it.
        let _ = wire.client.batch_execute("ROLLBACK").await;
        match is_collision(error) {
            true => Stop::Again(words(error)),
            false => Stop::Failed(unavailable(&self.line.server.store, error)),
        }
    }

    /// The connection broke while the server committed: it knows the outcome, once it is back.
    async fn commit_is_known(&self, wire: &Wire, transaction: &str, error: Error) -> Result<(), Stop> {
        let store = &self.line.server.store;
        if !is_gone(&error) {
            // The server has answered: it did not commit.
            return Err(self.undo(wire, &error).await);
        }
        let (questions, pause) = QUESTIONS;
        for _ in 0..questions {
            let sql = "SELECT pg_xact_status($1::text::xid8)";
            let status = self
                .line
                .ask(sql, &[&transaction])
                .await
                .ok()
                .and_then(|rows| rows.first().and_then(|row| row.try_get::<_, Option<String>>(0).ok().flatten()));
            match status.as_deref() {
                Some("committed") => return Ok(()),
                Some("aborted") => return Err(Stop::Again(words(&error))),
                _ => tokio::time::sleep(pause).await,
            }
        }
        Err(Stop::Failed(Unavailable::Unknown { store: store.to_string(), what: words(&error) }))
    }
}
