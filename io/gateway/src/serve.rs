//! A listener in front of a [`Gateway`].

use crate::inbound::Gateway;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// Connections at once, at most; more wait in the listener's queue.
const CONNECTIONS: usize = 16_384;
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

/// Serves all bindings (HTTP/1.1 and HTTP/2) on a listener until `end`; then requests under way are answered, for `patience` at
/// most, and the gateway is stopped.
pub async fn serve(gateway: Gateway, listener: TcpListener, end: impl Future<Output = ()> + Send, patience: Duration) {
    let graceful = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(CONNECTIONS));
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
        let gateway = gateway.clone();
        let service = service_fn(move |request| {
            let gateway = gateway.clone();
            async move { Ok::<_, Infallible>(gateway.answer(request).await) }
        });
        let mut builder = Builder::new(TokioExecutor::new());
        builder.http1().timer(TokioTimer::new()).header_read_timeout(HEAD_TIME).pipeline_flush(true);
        builder.http2().timer(TokioTimer::new()).max_concurrent_streams(STREAMS).keep_alive_interval(HEAD_TIME);
        let connection = builder.serve_connection(TokioIo::new(stream), service).into_owned();
        let watched = graceful.watch(connection);
        tokio::spawn(async move {
            let _place = place;
            if let Err(error) = watched.await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    drop(listener);
    let stopped = gateway.stop(patience);
    drop(tokio::time::timeout(patience, futures::future::join(stopped, graceful.shutdown())).await);
}
