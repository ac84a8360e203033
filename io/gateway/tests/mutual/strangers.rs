//! Who is not who was meant gets nothing, and each reason has a type.

use crate::bed::{ALL, CALLER, OTHER, WORKER, World, id, identity, only, say, serve, until, worker};
use duologue_gateway::outbound::{CallError, Client, ConnectError, Fetched, IdentityError, Options};
use duologue_identity::{Authorizer, HandshakeRefusal, HealthState, LedgerRules, NoIdentity, Order, Refusal, Timings};
use std::time::Duration;

#[tokio::test]
async fn two_agents_that_have_changed_places_are_told_apart() {
    let world = World::new(|_| {}).await;
    let (caller, rules) = (world.source(CALLER).await, LedgerRules::default());
    let worker = worker(&world).await;
    let other = serve(&world.source(OTHER).await, Authorizer::Local, rules).await;
    for (url, callee, found) in [(&worker.url, OTHER, WORKER), (&other.url, WORKER, OTHER)] {
        let options = Options { identity: Some(identity(&caller, callee)), ..Options::default() };
        match Client::connect(url, options).await {
            Err(ConnectError::Identity(IdentityError::Mismatch { expected, found: there, .. })) => {
                assert_eq!((expected.as_str(), there), (callee, id(found)));
            }
            other => panic!("{other:?}"),
        }
    }
    // Nor by a card that was fetched before.
    for binding in ALL {
        let options = Options { bindings: vec![binding], ..world.options(binding).await };
        let mut fetched = Fetched::at(&worker.url, &options).await.expect("a card");
        let at = |url: &str| url.trim_start_matches("https://").to_owned();
        for interface in &mut fetched.card.supported_interfaces {
            interface.url = interface.url.replace(&at(&worker.url), &at(&other.url));
        }
        let client = Client::of(fetched, options).expect("an interface");
        match say(&client, "who").await {
            Err(CallError::Identity(IdentityError::Mismatch { found, .. })) => assert_eq!(found, id(OTHER)),
            other => panic!("{binding}: {other:?}"),
        }
    }
    assert_eq!((worker.turns(), other.turns()), (0, 0));
}

#[tokio::test]
async fn a_caller_that_is_not_wanted_is_told_so_before_it_is_heard() {
    let world = World::new(|_| {}).await;
    let worker = serve(&world.source(WORKER).await, only(CALLER), LedgerRules::default()).await;
    let stranger = identity(&world.source(OTHER).await, WORKER);
    let unwanted = |error: &IdentityError| {
        matches!(error, IdentityError::Refused { why: HandshakeRefusal::Unwanted, .. }) && !error.may_pass()
    };
    let options = Options { identity: Some(stranger.clone()), ..Options::default() };
    match Client::connect(&worker.url, options).await {
        Err(ConnectError::Identity(error)) => assert!(unwanted(&error), "{error}"),
        other => panic!("{other:?}"),
    }
    for binding in ALL {
        let fetched = Fetched::at(&worker.url, &world.options(binding).await).await.expect("a card");
        let options = Options { identity: Some(stranger.clone()), bindings: vec![binding], ..Options::default() };
        let client = Client::of(fetched, options).expect("an interface");
        match say(&client, "who").await {
            Err(CallError::Identity(error)) => assert!(unwanted(&error), "{binding}: {error}"),
            other => panic!("{binding}: {other:?}"),
        }
    }
    assert_eq!(worker.turns(), 0);
}

#[tokio::test]
async fn a_foreign_trust_domain_is_not_believed() {
    let (world, elsewhere) = (World::new(|_| {}).await, World::new(|_| {}).await);
    let worker = worker(&world).await;
    // Of another authority that calls itself the same.
    let options = Options { identity: Some(elsewhere.identity(CALLER, WORKER).await), ..Options::default() };
    match Client::connect(&worker.url, options).await {
        Err(ConnectError::Identity(IdentityError::NotBelieved { why: Refusal::NotSigned { id: who, .. }, .. })) => {
            assert_eq!(who, id(WORKER));
        }
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn who_has_nothing_to_show_says_so_without_calling() {
    let second = Duration::from_secs(1);
    let timings = Timings { root: 60 * second, svid: 2 * second, jwt: 2 * second, ..Timings::default() };
    let world = World::new(|config| config.timings = timings).await;
    let worker = worker(&world).await;
    let source = world.source(CALLER).await;
    let options = Options { identity: Some(identity(&source, WORKER)), ..Options::default() };
    let client = Client::connect(&worker.url, options.clone()).await.expect("a card");
    world.perform(Order::Revoke { spiffe_id: id(CALLER) }).await;
    until("it runs out", || source.health().state == HealthState::Expired).await;
    let expired = |error: &IdentityError| matches!(error, IdentityError::Own(NoIdentity::Expired { .. }));
    match say(&client, "who").await {
        Err(CallError::Identity(error)) => assert!(expired(&error), "{error}"),
        other => panic!("{other:?}"),
    }
    match Client::connect(&worker.url, options).await {
        Err(ConnectError::Identity(error)) => assert!(expired(&error), "{error}"),
        other => panic!("{other:?}"),
    }
    let never = identity(&world.authority.source(id(CALLER)), WORKER);
    let options = Options { identity: Some(never), ..Options::default() };
    match Client::connect(&worker.url, options).await {
        Err(ConnectError::Identity(IdentityError::Own(NoIdentity::Missing { .. }))) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(worker.turns(), 0);
}

#[tokio::test]
async fn an_agent_without_an_identity_is_called_again_until_it_has_one() {
    for binding in ALL {
        let world = World::new(|_| {}).await;
        let first = worker(&world).await;
        let mut fetched = Fetched::at(&first.url, &world.options(binding).await).await.expect("a card");
        world.perform(Order::Revoke { spiffe_id: id(WORKER) }).await;
        let source = world.authority.source(id(WORKER));
        let worker = serve(&source, Authorizer::Local, LedgerRules::default()).await;
        for interface in &mut fetched.card.supported_interfaces {
            let at = |url: &str| url.trim_start_matches("https://").to_owned();
            interface.url = interface.url.replace(&at(&first.url), &at(&worker.url));
        }
        // An agent that knows no messages again: nothing that it may have seen is sent twice.
        fetched.card.capabilities.extensions.clear();
        let options = Options { retries: 0, ..world.options(binding).await };
        match say(&Client::of(fetched.clone(), options).expect("an interface"), "who").await {
            Err(CallError::Identity(error @ IdentityError::Refused { why: HandshakeRefusal::PeerHasNone, .. })) => {
                assert!(error.to_string().contains("no valid identity of its own"), "{error}");
            }
            other => panic!("{binding}: {other:?}"),
        }
        let options = Options { retries: 50, ..world.options(binding).await };
        let client = Client::of(fetched, options).expect("an interface");
        let calling = tokio::spawn(async move { say(&client, "who").await });
        world.perform(Order::Readmit { spiffe_id: id(WORKER) }).await;
        assert_eq!(calling.await.expect("no panic").as_deref(), Ok(CALLER), "{binding}");
        assert_eq!((first.turns(), worker.turns()), (0, 1), "{binding}");
    }
}

#[tokio::test]
async fn nothing_goes_out_without_mutual_tls() {
    let world = World::new(|_| {}).await;
    let worker = worker(&world).await;
    let options = world.options(ALL[0]).await;
    let plain = worker.url.replace("https", "http");
    let refused = Client::connect(&plain, options.clone()).await.expect_err("it is not encrypted");
    assert!(refused.to_string().contains("mutual TLS"), "{refused}");
    // A card cannot lead elsewhere.
    let mut fetched = Fetched::at(&worker.url, &options).await.expect("a card");
    for interface in &mut fetched.card.supported_interfaces {
        interface.url = interface.url.replace("https", "http");
    }
    let refused = Client::of(fetched, options.clone()).expect_err("there is no other way");
    assert!(matches!(refused, ConnectError::NothingInCommon { .. }), "{refused}");
    let url = worker.url.clone();
    worker.end.cancel();
    worker.task.await.expect("it ends");
    let nobody = Client::connect(&url, options).await.expect_err("nobody is there");
    assert!(matches!(nobody, ConnectError::Unreachable { .. }), "{nobody}");
    // Without an identity nobody is heard.
    let again = crate::bed::worker(&world).await;
    let none = Client::connect(&again.url, Options::default()).await.expect_err("it has none");
    assert!(matches!(none, ConnectError::Unreachable { .. }), "{none}");
    assert_eq!(again.turns(), 0);
}
