//! Bundles from servers.

use crate::bed::{authority, config, perform, source, until};
use crate::judged::root;
use duologue_identity::{Answer, Authority, AuthorityConfig, FederatedFrom, Order};
use rcgen::{CertificateParams, KeyPair};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

/// A server with a certificate for `localhost` that answers everything with one text.
async fn server(text: String, head: &'static str) -> (String, Vec<u8>) {
    let root = root("the web");
    let mut params = CertificateParams::new(["localhost".to_owned()]).expect("a name");
    params.use_authority_key_identifier_extension = true;
    let (leaf, key): (_, KeyPair) = root.sign(&params);
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config =
        rustls::ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("TLS");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = config.with_no_client_auth().with_single_cert(vec![leaf], key).expect("a certificate");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = format!("https://localhost:{}/bundle.json", listener.local_addr().expect("an address").port());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = [0; 2048];
            drop(stream.read(&mut request).await);
            let answer = format!("{head}Content-Length: {}\r\nConnection: close\r\n\r\n{text}", text.len());
            drop(stream.write_all(answer.as_bytes()).await);
            drop(stream.shutdown().await);
        }
    });
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(&root.certificate);
    (address, format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n").into_bytes())
}

async fn error(authority: &Authority) -> Option<String> {
    let Ok(Answer::Status(status)) = authority.perform(Order::Show).await else { panic!("no status") };
    status.federated[0].error.clone()
}

#[tokio::test]
async fn a_bundle_comes_from_a_server_that_is_who_it_should_be() {
    let folder = tempfile::tempdir().expect("a folder");
    let theirs = authority(folder.path(), "b.test").await;
    let Ok(Answer::Bundle(text)) = theirs.perform(Order::Bundle).await else { panic!("no bundle") };
    let (address, vouches) = server(text, "HTTP/1.1 200 OK\r\n").await;
    let domain: duologue_ids::TrustDomain = "b.test".parse().expect("a domain");
    let order = Order::Federate { domain: domain.clone(), from: FederatedFrom::Web(address) };

    let web_authorities = Some(vouches);
    let ours = AuthorityConfig { web_authorities, ..config(folder.path(), "a.test") };
    let ours = Authority::start(ours).await.expect("an authority");
    perform(&ours, order.clone()).await;
    let worker = source(&ours, "spiffe://a.test/worker").await;
    until("b.test is believed", || worker.health().trusts.contains(&domain)).await;

    let suspicious = authority(folder.path(), "c.test").await;
    perform(&suspicious, order).await;
    while error(&suspicious).await.is_none() {
        tokio::task::yield_now().await;
    }
    assert!(!source(&suspicious, "spiffe://c.test/worker").await.health().trusts.contains(&domain));
    let plain = Order::Federate { domain, from: FederatedFrom::Web("http://localhost/bundle".to_owned()) };
    assert!(suspicious.perform(plain).await.is_err(), "nobody vouches for it");
}

#[tokio::test]
async fn nobody_is_followed_elsewhere() {
    let folder = tempfile::tempdir().expect("a folder");
    let (address, vouches) = server(String::new(), "HTTP/1.1 302 Found\r\nLocation: https://localhost:1/\r\n").await;
    let ours = AuthorityConfig { web_authorities: Some(vouches), ..config(folder.path(), "a.test") };
    let ours = Authority::start(ours).await.expect("an authority");
    let from = FederatedFrom::Web(address);
    perform(&ours, Order::Federate { domain: "b.test".parse().expect("a domain"), from }).await;
    while error(&ours).await.is_none() {
        tokio::task::yield_now().await;
    }
    let told = error(&ours).await.expect("an error");
    assert!(told.contains("302"), "{told}");
}
