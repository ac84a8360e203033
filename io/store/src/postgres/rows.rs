//! Rows as values.

use crate::audit::{Chain, Link};
use crate::outbox::{Standing, count};
use crate::{Aggregate, Claim, Entry, Event, Key, State, UnixMs};
use tokio_postgres::{Error, Row};

/// The columns that [`aggregate`] reads.
pub(super) const AGGREGATE: &str = "kind, id, version, state_schema, state, owner, label, rank, last_event, wake_at";

pub(super) fn aggregate(row: &Row) -> Result<Aggregate, Error> {
    let schema: i64 = row.try_get(3)?;
    Ok(Aggregate {
        key: Key { kind: row.try_get(0)?, id: row.try_get(1)? },
        version: unsigned(row.try_get(2)?),
        state: State { schema: u32::try_from(schema).unwrap_or_default(), bytes: row.try_get(4)? },
        owner: row.try_get(5)?,
        label: row.try_get(6)?,
        rank: row.try_get(7)?,
        last_event: unsigned(row.try_get(8)?),
        wake_at: row.try_get::<_, Option<i64>>(9)?.map(UnixMs),
    })
}

pub(super) fn event(row: &Row) -> Result<Event, Error> {
    Ok(Event { seq: unsigned(row.try_get(0)?), payload: row.try_get(1)? })
}

pub(super) fn claim(row: &Row) -> Result<Claim, Error> {
    let of = Key { kind: row.try_get(2)?, id: row.try_get(3)? };
    let (key, kind, payload) = (row.try_get(0)?, row.try_get(1)?, row.try_get(4)?);
    Ok(Claim { key, kind, of, payload, attempt: count(row.try_get(5)?) })
}

pub(super) fn standing(row: &Row) -> Result<Standing, Error> {
    Ok(Standing::of(row.try_get(0)?, row.try_get(1)?, row.try_get(2)?, row.try_get(3)?))
}

pub(super) fn chain(row: &Row) -> Result<Chain, Error> {
    Ok(Chain { instance: row.try_get(0)?, seq: unsigned(row.try_get(1)?), hash: hash(row, 2)? })
}

pub(super) fn link(row: &Row) -> Result<Link, Error> {
    let entry = Entry { at: UnixMs(row.try_get(1)?), kind: row.try_get(2)?, body: row.try_get(3)? };
    Ok(Link { seq: unsigned(row.try_get(0)?), entry, hash: hash(row, 4)? })
}

/// A hash of another length is one that somebody has written over: no entry has that of zeros.
pub(super) fn hash(row: &Row, column: usize) -> Result<[u8; 32], Error> {
    Ok(row.try_get::<_, &[u8]>(column)?.try_into().unwrap_or_default())
}

/// A number that is never negative, as PostgreSQL keeps it.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number that was never negative when it was written.
pub(super) fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or_default()
}
