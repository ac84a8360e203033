//! A listener in front of a [`Gateway`].

use crate::inbound::Gateway;
use duologue_identity::{Acceptor, Connection, Peer};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Connections at once, at most; more wait in the listener's queue.
const CONNECTIONS: usize = 16_384;
/// Handshakes at once, at most: those who do not go on with theirs must not keep others out by their number.
const HANDSHAKES: usize = 1_024;
/// Who waits longer for the turn of their handshake is turned away.
const TURN_TIME: Duration = Duration::from_secs(10);
/// The head of a request has to come within this time.
const HEAD_TIME: Duration = Duration::from_secs(30);
/// Requests on one connection at once (HTTP/2).
const STREAMS: u32 = 256;

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// It is taken, or none of this machine's.
    #[error("cannot listen on {address}: {error}; give another address or port")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        error: std::io::Error,
    },
    /// Without TLS and without knowing who calls, only this machine may reach an agent.
    #[error("{0} can be reached from other machines, which takes TLS: listen on 127.0.0.1 or [::1]")]
    Plaintext(SocketAddr),
}

/// Listens without TLS, for callers on this machine.
///
/// # Errors
/// [`ServeError`].
pub async fn bind_loopback(address: SocketAddr) -> Result<TcpListener, ServeError> {
    if !address.ip().is_loopback() {
        return Err(ServeError::Plaintext(address));
    }
    TcpListener::bind(address).await.map_err(|error| ServeError::Bind { address, error })
}

/// Listens for [`serve_mtls`], on any address.
///
/// # Errors
/// [`ServeError::Bind`].
pub async fn bind(address: SocketAddr) -> Result<TcpListener, ServeError> {
    TcpListener::bind(address).await.map_err(|error| ServeError::Bind { address, error })
}

/// Serves all bindings (HTTP/1.1 and HTTP/2) on a listener until `end`; then requests under way are answered, for `patience` at
/// most, and the gateway is stopped.
pub async fn serve(gateway: Gateway, listener: TcpListener, end: impl Future<Output = ()> + Send, patience: Duration) {
    Door::new(gateway, None).serve(listener, end, patience).await;
}

/// The same over mutual TLS, for callers that the acceptor takes, each known by its SPIFFE id
/// ([`GatewayConfig::mtls`](crate::GatewayConfig::mtls)). A connection that grows too old, or whose certificate does, takes no new
/// requests; one whose peer is no longer to be believed ends at once.
pub async fn serve_mtls(
    gateway: Gateway,
    listener: TcpListener,
    acceptor: Acceptor,
    end: impl Future<Output = ()> + Send,
    patience: Duration,
) {
    Door::new(gateway, Some(acceptor)).serve(listener, end, patience).await;
}

/// Where connections come in.
struct Door {
    gateway: Gateway,
    acceptor: Option<Acceptor>,
    /// Connections whose handshake goes on.
    shaking: Semaphore,
    /// No more requests are taken.
    closing: CancellationToken,
}

impl Door {
    fn new(gateway: Gateway, acceptor: Option<Acceptor>) -> Arc<Door> {
        Arc::new(Door { gateway, acceptor, shaking: Semaphore::new(HANDSHAKES), closing: CancellationToken::new() })
    }

    async fn serve(self: Arc<Door>, listener: TcpListener, end: impl Future<Output = ()> + Send, patience: Duration) {
        let room = Arc::new(Semaphore::new(CONNECTIONS));
        let inside = TaskTracker::new();
        let mut end = std::pin::pin!(end);
        loop {
            let Ok(place) = Arc::clone(&room).acquire_owned().await else { break };
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = &mut end => break,
            };
            let stream = match accepted {
                Ok((stream, _)) => stream,
                Err(error) => {
                    // Of the connection, or of this process's files, of which some will be free again.
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    continue;
                }
            };
            // Small answers go out at once. Where that cannot be set, they go out a little later.
            drop(stream.set_nodelay(true));
            let door = Arc::clone(&self);
            inside.spawn(async move {
                door.enter(stream).await;
                drop(place);
            });
        }
        drop(listener);
        inside.close();
        self.closing.cancel();
        let stopped = self.gateway.stop(patience);
        drop(tokio::time::timeout(patience, futures::future::join(stopped, inside.wait())).await);
    }

    async fn enter(&self, stream: TcpStream) {
        let Some(acceptor) = &self.acceptor else {
            return self.answer(stream, None, CancellationToken::new()).await;
        };
        let shaken = self.closing.run_until_cancelled(self.shake(acceptor, stream)).await;
        if let Some(Some(connection)) = shaken {
            let (peer, wind_up) = (connection.peer().clone(), connection.wind_up());
            self.answer(connection, Some(peer), wind_up).await;
        }
    }

    /// The handshake, when its turn comes. Who waits longer for that than a handshake may last is turned away.
    async fn shake(&self, acceptor: &Acceptor, stream: TcpStream) -> Option<Connection<TcpStream>> {
        let Ok(turn) = tokio::time::timeout(TURN_TIME, self.shaking.acquire()).await else {
            tracing::warn!("a connection was turned away: too many handshakes go on");
            return None;
        };
        let shaken = acceptor.accept(stream).await;
        drop(turn);
        shaken.inspect_err(|error| tracing::debug!(%error, "a connection was not taken")).ok()
    }

    /// Answers the requests of one connection, until it ends or is to be wound up.
    async fn answer<S>(&self, stream: S, peer: Option<Peer>, wind_up: CancellationToken)
    where
        S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
    {
        let gateway = self.gateway.clone();
        let service = service_fn(move |request| {
            let (gateway, peer) = (gateway.clone(), peer.clone());
            async move { Ok::<_, Infallible>(gateway.answer_to(request, peer).await) }
        });
        let mut builder = Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).pipeline_flush(true);
        builder.http2().timer(TokioTimer::new()).max_concurrent_streams(STREAMS).keep_alive_interval(HEAD_TIME);
        let mut connection = std::pin::pin!(builder.serve_connection(TokioIo::new(stream), service));
        let served = tokio::select! {
            served = connection.as_mut() => served,
            () = either(&wind_up, &self.closing) => {
                connection.as_mut().graceful_shutdown();
                connection.await
            }
        };
        if let Err(error) = served {
            tracing::debug!(%error, "a connection ended early");
        }
    }
}

async fn either(one: &CancellationToken, other: &CancellationToken) {
    tokio::select! {
        () = one.cancelled() => {}
        () = other.cancelled() => {}
    }
}
