//! Mutual TLS by SPIFFE ids: 1.3 only, nothing resumed, nothing early.

mod resolver;
mod verifier;

use crate::source::IdentitySource;
use duologue_trust::Authorizer;
use resolver::Current;
use rustls::client::Resumption;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::cipher_suite::{
    TLS13_AES_128_GCM_SHA256, TLS13_AES_256_GCM_SHA384, TLS13_CHACHA20_POLY1305_SHA256,
};
use rustls::crypto::aws_lc_rs::default_provider;
use rustls::server::NoServerSessionStorage;
use rustls::version::TLS13;
use rustls::{ClientConfig, ServerConfig};
use std::sync::Arc;
use verifier::PeerVerifier;

/// Protocols that are spoken over a connection, best first.
const PROTOCOLS: [&[u8]; 2] = [b"h2", b"http/1.1"];

/// For a server: shows the source's identity as it is at each handshake, and takes callers that the authorizer is for.
///
/// Sessions are not resumed: rustls looks at no certificate then, so that callers went on long after theirs had run out.
pub fn server_config(source: &IdentitySource, authorizer: Authorizer) -> ServerConfig {
    let verifier = Arc::new(PeerVerifier::new(source, authorizer));
    let builder = ServerConfig::builder_with_provider(Arc::new(provider()))
        .with_protocol_versions(&[&TLS13])
        .expect("the provider has TLS 1.3");
    let mut config = builder.with_client_cert_verifier(verifier).with_cert_resolver(Arc::new(Current::new(source)));
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    config.max_early_data_size = 0;
    config
}

/// For a client: shows the source's identity as it is at each handshake, and takes servers that the authorizer is for. Names in
/// certificates other than SPIFFE ids mean nothing.
pub fn client_config(source: &IdentitySource, authorizer: Authorizer) -> ClientConfig {
    let verifier = Arc::new(PeerVerifier::new(source, authorizer));
    let builder = ClientConfig::builder_with_provider(Arc::new(provider()))
        .with_protocol_versions(&[&TLS13])
        .expect("the provider has TLS 1.3");
    let mut config = builder
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_client_cert_resolver(Arc::new(Current::new(source)));
    config.alpn_protocols = PROTOCOLS.map(<[u8]>::to_vec).to_vec();
    config.resumption = Resumption::disabled();
    config.enable_early_data = false;
    // Ids say who is meant; a name would only tell others.
    config.enable_sni = false;
    config
}

/// Suites of TLS 1.3, those whose hashes processors have instructions for first: with SHA-384 a handshake takes a tenth longer.
fn provider() -> CryptoProvider {
    let cipher_suites = vec![TLS13_AES_128_GCM_SHA256, TLS13_AES_256_GCM_SHA384, TLS13_CHACHA20_POLY1305_SHA256];
    CryptoProvider { cipher_suites, ..default_provider() }
}
