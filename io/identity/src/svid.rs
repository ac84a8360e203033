//! Who one is oneself.

use crate::leaf::{self, BadLeaf, Leaf};
use duologue_ids::SpiffeId;
use duologue_trust::Moment;
use rustls::crypto::aws_lc_rs::sign::any_supported_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use std::fmt;
use std::sync::Arc;
use thiserror::Error;

/// An X.509-SVID with its key.
#[derive(Clone)]
pub struct Svid {
    leaf: Leaf,
    certified: Arc<CertifiedKey>,
}

/// Why something is no identity of one's own.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadSvid {
    /// There is no certificate.
    #[error("there is no certificate")]
    NoCertificate,
    /// The certificate is none that says who one is.
    #[error("the certificate is no X.509-SVID: {0}")]
    Leaf(#[from] BadLeaf),
    /// The key is none that TLS can use.
    #[error("the private key is none that can be used: give ECDSA or RSA in PKCS #8")]
    Key,
    /// They belong to different identities.
    #[error("the private key is not that of the certificate: both have to be replaced together")]
    OtherKey,
}

impl Svid {
    /// From a chain, leaf first, and the leaf's key.
    ///
    /// # Errors
    /// [`BadSvid`].
    pub fn of(chain: Vec<CertificateDer<'static>>, key: &PrivateKeyDer<'_>) -> Result<Svid, BadSvid> {
        let leaf = leaf::read(chain.first().ok_or(BadSvid::NoCertificate)?)?;
        let certified = CertifiedKey::new(chain, any_supported_type(key).map_err(|_| BadSvid::Key)?);
        certified.keys_match().map_err(|_| BadSvid::OtherKey)?;
        Ok(Svid { leaf, certified: Arc::new(certified) })
    }

    /// Who this is.
    pub fn id(&self) -> &SpiffeId {
        &self.leaf.id
    }

    /// Until when it is valid.
    pub fn until(&self) -> Moment {
        self.leaf.until
    }

    /// The certificates, leaf first.
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.certified.cert
    }

    pub(crate) fn certified(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.certified)
    }
}

impl fmt::Debug for Svid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Svid").field("id", self.id()).field("until", &self.until()).finish_non_exhaustive()
    }
}

/// Takes certificates apart that stand one behind the other in DER, as the Workload API sends them; none where they do not.
pub(crate) fn split(mut der: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let mut certificates = Vec::new();
    while !der.is_empty() {
        let (one, rest) = der.split_at_checked(der_length(der)?)?;
        certificates.push(CertificateDer::from(one.to_vec()));
        der = rest;
    }
    Some(certificates)
}

/// The length of the sequence that these bytes begin with, its head included.
fn der_length(der: &[u8]) -> Option<usize> {
    let (&0x30, rest) = der.split_first()? else { return None };
    let (&first, rest) = rest.split_first()?;
    if first < 0x80 {
        return Some(2 + usize::from(first));
    }
    let count = usize::from(first & 0x7f);
    if count == 0 || count > 3 {
        return None;
    }
    let length = rest.get(..count)?.iter().fold(0usize, |length, byte| length << 8 | usize::from(*byte));
    Some(2 + count + length)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_bytes_are_split_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            if let Some(parts) = split(&bytes) {
                prop_assert_eq!(parts.iter().flat_map(|part| part.iter().copied()).collect::<Vec<u8>>(), bytes);
            }
        }

        #[test]
        fn what_stands_in_a_row_is_taken_apart(lengths in proptest::collection::vec(0usize..70_000, 0..4)) {
            let part = |length: usize| {
                let head = match length {
                    0..0x80 => vec![0x30, length as u8],
                    _ => vec![0x30, 0x83, (length >> 16) as u8, (length >> 8) as u8, length as u8],
                };
                [head, vec![7; length]].concat()
            };
            let parts: Vec<Vec<u8>> = lengths.into_iter().map(part).collect();
            let split = split(&parts.concat()).expect("they are whole");
            prop_assert_eq!(split.iter().map(|part| part.to_vec()).collect::<Vec<_>>(), parts);
        }
    }
}
