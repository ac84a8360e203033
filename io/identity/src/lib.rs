//! Who one is, and who others are.
//!
//! An [`IdentitySource`] holds this process's SPIFFE identity (an X.509-SVID) and the bundles of those it believes, renewed by
//! itself, from one of three places: any SPIFFE Workload API ([`WorkloadClient`]: a SPIRE agent's socket, or our authority's),
//! an [`Authority`] in this process, or [`Files`]. From it come connections on which both sides know each other:
//!
//! ```
//! use duologue_identity::{Acceptor, Authority, AuthorityConfig, Authorizer, Connections, Dialler, LedgerRules};
//! use tokio::io::{AsyncReadExt, AsyncWriteExt};
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! let authority = Authority::start(AuthorityConfig::new(folder.path().join("authority"), "example.org".parse()?)).await?;
//! let worker = authority.source("spiffe://example.org/worker".parse()?);
//! let caller = authority.source("spiffe://example.org/caller".parse()?);
//! # worker.ready(std::time::Duration::from_secs(10)).await?;
//! # caller.ready(std::time::Duration::from_secs(10)).await?;
//!
//! // The worker takes calls from the caller and from nobody else.
//! let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
//! let address = listener.local_addr()?.to_string();
//! let only = Authorizer::exactly(["spiffe://example.org/caller".parse()?]);
//! let acceptor = Acceptor::new(&worker, only, &Connections::new(&worker, LedgerRules::default()));
//! let serving = tokio::spawn(async move {
//!     let (stream, _) = listener.accept().await?;
//!     let mut connection = acceptor.accept(stream).await.map_err(std::io::Error::other)?;
//!     let greeting = format!("hello {}", connection.peer().id());
//!     connection.write_all(greeting.as_bytes()).await?;
//!     connection.shutdown().await
//! });
//!
//! // The caller calls the worker and nobody else.
//! let dialler = Dialler::new(&caller, &Connections::new(&caller, LedgerRules::default()));
//! let worker = Authorizer::exactly(["spiffe://example.org/worker".parse()?]);
//! let mut connection = dialler.dial(&address, &worker).await?;
//! let mut heard = String::new();
//! connection.read_to_string(&mut heard).await?;
//! assert_eq!(heard, "hello spiffe://example.org/caller");
//! # serving.await??;
//! # Ok(()) }
//! ```
//!
//! # Connections
//!
//! TLS 1.3 only; nothing is resumed and nothing is early, since rustls looks at no certificate then. A leaf is checked as SPIFFE has
//! it ([`leaf::BadLeaf`]) and has to be signed by its *own* trust domain; whom a connection is for says an [`Authorizer`], which is
//! the own trust domain unless somebody says otherwise. Identity and trust are one value that is swapped whole: a handshake meets
//! the old or the new, and none is refused for falling between them.
//!
//! While authorities change, one side may still learn of a root that the other uses already. A handshake that fails for that is made
//! again ([`Dialler::dial`]); in TLS 1.3 a client hears of it only when it reads an answer, so that requests have a way of their own
//! ([`Dialler::request`]). The other side's program has not seen what is sent twice.
//!
//! [`Connections`] watches those that live: who is revoked, or whose trust domain is no longer believed, is cut off at once;
//! whoever is connected for too long, or longer than the certificate was valid, is asked to wind up ([`Connection::wind_up`]) and
//! then cut off.
//!
//! # The authority
//!
//! It is for development, and says so. Roots, and who gets which id, are in one file that only its user may read and that is replaced
//! whole; it is one process's at a time. Who asks on its socket is known by what the kernel says of the process: user and
//! program ([`Entry`]), or by a join token ([`Order::NewToken`]), which makes the first process that shows it, and only that, the id's.
//! The Workload API has no field for tokens: clients of ours send `duologue-join-token` beside it ([`TOKEN_VARIABLE`] names the
//! token to programs); once it was shown, other clients in the same process need none. Among processes of one user that is an order,
//! not a wall: they can look into each other.
//!
//! Revoked certificates are handed out as lists (CRL) in the Workload API's own field, so that every process learns of them.
//! [`Order`]s are given in the process ([`Authority::perform`]) or over a second socket ([`AuthorityClient`]).

#![forbid(unsafe_code)]

mod accept;
mod authority;
mod clock;
mod connection;
mod connections;
mod dial;
mod endpoint;
pub mod jwt;
mod known;
pub mod leaf;
mod peer;
mod source;
mod svid;
mod tls;
mod trust;
mod workload;

pub use accept::{AcceptError, Acceptor};
pub use authority::{
    Answer, Authority, AuthorityClient, AuthorityConfig, AuthorityError, AuthorityStatus, CryptoError, FederatedStatus,
    FolderError, OfficeError, Order, OrderError, SecretToken, TokenStatus,
};
pub use connection::{Connection, Fate, HandshakeRefusal, ended, handshake_refusal};
pub use connections::{Connections, LiveConnection};
pub use dial::{DialError, Dialler, RequestError};
pub use duologue_trust::roots::Timings;
pub use duologue_trust::{Authorizer, Ended, Entry, Executable, FederatedFrom, LedgerRules, Moment};
pub use endpoint::{BadEndpoint, ENDPOINT_VARIABLE, Endpoint};
pub use peer::Peer;
pub use source::files::{Files, FilesError};
pub use source::{Health, HealthState, IdentitySource, NoIdentity};
pub use svid::{BadSvid, Svid};
pub use tls::{client_config, server_config};
pub use trust::{BadTrust, Refusal, Role, Trust};
pub use workload::{JwtSvid, TOKEN_VARIABLE, WorkloadClient, WorkloadError};
