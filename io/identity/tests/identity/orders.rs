//! Orders over the second socket.

use crate::bed::{authority, id};
use duologue_identity::{Answer, AuthorityClient, Entry, Executable, FederatedFrom, Order, OrderError};
use std::time::Duration;

#[tokio::test]
async fn whatever_can_be_ordered_in_the_process_can_be_ordered_over_the_socket() {
    let folder = tempfile::tempdir().expect("a folder");
    let _authority = authority(folder.path(), "a.test").await;
    let client = AuthorityClient::new(&folder.path().join("a.test"));
    let spiffe_id = id("spiffe://a.test/worker");
    let executable = Executable { path: "/bin/worker".to_owned(), sha256: None };
    let entry = Entry { spiffe_id: spiffe_id.clone(), uid: 12, executable };
    let domain: duologue_ids::TrustDomain = "b.test".parse().expect("a domain");
    let from = FederatedFrom::Web("https://b.test/bundle".to_owned());
    let orders = [
        Order::AddEntry(entry.clone()),
        Order::Federate { domain: domain.clone(), from },
        Order::Revoke { spiffe_id: spiffe_id.clone() },
    ];
    for order in orders {
        assert_eq!(client.perform(&order).await, Ok(Answer::Done), "{order:?}");
    }
    let token = client.perform(&Order::NewToken { spiffe_id: spiffe_id.clone(), life: Duration::from_secs(60) }).await;
    assert!(matches!(token, Ok(Answer::Token(_))), "{token:?}");
    assert!(!format!("{token:?}").contains(char::is_numeric), "it is not told to logs");
    let Ok(Answer::Status(status)) = client.perform(&Order::Show).await else { panic!("no status") };
    assert!(status.entries.contains(&entry) && status.for_development);
    assert_eq!((status.tokens.len(), &status.revoked[..], status.federated.len()), (1, &[spiffe_id.clone()][..], 1));
    let Ok(Answer::Bundle(text)) = client.perform(&Order::Bundle).await else { panic!("no bundle") };
    let document = duologue_trust::document::Document::read(text.as_bytes()).expect("a bundle");
    assert_eq!((document.x509.len(), document.jwt.len(), document.sequence), (1, 1, Some(status.sequence)));
    for order in [Order::RemoveEntry(entry.clone()), Order::Defederate { domain }, Order::Readmit { spiffe_id }] {
        assert_eq!(client.perform(&order).await, Ok(Answer::Done), "{order:?}");
        let again = client.perform(&order).await;
        assert!(matches!(again, Err(OrderError::Refused(_))), "there is no such any more: {again:?}");
    }
    let foreign = Order::Revoke { spiffe_id: id("spiffe://b.test/worker") };
    let refused = client.perform(&foreign).await.expect_err("it is another's");
    assert!(refused.to_string().contains("not of the trust domain a.test"), "{refused}");
}

#[tokio::test]
async fn nobody_there_is_told_with_what_to_do() {
    let folder = tempfile::tempdir().expect("a folder");
    let told = AuthorityClient::new(folder.path()).perform(&Order::Show).await.expect_err("nobody is there");
    assert!(told.to_string().contains("duologue identity authority"), "{told}");
}
