use crate::bed::{Told, at, here, outcome};
use crate::receiver::Receiver;
use duologue_gateway::push::{Answer, DiallerConfig};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

/// A receiver with a certificate for `name`, and the certificate of its authority.
async fn receiver(name: &str) -> (Receiver, Vec<u8>) {
    let authority_key = KeyPair::generate().expect("a key");
    let mut authority = CertificateParams::new([]).expect("no names");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let pem = authority.self_signed(&authority_key).expect("a certificate").pem().into_bytes();
    let key = KeyPair::generate().expect("a key");
    let issuer = Issuer::new(authority, authority_key);
    let own =
        CertificateParams::new([name.to_owned()]).expect("a name").signed_by(&key, &issuer).expect("a certificate");
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![own.der().clone()], PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der())))
        .expect("a server");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    (Receiver::on(listener, [], Some(TlsAcceptor::from(Arc::new(config)))), pem)
}

#[tokio::test]
async fn a_receiver_is_who_its_certificate_says() {
    let (mut receiver, authority) = receiver("hook.example").await;
    let to = |host: &str, authorities: &[Vec<u8>]| {
        let names = Told::new(&[&["127.0.0.1"]]);
        let dialler = DiallerConfig { names, authorities: authorities.to_vec(), ..here() };
        let url = at(&receiver, "https", host);
        async move { outcome(dialler, &url).await }
    };
    let known = [authority];
    assert_eq!(to("hook.example", &known).await, Answer::Status { code: 200, retry_after: None });
    for (host, authorities) in [("other.example", &known[..]), ("hook.example", &[])] {
        let answer = to(host, authorities).await;
        assert!(matches!(&answer, Answer::Unreachable { what } if what.contains("certificate")), "{answer:?}");
    }
    assert_eq!(receiver.next().await.text("host"), format!("hook.example:{}", receiver.address.port()));
    assert!(receiver.is_idle());
}
