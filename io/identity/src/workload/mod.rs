//! The client of any Workload API.

#[allow(missing_docs, clippy::all, clippy::pedantic, unreachable_pub)]
#[rustfmt::skip]
pub(crate) mod wire;

use crate::endpoint::Endpoint as Address;
use duologue_ids::{Redacted, SpiffeId, TrustDomain};
use duologue_trust::document::{BadDocument, Document};
use hyper_util::rt::TokioIo;
use std::collections::BTreeMap;
use std::io;
use std::time::Duration;
use thiserror::Error;
use tokio::net::{TcpStream, UnixStream};
use tonic::metadata::{AsciiMetadataValue, MetadataMap};
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Status, Streaming};
use tower::service_fn;
use wire::spiffe_workload_api_client::SpiffeWorkloadApiClient;

/// Every request has to have it, so that no page in a browser, and no server that was tricked, can make one (SPIFFE Workload
/// Endpoint §6).
pub(crate) const SECURITY_HEADER: (&str, &str) = ("workload.spiffe.io", "true");
/// Carries a join token to an authority of ours; the Workload API has no field for it.
pub(crate) const TOKEN_HEADER: &str = "duologue-join-token";
/// The variable that holds a join token.
pub const TOKEN_VARIABLE: &str = "DUOLOGUE_JOIN_TOKEN";
/// Calls that are answered once are answered within this time.
const ANSWER_TIME: Duration = Duration::from_secs(10);
/// Most bytes of one message.
const MESSAGE_MAX: usize = 4 << 20;

/// Why a Workload API was of no use.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WorkloadError {
    /// Nobody answers.
    #[error("no Workload API answers at {address} ({why}): see that its agent, or `duologue identity authority`, runs")]
    Unreachable {
        /// Where.
        address: String,
        /// What is wrong.
        why: String,
    },
    /// Nothing is meant for this process.
    #[error(
        "the Workload API at {address} has no identity for this process ({why}): add an entry for its user and program, or give it a join token"
    )]
    NoIdentity {
        /// Where.
        address: String,
        /// What it says.
        why: String,
    },
    /// It does not take what was asked.
    #[error("the Workload API at {address} refuses the request: {why}")]
    Refused {
        /// Where.
        address: String,
        /// What it says.
        why: String,
    },
    /// What it says makes no sense.
    #[error("the Workload API at {address} says what cannot be used: {why}")]
    Unusable {
        /// Where.
        address: String,
        /// What is wrong.
        why: String,
    },
}

/// A client of a Workload API. Clones share its connection.
#[derive(Clone, Debug)]
pub struct WorkloadClient {
    address: Address,
    token: Option<Redacted<String>>,
    channel: Channel,
}

/// A JWT-SVID.
#[derive(Clone, Debug)]
pub struct JwtSvid {
    /// Whose it is.
    pub id: SpiffeId,
    /// The token, which whoever has it can show.
    pub token: Redacted<String>,
}

impl WorkloadClient {
    /// A client of what is at an address, connected when it is first needed. A join token is for authorities of ours.
    pub fn new(address: Address, token: Option<Redacted<String>>) -> WorkloadClient {
        let to = address.clone();
        let connect = service_fn(move |_: http::Uri| connect(to.clone()));
        let channel = Endpoint::from_static("http://localhost").connect_with_connector_lazy(connect);
        WorkloadClient { address, token, channel }
    }

    fn client(&self) -> SpiffeWorkloadApiClient<Channel> {
        SpiffeWorkloadApiClient::new(self.channel.clone()).max_decoding_message_size(MESSAGE_MAX)
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        mark(request.metadata_mut(), self.token.as_ref());
        request
    }

    fn once<T>(&self, message: T) -> Request<T> {
        let mut request = self.request(message);
        request.set_timeout(ANSWER_TIME);
        request
    }

    pub(crate) async fn x509_svids(&self) -> Result<Streaming<wire::X509svidResponse>, WorkloadError> {
        let opened = self.client().fetch_x509svid(self.request(wire::X509svidRequest {})).await;
        opened.map(tonic::Response::into_inner).map_err(|status| self.failed(&status))
    }

    /// JWT-SVIDs of this process for an audience; with an id only that one's.
    ///
    /// # Errors
    /// [`WorkloadError`].
    pub async fn jwt_svids(&self, audience: &[String], id: Option<&SpiffeId>) -> Result<Vec<JwtSvid>, WorkloadError> {
        let spiffe_id = id.map(ToString::to_string).unwrap_or_default();
        let request = self.once(wire::JwtsvidRequest { audience: audience.to_vec(), spiffe_id });
        let answer = self.client().fetch_jwtsvid(request).await.map_err(|status| self.failed(&status))?.into_inner();
        let svid = |svid: wire::Jwtsvid| {
            let id = svid.spiffe_id.parse().map_err(|error| self.unusable(&error))?;
            Ok(JwtSvid { id, token: Redacted::new(svid.svid) })
        };
        answer.svids.into_iter().map(svid).collect()
    }

    /// Whose a JWT-SVID is, where it is good for the audience.
    ///
    /// # Errors
    /// [`WorkloadError`].
    pub async fn validate_jwt(&self, audience: &str, token: &str) -> Result<SpiffeId, WorkloadError> {
        let request = wire::ValidateJwtsvidRequest { audience: audience.to_owned(), svid: token.to_owned() };
        let answer = self.client().validate_jwtsvid(self.once(request)).await.map_err(|status| self.failed(&status))?;
        answer.into_inner().spiffe_id.parse().map_err(|error| self.unusable(&error))
    }

    /// The keys for JWT-SVIDs by trust domain, as they are now.
    ///
    /// # Errors
    /// [`WorkloadError`].
    pub async fn jwt_bundles(&self) -> Result<BTreeMap<TrustDomain, Document>, WorkloadError> {
        let mut client = self.client();
        let opened = client.fetch_jwt_bundles(self.request(wire::JwtBundlesRequest {}));
        let first = async { opened.await?.into_inner().message().await };
        let late = || self.failed(&Status::deadline_exceeded("no answer within 10 s"));
        let first = tokio::time::timeout(ANSWER_TIME, first).await.map_err(|_| late())?;
        let answer = first.map_err(|status| self.failed(&status))?.unwrap_or_default();
        let bundle = |(domain, text): (String, Vec<u8>)| {
            let document = Document::read(&text).map_err(|error: BadDocument| self.unusable(&error))?;
            Ok((domain_of(&domain).ok_or_else(|| self.unusable(&"a bundle under no trust domain"))?, document))
        };
        answer.bundles.into_iter().map(bundle).collect()
    }

    pub(crate) fn unusable(&self, why: &dyn std::fmt::Display) -> WorkloadError {
        WorkloadError::Unusable { address: self.address.to_string(), why: why.to_string() }
    }

    pub(crate) fn failed(&self, status: &Status) -> WorkloadError {
        let address = self.address.to_string();
        let mut why = status.message().chars().take(500).collect::<String>();
        match status.code() {
            Code::PermissionDenied => WorkloadError::NoIdentity { address, why },
            Code::Unavailable | Code::DeadlineExceeded | Code::Cancelled | Code::Unknown => {
                // The causes say what the system said.
                let mut cause = std::error::Error::source(status);
                while let Some(error) = cause {
                    why = error.to_string();
                    cause = error.source();
                }
                WorkloadError::Unreachable { address, why }
            }
            _ => WorkloadError::Refused { address, why },
        }
    }
}

/// The trust domain that a key of a map of bundles stands for.
pub(crate) fn domain_of(key: &str) -> Option<TrustDomain> {
    let id: SpiffeId = key.parse().ok()?;
    (!id.is_workload()).then(|| id.trust_domain().clone())
}

fn mark(metadata: &mut MetadataMap, token: Option<&Redacted<String>>) {
    metadata.insert(SECURITY_HEADER.0, AsciiMetadataValue::from_static(SECURITY_HEADER.1));
    // A token that cannot be sent is none that was made.
    if let Some(Ok(mut token)) = token.map(|token| AsciiMetadataValue::try_from(token.expose())) {
        token.set_sensitive(true);
        metadata.insert(TOKEN_HEADER, token);
    }
}

trait Stream: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin {}
impl Stream for UnixStream {}
impl Stream for TcpStream {}

async fn connect(to: Address) -> io::Result<TokioIo<Box<dyn Stream>>> {
    let stream: Box<dyn Stream> = match to {
        Address::Unix(path) => Box::new(UnixStream::connect(path).await?),
        Address::Tcp(address) => Box::new(TcpStream::connect(address).await?),
    };
    Ok(TokioIo::new(stream))
}
