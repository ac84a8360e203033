//! The audit chain in SQLite.

use super::trouble::{signed, unsigned};
use super::writer::Batch;
use crate::audit::{Chain, Head, Link};
use crate::{Entry, UnixMs};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};

/// Adds entries to our own chain.
pub(super) fn enter(batch: &mut Batch<'_>, entries: &[Entry]) -> rusqlite::Result<()> {
    if entries.is_empty() {
        return Ok(());
    }
    let mut head = match *batch.head {
        Some(head) => head,
        None => read_head(batch.connection, batch.instance)?,
    };
    let mut insert = batch
        .connection
        .prepare_cached("INSERT INTO store_audit (instance, seq, at, kind, body, hash) VALUES (?, ?, ?, ?, ?, ?)")?;
    for entry in entries {
        let link = head.next(batch.instance, entry);
        insert.execute(params![batch.instance, signed(link.seq), entry.at.0, entry.kind, entry.body, link.hash])?;
        head = Head::at(&link);
    }
    batch
        .connection
        .prepare_cached("INSERT OR REPLACE INTO store_audit_head (instance, seq, hash) VALUES (?, ?, ?)")?
        .execute(params![batch.instance, signed(head.seq), head.hash])?;
    *batch.head = Some(head);
    Ok(())
}

fn read_head(connection: &Connection, instance: &str) -> rusqlite::Result<Head> {
    let head = connection
        .prepare_cached("SELECT seq, hash FROM store_audit_head WHERE instance = ?")?
        .query_row([instance], |row| Ok(Head { seq: unsigned(row.get(0)?), hash: hash(row, 1)? }))
        .optional()?;
    Ok(head.unwrap_or_default())
}

/// How far every chain has come.
pub(super) fn chains(connection: &Connection) -> rusqlite::Result<Vec<Chain>> {
    let mut select = connection.prepare_cached("SELECT instance, seq, hash FROM store_audit_head ORDER BY instance")?;
    let chain = |row: &Row<'_>| Ok(Chain { instance: row.get(0)?, seq: unsigned(row.get(1)?), hash: hash(row, 2)? });
    select.query_map([], chain)?.collect()
}

/// Entries after `after`, of one kind or of all.
pub(super) fn links(
    connection: &Connection,
    instance: &str,
    kind: Option<&str>,
    after: u64,
    limit: u32,
) -> rusqlite::Result<Vec<Link>> {
    let narrowed = match kind {
        Some(crate::audit::ANCHOR) => "AND kind = 'anchor'",
        Some(_) => "AND kind = ?4",
        None => "",
    };
    let sql = format!(
        "SELECT seq, at, kind, body, hash FROM store_audit WHERE instance = ?1 AND seq > ?2 {narrowed}
         ORDER BY seq LIMIT ?3"
    );
    let mut select = connection.prepare_cached(&sql)?;
    let after = signed(after);
    let mut values: Vec<&dyn rusqlite::ToSql> = vec![&instance, &after, &limit];
    values.extend(kind.iter().filter(|kind| **kind != crate::audit::ANCHOR).map(|kind| kind as &dyn rusqlite::ToSql));
    select.query_map(values.as_slice(), link)?.collect()
}

fn link(row: &Row<'_>) -> rusqlite::Result<Link> {
    let entry = Entry { at: UnixMs(row.get(1)?), kind: row.get(2)?, body: row.get(3)? };
    Ok(Link { seq: unsigned(row.get(0)?), entry, hash: hash(row, 4)? })
}

/// A hash of another length is one that somebody has written over: no entry has that of zeros.
fn hash(row: &Row<'_>, column: usize) -> rusqlite::Result<[u8; 32]> {
    match row.get_ref(column)?.as_blob() {
        Ok(bytes) => Ok(bytes.try_into().unwrap_or_default()),
        Err(error) => Err(rusqlite::Error::FromSqlConversionFailure(column, Type::Blob, Box::new(error))),
    }
}
