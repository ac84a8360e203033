//! Named leases.

use super::trouble::{Stop, signed, unsigned};
use super::writer::Batch;
use crate::engine::Wish;
use crate::{Lease, LeaseError, UnixMs};
use rusqlite::{OptionalExtension, params};

type Given<T> = Result<T, Stop<LeaseError>>;

/// Gives the lease, if nobody has it. Whoever has it already gets it again, with a new token.
pub(super) fn acquire(batch: &mut Batch<'_>, wish: &Wish) -> Given<Lease> {
    let Wish { name, holder, now, until } = wish;
    let token: Option<i64> = batch
        .connection
        .prepare_cached(
            "INSERT INTO store_lease (name, holder, token, until) VALUES (?1, ?2, 1, ?4)
             ON CONFLICT (name) DO UPDATE SET holder = ?2, token = token + 1, until = ?4
             WHERE until <= ?3 OR holder = ?2
             RETURNING token",
        )?
        .query_row(params![name, holder, now.0, until.0], |row| row.get(0))
        .optional()?;
    if let Some(token) = token {
        return Ok(Lease { name: name.clone(), holder: holder.clone(), token: unsigned(token), until: *until });
    }
    let (holder, until): (String, i64) = batch
        .connection
        .prepare_cached("SELECT holder, until FROM store_lease WHERE name = ?")?
        .query_row([name], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Err(Stop::Refused(LeaseError::Held { name: name.clone(), holder, until: UnixMs(until) }))
}

/// Sets the lease's end, as long as nobody else has acquired it; zero gives it back.
pub(super) fn hold(batch: &mut Batch<'_>, lease: &Lease, until: UnixMs) -> Given<()> {
    let held = batch
        .connection
        .prepare_cached("UPDATE store_lease SET until = ?3 WHERE name = ?1 AND token = ?2")?
        .execute(params![lease.name, signed(lease.token), until.0])?;
    if held == 1 { Ok(()) } else { Err(Stop::Refused(LeaseError::Lost { name: lease.name.clone() })) }
}
