//! Listening, with or without TLS, and ending in order.

use crate::platform::Platform;
use crate::router;
use axum::serve::{Listener, ListenerExt};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// How long a handshake may take.
const HANDSHAKE: Duration = Duration::from_secs(10);
/// Connections that wait to be served.
const WAITING: usize = 64;
/// How long requests that are under way may take once the server ends.
const DRAIN: Duration = Duration::from_secs(5);

/// Why nothing can be served.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// Another program has the port, or this one may not.
    #[error("cannot listen on {address}: {source}\n  help: {}", port_advice(.source))]
    Bind {
        /// Where.
        address: SocketAddr,
        /// The system's words.
        source: io::Error,
    },
    /// The certificate or its key cannot be read.
    #[error(
        "{path}: {why}\n  help: --tls-cert and --tls-key take PEM files: the certificate with its chain, and its private key"
    )]
    Tls {
        /// Which file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// It ended by itself.
    #[error("the server ended: {0}")]
    Ended(#[from] io::Error),
}

fn port_advice(source: &io::Error) -> &'static str {
    match source.kind() {
        io::ErrorKind::AddrInUse => "another program uses that port; choose another with --port, or PORT",
        io::ErrorKind::PermissionDenied => {
            "ports below 1024 are for administrators; choose another with --port, or PORT"
        }
        io::ErrorKind::AddrNotAvailable => "this machine has no such address; choose another with --bind",
        _ => "choose another with --port or --bind",
    }
}

/// A certificate with its key.
pub struct Identity {
    /// Of this server itself.
    pub certificate: CertificateDer<'static>,
    config: Arc<ServerConfig>,
}

impl Identity {
    /// Reads both from PEM files.
    pub fn read(certificate: &Path, key: &Path) -> Result<Identity, ServeError> {
        let wrong = |path: &Path, why: String| ServeError::Tls { path: path.to_owned(), why };
        let chain = CertificateDer::pem_file_iter(certificate).map_err(|e| wrong(certificate, e.to_string()))?;
        let chain: Vec<_> = chain.collect::<Result<_, _>>().map_err(|e| wrong(certificate, e.to_string()))?;
        let first = chain.first().cloned().ok_or_else(|| wrong(certificate, "there is no certificate in it".into()))?;
        let secret = PrivateKeyDer::from_pem_file(key).map_err(|e| wrong(key, e.to_string()))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|config| config.with_no_client_auth().with_single_cert(chain, secret))
            .map_err(|e| wrong(key, e.to_string()))?;
        Ok(Identity { certificate: first, config: Arc::new(config) })
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity")
    }
}

/// A port that is ours, before anything is served on it.
#[derive(Debug)]
pub struct Bound {
    listener: TcpListener,
    /// Where.
    pub address: SocketAddr,
}

/// Takes a port.
pub async fn bind(address: SocketAddr) -> Result<Bound, ServeError> {
    let bound = TcpListener::bind(address).await.and_then(|listener| Ok((listener.local_addr()?, listener)));
    let (address, listener) = bound.map_err(|source| ServeError::Bind { address, source })?;
    Ok(Bound { listener, address })
}

/// Serves the API and the page until `shutdown`, over TLS where there is an identity. Requests that are under way are
/// answered first, as far as that takes no more than a few seconds.
pub async fn serve(
    bound: Bound,
    identity: Option<Identity>,
    platform: Platform,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Result<(), ServeError> {
    let app = router(platform.clone());
    let (ending, ended) = tokio::sync::oneshot::channel::<()>();
    let shutdown = async move {
        shutdown.await;
        platform.watches().close();
        drop(ending);
    };
    let serving = async {
        match identity {
            None => axum::serve(bound.listener.tap_io(no_delay), app).with_graceful_shutdown(shutdown).await,
            Some(identity) => {
                let listener = TlsListener::start(bound, identity);
                axum::serve(listener, app).with_graceful_shutdown(shutdown).await
            }
        }
    };
    tokio::select! {
        served = serving => Ok(served?),
        _ = async { let _ = ended.await; tokio::time::sleep(DRAIN).await } => Ok(()),
    }
}

fn no_delay(stream: &mut TcpStream) {
    // Where that is impossible answers are a little later.
    let _ = stream.set_nodelay(true);
}

/// Hands on connections once their handshake is done, so that a slow one holds up nobody.
struct TlsListener {
    address: SocketAddr,
    ready: mpsc::Receiver<(TlsStream<TcpStream>, SocketAddr)>,
}

impl TlsListener {
    fn start(bound: Bound, identity: Identity) -> TlsListener {
        let (sender, ready) = mpsc::channel(WAITING);
        let address = bound.address;
        let acceptor = TlsAcceptor::from(identity.config);
        tokio::spawn(async move {
            let mut listener = bound.listener.tap_io(no_delay);
            loop {
                let (stream, peer) = tokio::select! {
                    accepted = Listener::accept(&mut listener) => accepted,
                    () = sender.closed() => return,
                };
                let (acceptor, sender) = (acceptor.clone(), sender.clone());
                tokio::spawn(async move {
                    if let Ok(Ok(stream)) = timeout(HANDSHAKE, acceptor.accept(stream)).await {
                        let _ = sender.send((stream, peer)).await;
                    }
                });
            }
        });
        TlsListener { address, ready }
    }
}

impl Listener for TlsListener {
    type Io = TlsStream<TcpStream>;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        match self.ready.recv().await {
            Some(connection) => connection,
            // The task that accepts lives as long as this does.
            None => std::future::pending().await,
        }
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(self.address)
    }
}
