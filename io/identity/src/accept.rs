//! Connections that others make.

use crate::connection::Connection;
use crate::connections::Connections;
use crate::source::IdentitySource;
use crate::tls::server_config;
use crate::trust::{Refusal, Role};
use duologue_trust::Authorizer;
use rustls::ServerConfig;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio_rustls::{TlsAcceptor, TlsStream};

/// A handshake that takes longer is given up.
const HANDSHAKE_TIME: Duration = Duration::from_secs(10);
/// How long a caller that was refused may take to read why.
const LINGER_TIME: Duration = Duration::from_millis(500);
/// What it may still send meanwhile, in bytes.
const LINGER_MAX: u64 = 256 << 10;

/// Why a connection was not taken.
#[derive(Debug, Error)]
pub enum AcceptError {
    /// The caller's certificate was refused, or something was wrong with the handshake.
    #[error("the handshake with a caller failed ({0}): see the log for why a caller was refused")]
    Handshake(io::Error),
    /// It took too long.
    #[error("a caller did not finish the handshake within 10 s")]
    TooSlow,
    /// The caller is refused by what became known during the handshake.
    #[error("a caller was refused: {0}")]
    Refused(#[from] Refusal),
}

/// Takes connections from callers that an [`Authorizer`] is for. Clones are the same.
#[derive(Clone, Debug)]
pub struct Acceptor {
    config: Arc<ServerConfig>,
    connections: Connections,
}

impl Acceptor {
    /// Shows the source's identity.
    pub fn new(source: &IdentitySource, authorizer: Authorizer, connections: &Connections) -> Acceptor {
        Acceptor { config: Arc::new(server_config(source, authorizer)), connections: connections.clone() }
    }

    /// Takes a connection, which may take as long as the caller lets it (10 s at most): give it a task of its own.
    ///
    /// # Errors
    /// [`AcceptError`].
    pub async fn accept<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S) -> Result<Connection<S>, AcceptError> {
        let trusted = self.connections.trusted();
        let shaking = TlsAcceptor::from(Arc::clone(&self.config)).accept(stream).into_fallible();
        match tokio::time::timeout(HANDSHAKE_TIME, shaking).await {
            Err(_) => Err(AcceptError::TooSlow),
            Ok(Err((error, stream))) => {
                linger(stream).await;
                Err(AcceptError::Handshake(error))
            }
            Ok(Ok(stream)) => {
                let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
                let chain = chain.iter().map(|certificate| certificate.clone().into_owned()).collect();
                let (peer, place) = self.connections.admit(chain, Role::Client, trusted)?;
                Ok(Connection::new(TlsStream::Server(stream), peer, place))
            }
        }
    }
}

/// Lets the caller read why it was refused: closing at once, with its request unread, would take the alert away from it.
async fn linger<S: AsyncRead + AsyncWrite + Unpin>(mut stream: S) {
    let read_on = async {
        stream.shutdown().await?;
        tokio::io::copy(&mut stream.take(LINGER_MAX), &mut tokio::io::sink()).await
    };
    // Whoever goes on is cut off.
    drop(tokio::time::timeout(LINGER_TIME, read_on).await);
}
