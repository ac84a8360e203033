//! Connections that are made to others.

use crate::connection::{Connection, HandshakeRefusal, handshake_refusal};
use crate::connections::Connections;
use crate::source::{IdentitySource, NoIdentity};
use crate::tls::client_config;
use crate::trust::{Refusal, Role};
use duologue_ids::SpiffeId;
use duologue_trust::Authorizer;
use rustls::pki_types::ServerName;
use std::future::Future;
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio_rustls::{TlsConnector, TlsStream};

/// Attempts at most, where handshakes fail.
const ATTEMPTS: u32 = 3;
/// The pause before the second; it doubles with each.
const PAUSE: Duration = Duration::from_millis(4);

/// Why there is no connection.
#[derive(Debug, Error)]
pub enum DialError {
    /// Nobody answers.
    #[error("{address} cannot be reached ({error}): see that the agent runs, and the address")]
    Unreachable {
        /// Where.
        address: String,
        /// What the system says.
        error: io::Error,
    },
    /// It takes too long.
    #[error("{address} did not answer within {} s: see that the agent runs there, and speaks TLS", time.as_secs_f32())]
    TooSlow {
        /// Where.
        address: String,
        /// How long was waited.
        time: Duration,
    },
    /// Somebody else answers.
    #[error("{found} answers at {address}, and {expected} was called: see the address, or who is to be there")]
    IdentityMismatch {
        /// Where.
        address: String,
        /// Who was called.
        expected: String,
        /// Who is there.
        found: SpiffeId,
    },
    /// Who answers is not to be believed.
    #[error("who answers at {address} is not believed: {refusal}")]
    NotBelieved {
        /// Where.
        address: String,
        /// Why.
        refusal: Refusal,
    },
    /// One has nothing to show.
    #[error(transparent)]
    NoIdentity(#[from] NoIdentity),
    /// The other side does not take what one shows.
    #[error("{address} refuses this side: {refusal}")]
    RefusedByPeer {
        /// Where.
        address: String,
        /// Why.
        refusal: HandshakeRefusal,
    },
    /// Something else about TLS.
    #[error("no TLS with {address} ({error}): see that an agent with mTLS is there, speaking TLS 1.3")]
    Tls {
        /// Where.
        address: String,
        /// What it is.
        error: io::Error,
    },
}

impl DialError {
    /// Whether another attempt, a moment later, may end otherwise, as while authorities change.
    pub fn may_pass(&self) -> bool {
        match self {
            DialError::NotBelieved { refusal, .. } => refusal.may_pass(),
            DialError::RefusedByPeer { refusal, .. } => refusal.may_pass(),
            // A handshake that breaks off: its server may have ended.
            DialError::Tls { error, .. } => {
                matches!(
                    error.kind(),
                    io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
                )
            }
            _ => false,
        }
    }
}

/// Why a request was not answered.
#[derive(Debug, Error)]
pub enum RequestError<E> {
    /// There was no connection for it, or the other side refused it before it read the request.
    #[error(transparent)]
    Dial(#[from] DialError),
    /// The request failed.
    #[error(transparent)]
    Request(E),
}

/// Makes connections. Clones are the same.
#[derive(Clone, Debug)]
pub struct Dialler {
    source: IdentitySource,
    connections: Connections,
    time: Duration,
}

impl Dialler {
    /// Shows the source's identity; a connection and its handshake take at most 10 s.
    pub fn new(source: &IdentitySource, connections: &Connections) -> Dialler {
        Dialler { source: source.clone(), connections: connections.clone(), time: Duration::from_secs(10) }
    }

    /// With another time for a connection and its handshake.
    #[must_use]
    pub fn within(mut self, time: Duration) -> Dialler {
        self.time = time;
        self
    }

    /// A connection to whom the authorizer is for, at an address of the form `host:port`. A handshake that fails in a way that may
    /// pass is tried again, three times in all.
    ///
    /// # Errors
    /// [`DialError`].
    pub async fn dial(&self, address: &str, to: &Authorizer) -> Result<Connection<TcpStream>, DialError> {
        let mut attempt = 1;
        loop {
            match self.once(address, to).await {
                Err(error) if error.may_pass() && attempt < ATTEMPTS => pause(attempt, &error).await,
                outcome => return outcome,
            }
            attempt += 1;
        }
    }

    async fn once(&self, address: &str, to: &Authorizer) -> Result<Connection<TcpStream>, DialError> {
        self.source.svid()?;
        let connecting = self.connect(address, to);
        let slow = |_| DialError::TooSlow { address: address.to_owned(), time: self.time };
        tokio::time::timeout(self.time, connecting).await.map_err(slow)?
    }

    /// Makes a request on a connection of its own. It is made again, three times in all, where the other side refused the handshake
    /// in a way that may pass; its program has not seen the request then.
    ///
    /// # Errors
    /// [`RequestError`].
    pub async fn request<T, E, F>(
        &self,
        address: &str,
        to: &Authorizer,
        mut make: impl FnMut(Connection<TcpStream>) -> F,
    ) -> Result<T, RequestError<E>>
    where
        F: Future<Output = Result<T, E>>,
        E: std::error::Error + 'static,
    {
        let mut attempt = 1;
        loop {
            let connection = self.dial(address, to).await?;
            let fate = connection.fate();
            let error = match make(connection).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            let Some(refusal) = fate.refusal().or_else(|| handshake_refusal(&error)) else {
                return Err(RequestError::Request(error));
            };
            let error = DialError::RefusedByPeer { address: address.to_owned(), refusal };
            if attempt == ATTEMPTS || !error.may_pass() {
                return Err(error.into());
            }
            pause(attempt, &error).await;
            attempt += 1;
        }
    }

    async fn connect(&self, address: &str, to: &Authorizer) -> Result<Connection<TcpStream>, DialError> {
        let unreachable = |error| DialError::Unreachable { address: address.to_owned(), error };
        let stream = TcpStream::connect(address).await.map_err(unreachable)?;
        // Small requests go out at once. Where that cannot be set, they go out a little later.
        drop(stream.set_nodelay(true));
        let trusted = self.connections.trusted();
        let connector = TlsConnector::from(Arc::new(client_config(&self.source, to.clone())));
        // Whom to meet is said by the authorizer; this name is neither sent nor compared.
        let nobody = ServerName::from(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        let stream = connector.connect(nobody, stream).await.map_err(|error| explain(address, error))?;
        let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
        let chain = chain.iter().map(|certificate| certificate.clone().into_owned()).collect();
        let admitted = self.connections.admit(chain, Role::Server, trusted);
        let (peer, place) =
            admitted.map_err(|refusal| DialError::NotBelieved { address: address.to_owned(), refusal })?;
        Ok(Connection::new(TlsStream::Client(stream), peer, place))
    }
}

async fn pause(attempt: u32, error: &DialError) {
    tracing::debug!(%error, attempt, "a handshake is tried again");
    tokio::time::sleep(PAUSE * 2u32.pow(attempt - 1)).await;
}

fn explain(address: &str, error: io::Error) -> DialError {
    let address = address.to_owned();
    let tls = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match tls.map(|tls| (Refusal::of_error(tls), HandshakeRefusal::of_beginning(tls))) {
        Some((Some(Refusal::Unwanted { found, expected }), _)) => {
            DialError::IdentityMismatch { address, expected: expected.clone(), found: found.clone() }
        }
        Some((Some(refusal), _)) => DialError::NotBelieved { address, refusal: refusal.clone() },
        Some((None, Some(refusal))) => DialError::RefusedByPeer { address, refusal },
        _ => DialError::Tls { address, error },
    }
}
