//! What all tests stand on.

use duologue_identity::{
    Acceptor, Authority, AuthorityConfig, Authorizer, Connection, Connections, Dialler, IdentitySource, LedgerRules,
    Order, Timings,
};
use duologue_ids::SpiffeId;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpListener;

pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) fn id(text: &str) -> SpiffeId {
    text.parse().expect("a SPIFFE id")
}

/// Waits for something, which is looked at again and again.
pub(crate) async fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    let mut look = tokio::time::interval(Duration::from_millis(5));
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "in vain: {what}");
        look.tick().await;
    }
}

pub(crate) fn config(folder: &Path, domain: &str) -> AuthorityConfig {
    AuthorityConfig::new(folder.join(domain), domain.parse().expect("a trust domain"))
}

pub(crate) async fn authority(folder: &Path, domain: &str) -> Authority {
    Authority::start(config(folder, domain)).await.expect("an authority")
}

/// SVIDs of 2 s and roots of 10 s.
pub(crate) fn hurried() -> Timings {
    let second = Duration::from_secs(1);
    Timings { root: 10 * second, svid: 2 * second, jwt: 2 * second, ..Timings::default() }
}

pub(crate) async fn source(authority: &Authority, who: &str) -> IdentitySource {
    let source = authority.source(id(who));
    source.ready(PATIENCE).await.expect("an identity");
    source
}

pub(crate) async fn perform(authority: &Authority, order: Order) {
    authority.perform(order).await.expect("it is carried out");
}

/// A server that answers each byte with that byte, and with 0 where it takes no more.
pub(crate) struct Echo {
    pub(crate) address: String,
    pub(crate) connections: Connections,
    pub(crate) answered: Arc<AtomicU64>,
    pub(crate) refused: Arc<AtomicU64>,
    _task: tokio_util::task::AbortOnDropHandle<()>,
}

pub(crate) async fn echo(source: &IdentitySource, authorizer: Authorizer, rules: LedgerRules) -> Echo {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let connections = Connections::new(source, rules);
    let acceptor = Acceptor::new(source, authorizer, &connections);
    let (answered, refused) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let counters = (Arc::clone(&answered), Arc::clone(&refused));
    let task = tokio::spawn(async move {
        let mut tasks = tokio::task::JoinSet::new();
        loop {
            while tasks.try_join_next().is_some() {}
            let (stream, _) = listener.accept().await.expect("a connection");
            let (acceptor, (answered, refused)) = (acceptor.clone(), counters.clone());
            tasks.spawn(async move {
                match acceptor.accept(stream).await {
                    Ok(connection) => serve(connection, &answered).await,
                    Err(_) => drop(refused.fetch_add(1, Ordering::SeqCst)),
                }
            });
        }
    });
    Echo { address, connections, answered, refused, _task: tokio_util::task::AbortOnDropHandle::new(task) }
}

async fn serve<S: AsyncRead + AsyncWrite + Unpin>(mut connection: Connection<S>, answered: &AtomicU64) {
    let wind_up = connection.wind_up();
    while let Ok(byte) = connection.read_u8().await {
        answered.fetch_add(1, Ordering::SeqCst);
        let answer = if wind_up.is_cancelled() { 0 } else { byte };
        if connection.write_u8(answer).await.is_err() || connection.flush().await.is_err() || answer == 0 {
            break;
        }
    }
    // Whoever is gone needs no farewell.
    drop(connection.shutdown().await);
}

/// One request. Whether more may follow on this connection.
pub(crate) async fn ask<S: AsyncRead + AsyncWrite + Unpin>(connection: &mut Connection<S>) -> std::io::Result<bool> {
    connection.write_u8(7).await?;
    connection.flush().await?;
    Ok(connection.read_u8().await? == 7)
}

pub(crate) fn dialler(source: &IdentitySource, rules: LedgerRules) -> Dialler {
    Dialler::new(source, &Connections::new(source, rules))
}

/// One request on a connection of its own.
pub(crate) async fn call(dialler: &Dialler, address: &str, to: &Authorizer) -> Result<bool, String> {
    let request = dialler.request(address, to, |mut connection| async move { ask(&mut connection).await });
    request.await.map_err(|error| error.to_string())
}
