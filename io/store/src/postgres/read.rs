//! Reads, and locks, what a batch is about.

use super::line::Wire;
use super::picture::{Effect, Picture, Stand, Subjects};
use super::rows::{hash, unsigned};
use crate::Key;
use crate::audit::Head;
use std::collections::BTreeMap;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row};

const AGGREGATES: &str = "SELECT kind, id, version, last_event FROM store_aggregate
     WHERE (kind, id) IN (SELECT * FROM unnest($1::text[], $2::text[])) ORDER BY kind, id FOR UPDATE";
const LEASES: &str = "SELECT name, token FROM store_lease WHERE name = ANY($1) ORDER BY name FOR SHARE";
const EFFECTS: &str = "SELECT key, attempt, due_at, settled_at, failure FROM store_outbox
     WHERE key = ANY($1) ORDER BY key FOR UPDATE";
const HEAD: &str = "SELECT seq, hash FROM store_audit_head WHERE instance = $1 FOR UPDATE";

/// Begins a transaction and reads, in one round trip. Everybody locks in the same order, so that nobody waits for one who
/// waits for him. Also the transaction's number, by which its outcome can be asked for.
pub(super) async fn picture<'a>(
    wire: &Wire,
    instance: &str,
    subjects: Subjects<'a>,
) -> Result<(String, Picture<'a>), Error> {
    let aggregates = wire.statement(AGGREGATES).await?;
    let (leases, effects) = (wire.statement(LEASES).await?, wire.statement(EFFECTS).await?);
    let (head, number) = (wire.statement(HEAD).await?, wire.statement("SELECT pg_current_xact_id()::text").await?);
    let kinds: Vec<&str> = subjects.aggregates.iter().map(|key| key.kind.as_str()).collect();
    let ids: Vec<&str> = subjects.aggregates.iter().map(|key| key.id.as_str()).collect();
    let names: Vec<&str> = subjects.leases.iter().copied().collect();
    let keys: Vec<&str> = subjects.effects.iter().copied().collect();
    // No entry, no chain to lock.
    let instance = if subjects.audit { instance } else { "" };
    let client = &wire.client;
    let wanted: [&(dyn ToSql + Sync); 2] = [&kinds, &ids];
    let names: [&(dyn ToSql + Sync); 1] = [&names];
    let keys: [&(dyn ToSql + Sync); 1] = [&keys];
    let instance: [&(dyn ToSql + Sync); 1] = [&instance];
    // Effects before aggregates: who loses a race for both is told of the version that has moved, as everywhere else.
    let (_, number, effects, aggregates, leases, head) = futures::try_join!(
        client.batch_execute("BEGIN"),
        client.query_one(&number, &[]),
        client.query(&effects, &keys),
        client.query(&aggregates, &wanted),
        client.query(&leases, &names),
        client.query_opt(&head, &instance),
    )?;
    let mut picture = Picture::default();
    picture.leases = held(&leases)?;
    if let Some(row) = head {
        picture.head = Head { seq: unsigned(row.try_get(0)?), hash: hash(&row, 1)? };
    }
    for row in &aggregates {
        let key = Key { kind: row.try_get(0)?, id: row.try_get(1)? };
        let version = unsigned(row.try_get(2)?);
        let last_event = unsigned(row.try_get(3)?);
        let stand = Stand { stored: version, version, last_event, ..Stand::default() };
        if let Some(key) = subjects.aggregates.get(&key) {
            picture.aggregates.insert(key, stand);
        }
    }
    for row in &effects {
        if let Some(key) = subjects.effects.get(row.try_get::<_, &str>(0)?) {
            picture.effects.insert(key, effect(row)?);
        }
    }
    Ok((number.try_get(0)?, picture))
}

fn held(rows: &[Row]) -> Result<BTreeMap<String, u64>, Error> {
    rows.iter().map(|row| Ok((row.try_get(0)?, unsigned(row.try_get(1)?)))).collect()
}

fn effect(row: &Row) -> Result<Effect, Error> {
    let (attempt, due_at) = (row.try_get(1)?, row.try_get(2)?);
    Ok(Effect { attempt, due_at, settled_at: row.try_get(3)?, failure: row.try_get(4)?, ..Effect::default() })
}
