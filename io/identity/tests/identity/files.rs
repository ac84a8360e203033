//! Identity from files.

use crate::bed::{call, dialler, echo, id, until};
use crate::judged::{Root, params, root};
use duologue_identity::{Authorizer, Files, FilesError, HealthState, IdentitySource, LedgerRules};
use std::path::Path;
use std::time::Duration;

fn pem(kind: &str, der: &[u8]) -> String {
    use base64::Engine;
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN {kind}-----\n{text}\n-----END {kind}-----\n")
}

fn files(folder: &Path, who: &str) -> Files {
    Files {
        certificate: folder.join(format!("{who}.pem")),
        key: folder.join(format!("{who}.key")),
        bundle: folder.join("bundle.pem"),
        federated: std::collections::BTreeMap::new(),
        look_every: Duration::from_millis(20),
    }
}

fn write(folder: &Path, root: &Root, who: &str) {
    let (certificate, key) = root.sign(&params(&[&format!("spiffe://a.test/{who}")]));
    std::fs::write(folder.join(format!("{who}.key")), key.serialize_pem()).expect("it is written");
    std::fs::write(folder.join(format!("{who}.pem")), pem("CERTIFICATE", &certificate)).expect("it is written");
}

#[tokio::test]
async fn files_that_change_are_read_again_and_broken_ones_are_not_used() {
    let folder = tempfile::tempdir().expect("a folder");
    let (old, new) = (root("old"), root("new"));
    let bundle = |roots: &[&Root]| {
        let text: String = roots.iter().map(|root| pem("CERTIFICATE", &root.certificate)).collect();
        std::fs::write(folder.path().join("bundle.pem"), text).expect("it is written");
    };
    bundle(&[&old]);
    write(folder.path(), &old, "server");
    write(folder.path(), &old, "client");
    let from = |who| IdentitySource::files(files(folder.path(), who), Some(id(&format!("spiffe://a.test/{who}"))));
    let server = from("server").await.expect("an identity");
    let client = from("client").await.expect("an identity");
    let rules = LedgerRules::default();
    let echo = echo(&server, Authorizer::Local, rules).await;
    let (dialler, to) = (dialler(&client, rules), Authorizer::exactly([id("spiffe://a.test/server")]));
    assert_eq!(call(&dialler, &echo.address, &to).await, Ok(true));

    // The key of another: what was there goes on, and that is told.
    let before = server.svid().expect("an identity");
    std::fs::copy(folder.path().join("client.key"), folder.path().join("server.key")).expect("it is written");
    until("the server tells", || server.health().state == HealthState::Stale).await;
    assert_eq!(server.svid().expect("an identity").chain(), before.chain());
    assert_eq!(call(&dialler, &echo.address, &to).await, Ok(true));

    // A new root: first in the bundle, then used.
    bundle(&[&old, &new]);
    write(folder.path(), &new, "server");
    until("the server changes", || server.svid().expect("an identity").chain() != before.chain()).await;
    until("the client believes it", || client.trust().bundles().all(|(_, roots)| roots.len() == 2)).await;
    assert_eq!(server.health().state, HealthState::Ready);
    assert_eq!(call(&dialler, &echo.address, &to).await, Ok(true));
}

#[tokio::test]
async fn files_that_do_not_fit_together_say_which_and_why() {
    let folder = tempfile::tempdir().expect("a folder");
    let root = root("a");
    let from = || IdentitySource::files(files(folder.path(), "server"), None);
    let missing = from().await.expect_err("nothing is there");
    assert!(matches!(&missing, FilesError::Unreadable { path, .. } if path.ends_with("server.pem")), "{missing}");
    write(folder.path(), &root, "server");
    write(folder.path(), &root, "client");
    std::fs::write(folder.path().join("bundle.pem"), "nothing").expect("it is written");
    let bundle = from().await.expect_err("it is no bundle");
    assert!(matches!(&bundle, FilesError::Unusable { path, .. } if path.ends_with("bundle.pem")), "{bundle}");
    let other = IdentitySource::files(files(folder.path(), "server"), Some(id("spiffe://a.test/client"))).await;
    assert!(other.expect_err("another is wanted").to_string().contains("spiffe://a.test/client"));
    std::fs::copy(folder.path().join("client.key"), folder.path().join("server.key")).expect("it is written");
    let key = from().await.expect_err("it is another's key");
    assert!(key.to_string().contains("not that of the certificate"), "{key}");
}
