//! What is one statement: reading, claiming, leases.

use super::line::Line;
use super::rows::{self, AGGREGATE, signed, unsigned};
use super::trouble::unavailable;
use crate::audit::{ANCHOR, Chain, Link};
use crate::engine::Wish;
use crate::outbox::Standing;
use crate::{Aggregate, Claim, Claiming, Event, Key, Lease, LeaseError, Listing, Unavailable, UnixMs};
use tokio_postgres::types::ToSql;
use tokio_postgres::{Error, Row};

type Read<T> = Result<T, Unavailable>;

fn all<T>(line: &Line, rows: &[Row], read: fn(&Row) -> Result<T, Error>) -> Read<Vec<T>> {
    rows.iter().map(read).collect::<Result<_, _>>().map_err(|error| unavailable(&line.server.store, &error))
}

fn first<T>(line: &Line, rows: &[Row], read: fn(&Row) -> Result<T, Error>) -> Read<Option<T>> {
    rows.first().map(read).transpose().map_err(|error| unavailable(&line.server.store, &error))
}

pub(super) async fn load(line: &Line, kind: &str, ids: &[String]) -> Read<Vec<Aggregate>> {
    let sql = format!("SELECT {AGGREGATE} FROM store_aggregate WHERE kind = $1 AND id = ANY($2)");
    all(line, &line.ask(&sql, &[&kind, &ids]).await?, rows::aggregate)
}

pub(super) async fn events(line: &Line, key: &Key, after: u64, limit: u32) -> Read<Vec<Event>> {
    let sql = "SELECT seq, payload FROM store_event
         WHERE aggregate = (SELECT row FROM store_aggregate WHERE kind = $1 AND id = $2) AND seq > $3
         ORDER BY seq LIMIT $4";
    let found = line.ask(sql, &[&key.kind, &key.id, &signed(after), &i64::from(limit)]).await?;
    all(line, &found, rows::event)
}

pub(super) async fn list(line: &Line, listing: &Listing) -> Read<Vec<Aggregate>> {
    let (mut sql, mut values) = narrowing(listing);
    sql = format!("SELECT {AGGREGATE} FROM store_aggregate WHERE {sql}");
    if let Some(at) = &listing.before {
        let next = values.len() + 1;
        sql += &format!(" AND (rank, id) < (${next}, ${})", next + 1);
        values.extend([&at.rank as &(dyn ToSql + Sync), &at.id]);
    }
    let limit = i64::from(listing.limit);
    values.push(&limit);
    sql += &format!(" ORDER BY rank DESC, id DESC LIMIT ${}", values.len());
    all(line, &line.ask(&sql, &values).await?, rows::aggregate)
}

pub(super) async fn count(line: &Line, listing: &Listing) -> Read<u64> {
    let (sql, values) = narrowing(listing);
    let found = line.ask(&format!("SELECT count(*) FROM store_aggregate WHERE {sql}"), &values).await?;
    Ok(first(line, &found, |row| row.try_get(0).map(unsigned))?.unwrap_or_default())
}

fn narrowing(listing: &Listing) -> (String, Vec<&(dyn ToSql + Sync)>) {
    let mut sql = "kind = $1 AND owner = $2".to_owned();
    let mut values: Vec<&(dyn ToSql + Sync)> = vec![&listing.kind, &listing.owner];
    if let Some(label) = &listing.label {
        values.push(label);
        sql += &format!(" AND label = ${}", values.len());
    }
    if let Some(since) = &listing.since {
        values.push(since);
        sql += &format!(" AND rank >= ${}", values.len());
    }
    (sql, values)
}

/// What others work at is passed over, not waited for.
pub(super) async fn due(line: &Line, claiming: &Claiming) -> Read<Vec<Aggregate>> {
    let sql = format!(
        "UPDATE store_aggregate SET due_at = $4 WHERE row = ANY (ARRAY
           (SELECT row FROM store_aggregate WHERE kind = $1 AND due_at <= $2
            ORDER BY due_at, wake_at, id LIMIT $3 FOR UPDATE SKIP LOCKED))
         RETURNING {AGGREGATE}"
    );
    let Claiming { kind, now, limit, .. } = claiming;
    let found = line.ask(&sql, &[kind, &now.0, &i64::from(*limit), &claiming.until()]).await?;
    let mut woken = all(line, &found, rows::aggregate)?;
    woken.sort_by(|a, b| (a.wake_at, &a.key).cmp(&(b.wake_at, &b.key)));
    Ok(woken)
}

/// What others work at is passed over, not waited for.
pub(super) async fn claim(line: &Line, claiming: &Claiming) -> Read<Vec<Claim>> {
    let sql = "WITH found AS MATERIALIZED
           (SELECT seq, due_at FROM store_outbox WHERE kind = $1 AND due_at <= $2
            ORDER BY due_at, seq LIMIT $3 FOR UPDATE SKIP LOCKED),
         taken AS
           (UPDATE store_outbox o SET due_at = $4, attempt = attempt + 1 FROM found WHERE o.seq = found.seq
            RETURNING o.key, o.kind, o.of_kind, o.of_id, o.payload, o.attempt, found.due_at AS was_due, o.seq)
         SELECT key, kind, of_kind, of_id, payload, attempt FROM taken ORDER BY was_due, seq";
    let Claiming { kind, now, limit, .. } = claiming;
    let found = line.ask(sql, &[kind, &now.0, &i64::from(*limit), &claiming.until()]).await?;
    all(line, &found, rows::claim)
}

pub(super) async fn next(line: &Line, table: &str, kind: &str) -> Read<Option<UnixMs>> {
    let sql = format!("SELECT min(due_at) FROM {table} WHERE kind = $1 AND due_at IS NOT NULL");
    let at = first(line, &line.ask(&sql, &[&kind]).await?, |row| row.try_get::<_, Option<i64>>(0))?;
    Ok(at.flatten().map(UnixMs))
}

pub(super) async fn standing(line: &Line, key: &str) -> Read<Option<Standing>> {
    let sql = "SELECT due_at, settled_at, attempt, failure FROM store_outbox WHERE key = $1";
    first(line, &line.ask(sql, &[&key]).await?, rows::standing)
}

pub(super) async fn prune(line: &Line, before: UnixMs, limit: u32) -> Read<u64> {
    let sql = "DELETE FROM store_outbox WHERE seq = ANY (ARRAY
           (SELECT seq FROM store_outbox WHERE settled_at < $1 ORDER BY settled_at LIMIT $2 FOR UPDATE SKIP LOCKED))
         RETURNING seq";
    Ok(line.ask(sql, &[&before.0, &i64::from(limit)]).await?.len() as u64)
}

/// Gives the lease, if nobody has it. Whoever has it already gets it again, with a new token.
pub(super) async fn acquire(line: &Line, wish: Wish) -> Result<Lease, LeaseError> {
    let sql = "INSERT INTO store_lease AS held (name, holder, token, until) VALUES ($1, $2, 1, $4)
         ON CONFLICT (name) DO UPDATE SET holder = $2, token = held.token + 1, until = $4
         WHERE held.until <= $3 OR held.holder = $2
         RETURNING token";
    let Wish { name, holder, now, until } = wish;
    // Asked twice it gives a second token to the same holder, of which the last one counts.
    let given = line.ask(sql, &[&name, &holder, &now.0, &until.0]).await?;
    if let Some(token) = first(line, &given, |row| row.try_get(0).map(unsigned))? {
        return Ok(Lease { name, holder, token, until });
    }
    let held = line.ask("SELECT holder, until FROM store_lease WHERE name = $1", &[&name]).await?;
    let held = first(line, &held, |row| Ok((row.try_get(0)?, row.try_get(1)?)))?;
    let (holder, until) = held.unwrap_or_default();
    Err(LeaseError::Held { name, holder, until: UnixMs(until) })
}

/// Sets the lease's end, as long as nobody else has acquired it.
pub(super) async fn hold(line: &Line, lease: &Lease, until: UnixMs) -> Result<(), LeaseError> {
    let sql = "UPDATE store_lease SET until = $3 WHERE name = $1 AND token = $2 RETURNING token";
    let held = line.ask(sql, &[&lease.name, &signed(lease.token), &until.0]).await?;
    if held.is_empty() { Err(LeaseError::Lost { name: lease.name.clone() }) } else { Ok(()) }
}

pub(super) async fn chains(line: &Line) -> Read<Vec<Chain>> {
    let sql = "SELECT instance, seq, hash FROM store_audit_head ORDER BY instance";
    all(line, &line.ask(sql, &[]).await?, rows::chain)
}

/// Entries after `after` of an instance's chain, of one kind or of all.
pub(super) async fn links(
    line: &Line,
    (instance, kind): (&str, Option<&str>),
    after: u64,
    limit: u32,
) -> Read<Vec<Link>> {
    let narrowed = if kind == Some(ANCHOR) { "AND kind = 'anchor'" } else { "AND ($4::text IS NULL OR kind = $4)" };
    let sql = format!(
        "SELECT seq, at, kind, body, hash FROM store_audit WHERE instance = $1 AND seq > $2 {narrowed}
         ORDER BY seq LIMIT $3"
    );
    let (after, limit) = (signed(after), i64::from(limit));
    let mut values: Vec<&(dyn ToSql + Sync)> = vec![&instance, &after, &limit];
    if kind != Some(ANCHOR) {
        values.push(&kind);
    }
    all(line, &line.ask(&sql, &values).await?, rows::link)
}

pub(super) async fn number(line: &Line, sql: &str) -> Read<i64> {
    Ok(first(line, &line.ask(sql, &[]).await?, |row| row.try_get(0))?.unwrap_or_default())
}
