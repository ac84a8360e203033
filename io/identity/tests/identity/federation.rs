//! Trust domains that know each other, and no longer.

use crate::bed::{ask, call, config, dialler, echo, id, perform, source, until};
use duologue_identity::{
    Authority, AuthorityConfig, AuthorityStatus, Authorizer, FederatedFrom, LedgerRules, Order, WorkloadClient,
};
use std::path::Path;
use std::time::{Duration, Instant};
use tokio::io::AsyncReadExt;

async fn published(folder: &Path, domain: &str) -> Authority {
    let publish = Some(folder.join(format!("{domain}.json")));
    Authority::start(AuthorityConfig { publish, ..config(folder, domain) }).await.expect("an authority")
}

fn federate(folder: &Path, domain: &str) -> Order {
    let from = FederatedFrom::File(folder.join(format!("{domain}.json")).display().to_string());
    Order::Federate { domain: domain.parse().expect("a domain"), from }
}

async fn status(authority: &Authority) -> AuthorityStatus {
    match authority.perform(Order::Show).await.expect("an answer") {
        duologue_identity::Answer::Status(status) => *status,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn federation_comes_and_goes_while_everything_runs() {
    let folder = tempfile::tempdir().expect("a folder");
    let (ours, theirs) = (published(folder.path(), "a.test").await, published(folder.path(), "b.test").await);
    let (server, client) =
        (source(&ours, "spiffe://a.test/server").await, source(&theirs, "spiffe://b.test/client").await);
    let rules = LedgerRules::default();
    let caller = Authorizer::exactly([id("spiffe://b.test/client")]);
    let echo = echo(&server, caller, rules).await;
    let local = crate::bed::echo(&server, Authorizer::Local, rules).await;
    let to = Authorizer::exactly([id("spiffe://a.test/server")]);
    let dialler = dialler(&client, rules);
    assert!(call(&dialler, &echo.address, &to).await.is_err(), "neither knows the other");

    perform(&theirs, federate(folder.path(), "a.test")).await;
    until("the client believes a.test", || client.health().trusts.len() == 2).await;
    let refused = call(&dialler, &echo.address, &to).await.expect_err("the server does not know b.test");
    assert!(refused.contains("does not believe"), "{refused}");
    perform(&ours, federate(folder.path(), "b.test")).await;
    until("the server believes b.test", || server.health().trusts.len() == 2).await;
    let mut connection = dialler.dial(&echo.address, &to).await.expect("a connection");
    assert!(ask(&mut connection).await.expect("an answer"));
    let foreign = call(&dialler, &local.address, &to).await.expect_err("it is for its own trust domain");
    assert!(foreign.contains("does not take calls"), "{foreign}");
    let told = status(&ours).await.federated;
    assert!(told[0].is_there && told[0].error.is_none(), "{told:?}");

    let start = Instant::now();
    perform(&ours, Order::Defederate { domain: "b.test".parse().expect("a domain") }).await;
    assert!(connection.read_u8().await.is_err(), "it is cut off");
    assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
    assert!(call(&dialler, &echo.address, &to).await.is_err());
}

#[tokio::test]
async fn tokens_of_another_trust_domain_are_good_while_it_is_federated() {
    let folder = tempfile::tempdir().expect("a folder");
    let (ours, theirs) = (published(folder.path(), "a.test").await, published(folder.path(), "b.test").await);
    let [here, there] = [&ours, &theirs].map(|authority| WorkloadClient::new(authority.socket().clone(), None));
    let token = there.jwt_svids(&["worker".to_owned()], None).await.expect("a token").remove(0);
    assert!(here.validate_jwt("worker", token.token.expose()).await.is_err(), "b.test is unknown");
    perform(&ours, federate(folder.path(), "b.test")).await;
    let b = "b.test".parse().expect("a domain");
    while !here.jwt_bundles().await.expect("bundles").contains_key(&b) {
        tokio::task::yield_now().await;
    }
    assert_eq!(here.validate_jwt("worker", token.token.expose()).await.as_ref(), Ok(&token.id));
    assert!(here.validate_jwt("other", token.token.expose()).await.is_err());
    perform(&ours, Order::Defederate { domain: b }).await;
    assert!(here.validate_jwt("worker", token.token.expose()).await.is_err());
}

#[tokio::test]
async fn a_bundle_that_is_broken_is_told_and_the_last_good_one_is_used() {
    let folder = tempfile::tempdir().expect("a folder");
    let (ours, _theirs) = (published(folder.path(), "a.test").await, published(folder.path(), "b.test").await);
    perform(&ours, federate(folder.path(), "b.test")).await;
    let server = source(&ours, "spiffe://a.test/server").await;
    until("b.test is believed", || server.health().trusts.len() == 2).await;
    std::fs::write(folder.path().join("b.test.json"), "{").expect("it is written");
    let mut told = status(&ours).await.federated.remove(0);
    while told.error.is_none() {
        tokio::task::yield_now().await;
        told = status(&ours).await.federated.remove(0);
    }
    assert!(told.is_there);
    assert_eq!(server.health().trusts.len(), 2);
}
