use crate::source::IdentitySource;
use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use std::sync::Arc;

/// Shows the identity that is current when it is asked for; one that ran out is not shown.
#[derive(Debug)]
pub(super) struct Current(IdentitySource);

impl Current {
    pub(super) fn new(source: &IdentitySource) -> Current {
        Current(source.clone())
    }

    fn certified(&self) -> Option<Arc<CertifiedKey>> {
        match self.0.svid() {
            Ok(svid) => Some(svid.certified()),
            Err(error) => {
                tracing::warn!(%error, "a handshake fails");
                None
            }
        }
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        self.certified()
    }
}

impl ResolvesClientCert for Current {
    fn resolve(&self, _root_hint_subjects: &[&[u8]], _schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.certified()
    }

    fn has_certs(&self) -> bool {
        true
    }
}
