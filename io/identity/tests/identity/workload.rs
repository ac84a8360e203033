//! The Workload API, asked by clients of ours.

use crate::bed::{PATIENCE, authority, config, hurried, id, perform, until};
use crate::child::Other;
use duologue_identity::{
    Answer, Authority, AuthorityConfig, Endpoint, Entry, Executable, HealthState, IdentitySource, Order, Timings,
    WorkloadClient, WorkloadError, jwt,
};
use duologue_ids::{Redacted, SpiffeId};
use std::path::{Path, PathBuf};
use std::time::Duration;

fn socket(authority: &Authority) -> PathBuf {
    match authority.socket() {
        Endpoint::Unix(path) => path.clone(),
        Endpoint::Tcp(_) => panic!("it has a path"),
    }
}

fn program() -> String {
    std::env::current_exe().expect("this program").display().to_string()
}

fn client(authority: &Authority, token: Option<&str>) -> WorkloadClient {
    WorkloadClient::new(authority.socket().clone(), token.map(|token| Redacted::new(token.to_owned())))
}

async fn who(authority: &Authority, token: Option<&str>) -> Result<Vec<SpiffeId>, WorkloadError> {
    let svids = client(authority, token).jwt_svids(&["test".to_owned()], None).await?;
    Ok(svids.into_iter().map(|svid| svid.id).collect())
}

async fn token(authority: &Authority, who: &str, life: Duration) -> String {
    match authority.perform(Order::NewToken { spiffe_id: id(who), life }).await {
        Ok(Answer::Token(token)) => token.0.expose().clone(),
        other => panic!("{other:?}"),
    }
}

async fn strict(folder: &Path) -> Authority {
    Authority::start(AuthorityConfig { own_program: false, ..config(folder, "a.test") }).await.expect("an authority")
}

#[tokio::test]
async fn this_program_is_its_users_and_other_entries_have_to_fit() {
    let folder = tempfile::tempdir().expect("a folder");
    let usual = authority(folder.path(), "usual.test").await;
    let own = who(&usual, None).await.expect("an identity");
    assert!(own.len() == 1 && own[0].path().starts_with("/cli/"), "{own:?}");

    let authority = strict(folder.path()).await;
    let refused = who(&authority, None).await.expect_err("no entry is there");
    assert!(matches!(&refused, WorkloadError::NoIdentity { why, .. } if why.contains(&program())), "{refused}");
    let uid = rustix::process::geteuid().as_raw();
    let digest = {
        use sha2::Digest;
        let bytes = std::fs::read(program()).expect("its bytes");
        sha2::Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    let link = folder.path().join("link");
    std::fs::hard_link(program(), &link).or_else(|_| std::fs::copy(program(), &link).map(drop)).expect("a second name");
    let entries = [
        ("/other-user", uid + 1, program(), None),
        ("/other-program", uid, link.display().to_string(), None),
        ("/other-bytes", uid, program(), Some("00".repeat(32))),
        ("/bytes", uid, program(), Some(digest)),
        ("/program", uid, program(), None),
    ];
    for (name, uid, path, sha256) in entries {
        let spiffe_id = id(&format!("spiffe://a.test{name}"));
        perform(&authority, Order::AddEntry(Entry { spiffe_id, uid, executable: Executable { path, sha256 } })).await;
    }
    let found = who(&authority, None).await.expect("identities");
    assert_eq!(found, [id("spiffe://a.test/bytes"), id("spiffe://a.test/program")]);
}

#[tokio::test]
async fn a_join_token_makes_one_process_who_it_is() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = strict(folder.path()).await;
    let secret = token(&authority, "spiffe://a.test/worker", Duration::from_secs(60)).await;
    let mut other = Other::workload(&socket(&authority), &secret);
    assert_eq!(other.says().await, "spiffe://a.test/worker");
    // Nothing of it is kept in clear.
    let kept = std::fs::read_to_string(folder.path().join("a.test/authority.json")).expect("the state");
    assert!(!kept.contains(&secret));
    let used = who(&authority, Some(&secret)).await.expect_err("it is another's");
    assert!(matches!(&used, WorkloadError::NoIdentity { why, .. } if why.contains("another process")), "{used}");
    assert!(who(&authority, None).await.is_err(), "this process got nothing by it");
    let mut third = Other::workload(&socket(&authority), "");
    assert!(third.says().await.contains("no identity"), "nor did another");

    // Once shown, the process needs it no more, and has it for each call.
    let own = token(&authority, "spiffe://a.test/own", Duration::from_secs(60)).await;
    assert_eq!(who(&authority, Some(&own)).await, Ok(vec![id("spiffe://a.test/own")]));
    assert_eq!(who(&authority, Some(&own)).await, Ok(vec![id("spiffe://a.test/own")]));
    assert_eq!(who(&authority, None).await, Ok(vec![id("spiffe://a.test/own")]));

    let late = token(&authority, "spiffe://a.test/late", Duration::ZERO).await;
    assert!(who(&authority, Some(&late)).await.is_err(), "it is over");
    assert!(who(&authority, Some("guessed")).await.is_err());
}

#[tokio::test]
async fn an_identity_follows_its_entry_live() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = strict(folder.path()).await;
    let source = IdentitySource::workload_api(client(&authority, None), None);
    until("it is told", || source.health().error.is_some()).await;
    assert_eq!(source.health().state, HealthState::Missing);
    let executable = Executable { path: program(), sha256: None };
    let uid = rustix::process::geteuid().as_raw();
    let entry = Entry { spiffe_id: id("spiffe://a.test/worker"), uid, executable };
    perform(&authority, Order::AddEntry(entry.clone())).await;
    assert_eq!(source.ready(PATIENCE).await.expect("an identity").id(), &entry.spiffe_id);
    assert_eq!(source.health().state, HealthState::Ready);
    perform(&authority, Order::RemoveEntry(entry)).await;
    until("renewal ends", || source.health().state == HealthState::Stale).await;
    let wanted = IdentitySource::workload_api(client(&authority, None), Some(id("spiffe://a.test/other")));
    until("it is told", || wanted.health().error.is_some()).await;
    assert!(wanted.svid().is_err());
}

#[tokio::test]
async fn a_source_outlives_its_authority_and_finds_it_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(folder.path(), "a.test");
    let authority = Authority::start(config.clone()).await.expect("an authority");
    let source = IdentitySource::workload_api(client(&authority, None), None);
    let before = source.ready(PATIENCE).await.expect("an identity");
    drop(authority);
    until("it is missed", || source.health().state == HealthState::Stale).await;
    assert_eq!(source.svid().expect("it is still good").chain(), before.chain());
    crate::kept::freed(&config).await;
    let _again = Authority::start(config).await.expect("an authority");
    until("it is back", || source.health().state == HealthState::Ready).await;
}

#[tokio::test]
async fn identities_are_renewed_before_they_end() {
    let folder = tempfile::tempdir().expect("a folder");
    // Lives long enough for a machine on which others work too.
    let timings = Timings { root: 4 * PATIENCE, svid: Duration::from_secs(4), ..hurried() };
    let config = AuthorityConfig { timings, ..config(folder.path(), "a.test") };
    let authority = Authority::start(config).await.expect("an authority");
    let source = IdentitySource::workload_api(client(&authority, None), None);
    source.ready(PATIENCE).await.expect("an identity");
    let mut renewals = source.renewals();
    let mut chains = std::collections::BTreeSet::new();
    while chains.len() < 4 {
        let svid = source.svid().expect("never without");
        chains.insert(svid.chain()[0].to_vec());
        tokio::time::timeout(PATIENCE, renewals.changed()).await.expect("soon").expect("it renews");
    }
}

#[tokio::test]
async fn tokens_are_made_and_validated_by_the_socket_and_offline() {
    let folder = tempfile::tempdir().expect("a folder");
    let authority = authority(folder.path(), "a.test").await;
    let client = client(&authority, None);
    let audience = ["worker".to_owned(), "other".to_owned()];
    let svid = client.jwt_svids(&audience, None).await.expect("a token").remove(0);
    let token = svid.token.expose();
    assert_eq!(client.validate_jwt("other", token).await.as_ref(), Ok(&svid.id));
    let bundles = client.jwt_bundles().await.expect("bundles");
    let now = duologue_identity::Moment::from_secs(
        std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs(),
    );
    assert_eq!(jwt::validate(token, "worker", &bundles, now).expect("it is good").0, svid.id);
    let later = now.plus(Duration::from_secs(3600));
    assert_eq!(jwt::validate(token, "worker", &bundles, later), Err(duologue_trust::jwt::BadJwt::Expired));
    let (signed, signature) = token.rsplit_once('.').expect("three parts");
    let other = client.jwt_svids(&audience[..1], None).await.expect("a token").remove(0);
    let (_, foreign) = other.token.expose().rsplit_once('.').expect("three parts");
    assert_ne!(signature, foreign);
    for bad in [format!("{signed}.{foreign}"), format!("{signed}.")] {
        assert_eq!(jwt::validate(&bad, "worker", &bundles, now), Err(duologue_trust::jwt::BadJwt::BadSignature));
        assert!(matches!(client.validate_jwt("worker", &bad).await, Err(WorkloadError::Refused { .. })));
    }
    assert!(matches!(client.jwt_svids(&[], None).await, Err(WorkloadError::Refused { .. })));
    let nobody = client.jwt_svids(&audience, Some(&id("spiffe://a.test/nobody"))).await;
    assert!(matches!(nobody, Err(WorkloadError::NoIdentity { .. })), "{nobody:?}");
    perform(&authority, Order::Revoke { spiffe_id: svid.id.clone() }).await;
    assert!(client.validate_jwt("worker", token).await.is_err(), "its caller, who also asks, is revoked");
}
