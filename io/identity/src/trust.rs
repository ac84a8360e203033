//! Whom to believe.

use crate::clock::unix;
use crate::known::Known;
use crate::leaf::{self, BadLeaf, Leaf};
use duologue_ids::{SpiffeId, TrustDomain};
use duologue_trust::{Authorizer, Ended, Moment};
use rustls::CertificateError;
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::pki_types::{CertificateDer, TrustAnchor};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use thiserror::Error;
use webpki::{
    CertRevocationList, EndEntityCert, ExpirationPolicy, KeyUsage, OwnedCertRevocationList, RevocationCheckDepth,
    RevocationOptionsBuilder, UnknownStatusPolicy, anchor_from_trusted_cert,
};

/// Most certificates of a chain that are looked at.
const CHAIN_MAX: usize = 10;

/// Why a peer is not believed, or not wanted.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// It showed nothing.
    #[error("the peer showed no certificate")]
    NoCertificate,
    /// What it showed says nobody's identity.
    #[error("the peer's certificate is no X.509-SVID: {0}")]
    BadLeaf(#[from] BadLeaf),
    /// Nobody here vouches for its trust domain.
    #[error(
        "no bundle at hand is {domain}'s, whose {id} the peer says to be: federate with that trust domain, or call another agent"
    )]
    UnknownDomain {
        /// Whom the peer says to be.
        id: SpiffeId,
        /// Of which trust domain.
        domain: TrustDomain,
    },
    /// Its own trust domain does not vouch for it.
    #[error(
        "the certificate of {id} was not signed by its trust domain ({why}): if its authority was set up anew, wait for the new bundle"
    )]
    NotSigned {
        /// Whom the peer says to be.
        id: SpiffeId,
        /// What is wrong.
        why: String,
    },
    /// It is over, or of the future.
    #[error(
        "the certificate of {id} is not valid now: see whether its renewal works, and compare the clocks of both machines"
    )]
    Expired {
        /// Whose it is.
        id: SpiffeId,
    },
    /// Nobody is to believe it any more.
    #[error("{id} was revoked")]
    Revoked {
        /// Whose identity.
        id: SpiffeId,
    },
    /// It is who it says to be, and somebody else is wanted.
    #[error("the peer is {found}, and {expected} was expected")]
    Unwanted {
        /// Who it is.
        found: SpiffeId,
        /// Who is wanted.
        expected: String,
    },
    /// One's own trust domain is not known yet, so that nobody is of it.
    #[error("this side has no identity yet, so that it knows nobody of its own trust domain")]
    NoLocalDomain,
}

/// What a peer's certificate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// It was called.
    Server,
    /// It calls.
    Client,
}

/// The bundles of trust domains, and who is believed no more. Immutable: what changes is made anew.
#[derive(Debug, Default)]
pub struct Trust {
    bundles: BTreeMap<TrustDomain, Bundle>,
    lists: Vec<CertRevocationList<'static>>,
    list_bytes: Vec<Vec<u8>>,
    revoked: BTreeSet<SpiffeId>,
    known: Known,
}

#[derive(Debug, Default)]
struct Bundle {
    authorities: Vec<CertificateDer<'static>>,
    anchors: Vec<TrustAnchor<'static>>,
}

/// Why a bundle cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadTrust {
    /// One of its certificates is none.
    #[error("the bundle of {0} has a part that is no X.509 certificate: fetch it anew")]
    Bundle(TrustDomain),
    /// A list of revoked certificates is none.
    #[error("a list of revoked certificates is none")]
    List,
}

impl Trust {
    /// From the authorities of trust domains, certificates in DER.
    ///
    /// # Errors
    /// [`BadTrust`].
    pub fn of(
        bundles: impl IntoIterator<Item = (TrustDomain, Vec<CertificateDer<'static>>)>,
        lists: Vec<Vec<u8>>,
    ) -> Result<Trust, BadTrust> {
        let mut trust = Trust { list_bytes: lists, ..Trust::default() };
        for (domain, authorities) in bundles {
            let anchors = authorities.iter().map(|der| anchor_from_trusted_cert(der).map(|anchor| anchor.to_owned()));
            let anchors = anchors.collect::<Result<_, _>>().map_err(|_| BadTrust::Bundle(domain.clone()))?;
            trust.bundles.insert(domain, Bundle { authorities, anchors });
        }
        for list in &trust.list_bytes {
            trust.lists.push(OwnedCertRevocationList::from_der(list).map_err(|_| BadTrust::List)?.into());
        }
        Ok(trust)
    }

    /// The same, where nobody believes these any more.
    #[must_use]
    pub fn without(mut self, revoked: BTreeSet<SpiffeId>) -> Trust {
        self.revoked = revoked;
        self
    }

    /// The authorities by trust domain.
    pub fn bundles(&self) -> impl Iterator<Item = (&TrustDomain, &[CertificateDer<'static>])> {
        self.bundles.iter().map(|(domain, bundle)| (domain, &bundle.authorities[..]))
    }

    /// The lists of revoked certificates, in DER.
    pub(crate) fn lists(&self) -> &[Vec<u8>] {
        &self.list_bytes
    }

    /// Whether the other says the same.
    pub fn is_same(&self, other: &Trust) -> bool {
        self.bundles().eq(other.bundles()) && self.list_bytes == other.list_bytes && self.revoked == other.revoked
    }

    /// Who showed this chain, leaf first, if that is to be believed at this time.
    ///
    /// # Errors
    /// [`Refusal`].
    pub fn judge(&self, chain: &[CertificateDer<'_>], role: Role, now: Moment) -> Result<Leaf, Refusal> {
        let (first, rest) = chain.split_first().ok_or(Refusal::NoCertificate)?;
        let known = rest.is_empty().then(|| self.known.get(first, role, now)).flatten();
        let is_known = known.is_some();
        let leaf = known.map_or_else(|| leaf::read(first), Ok)?;
        let domain = leaf.id.trust_domain();
        let bundle = self.bundles.get(domain);
        let bundle = bundle.ok_or_else(|| Refusal::UnknownDomain { id: leaf.id.clone(), domain: domain.clone() })?;
        if self.revoked.contains(&leaf.id) {
            return Err(Refusal::Revoked { id: leaf.id });
        }
        if is_known {
            return Ok(leaf);
        }
        match self.check_chain(first, &rest[..rest.len().min(CHAIN_MAX)], bundle, (role, now)) {
            Ok(()) if rest.is_empty() => {
                self.known.keep(first, role, &leaf);
                Ok(leaf)
            }
            Ok(()) => Ok(leaf),
            Err(webpki::Error::CertRevoked) => Err(Refusal::Revoked { id: leaf.id }),
            Err(webpki::Error::CertExpired { .. } | webpki::Error::CertNotValidYet { .. }) => {
                Err(Refusal::Expired { id: leaf.id })
            }
            Err(error) => Err(Refusal::NotSigned { id: leaf.id, why: error.to_string() }),
        }
    }

    fn check_chain(
        &self,
        leaf: &CertificateDer<'_>,
        rest: &[CertificateDer<'_>],
        bundle: &Bundle,
        (role, now): (Role, Moment),
    ) -> Result<(), webpki::Error> {
        let certificate = EndEntityCert::try_from(leaf)?;
        let lists: Vec<&CertRevocationList<'_>> = self.lists.iter().collect();
        // Who has no list revokes otherwise; a list that is old still names those that it names.
        let revocation = RevocationOptionsBuilder::new(&lists).ok().map(|options| {
            options
                .with_depth(RevocationCheckDepth::EndEntity)
                .with_status_policy(UnknownStatusPolicy::Allow)
                .with_expiration_policy(ExpirationPolicy::Ignore)
                .build()
        });
        let usage = match role {
            Role::Server => KeyUsage::server_auth(),
            Role::Client => KeyUsage::client_auth(),
        };
        let algorithms = default_provider().signature_verification_algorithms.all;
        certificate.verify_for_usage(algorithms, &bundle.anchors, rest, unix(now), usage, revocation, None).map(|_| ())
    }

    /// Who showed this chain, if that is to be believed and wanted.
    ///
    /// # Errors
    /// [`Refusal`].
    pub(crate) fn admit(
        &self,
        chain: &[CertificateDer<'_>],
        role: Role,
        (authorizer, local): (&Authorizer, Option<&TrustDomain>),
        now: Moment,
    ) -> Result<Leaf, Refusal> {
        let leaf = self.judge(chain, role, now)?;
        let local = match (local, authorizer) {
            (Some(local), _) => local,
            (None, Authorizer::Local) => return Err(Refusal::NoLocalDomain),
            (None, _) => leaf.id.trust_domain(),
        };
        if !authorizer.allows(&leaf.id, local) {
            return Err(Refusal::Unwanted { expected: wanted(authorizer, local), found: leaf.id });
        }
        Ok(leaf)
    }
}

fn wanted(authorizer: &Authorizer, local: &TrustDomain) -> String {
    let listed = |names: Vec<String>| names.join(" or ");
    match authorizer {
        Authorizer::Local => format!("somebody of {local}"),
        Authorizer::Exactly(ids) if ids.is_empty() => "nobody".to_owned(),
        Authorizer::Exactly(ids) => listed(ids.iter().take(3).map(ToString::to_string).collect()),
        Authorizer::Domains(domains) => {
            format!("somebody of {}", listed(domains.iter().take(3).map(ToString::to_string).collect()))
        }
        Authorizer::AnyInBundles => "anybody".to_owned(),
    }
}

impl Refusal {
    /// Whether another attempt, a moment later, may end otherwise, as while authorities change.
    pub fn may_pass(&self) -> bool {
        matches!(self, Refusal::NotSigned { .. } | Refusal::Expired { .. } | Refusal::NoLocalDomain)
    }

    /// Why a live connection to such a peer ends.
    pub(crate) fn ends(&self) -> Ended {
        match self {
            Refusal::Revoked { .. } => Ended::Revoked,
            Refusal::Expired { .. } => Ended::Expired,
            _ => Ended::Withdrawn,
        }
    }

    /// As TLS tells it to the other side; all words stay on this side.
    pub(crate) fn into_alert(self) -> rustls::Error {
        tracing::info!(reason = %self, "a caller was refused");
        let error = match self {
            Refusal::NoCertificate | Refusal::NoLocalDomain | Refusal::UnknownDomain { .. } => {
                CertificateError::UnknownIssuer
            }
            Refusal::NotSigned { .. } => CertificateError::UnknownIssuer,
            Refusal::BadLeaf(_) => CertificateError::BadEncoding,
            Refusal::Expired { .. } => CertificateError::Expired,
            Refusal::Revoked { .. } => CertificateError::Revoked,
            Refusal::Unwanted { .. } => CertificateError::ApplicationVerificationFailure,
        };
        error.into()
    }

    /// With all words, for this side.
    pub(crate) fn into_error(self) -> rustls::Error {
        rustls::Error::InvalidCertificate(CertificateError::Other(rustls::OtherError(Arc::new(self))))
    }

    /// What [`Refusal::into_error`] made of one.
    pub(crate) fn of_error(error: &rustls::Error) -> Option<&Refusal> {
        match error {
            rustls::Error::InvalidCertificate(CertificateError::Other(other)) => other.0.downcast_ref(),
            _ => None,
        }
    }
}
