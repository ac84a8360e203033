//! Which certificates say who somebody is.

use duologue_identity::leaf::{self, BadLeaf};
use duologue_identity::{Moment, Refusal, Role, Trust};
use duologue_ids::SpiffeIdError;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair, KeyUsagePurpose,
    SanType,
};
use rustls::pki_types::CertificateDer;
use std::time::SystemTime;

pub(crate) struct Root {
    pub(crate) certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

pub(crate) fn root(name: &str) -> Root {
    let key = KeyPair::generate().expect("a key");
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let certificate = params.self_signed(&key).expect("a root").der().clone();
    Root { certificate, issuer: Issuer::new(params, key) }
}

/// The leaf that SPIFFE wants.
pub(crate) fn params(uris: &[&str]) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.subject_alt_names = uris.iter().map(|uri| SanType::URI((*uri).try_into().expect("ASCII"))).collect();
    params.is_ca = IsCa::ExplicitNoCa;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params
}

impl Root {
    pub(crate) fn sign(&self, params: &CertificateParams) -> (CertificateDer<'static>, KeyPair) {
        let key = KeyPair::generate().expect("a key");
        (params.signed_by(&key, &self.issuer).expect("a leaf").der().clone(), key)
    }
}

fn now() -> Moment {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    Moment(u64::try_from(since.as_millis()).expect("not that late"))
}

const WORKER: &str = "spiffe://a.test/worker";

#[test]
fn leaves_are_what_spiffe_says_or_nothing() {
    let root = root("a");
    let authority = {
        let mut params = params(&[WORKER]);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params
    };
    let usage = |usages: &[KeyUsagePurpose]| {
        let mut params = params(&[WORKER]);
        params.key_usages = usages.to_vec();
        params
    };
    let dns = |mut params: CertificateParams| {
        params.subject_alt_names.push(SanType::DnsName("a.test".try_into().expect("a name")));
        params
    };
    use KeyUsagePurpose::{CrlSign, DigitalSignature, KeyCertSign, KeyEncipherment};
    let table = [
        ("good", params(&[WORKER]), Ok(())),
        ("a DNS name beside it", dns(params(&[WORKER])), Ok(())),
        ("key encipherment beside it", usage(&[DigitalSignature, KeyEncipherment]), Ok(())),
        ("two URIs", params(&[WORKER, "spiffe://a.test/other"]), Err(BadLeaf::SeveralUris)),
        ("the same twice", params(&[WORKER, WORKER]), Err(BadLeaf::SeveralUris)),
        ("a foreign URI beside it", params(&[WORKER, "https://a.test"]), Err(BadLeaf::SeveralUris)),
        ("no names", params(&[]), Err(BadLeaf::NoUri)),
        ("only a DNS name", dns(params(&[])), Err(BadLeaf::NoUri)),
        ("another scheme", params(&["https://a.test/worker"]), Err(BadLeaf::NoId(SpiffeIdError::Scheme))),
        ("no path", params(&["spiffe://a.test"]), Err(BadLeaf::NoPath)),
        ("a port", params(&["spiffe://a.test:1/w"]), Err(BadLeaf::NoId(SpiffeIdError::TrustDomainCharacter))),
        ("an authority", authority, Err(BadLeaf::Authority)),
        ("may sign certificates", usage(&[DigitalSignature, KeyCertSign]), Err(BadLeaf::Authority)),
        ("may sign lists", usage(&[DigitalSignature, CrlSign]), Err(BadLeaf::Authority)),
        ("may not sign", usage(&[KeyEncipherment]), Err(BadLeaf::NoSignature)),
        ("says nothing of its use", usage(&[]), Err(BadLeaf::NoSignature)),
    ];
    for (what, params, expected) in table {
        let (certificate, _) = root.sign(&params);
        assert_eq!(leaf::read(&certificate).map(|_| ()), expected, "{what}");
    }
    assert_eq!(leaf::read(b"\x30\x03abc"), Err(BadLeaf::Malformed));
}

#[test]
fn a_leaf_is_believed_by_the_bundle_of_its_own_trust_domain_only() {
    let (ours, theirs, nobodys) = (root("a"), root("b"), root("c"));
    let bundles = [("a.test", &ours), ("b.test", &theirs)];
    let bundles = bundles.map(|(name, root)| (name.parse().expect("a domain"), vec![root.certificate.clone()]));
    let trust = Trust::of(bundles, Vec::new()).expect("bundles");
    let judge = |root: &Root, params: &CertificateParams| trust.judge(&[root.sign(params).0], Role::Client, now());
    assert!(judge(&ours, &params(&[WORKER])).is_ok());
    assert!(judge(&theirs, &params(&["spiffe://b.test/worker"])).is_ok());
    let refused = judge(&theirs, &params(&[WORKER]));
    assert!(matches!(refused, Err(Refusal::NotSigned { .. })), "b.test's root says who is of a.test: {refused:?}");
    assert!(matches!(judge(&nobodys, &params(&[WORKER])), Err(Refusal::NotSigned { .. })));
    let unknown = judge(&nobodys, &params(&["spiffe://c.test/worker"]));
    assert!(matches!(unknown, Err(Refusal::UnknownDomain { .. })), "{unknown:?}");
    assert_eq!(trust.judge(&[], Role::Client, now()), Err(Refusal::NoCertificate));
    assert!(matches!(judge(&ours, &params(&[WORKER, WORKER])), Err(Refusal::BadLeaf(_))));
}

#[test]
fn a_leaf_is_believed_in_its_time_and_for_its_purpose_only() {
    let root = root("a");
    let bundle = [("a.test".parse().expect("a domain"), vec![root.certificate.clone()])];
    let trust = Trust::of(bundle, Vec::new()).expect("a bundle");
    let mut short = params(&[WORKER]);
    short.not_before = time::OffsetDateTime::from_unix_timestamp(1_700_000_000).expect("a date");
    short.not_after = time::OffsetDateTime::from_unix_timestamp(1_700_000_010).expect("a date");
    let (short, _) = root.sign(&short);
    let at = |seconds| trust.judge(std::slice::from_ref(&short), Role::Client, Moment::from_secs(seconds));
    assert!(at(1_700_000_000).is_ok() && at(1_700_000_010).is_ok());
    for seconds in [1_699_999_999, 1_700_000_011] {
        assert!(matches!(at(seconds), Err(Refusal::Expired { .. })), "{seconds}");
    }
    let mut server = params(&[WORKER]);
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let (server, _) = root.sign(&server);
    assert!(trust.judge(std::slice::from_ref(&server), Role::Server, now()).is_ok());
    assert!(trust.judge(&[server], Role::Client, now()).is_err());
}
