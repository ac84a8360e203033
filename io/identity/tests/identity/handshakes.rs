//! Who is let in, and what is said to who is not.

use crate::bed::{PATIENCE, ask, authority, call, dialler, echo, hurried, id, source, until};
use duologue_identity::{
    Authority, AuthorityConfig, Authorizer, DialError, HandshakeRefusal, HealthState, LedgerRules, NoIdentity,
    RequestError, client_config, server_config,
};
use std::sync::atomic::Ordering;
use tokio::net::TcpListener;

const SERVER: &str = "spiffe://a.test/server";
const CLIENT: &str = "spiffe://a.test/client";

fn only(who: &str) -> Authorizer {
    Authorizer::exactly([id(who)])
}

#[tokio::test]
async fn both_sides_are_who_the_other_expects_or_nothing_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = authority(folder.path(), "a.test").await;
    let (server, client) = (source(&authority, SERVER).await, source(&authority, CLIENT).await);
    let stranger = source(&authority, "spiffe://a.test/stranger").await;
    let rules = LedgerRules::default();
    let echo = echo(&server, only(CLIENT), rules).await;
    let (client, stranger) = (dialler(&client, rules), dialler(&stranger, rules));

    let mut connection = client.dial(&echo.address, &only(SERVER)).await.expect("a connection");
    assert_eq!(connection.peer().id(), &id(SERVER));
    assert!(connection.is_http2(), "the better protocol is agreed on");
    assert!(ask(&mut connection).await.expect("an answer"));

    match client.dial(&echo.address, &only(CLIENT)).await {
        Err(DialError::IdentityMismatch { found, expected, .. }) => {
            assert_eq!((found, expected), (id(SERVER), CLIENT.to_owned()));
        }
        other => panic!("{other:?}"),
    }
    let to = only(SERVER);
    let asked = stranger.request(&echo.address, &to, |mut connection| async move { ask(&mut connection).await });
    match asked.await {
        Err(RequestError::Dial(DialError::RefusedByPeer { refusal, .. })) => {
            assert_eq!(refusal, HandshakeRefusal::Unwanted);
        }
        other => panic!("{other:?}"),
    }
    assert_eq!(echo.answered.load(Ordering::SeqCst), 1, "nobody else was heard");
}

#[tokio::test]
async fn another_trust_domain_of_the_same_name_or_another_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let ours = authority(folder.path(), "a.test").await;
    let theirs = authority(folder.path(), "b.test").await;
    let impostor = authority(&folder.path().join("elsewhere"), "a.test").await;
    let rules = LedgerRules::default();
    let server = source(&ours, SERVER).await;
    let echo = echo(&server, Authorizer::AnyInBundles, rules).await;
    for (authority, who) in [(&theirs, "spiffe://b.test/client"), (&impostor, CLIENT)] {
        let foreign = dialler(&source(authority, who).await, rules);
        let refused = foreign.dial(&echo.address, &only(SERVER)).await;
        assert!(matches!(refused, Err(DialError::NotBelieved { .. })), "{refused:?}");
    }
    assert_eq!(echo.answered.load(Ordering::SeqCst), 0);
}

#[tokio::test]
async fn what_is_wrong_has_a_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = authority(folder.path(), "a.test").await;
    let client = dialler(&source(&authority, CLIENT).await, LedgerRules::default());
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address").to_string();
    let mute = client.clone().within(std::time::Duration::from_millis(50)).dial(&address, &only(SERVER)).await;
    assert!(matches!(mute, Err(DialError::TooSlow { .. })), "{mute:?}");
    drop(listener);
    let nobody = client.dial(&address, &only(SERVER)).await;
    assert!(matches!(nobody, Err(DialError::Unreachable { .. })), "{nobody:?}");

    let order = duologue_identity::Order::Revoke { spiffe_id: id("spiffe://a.test/gone") };
    crate::bed::perform(&authority, order).await;
    let none = authority.source(id("spiffe://a.test/gone"));
    let missing = dialler(&none, LedgerRules::default()).dial(&address, &only(SERVER)).await;
    assert!(matches!(missing, Err(DialError::NoIdentity(NoIdentity::Missing { .. }))), "{missing:?}");
    assert_eq!(none.health().state, HealthState::Missing);
}

#[tokio::test]
async fn an_identity_that_ran_out_is_neither_shown_nor_taken() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = AuthorityConfig { timings: hurried(), ..crate::bed::config(folder.path(), "a.test") };
    let authority = Authority::start(config).await.expect("an authority");
    let (server, client) = (source(&authority, SERVER).await, source(&authority, CLIENT).await);
    let rules = LedgerRules::default();
    let echo = echo(&server, Authorizer::Local, rules).await;
    let dialler = dialler(&client, rules);
    assert_eq!(call(&dialler, &echo.address, &only(SERVER)).await, Ok(true));
    // An old chain, as somebody would show it who kept it.
    let kept = (client.svid().expect("an identity"), client.trust());
    let order = duologue_identity::Order::Revoke { spiffe_id: id(CLIENT) };
    crate::bed::perform(&authority, order).await;
    until("the client's identity runs out", || client.svid().is_err()).await;
    assert_eq!(client.health().state, HealthState::Expired);
    let refused = dialler.dial(&echo.address, &only(SERVER)).await;
    assert!(matches!(refused, Err(DialError::NoIdentity(NoIdentity::Expired { .. }))), "{refused:?}");
    let judged = kept.1.judge(kept.0.chain(), duologue_identity::Role::Client, kept.0.until().plus(PATIENCE));
    assert!(matches!(judged, Err(duologue_identity::Refusal::Expired { .. })), "{judged:?}");
}

#[tokio::test]
async fn nothing_is_resumed_and_tls_is_1_3() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = authority(folder.path(), "a.test").await;
    let (server, client) = (source(&authority, SERVER).await, source(&authority, CLIENT).await);
    let server = std::sync::Arc::new(server_config(&server, Authorizer::Local));
    let client = std::sync::Arc::new(client_config(&client, only(SERVER)));
    for _ in 0..3 {
        let name = "any.invalid".try_into().expect("a name");
        let mut calling = rustls::ClientConnection::new(client.clone(), name).expect("a client");
        let mut called = rustls::ServerConnection::new(server.clone()).expect("a server");
        while calling.is_handshaking() || called.is_handshaking() || calling.wants_write() || called.wants_write() {
            let mut bytes = Vec::new();
            calling.write_tls(&mut bytes).expect("memory");
            called.read_tls(&mut &bytes[..]).expect("memory");
            called.process_new_packets().expect("a handshake");
            bytes.clear();
            called.write_tls(&mut bytes).expect("memory");
            calling.read_tls(&mut &bytes[..]).expect("memory");
            calling.process_new_packets().expect("a handshake");
        }
        assert_eq!(calling.handshake_kind(), Some(rustls::HandshakeKind::Full));
        assert_eq!(calling.protocol_version(), Some(rustls::ProtocolVersion::TLSv1_3));
        assert_eq!(calling.tls13_tickets_received(), 0);
    }
}

#[tokio::test]
async fn a_server_without_an_identity_says_so_and_is_tried_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = authority(folder.path(), "a.test").await;
    let order = duologue_identity::Order::Revoke { spiffe_id: id(SERVER) };
    crate::bed::perform(&authority, order).await;
    let (server, client) = (authority.source(id(SERVER)), source(&authority, CLIENT).await);
    let rules = LedgerRules::default();
    let echo = echo(&server, only(CLIENT), rules).await;
    let dialler = dialler(&client, rules);
    match dialler.dial(&echo.address, &only(SERVER)).await {
        Err(error @ DialError::RefusedByPeer { refusal: HandshakeRefusal::PeerHasNone, .. }) => {
            assert!(error.may_pass() && error.to_string().contains("no valid identity of its own"), "{error}");
        }
        other => panic!("{other:?}"),
    }
    until("it was tried three times", || echo.refused.load(Ordering::SeqCst) == 3).await;
    crate::bed::perform(&authority, duologue_identity::Order::Readmit { spiffe_id: id(SERVER) }).await;
    server.ready(PATIENCE).await.expect("an identity");
    assert_eq!(call(&dialler, &echo.address, &only(SERVER)).await, Ok(true));
}
