use super::error::ConnectError;
use super::options::Options;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};
use rustls_platform_verifier::Verifier;
use std::sync::Arc;

/// TLS 1.3 and 1.2 with the system's authorities, or with those that were given, without resuming sessions.
pub(super) fn config(options: &Options) -> Result<ClientConfig, ConnectError> {
    let failed = |error: &dyn std::error::Error| ConnectError::Tls { why: error.to_string() };
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_safe_default_protocol_versions().map_err(|error| failed(&error))?;
    let mut config = match &options.authorities {
        Some(pem) => {
            let mut roots = RootCertStore::empty();
            for certificate in CertificateDer::pem_slice_iter(pem) {
                roots.add(certificate.map_err(|error| failed(&error))?).map_err(|error| failed(&error))?;
            }
            builder.with_root_certificates(roots).with_no_client_auth()
        }
        None => {
            let verifier = Verifier::new(provider).map_err(|error| failed(&error))?;
            builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth()
        }
    };
    config.resumption = rustls::client::Resumption::disabled();
    Ok(config)
}
