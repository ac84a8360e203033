//! Connections that have to end.

use crate::bed::{ALL, CALLER, PATIENCE, WORKER, World, id, say, serve, until, words, worker};
use duologue_gateway::outbound::{CallError, Client, IdentityError, Options};
use duologue_identity::{Authorizer, HandshakeRefusal, LedgerRules, Order};
use futures::StreamExt;
use std::time::{Duration, Instant};

/// Within which a stream with somebody revoked has to end.
const SOON: Duration = Duration::from_secs(5);

#[tokio::test]
async fn a_stream_of_somebody_revoked_ends_and_says_why() {
    for binding in ALL {
        let world = World::new(|_| {}).await;
        let worker = worker(&world).await;
        let client = Client::connect(&worker.url, world.options(binding).await).await.expect("a card");
        let mut events = client.send_streaming_message(words("hang")).await.expect("a stream");
        for _ in 0..2 {
            events.next().await.expect("more").expect("the task, and that it is being worked on");
        }
        let start = Instant::now();
        world.perform(Order::Revoke { spiffe_id: id(CALLER) }).await;
        let end = tokio::time::timeout(PATIENCE, events.next()).await.expect("it ends");
        match end {
            Some(Err(CallError::Identity(IdentityError::Refused { why, .. }))) => {
                assert_eq!(why, HandshakeRefusal::Revoked, "{binding}");
            }
            other => panic!("{binding}: {other:?}"),
        }
        assert!(start.elapsed() < SOON, "{:?}", start.elapsed());
        assert!(events.next().await.is_none());
        until("nobody is connected", || worker.connections.live().is_empty()).await;
    }
}

#[tokio::test]
async fn a_callee_that_is_revoked_is_called_no_more() {
    let world = World::new(|_| {}).await;
    let worker = worker(&world).await;
    let source = world.source(CALLER).await;
    let options = Options { identity: Some(crate::bed::identity(&source, WORKER)), ..Options::default() };
    let client = Client::connect(&worker.url, options).await.expect("a card");
    let mut events = client.send_streaming_message(words("hang")).await.expect("a stream");
    events.next().await.expect("more").expect("the task");
    // By this side alone.
    source.revoke(id(WORKER));
    let last = tokio::time::timeout(PATIENCE, events.filter(|told| std::future::ready(told.is_err())).next()).await;
    let is_revoked = |error: &CallError| {
        matches!(
            error,
            CallError::Identity(IdentityError::NotBelieved { why: duologue_identity::Refusal::Revoked { .. }, .. })
        )
    };
    match last.expect("it ends") {
        Some(Err(error)) => assert!(is_revoked(&error), "{error}"),
        other => panic!("{other:?}"),
    }
    let refused = say(&client, "who").await.expect_err("it is revoked");
    assert!(is_revoked(&refused), "{refused}");
}

#[tokio::test]
async fn a_connection_that_grew_old_ends_without_a_request_that_fails() {
    let world = World::new(|_| {}).await;
    let rules = LedgerRules { max_age: Duration::from_millis(300), grace: PATIENCE };
    let worker = serve(&world.source(WORKER).await, Authorizer::Local, rules).await;
    for binding in ALL {
        // What fails is not repeated.
        let options = Options { retries: 0, ..world.options(binding).await };
        let client = Client::connect(&worker.url, options).await.expect("a card");
        let turns = worker.turns();
        let waiting = tokio::spawn({
            let client = client.clone();
            async move { say(&client, "wait").await }
        });
        until("it waits", || worker.turns() > turns).await;
        until("it is old", || worker.connections.live().iter().any(|one| one.age > rules.max_age)).await;
        // Another goes over a connection of its own.
        assert_eq!(say(&client, "who").await.as_deref(), Ok(CALLER), "{binding}");
        worker.go.add_permits(1);
        assert_eq!(waiting.await.expect("no panic").as_deref(), Ok(CALLER), "{binding}");
        drop(client);
        until("all are closed in order", || worker.connections.live().is_empty()).await;
    }
}
