//! What an authority keeps, and how.

use crate::bed::{call, config, dialler, echo, hurried, id, perform, source, until};
use crate::child::Other;
use duologue_identity::{
    Answer, Authority, AuthorityConfig, AuthorityError, AuthorityStatus, Authorizer, FolderError, IdentitySource,
    LedgerRules, OfficeError, Order, Role, WorkloadClient,
};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::Duration;

async fn status(authority: &Authority) -> AuthorityStatus {
    match authority.perform(Order::Show).await.expect("an answer") {
        Answer::Status(status) => *status,
        other => panic!("{other:?}"),
    }
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).expect("it is there").permissions().mode() & 0o777
}

#[tokio::test]
async fn keys_are_nobody_elses_and_a_folder_is_one_authoritys() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(folder.path(), "a.test");
    let authority = Authority::start(config.clone()).await.expect("an authority");
    source(&authority, "spiffe://a.test/somebody").await;
    assert_eq!(mode(&config.folder), 0o700);
    for entry in std::fs::read_dir(&config.folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        assert_eq!(mode(&path), 0o600, "{}", path.display());
    }
    let second = Authority::start(config.clone()).await;
    let locked = matches!(second, Err(AuthorityError::Office(OfficeError::Folder(FolderError::Locked { .. }))));
    assert!(locked, "{second:?}");
    drop(authority);
    crate::kept::freed(&config).await;

    let state = config.folder.join("authority.json");
    std::fs::set_permissions(&state, std::fs::Permissions::from_mode(0o644)).expect("they are set");
    let exposed = Authority::start(config.clone()).await;
    let refused = matches!(exposed, Err(AuthorityError::Office(OfficeError::Folder(FolderError::Exposed { .. }))));
    assert!(refused, "{exposed:?}");
    std::fs::set_permissions(&state, std::fs::Permissions::from_mode(0o600)).expect("they are set");
    let other = Authority::start(AuthorityConfig { domain: "b.test".parse().expect("one"), ..config.clone() }).await;
    let refused = matches!(other, Err(AuthorityError::Office(OfficeError::Folder(FolderError::OtherDomain { .. }))));
    assert!(refused, "{other:?}");
    std::fs::write(&state, "{}").expect("it is written");
    let broken = Authority::start(config).await;
    let refused = matches!(broken, Err(AuthorityError::Office(OfficeError::Folder(FolderError::Unreadable { .. }))));
    assert!(refused, "{broken:?}");
}

/// Ends once nobody has the folder: the tasks of an authority end a moment after it.
pub(crate) async fn freed(config: &AuthorityConfig) {
    let lock = std::fs::File::open(config.folder.join("lock")).expect("it is there");
    until("the folder is free", || lock.try_lock().is_ok()).await;
}

#[tokio::test]
async fn an_authority_that_starts_again_is_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(folder.path(), "a.test");
    let authority = Authority::start(config.clone()).await.expect("an authority");
    let (server, kept) = (source(&authority, "spiffe://a.test/server").await, status(&authority).await);
    let rules = LedgerRules::default();
    let echo = echo(&server, Authorizer::Local, rules).await;
    let to = Authorizer::exactly([id("spiffe://a.test/server")]);
    let workload = IdentitySource::workload_api(WorkloadClient::new(authority.socket().clone(), None), None);
    workload.ready(crate::bed::PATIENCE).await.expect("an identity");
    let old = dialler(&workload, rules);
    assert_eq!(call(&old, &echo.address, &to).await, Ok(true));
    perform(&authority, Order::Revoke { spiffe_id: id("spiffe://a.test/gone") }).await;
    drop((authority, server));
    // The server's source holds its authority; it goes on with what it has.
    drop(echo);
    freed(&config).await;

    let again = Authority::start(config).await.expect("an authority");
    let now = status(&again).await;
    assert_eq!(now.roots, kept.roots, "the root is the same");
    assert!(now.for_development && now.sequence > kept.sequence);
    assert_eq!(now.revoked, [id("spiffe://a.test/gone")]);
    let server = source(&again, "spiffe://a.test/server").await;
    let echo = crate::bed::echo(&server, Authorizer::Local, rules).await;
    assert_eq!(call(&old, &echo.address, &to).await, Ok(true), "what the first one issued is good");
    let fresh = IdentitySource::workload_api(WorkloadClient::new(again.socket().clone(), None), None);
    fresh.ready(crate::bed::PATIENCE).await.expect("an identity");
    assert_eq!(call(&dialler(&fresh, rules), &echo.address, &to).await, Ok(true));
}

#[tokio::test]
async fn what_was_issued_before_a_restart_can_be_revoked_after_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let config = config(folder.path(), "a.test");
    let authority = Authority::start(config.clone()).await.expect("an authority");
    let old = source(&authority, "spiffe://a.test/worker").await.svid().expect("an identity");
    drop(authority);
    freed(&config).await;
    let again = Authority::start(config).await.expect("an authority");
    let watcher = source(&again, "spiffe://a.test/watcher").await;
    let now = || duologue_identity::Moment(old.until().0 - 60_000);
    assert!(watcher.trust().judge(old.chain(), Role::Client, now()).is_ok());
    perform(&again, Order::Revoke { spiffe_id: id("spiffe://a.test/worker") }).await;
    until("it is revoked", || watcher.trust().judge(old.chain(), Role::Client, now()).is_err()).await;
}

/// Killed while it turns roots and writes entries, many times.
#[tokio::test]
async fn a_kill_at_any_moment_leaves_a_folder_that_can_be_used() {
    let folder = tempfile::tempdir().expect("a folder");
    let place = folder.path().join("authority");
    let mut newest = 0;
    for round in 0..12u64 {
        let mut other = Other::authority(&place);
        assert_eq!(other.says().await, "ready");
        // Some of them long enough for a root to be made meanwhile.
        let wait = Duration::from_millis(if round == 5 { 5_500 } else { round * 13 });
        tokio::time::timeout(wait, std::future::pending::<()>()).await.expect_err("nothing happens");
        other.kill().await;
        let config =
            AuthorityConfig { timings: hurried(), ..AuthorityConfig::new(&place, "example.org".parse().expect("one")) };
        let authority = Authority::start(config.clone()).await.expect("it can be used");
        let status = status(&authority).await;
        let last = status.roots.iter().map(|root| root.number).max().expect("a root");
        assert!(last >= newest, "no number comes twice");
        newest = last;
        let svid = source(&authority, "spiffe://example.org/worker").await;
        assert!(svid.trust().judge(svid.svid().expect("an identity").chain(), Role::Server, now()).is_ok());
        drop((authority, svid));
        freed(&config).await;
    }
    assert!(newest > 1, "roots were turned meanwhile");
}

fn now() -> duologue_identity::Moment {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    duologue_identity::Moment(u64::try_from(since.as_millis()).expect("not that late"))
}
