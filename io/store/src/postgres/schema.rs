//! The schema on a server, which several processes may bring up to date at the same moment.

use super::line::Server;
use super::trouble::{unavailable, words};
use crate::schema::{MIGRATIONS, Migration, NEWEST};
use crate::{OpenError, Unavailable};
use tokio_postgres::{Client, Error};

/// Names the PostgreSQL schema in which the tables are: locks and channels belong to the whole database.
const PLACE: &str = "SELECT 'duologue_store_' || md5(current_schema()), current_setting('server_encoding')";

/// Brings the tables up to date, and says which channel changes are told on.
pub(super) async fn migrate(server: &Server) -> Result<String, OpenError> {
    let store = &server.store;
    let (client, driver) = server.connect().await?;
    let driving = tokio::spawn(driver);
    let migrated = under_lock(&client, store).await;
    drop(client);
    // The transaction is over when the connection is.
    let _ = driving.await;
    migrated
}

async fn under_lock(client: &Client, store: &str) -> Result<String, OpenError> {
    let trouble = |error: Error| OpenError::Unavailable(unavailable(store, &error));
    let place = client.query_one(PLACE, &[]).await.map_err(trouble)?;
    let read = || Ok::<_, Error>((place.try_get::<_, Option<String>>(0)?, place.try_get::<_, String>(1)?));
    let (channel, encoding) = read().map_err(trouble)?;
    let unfit =
        |what: &str| OpenError::Unavailable(Unavailable::Engine { store: store.to_owned(), what: what.to_owned() });
    let channel = channel.ok_or_else(|| unfit("the schemas of its search_path do not exist: create one of them"))?;
    if encoding != "UTF8" {
        return Err(unfit("its encoding is not UTF8: create the database with ENCODING 'UTF8' TEMPLATE template0"));
    }
    client.batch_execute("BEGIN").await.map_err(trouble)?;
    let lock = "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))";
    client.query_one(lock, &[&channel]).await.map_err(trouble)?;
    let found = schema(client).await.map_err(trouble)?;
    if found > NEWEST {
        return Err(OpenError::Newer { store: store.to_owned(), found, known: NEWEST });
    }
    for step in MIGRATIONS.iter().filter(|step| step.number > found) {
        apply(client, step).await.map_err(|error| OpenError::Migration {
            store: store.to_owned(),
            number: step.number,
            what: words(&error),
        })?;
    }
    client.batch_execute("COMMIT").await.map_err(trouble)?;
    Ok(channel)
}

/// Which schema is there; 0: none.
async fn schema(client: &Client) -> Result<u32, Error> {
    client.batch_execute("CREATE TABLE IF NOT EXISTS store_schema (number BIGINT NOT NULL)").await?;
    let row = client.query_one("SELECT coalesce(max(number), 0) FROM store_schema", &[]).await?;
    Ok(u32::try_from(row.try_get::<_, i64>(0)?).unwrap_or(u32::MAX))
}

async fn apply(client: &Client, step: &Migration) -> Result<(), Error> {
    client.batch_execute(step.postgres).await?;
    client.execute("DELETE FROM store_schema", &[]).await?;
    client.execute("INSERT INTO store_schema VALUES ($1)", &[&i64::from(step.number)]).await?;
    Ok(())
}
