//! Connections end when they have to.

use crate::bed::{ask, authority, call, dialler, echo, id, perform, source, until};
use duologue_identity::{Authorizer, Ended, LedgerRules, Order, ended};
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt;

const SERVER: &str = "spiffe://a.test/server";
const CLIENT: &str = "spiffe://a.test/client";
/// Within which a connection with somebody revoked has to end.
const SOON: Duration = Duration::from_secs(2);

#[tokio::test]
async fn revocation_by_the_authority_closes_live_connections_and_refuses_new_ones() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = authority(folder.path(), "a.test").await;
    let (server, client) = (source(&authority, SERVER).await, source(&authority, CLIENT).await);
    let other = source(&authority, "spiffe://a.test/other").await;
    let rules = LedgerRules::default();
    let echo = echo(&server, Authorizer::Local, rules).await;
    let (client, other) = (dialler(&client, rules), dialler(&other, rules));
    let to = Authorizer::exactly([id(SERVER)]);
    let mut connection = client.dial(&echo.address, &to).await.expect("a connection");
    let mut kept = other.dial(&echo.address, &to).await.expect("a connection");
    assert!(ask(&mut connection).await.expect("an answer") && ask(&mut kept).await.expect("an answer"));
    until("both are live", || echo.connections.live().len() == 2).await;

    let start = Instant::now();
    perform(&authority, Order::Revoke { spiffe_id: id(CLIENT) }).await;
    // It waits for an answer that never comes; the server cuts it off.
    assert!(connection.read_u8().await.is_err());
    assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
    until("one is live", || echo.connections.live().len() == 1).await;
    assert_eq!(echo.connections.live()[0].peer, id("spiffe://a.test/other"));
    assert!(ask(&mut kept).await.expect("an answer"), "the other goes on");
    // Its certificate is still valid in time.
    let refused = call(&client, &echo.address, &to).await.expect_err("it is revoked");
    assert!(refused.contains("revoked"), "{refused}");

    perform(&authority, Order::Readmit { spiffe_id: id(CLIENT) }).await;
    let again = dialler(&source(&authority, CLIENT).await, rules);
    assert_eq!(call(&again, &echo.address, &to).await, Ok(true), "a new certificate is good");
}

#[tokio::test]
async fn revocation_on_one_side_closes_what_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = authority(folder.path(), "a.test").await;
    let (server, client) = (source(&authority, SERVER).await, source(&authority, CLIENT).await);
    let rules = LedgerRules::default();
    let echo = echo(&server, Authorizer::Local, rules).await;
    let dialler = dialler(&client, rules);
    let to = Authorizer::exactly([id(SERVER)]);
    let mut connection = dialler.dial(&echo.address, &to).await.expect("a connection");
    let fate = connection.fate();
    assert!(ask(&mut connection).await.expect("an answer"));
    let start = Instant::now();
    client.revoke(id(SERVER));
    let error = connection.read_u8().await.expect_err("it is cut off");
    assert_eq!((ended(&error), fate.ended()), (Some(Ended::Revoked), Some(Ended::Revoked)));
    assert!(start.elapsed() < SOON);
    let refused = dialler.dial(&echo.address, &to).await.expect_err("it is revoked");
    assert!(refused.to_string().contains("was revoked"), "{refused}");
    client.readmit(&id(SERVER));
    assert_eq!(call(&dialler, &echo.address, &to).await, Ok(true));
}

#[tokio::test]
async fn a_connection_that_is_too_old_is_wound_up_and_then_cut_off() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = authority(folder.path(), "a.test").await;
    let (server, client) = (source(&authority, SERVER).await, source(&authority, CLIENT).await);
    let long = LedgerRules::default();
    let short = LedgerRules { max_age: Duration::from_millis(200), grace: Duration::from_millis(300) };
    let echo = echo(&server, Authorizer::Local, long).await;
    let to = Authorizer::exactly([id(SERVER)]);
    let start = Instant::now();
    let mut connection = dialler(&client, short).dial(&echo.address, &to).await.expect("a connection");
    connection.wind_up().cancelled().await;
    assert!(start.elapsed() >= Duration::from_millis(200));
    assert!(ask(&mut connection).await.expect("what is under way may end"), "the server has other rules");
    let error = connection.read_u8().await.expect_err("it is cut off");
    assert_eq!(ended(&error), Some(Ended::Aged));
    assert!(start.elapsed() >= Duration::from_millis(500));
    drop(connection);
    until("nothing is left", || echo.connections.live().is_empty()).await;
}
