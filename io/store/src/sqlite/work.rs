//! Wake-ups and the outbox: who gets what is due.

use super::query::{AGGREGATE, aggregate};
use super::trouble::Stop;
use super::writer::Batch;
use crate::outbox::{Standing, count};
use crate::{Aggregate, Claim, Claiming, Key, Settled, Unavailable, UnixMs};
use rusqlite::{Connection, OptionalExtension, Row, params};

/// What is due, and nobody else's until the lease ends.
pub(super) fn due(batch: &mut Batch<'_>, claiming: &Claiming) -> Result<Vec<Aggregate>, Stop<Unavailable>> {
    let sql = format!(
        "UPDATE store_aggregate SET due_at = ?4 WHERE row IN
           (SELECT row FROM store_aggregate WHERE kind = ?1 AND due_at <= ?2 ORDER BY due_at, wake_at, id LIMIT ?3)
         RETURNING {AGGREGATE}"
    );
    let mut update = batch.connection.prepare_cached(&sql)?;
    let Claiming { kind, now, limit, .. } = claiming;
    let rows = update.query_map(params![kind, now.0, limit, claiming.until()], aggregate)?;
    let mut woken = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    woken.sort_by(|a, b| (a.wake_at, &a.key).cmp(&(b.wake_at, &b.key)));
    Ok(woken)
}

/// Effects that are due, and nobody else's until the lease ends, in the order in which they were to be given out.
pub(super) fn claim(batch: &mut Batch<'_>, claiming: &Claiming) -> Result<Vec<Claim>, Stop<Unavailable>> {
    // An entry that is written to leaves its place in the index of what is due: so those meant are noted first.
    let mut select = batch.connection.prepare_cached(
        "SELECT seq FROM store_outbox WHERE kind = ?1 AND due_at <= ?2 ORDER BY due_at, seq LIMIT ?3",
    )?;
    let kind = &claiming.kind;
    let rows = select.query_map(params![kind, claiming.now.0, claiming.limit], |row| row.get::<_, i64>(0))?;
    let found = rows.collect::<rusqlite::Result<Vec<_>>>()?;
    let mut update = batch.connection.prepare_cached(
        "UPDATE store_outbox SET due_at = ?2, attempt = attempt + 1 WHERE seq = ?1
         RETURNING key, kind, of_kind, of_id, payload, attempt",
    )?;
    let until = claiming.until();
    let claims = found.into_iter().map(|seq| update.query_row(params![seq, until], claimed));
    Ok(claims.collect::<rusqlite::Result<_>>()?)
}

fn claimed(row: &Row<'_>) -> rusqlite::Result<Claim> {
    let of = Key { kind: row.get(2)?, id: row.get(3)? };
    Ok(Claim { key: row.get(0)?, kind: row.get(1)?, of, payload: row.get(4)?, attempt: count(row.get(5)?) })
}

/// Takes the outcome down; false: the claim is no longer the asker's. The attempt is what tells claims apart.
pub(super) fn settle(batch: &Batch<'_>, settled: &Settled) -> rusqlite::Result<bool> {
    let marks = settled.outcome.marks();
    let mut update = batch.connection.prepare_cached(
        "UPDATE store_outbox
         SET due_at = ?3, settled_at = ?4, failure = CASE WHEN ?6 THEN failure ELSE ?5 END
         WHERE key = ?1 AND attempt = ?2 AND due_at IS NOT NULL",
    )?;
    let Settled { claim, .. } = settled;
    let values = params![claim.key, claim.attempt, marks.due_at, marks.settled_at, marks.failure, marks.keep];
    Ok(update.execute(values)? == 1)
}

/// How an effect stands.
pub(super) fn standing(connection: &Connection, key: &str) -> rusqlite::Result<Option<Standing>> {
    connection
        .prepare_cached("SELECT due_at, settled_at, attempt, failure FROM store_outbox WHERE key = ?")?
        .query_row([key], |row| Ok(Standing::of(row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?)))
        .optional()
}

/// When something is next due in that table.
pub(super) fn next(connection: &Connection, table: &str, kind: &str) -> rusqlite::Result<Option<UnixMs>> {
    let sql = format!("SELECT min(due_at) FROM {table} WHERE kind = ? AND due_at IS NOT NULL");
    let at: Option<i64> = connection.prepare_cached(&sql)?.query_row([kind], |row| row.get(0))?;
    Ok(at.map(UnixMs))
}

/// Takes out effects settled before that moment.
pub(super) fn prune(batch: &mut Batch<'_>, before: UnixMs, limit: u32) -> Result<u64, Stop<Unavailable>> {
    let mut delete = batch.connection.prepare_cached(
        "DELETE FROM store_outbox WHERE seq IN
           (SELECT seq FROM store_outbox WHERE settled_at < ? ORDER BY settled_at LIMIT ?)",
    )?;
    Ok(delete.execute(params![before.0, limit])? as u64)
}
