//! Writes what was decided: one statement for each table, over arrays.

use super::line::Wire;
use super::picture::Picture;
use super::rows::signed;
use crate::Commit;
use tokio_postgres::Error;
use tokio_postgres::types::ToSql;

const CREATE: &str = "INSERT INTO store_aggregate
       (kind, id, version, last_event, state_schema, state, owner, label, rank, wake_at, due_at)
     SELECT kind, id, version, last_event, state_schema, state, owner, label, rank, wake_at, wake_at
     FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bytea[], $7::text[], $8::text[],
                 $9::bigint[], $10::bigint[])
       AS new (kind, id, version, last_event, state_schema, state, owner, label, rank, wake_at)
     ON CONFLICT DO NOTHING";
const ADVANCE: &str = "UPDATE store_aggregate a
     SET version = new.version, last_event = new.last_event, state_schema = new.state_schema, state = new.state,
         owner = new.owner, label = new.label, rank = new.rank, wake_at = new.wake_at, due_at = new.wake_at
     FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bytea[], $7::text[], $8::text[],
                 $9::bigint[], $10::bigint[])
       AS new (kind, id, version, last_event, state_schema, state, owner, label, rank, wake_at)
     WHERE a.kind = new.kind AND a.id = new.id";
const EVENTS: &str = "INSERT INTO store_event (aggregate, seq, payload)
     SELECT a.row, new.seq, new.payload
     FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bytea[]) AS new (kind, id, seq, payload)
     JOIN store_aggregate a ON a.kind = new.kind AND a.id = new.id";
const ASK: &str = "INSERT INTO store_outbox (key, kind, of_kind, of_id, payload, due_at)
     SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::bytea[], $6::bigint[])
     ON CONFLICT DO NOTHING";
const SETTLE: &str = "UPDATE store_outbox o
     SET due_at = new.due_at, settled_at = new.settled_at, failure = new.failure
     FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::text[]) AS new (key, due_at, settled_at, failure)
     WHERE o.key = new.key";
const LINKS: &str = "INSERT INTO store_audit (instance, seq, at, kind, body, hash)
     SELECT $1, new.* FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::bytea[], $6::bytea[])
       AS new (seq, at, kind, body, hash)";
const HEAD: &str = "INSERT INTO store_audit_head (instance, seq, hash) VALUES ($1, $2, $3)
     ON CONFLICT (instance) DO UPDATE SET seq = excluded.seq, hash = excluded.hash";

const REMOVE: &str = "WITH gone AS (DELETE FROM store_aggregate WHERE kind = $1 AND id = $2 RETURNING row)
     DELETE FROM store_event WHERE aggregate IN (SELECT row FROM gone)";

/// False: somebody else has created an aggregate or an effect since they were looked for, so that all must be decided anew.
pub(super) async fn all(wire: &Wire, picture: &Picture<'_>, instance: &str) -> Result<bool, Error> {
    // All are known before the first is sent: so they go out, and are carried out, in the order in which they stand.
    for sql in [CREATE, ADVANCE, EVENTS, ASK, SETTLE, LINKS, HEAD, REMOVE] {
        wire.statement(sql).await?;
    }
    let moved = || picture.aggregates.values().filter_map(|stand| Some((stand, stand.step?)));
    let created = Steps::of(moved().filter(|(stand, _)| stand.stored == 0).map(|(s, c)| (s.version, s.last_event, c)));
    let advanced = Steps::of(moved().filter(|(stand, _)| stand.stored != 0).map(|(s, c)| (s.version, s.last_event, c)));
    let (made, gone_on, happened, asked, _, (), ()) = futures::try_join!(
        created.write(wire, CREATE),
        advanced.write(wire, ADVANCE),
        events(wire, picture),
        ask(wire, picture),
        settle(wire, picture),
        audit(wire, picture, instance),
        remove(wire, picture),
    )?;
    let whole = (created.rows(), advanced.rows(), picture.events.len() as u64, picture.asked.len() as u64);
    Ok((made, gone_on, happened, asked) == whole)
}

/// Aggregates to be written, column by column.
#[derive(Default)]
struct Steps<'a> {
    kinds: Vec<&'a str>,
    ids: Vec<&'a str>,
    versions: Vec<i64>,
    last_events: Vec<i64>,
    schemas: Vec<i64>,
    states: Vec<&'a [u8]>,
    owners: Vec<&'a str>,
    labels: Vec<&'a str>,
    ranks: Vec<i64>,
    wakes: Vec<Option<i64>>,
}

impl<'a> Steps<'a> {
    fn of(steps: impl Iterator<Item = (u64, u64, &'a Commit)>) -> Steps<'a> {
        let mut columns = Steps::default();
        for (version, last_event, commit) in steps {
            columns.kinds.push(&commit.key.kind);
            columns.ids.push(&commit.key.id);
            columns.versions.push(signed(version));
            columns.last_events.push(signed(last_event));
            columns.schemas.push(i64::from(commit.state.schema));
            columns.states.push(&commit.state.bytes);
            columns.owners.push(&commit.owner);
            columns.labels.push(&commit.label);
            columns.ranks.push(commit.rank);
            columns.wakes.push(commit.wake_at.map(|at| at.0));
        }
        columns
    }

    fn rows(&self) -> u64 {
        self.ids.len() as u64
    }

    async fn write(&self, wire: &Wire, sql: &str) -> Result<u64, Error> {
        if self.ids.is_empty() {
            return Ok(0);
        }
        let Steps { kinds, ids, versions, last_events, schemas, states, owners, labels, ranks, wakes } = self;
        let values: [&(dyn ToSql + Sync); 10] =
            [kinds, ids, versions, last_events, schemas, states, owners, labels, ranks, wakes];
        wire.client.execute(&wire.statement(sql).await?, &values).await
    }
}

async fn events(wire: &Wire, picture: &Picture<'_>) -> Result<u64, Error> {
    if picture.events.is_empty() {
        return Ok(0);
    }
    let kinds: Vec<&str> = picture.events.iter().map(|(key, ..)| key.kind.as_str()).collect();
    let ids: Vec<&str> = picture.events.iter().map(|(key, ..)| key.id.as_str()).collect();
    let seqs: Vec<i64> = picture.events.iter().map(|(_, seq, _)| signed(*seq)).collect();
    let payloads: Vec<&[u8]> = picture.events.iter().map(|(.., payload)| *payload).collect();
    wire.client.execute(&wire.statement(EVENTS).await?, &[&kinds, &ids, &seqs, &payloads]).await
}

async fn remove(wire: &Wire, picture: &Picture<'_>) -> Result<(), Error> {
    for (key, _) in picture.aggregates.iter().filter(|(_, stand)| stand.removed) {
        wire.client.execute(&wire.statement(REMOVE).await?, &[&key.kind, &key.id]).await?;
    }
    Ok(())
}

async fn ask(wire: &Wire, picture: &Picture<'_>) -> Result<u64, Error> {
    let asked = &picture.asked;
    if asked.is_empty() {
        return Ok(0);
    }
    let keys: Vec<&str> = asked.iter().map(|(_, outgoing)| outgoing.key.as_str()).collect();
    let kinds: Vec<&str> = asked.iter().map(|(_, outgoing)| outgoing.kind.as_str()).collect();
    let of_kinds: Vec<&str> = asked.iter().map(|(of, _)| of.kind.as_str()).collect();
    let of_ids: Vec<&str> = asked.iter().map(|(of, _)| of.id.as_str()).collect();
    let payloads: Vec<&[u8]> = asked.iter().map(|(_, outgoing)| outgoing.payload.as_slice()).collect();
    let due: Vec<i64> = asked.iter().map(|(_, outgoing)| outgoing.not_before.0).collect();
    let values: [&(dyn ToSql + Sync); 6] = [&keys, &kinds, &of_kinds, &of_ids, &payloads, &due];
    wire.client.execute(&wire.statement(ASK).await?, &values).await
}

async fn settle(wire: &Wire, picture: &Picture<'_>) -> Result<u64, Error> {
    let settled: Vec<_> = picture.effects.iter().filter(|(_, effect)| effect.settled).collect();
    if settled.is_empty() {
        return Ok(0);
    }
    let keys: Vec<&str> = settled.iter().map(|(key, _)| **key).collect();
    let due: Vec<Option<i64>> = settled.iter().map(|(_, effect)| effect.due_at).collect();
    let at: Vec<Option<i64>> = settled.iter().map(|(_, effect)| effect.settled_at).collect();
    let failures: Vec<Option<&str>> = settled.iter().map(|(_, effect)| effect.failure.as_deref()).collect();
    wire.client.execute(&wire.statement(SETTLE).await?, &[&keys, &due, &at, &failures]).await
}

async fn audit(wire: &Wire, picture: &Picture<'_>, instance: &str) -> Result<(), Error> {
    if picture.links.is_empty() {
        return Ok(());
    }
    let seqs: Vec<i64> = picture.links.iter().map(|link| signed(link.seq)).collect();
    let at: Vec<i64> = picture.links.iter().map(|link| link.entry.at.0).collect();
    let kinds: Vec<&str> = picture.links.iter().map(|link| link.entry.kind.as_str()).collect();
    let bodies: Vec<&[u8]> = picture.links.iter().map(|link| link.entry.body.as_slice()).collect();
    let hashes: Vec<&[u8]> = picture.links.iter().map(|link| link.hash.as_slice()).collect();
    let (links, head) = (wire.statement(LINKS).await?, wire.statement(HEAD).await?);
    let (seq, hash) = (signed(picture.head.seq), picture.head.hash.as_slice());
    let entered: [&(dyn ToSql + Sync); 6] = [&instance, &seqs, &at, &kinds, &bodies, &hashes];
    let ended: [&(dyn ToSql + Sync); 3] = [&instance, &seq, &hash];
    futures::try_join!(wire.client.execute(&links, &entered), wire.client.execute(&head, &ended))?;
    Ok(())
}
