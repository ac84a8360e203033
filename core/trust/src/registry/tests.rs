use super::*;
use proptest::prelude::*;

fn domain() -> TrustDomain {
    "example.org".parse().expect("a domain")
}

fn id(path: &str) -> SpiffeId {
    domain().member(path).expect("an id")
}

fn caller(uid: u32, pid: u32, path: &str) -> Caller {
    let process = Process { uid, pid, started: 5, boot: "b".into() };
    Caller { process, path: Some(path.into()), sha256: None }
}

fn entry(path: &str, uid: u32, program: &str, sha256: Option<&str>) -> Entry {
    let executable = Executable { path: program.into(), sha256: sha256.map(str::to_owned) };
    Entry { spiffe_id: id(path), uid, executable }
}

#[test]
fn user_program_and_bytes_have_to_fit() {
    let mut registry = Registry::default();
    let digest = "ab".repeat(32);
    registry.add(entry("/any", 7, "/bin/a", None), &domain()).expect("it is taken");
    registry.add(entry("/exact", 7, "/bin/a", Some(&digest.to_uppercase())), &domain()).expect("it is taken");
    let now = Moment::from_secs(1);
    assert_eq!(registry.admit(&caller(7, 1, "/bin/a"), None, now), Ok(vec![id("/any")]));
    let exact = Caller { sha256: Some(digest), ..caller(7, 1, "/bin/a") };
    assert_eq!(registry.admit(&exact, None, now), Ok(vec![id("/exact"), id("/any")]));
    assert!(registry.asks_for_bytes(7, "/bin/a") && !registry.asks_for_bytes(8, "/bin/a"));
    for stranger in [caller(8, 1, "/bin/a"), caller(7, 1, "/bin/b"), Caller { path: None, ..caller(7, 1, "") }] {
        assert!(matches!(registry.admit(&stranger, None, now), Err(NotAdmitted::NoEntry { .. })), "{stranger:?}");
    }
}

#[test]
fn what_cannot_work_is_refused() {
    let mut registry = Registry::default();
    let foreign: SpiffeId = "spiffe://other.org/a".parse().expect("an id");
    let table = [
        (
            Entry { spiffe_id: foreign.clone(), ..entry("/a", 1, "/a", None) },
            BadEntry::OtherDomain { id: foreign, domain: domain() },
        ),
        (Entry { spiffe_id: domain().id(), ..entry("/a", 1, "/a", None) }, BadEntry::NoPath(domain().id())),
        (entry("/a", 1, "a", None), BadEntry::RelativePath("a".into())),
        (entry("/a", 1, "/a", Some("abc")), BadEntry::NoDigest("abc".into())),
    ];
    for (entry, why) in table {
        assert_eq!(registry.add(entry, &domain()), Err(why));
    }
    assert_eq!(registry.remove(&entry("/a", 1, "/a", None)), Err(BadEntry::Unknown));
    let from = FederatedFrom::File("/b".into());
    assert_eq!(registry.federate(domain(), from, &domain()), Err(BadEntry::OwnDomain(domain())));
    assert_eq!(registry, Registry::default());
}

#[test]
fn a_revoked_id_is_given_to_nobody_and_another_still_is() {
    let mut registry = Registry::default();
    registry.add(entry("/a", 1, "/p", None), &domain()).expect("it is taken");
    assert_eq!(registry.revoke(id("/a"), &domain()), Ok(true));
    assert_eq!(registry.revoke(id("/a"), &domain()), Ok(false));
    let asked = registry.admit(&caller(1, 1, "/p"), None, Moment::from_secs(1));
    assert_eq!(asked, Err(NotAdmitted::Revoked(id("/a"))));
    registry.add(entry("/b", 1, "/p", None), &domain()).expect("it is taken");
    assert_eq!(registry.admit(&caller(1, 1, "/p"), None, Moment::from_secs(1)), Ok(vec![id("/b")]));
}

proptest! {
    /// Whoever shows it, however often, in whichever order: a token belongs to one process, the first in time.
    #[test]
    fn a_token_is_one_processs(shows in proptest::collection::vec((1u32..4, 0u64..20, any::<bool>()), 1..40)) {
        let mut registry = Registry::default();
        let digest = TokenDigest("d".into());
        let until = Moment::from_secs(10);
        registry.add_token(digest.clone(), id("/t"), until, &domain()).expect("it is taken");
        let mut owner = None;
        let mut shows = shows;
        shows.sort_by_key(|(_, at, _)| *at);
        for (pid, at, with) in shows {
            let (who, now) = (caller(1, pid, "/p"), Moment::from_secs(at));
            let got = registry.admit(&who, with.then_some(&digest), now);
            if with && owner.is_none() && now < until {
                owner = Some(pid);
            }
            match owner {
                Some(owner) if owner == pid => prop_assert_eq!(got, Ok(vec![id("/t")])),
                Some(_) if with => prop_assert_eq!(got, Err(NotAdmitted::UsedToken)),
                None if with => prop_assert_eq!(got, Err(NotAdmitted::UnknownToken)),
                _ => { let refused = matches!(got, Err(NotAdmitted::NoEntry { .. })); prop_assert!(refused) }
            }
        }
        registry.forget(until, |_| true);
        prop_assert_eq!(registry.tokens.len(), usize::from(owner.is_some()));
        registry.forget(until, |_| false);
        prop_assert!(registry.tokens.is_empty());
    }
}

#[test]
fn a_process_of_the_same_number_is_another() {
    let mut registry = Registry::default();
    let digest = TokenDigest("d".into());
    registry.add_token(digest.clone(), id("/t"), Moment::from_secs(10), &domain()).expect("it is taken");
    let first = caller(1, 1, "/p");
    registry.admit(&first, Some(&digest), Moment::from_secs(1)).expect("it is the first");
    let mut second = first.clone();
    second.process.started += 1;
    assert_eq!(registry.admit(&second, Some(&digest), Moment::from_secs(1)), Err(NotAdmitted::UsedToken));
    assert!(registry.admit(&second, None, Moment::from_secs(1)).is_err());
}
