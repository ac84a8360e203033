//! Who is let in, by which name and from where.

use crate::served::{Answer, Served, written};
use duologue_api::{Access, Identity, digest};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

const PLATFORM: &str = "/api/v1/platform";

#[tokio::test]
async fn only_names_of_the_loopback_interface_are_answered() {
    let home = tempfile::tempdir().unwrap();
    let served = Served::start(home.path()).await;
    for host in ["localhost", "127.0.0.1:8000", "[::1]:8000"] {
        assert_eq!(served.ask("GET", PLATFORM, &[("Host", host)], "").await.status, 200, "{host}");
    }
    for host in ["evil.example", "localhost.evil.example:8000", "127.0.0.1.evil.example", "10.0.0.7:8000", ""] {
        let refused = served.ask("GET", PLATFORM, &[("Host", host)], "").await;
        assert_eq!((refused.status, refused.problem().as_str()), (421, "wrong-host"), "{host}");
    }
}

#[tokio::test]
async fn other_websites_are_refused_and_links_are_followed() {
    let home = tempfile::tempdir().unwrap();
    let served = Served::start(home.path()).await;
    let own = format!("http://{}", served.address);
    assert_eq!(served.ask("GET", PLATFORM, &[("Origin", &own)], "").await.status, 200);
    for origin in ["http://evil.example", "null", "https://localhost", "http://127.0.0.1:1"] {
        for (method, path, body) in [("GET", PLATFORM, ""), ("POST", "/api/v1/rooms/a/tokens", "{}")] {
            let refused = served.ask(method, path, &[("Origin", origin)], body).await;
            assert_eq!((refused.status, refused.problem().as_str()), (403, "wrong-origin"), "{method} {origin}");
        }
    }
    let asked = async |site, mode| {
        served.ask("GET", PLATFORM, &[("Sec-Fetch-Site", site), ("Sec-Fetch-Mode", mode)], "").await.status
    };
    assert_eq!(asked("cross-site", "no-cors").await, 403);
    assert_eq!(asked("same-site", "cors").await, 403);
    assert_eq!(asked("cross-site", "navigate").await, 200);
    assert_eq!(asked("same-origin", "cors").await, 200);
}

#[tokio::test]
async fn answers_carry_what_keeps_browsers_careful() {
    let home = tempfile::tempdir().unwrap();
    let served = Served::start(home.path()).await;
    let page = served.get("/rooms/kitchen").await;
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; script-src 'self'") && policy.contains("connect-src 'self' ws://"));
    assert!(!policy.contains("unsafe"), "{policy}");
    let answer = served.get(PLATFORM).await;
    assert_eq!(answer.header("content-security-policy"), Some("default-src 'none'; frame-ancestors 'none'"));
    assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[tokio::test]
async fn what_goes_wrong_is_told_as_problem_details() {
    let home = tempfile::tempdir().unwrap();
    let served = Served::start(home.path()).await;
    assert_eq!(served.get("/api/v1/nothing").await.problem(), "not-found");
    assert_eq!(served.get("/api/v1/conversations/c-1").await.problem(), "not-found");
    let away = served.get("/ready").await;
    assert_eq!((away.status, away.problem().as_str()), (502, "rooms-away"));
    assert!(!String::from_utf8_lossy(&away.body).contains("secret"), "no key of ours is told");
    let explained = served.get("/problems/rooms-away").await;
    assert!(String::from_utf8_lossy(&explained.body).contains("LIVEKIT_URL"));
    assert_eq!(served.get("/health").await.status, 200);
}

#[tokio::test]
async fn requests_that_no_handler_sees_are_told_as_problem_details_too() {
    let home = tempfile::tempdir().unwrap();
    let served = Served::start(home.path()).await;
    let dispatches = "/api/v1/rooms/kitchen/dispatches";
    for body in ["{", "[]", r#"{"agent_name":7}"#, r#"{"agent_name":"joe","unknown":1}"#] {
        let refused = served.ask("POST", dispatches, &[], body).await;
        assert_eq!((refused.status, refused.problem().as_str()), (400, "bad-request"), "{body}");
        assert!(refused.json()["detail"].as_str().unwrap().contains("JSON"), "{body}");
    }
    let large = served.ask("POST", dispatches, &[], &" ".repeat(300_000)).await;
    assert_eq!((large.status, large.problem().as_str()), (413, "too-large"));
    let bare = served.ask("POST", dispatches, &[], "").await;
    assert_eq!((bare.status, bare.problem().as_str()), (415, "not-json"));
    for path in ["/api/v1/conversations?limit=some", "/api/v1/rooms/%ff/participants"] {
        assert_eq!(served.get(path).await.problem(), "bad-request", "{path}");
    }
    for (method, path, allowed) in
        [("GET", "/api/v1/rooms/none", "delete"), ("PUT", "/api/v1/rooms", "get,head"), ("POST", "/rooms", "get,head")]
    {
        let refused = served.ask(method, path, &[], "").await;
        assert_eq!((refused.status, refused.problem().as_str()), (405, "wrong-method"), "{method} {path}");
        assert_eq!(refused.header("allow"), Some(allowed), "{method} {path}");
        assert!(refused.json()["detail"].as_str().unwrap().contains(method));
    }
    assert_eq!(served.ask("POST", "/api/v1/nothing", &[], "").await.problem(), "not-found");
}

#[tokio::test]
async fn beyond_loopback_nothing_is_told_without_the_token() {
    let home = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(vec!["calls.example.org".into()]).unwrap();
    let (certificate, key) = (home.path().join("cert.pem"), home.path().join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    let identity = Identity::read(&certificate, &key).unwrap();
    let access = Access::token(digest("the-token"), identity.certificate.clone());
    let served = Served::start_with(home.path(), access, Some(identity)).await;
    let client = Client { root: made.cert.der().clone(), address: served.address };

    let asked = async |headers: &[(&str, &str)]| client.ask("GET", PLATFORM, headers, "").await;
    let refused = asked(&[]).await;
    assert_eq!((refused.status, refused.problem().as_str()), (401, "login-needed"));
    assert_eq!(asked(&[("Authorization", "Bearer wrong")]).await.status, 401);
    assert_eq!(asked(&[("Authorization", "Bearer the-token")]).await.status, 200);
    assert_eq!(asked(&[("Cookie", "duologue-session=made-up")]).await.status, 401);
    assert_eq!(client.ask("GET", PLATFORM, &[("Host", "localhost")], "").await.problem(), "wrong-host");
    assert!(asked(&[]).await.header("strict-transport-security").is_some());

    assert_eq!(client.ask("POST", "/v1/traces", &[], "").await.problem(), "login-needed");
    let bearer = [("Authorization", "Bearer the-token"), ("Content-Type", "application/x-protobuf")];
    assert_eq!(client.ask("POST", "/v1/traces", &bearer, "").await.status, 200);
    assert_eq!(client.ask("POST", "/api/v1/session", &[], r#"{"token":"wrong"}"#).await.status, 401);
    let login = client.ask("POST", "/api/v1/session", &[], r#"{"token":"the-token"}"#).await;
    let cookie = login.header("set-cookie").unwrap();
    assert!(login.status == 204 && cookie.contains("httponly; secure; samesite=lax"), "{cookie}");
    let pair = cookie.split(';').next().unwrap().to_owned();
    assert_eq!(asked(&[("Cookie", &pair)]).await.status, 200);
    assert_eq!(client.ask("DELETE", "/api/v1/session", &[("Cookie", &pair)], "").await.status, 204);
    assert_eq!(asked(&[("Cookie", &pair)]).await.status, 401);
}

#[test]
fn a_certificate_that_cannot_be_read_is_named() {
    let home = tempfile::tempdir().unwrap();
    let told = Identity::read(&home.path().join("cert.pem"), &home.path().join("key.pem")).unwrap_err().to_string();
    assert!(told.contains("cert.pem") && told.contains("--tls-cert"), "{told}");
}

/// A client over TLS that believes in one certificate.
struct Client {
    root: rustls::pki_types::CertificateDer<'static>,
    address: SocketAddr,
}

impl Client {
    async fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut all = vec![("Host", "calls.example.org")];
        all.retain(|_| !headers.iter().any(|(name, _)| *name == "Host"));
        all.extend_from_slice(headers);
        let request = written(method, path, &all, body);
        let (root, address) = (self.root.clone(), self.address);
        tokio::task::spawn_blocking(move || {
            let mut roots = RootCertStore::empty();
            roots.add(root).unwrap();
            let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
            let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
            let config = config.with_root_certificates(roots).with_no_client_auth();
            let name = ServerName::try_from("calls.example.org").unwrap();
            let connection = ClientConnection::new(Arc::new(config), name).unwrap();
            let mut stream = StreamOwned::new(connection, TcpStream::connect(address).unwrap());
            stream.write_all(request.as_bytes()).unwrap();
            let mut bytes = Vec::new();
            // The end of the connection without a farewell is none of an answer that says its length.
            let _ = stream.read_to_end(&mut bytes);
            Answer::read(&bytes)
        })
        .await
        .unwrap()
    }
}
