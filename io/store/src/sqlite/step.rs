//! Commits, and what goes with them.

use super::trouble::{Stop, signed, unsigned};
use super::writer::Batch;
use super::{audit, work};
use crate::changes::Moved;
use crate::{Commit, CommitError, Key, Lease, Outgoing, Receipt};
use rusqlite::{OptionalExtension, params};

type Step<T> = Result<T, Stop<CommitError>>;

/// All of them, or none.
pub(super) fn commit_all(batch: &mut Batch<'_>, commits: &[Commit]) -> Step<Vec<Receipt>> {
    commits.iter().map(|commit| step(batch, commit)).collect()
}

fn step(batch: &mut Batch<'_>, commit: &Commit) -> Step<Receipt> {
    if let Some(lease) = &commit.under {
        check_lease(batch, lease)?;
    }
    let (row, last_event) = if commit.expected == 0 { create(batch, commit)? } else { advance(batch, commit)? };
    let first = last_event - commit.events.len() as i64 + 1;
    let mut insert =
        batch.connection.prepare_cached("INSERT INTO store_event (aggregate, seq, payload) VALUES (?, ?, ?)")?;
    for (payload, seq) in commit.events.iter().zip(first..) {
        insert.execute(params![row, seq, payload])?;
    }
    for outgoing in &commit.outbox {
        put_out(batch, &commit.key, outgoing)?;
    }
    for settled in &commit.settled {
        if !work::settle(batch, settled)? {
            return Err(Stop::Refused(CommitError::ClaimLost { key: settled.claim.key.clone() }));
        }
    }
    audit::enter(batch, &commit.audit)?;
    let version = commit.expected + 1;
    tell(batch, &commit.key, version);
    Ok(Receipt { version, last_event: unsigned(last_event) })
}

fn create(batch: &Batch<'_>, commit: &Commit) -> Step<(i64, i64)> {
    let mut insert = batch.connection.prepare_cached(
        "INSERT INTO store_aggregate
           (kind, id, version, state_schema, state, owner, label, rank, last_event, wake_at, due_at)
         VALUES (?1, ?2, 1, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9)
         ON CONFLICT DO NOTHING RETURNING row, last_event",
    )?;
    let (wake_at, events) = (commit.wake_at.map(|at| at.0), commit.events.len() as i64);
    let Commit { key, state, owner, label, rank, .. } = commit;
    let values = params![key.kind, key.id, state.schema, state.bytes, owner, label, rank, events, wake_at];
    let row = insert.query_row(values, |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    row.map_or_else(|| Err(conflict(batch, key, 0)?), Ok)
}

fn advance(batch: &Batch<'_>, commit: &Commit) -> Step<(i64, i64)> {
    let mut update = batch.connection.prepare_cached(
        "UPDATE store_aggregate
         SET version = version + 1, state_schema = ?3, state = ?4, owner = ?5, label = ?6, rank = ?7,
             last_event = last_event + ?8, wake_at = ?9, due_at = ?9
         WHERE kind = ?1 AND id = ?2 AND version = ?10 RETURNING row, last_event",
    )?;
    let (wake_at, events) = (commit.wake_at.map(|at| at.0), commit.events.len() as i64);
    let Commit { key, state, owner, label, rank, expected, .. } = commit;
    let expected_now = signed(*expected);
    let values =
        params![key.kind, key.id, state.schema, state.bytes, owner, label, rank, events, wake_at, expected_now];
    let row = update.query_row(values, |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    row.map_or_else(|| Err(conflict(batch, key, *expected)?), Ok)
}

/// The aggregate and its events, gone.
pub(super) fn remove(batch: &mut Batch<'_>, key: &Key, expected: u64) -> Step<()> {
    let row: Option<i64> = batch
        .connection
        .prepare_cached("DELETE FROM store_aggregate WHERE kind = ? AND id = ? AND version = ? RETURNING row")?
        .query_row(params![key.kind, key.id, signed(expected)], |row| row.get(0))
        .optional()?;
    let Some(row) = row else { return Err(conflict(batch, key, expected)?) };
    batch.connection.prepare_cached("DELETE FROM store_event WHERE aggregate = ?")?.execute([row])?;
    tell(batch, key, 0);
    Ok(())
}

fn tell(batch: &mut Batch<'_>, key: &Key, version: u64) {
    batch.moved.push(Moved { kind: key.kind.clone(), id: key.id.as_str().into(), version });
}

fn conflict(batch: &Batch<'_>, key: &Key, expected: u64) -> rusqlite::Result<Stop<CommitError>> {
    let found: Option<i64> = batch
        .connection
        .prepare_cached("SELECT version FROM store_aggregate WHERE kind = ? AND id = ?")?
        .query_row(params![key.kind, key.id], |row| row.get(0))
        .optional()?;
    let found = unsigned(found.unwrap_or_default());
    let Key { kind, id } = key.clone();
    Ok(Stop::Refused(CommitError::Conflict { kind, id, expected, found }))
}

fn put_out(batch: &Batch<'_>, of: &Key, outgoing: &Outgoing) -> Step<()> {
    let mut insert = batch.connection.prepare_cached(
        "INSERT INTO store_outbox (key, kind, of_kind, of_id, payload, due_at) VALUES (?, ?, ?, ?, ?, ?)
         ON CONFLICT DO NOTHING",
    )?;
    let Outgoing { key, kind, payload, not_before } = outgoing;
    match insert.execute(params![key, kind, of.kind, of.id, payload, not_before.0])? {
        0 => Err(Stop::Refused(CommitError::KeyTaken { key: key.clone() })),
        _ => Ok(()),
    }
}

fn check_lease(batch: &Batch<'_>, lease: &Lease) -> Step<()> {
    let token: Option<i64> = batch
        .connection
        .prepare_cached("SELECT token FROM store_lease WHERE name = ?")?
        .query_row([&lease.name], |row| row.get(0))
        .optional()?;
    match token {
        Some(token) if unsigned(token) == lease.token => Ok(()),
        _ => Err(Stop::Refused(CommitError::LeaseLost { lease: lease.name.clone() })),
    }
}
