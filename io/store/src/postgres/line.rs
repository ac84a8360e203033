//! Connections that come back.

use super::trouble::{is_gone, unavailable, words};
use crate::config::without_password;
use crate::{OpenError, Unavailable};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio_postgres::types::ToSql;
use tokio_postgres::{Client, Config, Connection, Error, Row, Socket, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

/// How long a server may take to answer a call, where the address does not say.
const CONNECT: Duration = Duration::from_secs(10);
/// How long a server may leave data without acknowledgement before it counts as gone, where the address does not say.
const SILENCE: Duration = Duration::from_secs(30);
/// A connection on which nothing happens is tried after this time, then three times in this rhythm: one that only listens
/// has no other way to learn that its server is gone.
const IDLE: (Duration, Duration) = (Duration::from_secs(15), Duration::from_secs(5));
/// What the address has where it does not say when to try.
const IDLE_UNSAID: Duration = Duration::from_secs(2 * 60 * 60);

/// A server, and how to reach it.
pub(super) struct Server {
    config: Config,
    tls: MakeRustlsConnect,
    /// Its name in messages.
    pub(super) store: Arc<str>,
}

/// What drives a connection.
pub(super) type Driver = Connection<Socket, <MakeRustlsConnect as tokio_postgres::tls::MakeTlsConnect<Socket>>::Stream>;

impl Server {
    pub(super) fn new(url: &str) -> Result<Server, OpenError> {
        let mut config: Config = url.parse().map_err(|error: Error| OpenError::Address { what: words(&error) })?;
        if config.get_connect_timeout().is_none() {
            config.connect_timeout(CONNECT);
        }
        if config.get_tcp_user_timeout().is_none() {
            config.tcp_user_timeout(SILENCE);
        }
        if config.get_keepalives_idle() == IDLE_UNSAID && config.get_keepalives_interval().is_none() {
            config.keepalives_idle(IDLE.0).keepalives_interval(IDLE.1).keepalives_retries(3);
        }
        if config.get_application_name().is_none() {
            config.application_name("duologue");
        }
        Ok(Server { config, tls: tls()?, store: without_password(url).into() })
    }

    pub(super) async fn connect(&self) -> Result<(Client, Driver), Unavailable> {
        self.config.connect(self.tls.clone()).await.map_err(|error| unavailable(&self.store, &error))
    }
}

/// Certificates are checked as the system checks them; `SSL_CERT_FILE` names others.
fn tls() -> Result<MakeRustlsConnect, OpenError> {
    use rustls_platform_verifier::BuilderVerifierExt;
    let failed = |error: rustls::Error| OpenError::Address { what: error.to_string() };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(failed)?.with_platform_verifier().map_err(failed)?;
    Ok(MakeRustlsConnect::new(builder.with_no_client_auth()))
}

/// One connection, with the statements that it knows. Many may ask at once: their questions are pipelined.
pub(super) struct Wire {
    pub(super) client: Client,
    known: Mutex<HashMap<String, Statement>>,
}

impl Wire {
    pub(super) fn new(client: Client) -> Wire {
        Wire { client, known: Mutex::new(HashMap::new()) }
    }

    pub(super) async fn statement(&self, sql: &str) -> Result<Statement, Error> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(sql).cloned();
        if let Some(statement) = known {
            return Ok(statement);
        }
        let statement = self.client.prepare(sql).await?;
        self.known.lock().unwrap_or_else(PoisonError::into_inner).insert(sql.to_owned(), statement.clone());
        Ok(statement)
    }

    pub(super) async fn query(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Error> {
        self.client.query(&self.statement(sql).await?, values).await
    }
}

/// A connection that is made anew when it broke.
pub(super) struct Line {
    pub(super) server: Arc<Server>,
    wire: tokio::sync::Mutex<Option<Arc<Wire>>>,
}

impl Line {
    pub(super) fn new(server: Arc<Server>) -> Line {
        Line { server, wire: tokio::sync::Mutex::new(None) }
    }

    /// The connection, which is made where there is none.
    pub(super) async fn wire(&self) -> Result<Arc<Wire>, Unavailable> {
        let mut wire = self.wire.lock().await;
        if let Some(wire) = wire.as_ref().filter(|wire| !wire.client.is_closed()) {
            return Ok(Arc::clone(wire));
        }
        let (client, driver) = self.server.connect().await?;
        // It ends when nobody has the client any more, or the server has gone; who asks then sees that.
        tokio::spawn(
            async move { driver.await.map_err(|error| tracing::warn!(error = words(&error), "connection lost")) },
        );
        let made = Arc::new(Wire::new(client));
        *wire = Some(Arc::clone(&made));
        Ok(made)
    }

    /// Asks something that may be asked twice: once more where the connection turns out to be gone.
    pub(super) async fn ask(&self, sql: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Unavailable> {
        let first = self.wire().await?.query(sql, values).await;
        let answer = match first {
            Err(error) if is_gone(&error) => self.wire().await?.query(sql, values).await,
            answer => answer,
        };
        answer.map_err(|error| unavailable(&self.server.store, &error))
    }

    /// Lets the connection go.
    pub(super) async fn close(&self) {
        drop(self.wire.lock().await.take());
    }
}
