//! Clients by others, at our socket; and what no client should send.

use crate::bed::{PATIENCE, authority, call, config, dialler, echo, hurried, id, source};
use duologue_identity::{Authority, AuthorityConfig, Authorizer, Endpoint, LedgerRules};
use proptest::prelude::*;
use spiffe::{WorkloadApiClient, X509Source};
use std::path::PathBuf;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

fn path(authority: &Authority) -> PathBuf {
    match authority.socket() {
        Endpoint::Unix(path) => path.clone(),
        Endpoint::Tcp(_) => panic!("it has a path"),
    }
}

#[tokio::test]
async fn the_spiffe_crate_gets_identities_bundles_and_tokens() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = authority(folder.path(), "a.test").await;
    let client = WorkloadApiClient::connect_to(authority.socket().to_string()).await.expect("a connection");
    let svid = client.fetch_x509_svid().await.expect("an identity");
    assert!(svid.spiffe_id().to_string().starts_with("spiffe://a.test/cli/"));
    let bundles = client.fetch_x509_bundles().await.expect("bundles");
    let domain = "a.test".try_into().expect("a domain");
    assert_eq!(bundles.get(&domain).expect("ours").authorities().len(), 1);
    let token = client.fetch_jwt_token(["worker"], None).await.expect("a token");
    let jwt = client.validate_jwt_token("worker", &token).await.expect("it is good");
    assert_eq!(jwt.spiffe_id(), svid.spiffe_id());
    assert!(client.validate_jwt_token("other", &token).await.is_err());
    let bundles = client.fetch_jwt_bundles().await.expect("bundles");
    let offline = spiffe::JwtSvid::parse_and_validate(&token, &bundles, &["worker"]);
    assert_eq!(offline.expect("it is good").spiffe_id(), svid.spiffe_id());
}

#[tokio::test]
async fn the_spiffe_crates_tls_speaks_with_ours_through_rotations() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = AuthorityConfig { timings: hurried(), ..config(folder.path(), "a.test") };
    let authority = Authority::start(config).await.expect("an authority");
    let theirs = X509Source::builder().endpoint(authority.socket().to_string()).build().await.expect("a source");
    let own = theirs.svid().expect("an identity").spiffe_id().to_string();
    let server = source(&authority, "spiffe://a.test/server").await;
    let rules = LedgerRules::default();
    let echo = echo(&server, Authorizer::exactly([id(&own)]), rules).await;
    let tls = spiffe_rustls::mtls_client(theirs.clone());
    let tls = tls.authorize(spiffe_rustls::authorizer::exact(["spiffe://a.test/server"]).expect("ids"));
    let tls = tokio_rustls::TlsConnector::from(std::sync::Arc::new(tls.build().expect("a client")));
    let mut updates = theirs.updated();
    for _ in 0..3 {
        // Its own handshakes fail for a moment after each rotation, which is why this library is not the product's.
        let mut answer = None;
        for _ in 0..200 {
            let stream = tokio::net::TcpStream::connect(&echo.address).await.expect("a connection");
            let Ok(mut stream) = tls.connect("any.invalid".try_into().expect("a name"), stream).await else { continue };
            if stream.write_u8(7).await.is_ok() && stream.flush().await.is_ok() {
                answer = stream.read_u8().await.ok();
            }
            if answer.is_some() {
                break;
            }
        }
        assert_eq!(answer, Some(7));
        tokio::time::timeout(PATIENCE, updates.changed()).await.expect("soon").expect("it rotates");
    }
    let ours = dialler(&server, rules);
    assert!(call(&ours, &echo.address, &Authorizer::exactly([id("spiffe://a.test/server")])).await.is_err());
}

/// A request as gRPC's C core sends it: `:authority` is the percent-encoded path of the socket.
#[tokio::test]
async fn a_client_that_names_the_server_by_its_socket_is_answered() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = authority(folder.path(), "a.test").await;
    let name = path(&authority).display().to_string().replace('/', "%2F");
    let answered = raw(&path(&authority), &request(&name, true)).await;
    assert!(contains(&answered, b"spiffe://a.test/cli/"), "{}", answered.escape_ascii());
    let refused = raw(&path(&authority), &request("localhost", false)).await;
    assert!(!contains(&refused, b"spiffe://a.test/cli/"), "without the header nobody is answered");
    // grpc-status: 3 (invalid argument), as HPACK writes it: in Huffman's code, or plain.
    assert!(contains(&refused, b"\x81\x67") || contains(&refused, b"\x013"), "{}", refused.escape_ascii());
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// FetchX509SVID, in bytes.
fn request(authority: &str, is_secure: bool) -> Vec<u8> {
    let literal = |name: &str, value: &str| {
        let length = |text: &str| match u8::try_from(text.len()).expect("short") {
            length @ 0..127 => vec![length],
            length => vec![127, length - 127],
        };
        [&[0][..], &length(name), name.as_bytes(), &length(value), value.as_bytes()].concat()
    };
    let mut block = [literal(":method", "POST"), literal(":scheme", "http")].concat();
    block.extend(literal(":path", "/SpiffeWorkloadAPI/FetchX509SVID"));
    block.extend(literal(":authority", authority));
    block.extend(literal("content-type", "application/grpc"));
    block.extend(literal("te", "trailers"));
    if is_secure {
        block.extend(literal("workload.spiffe.io", "true"));
    }
    let frame = |kind: u8, flags: u8, stream: u8, payload: &[u8]| {
        let length = u16::try_from(payload.len()).expect("short").to_be_bytes();
        [&[0, length[0], length[1], kind, flags, 0, 0, 0, stream][..], payload].concat()
    };
    let start = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(), frame(4, 0, 0, &[])].concat();
    [start, frame(1, 4, 1, &block), frame(0, 1, 1, &[0; 5])].concat()
}

/// What the server says until it falls silent.
async fn raw(path: &std::path::Path, bytes: &[u8]) -> Vec<u8> {
    let mut stream = UnixStream::connect(path).await.expect("a connection");
    // It may hang up before it has read all.
    drop(stream.write_all(bytes).await);
    let mut heard = Vec::new();
    let mut piece = [0; 4096];
    let quiet = std::time::Duration::from_millis(500);
    while let Ok(Ok(length @ 1..)) = tokio::time::timeout(quiet, stream.read(&mut piece)).await {
        heard.extend(&piece[..length]);
    }
    heard
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// Whatever is sent, the next client is served.
    #[test]
    fn hostile_bytes_harm_nobody(at in 0usize..400, junk in proptest::collection::vec(any::<u8>(), 1..200)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let folder = tempfile::tempdir().expect("a folder");
            let authority = authority(folder.path(), "a.test").await;
            let good = request("tmp%2Fa.sock", true);
            let at = at.min(good.len());
            let mut stream = UnixStream::connect(path(&authority)).await.expect("a connection");
            drop(stream.write_all(&[&good[..at], &junk[..], &good[at..]].concat()).await);
            drop(stream.shutdown().await);
            let client = WorkloadApiClient::connect_to(authority.socket().to_string()).await.expect("a connection");
            client.fetch_x509_svid().await.expect("an identity");
        });
    }
}
