//! What a certificate has to be to say who somebody is (SPIFFE X509-SVID §2–5).

use duologue_ids::{SpiffeId, SpiffeIdError};
use duologue_trust::Moment;
use thiserror::Error;
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

/// What a good leaf says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leaf {
    /// Whose it is.
    pub id: SpiffeId,
    /// From when on it is valid.
    pub from: Moment,
    /// Until when it is valid.
    pub until: Moment,
}

/// Why a certificate says nobody's identity.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadLeaf {
    /// It is no certificate.
    #[error("it is no X.509 certificate in DER")]
    Malformed,
    /// There is no name in it that is a URI.
    #[error("it has no URI among its subject alternative names")]
    NoUri,
    /// Which one would it be?
    #[error("it has more than one URI among its subject alternative names")]
    SeveralUris,
    /// It is no SPIFFE id.
    #[error("its URI is no SPIFFE id: {0}")]
    NoId(#[from] SpiffeIdError),
    /// It is a trust domain's.
    #[error("its SPIFFE id has no path, so it is a trust domain's and no workload's")]
    NoPath,
    /// It could sign certificates.
    #[error("it is an authority's certificate (cA, keyCertSign or cRLSign)")]
    Authority,
    /// It may not sign handshakes.
    #[error("its key usage does not allow digital signatures")]
    NoSignature,
}

/// Reads and checks a leaf. Nothing is said about who signed it.
///
/// # Errors
/// [`BadLeaf`].
pub fn read(der: &[u8]) -> Result<Leaf, BadLeaf> {
    let (rest, certificate) = X509Certificate::from_der(der).map_err(|_| BadLeaf::Malformed)?;
    if !rest.is_empty() {
        return Err(BadLeaf::Malformed);
    }
    let id = uri(&certificate)?.parse::<SpiffeId>()?;
    if !id.is_workload() {
        return Err(BadLeaf::NoPath);
    }
    // Absent, webpki takes it for none; said twice it is refused by the parser.
    let constraints = certificate.basic_constraints().map_err(|_| BadLeaf::Malformed)?;
    let usage = certificate.key_usage().map_err(|_| BadLeaf::Malformed)?.ok_or(BadLeaf::NoSignature)?;
    if constraints.is_some_and(|constraints| constraints.value.ca)
        || usage.value.key_cert_sign()
        || usage.value.crl_sign()
    {
        return Err(BadLeaf::Authority);
    }
    if !usage.value.digital_signature() {
        return Err(BadLeaf::NoSignature);
    }
    let moment = |seconds: i64| Moment::from_secs(u64::try_from(seconds).unwrap_or(0));
    let validity = certificate.validity();
    Ok(Leaf { id, from: moment(validity.not_before.timestamp()), until: moment(validity.not_after.timestamp()) })
}

fn uri<'a>(certificate: &'a X509Certificate<'_>) -> Result<&'a str, BadLeaf> {
    let names = certificate.subject_alternative_name().map_err(|_| BadLeaf::Malformed)?.ok_or(BadLeaf::NoUri)?;
    let mut uris = names.value.general_names.iter().filter_map(|name| match name {
        GeneralName::URI(uri) => Some(*uri),
        _ => None,
    });
    match (uris.next(), uris.next()) {
        (Some(uri), None) => Ok(uri),
        (None, _) => Err(BadLeaf::NoUri),
        (Some(_), Some(_)) => Err(BadLeaf::SeveralUris),
    }
}
