//! Reading aggregates and their events.

use super::trouble::{signed, unsigned};
use crate::{Aggregate, Event, Key, Listing, State, UnixMs};
use rusqlite::{Connection, Row, ToSql, params};

/// The columns that [`aggregate`] reads.
pub(super) const AGGREGATE: &str = "kind, id, version, state_schema, state, owner, label, rank, last_event, wake_at";

pub(super) fn aggregate(row: &Row<'_>) -> rusqlite::Result<Aggregate> {
    Ok(Aggregate {
        key: Key { kind: row.get(0)?, id: row.get(1)? },
        version: unsigned(row.get(2)?),
        state: State { schema: row.get(3)?, bytes: row.get(4)? },
        owner: row.get(5)?,
        label: row.get(6)?,
        rank: row.get(7)?,
        last_event: unsigned(row.get(8)?),
        wake_at: row.get::<_, Option<i64>>(9)?.map(UnixMs),
    })
}

/// Those of the named aggregates that there are.
pub(super) fn load(connection: &Connection, kind: &str, ids: &[String]) -> rusqlite::Result<Vec<Aggregate>> {
    let sql = format!("SELECT {AGGREGATE} FROM store_aggregate WHERE kind = ? AND id = ?");
    let mut select = connection.prepare_cached(&sql)?;
    let mut found = Vec::with_capacity(ids.len());
    for id in ids {
        for row in select.query_map(params![kind, id], aggregate)? {
            found.push(row?);
        }
    }
    Ok(found)
}

/// The events after `after`, in order.
pub(super) fn events(connection: &Connection, key: &Key, after: u64, limit: u32) -> rusqlite::Result<Vec<Event>> {
    let mut select = connection.prepare_cached(
        "SELECT seq, payload FROM store_event
         WHERE aggregate = (SELECT row FROM store_aggregate WHERE kind = ? AND id = ?) AND seq > ?
         ORDER BY seq LIMIT ?",
    )?;
    let event = |row: &Row<'_>| Ok(Event { seq: unsigned(row.get(0)?), payload: row.get(1)? });
    select.query_map(params![key.kind, key.id, signed(after), limit], event)?.collect()
}

/// A page of a list.
pub(super) fn list(connection: &Connection, listing: &Listing) -> rusqlite::Result<Vec<Aggregate>> {
    let (narrowed, mut values) = narrowing(listing);
    let mut sql = format!("SELECT {AGGREGATE} FROM store_aggregate WHERE {narrowed}");
    if let Some(at) = &listing.before {
        sql.push_str(" AND (rank, id) < (?, ?)");
        values.extend([&at.rank as &dyn ToSql, &at.id]);
    }
    sql.push_str(" ORDER BY rank DESC, id DESC LIMIT ?");
    values.push(&listing.limit);
    connection.prepare_cached(&sql)?.query_map(values.as_slice(), aggregate)?.collect()
}

/// How many there are in all pages.
pub(super) fn count(connection: &Connection, listing: &Listing) -> rusqlite::Result<u64> {
    let (narrowed, values) = narrowing(listing);
    let sql = format!("SELECT count(*) FROM store_aggregate WHERE {narrowed}");
    connection.prepare_cached(&sql)?.query_row(values.as_slice(), |row| row.get(0).map(unsigned))
}

fn narrowing(listing: &Listing) -> (String, Vec<&dyn ToSql>) {
    let mut sql = "kind = ? AND owner = ?".to_owned();
    let mut values: Vec<&dyn ToSql> = vec![&listing.kind, &listing.owner];
    if let Some(label) = &listing.label {
        sql.push_str(" AND label = ?");
        values.push(label);
    }
    if let Some(since) = &listing.since {
        sql.push_str(" AND rank >= ?");
        values.push(since);
    }
    (sql, values)
}
