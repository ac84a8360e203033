use duologue_ids::{SpiffeId, TrustDomain};
use std::collections::BTreeSet;

/// Whom a connection is for, of those whose certificates are good.
///
/// The default is the own trust domain: a bundle that is there for one purpose opens nothing else.
///
/// ```
/// use duologue_trust::Authorizer;
///
/// let ours = "example.org".parse()?;
/// let theirs = "spiffe://example.com/worker".parse()?;
/// assert!(!Authorizer::default().allows(&theirs, &ours));
/// assert!(Authorizer::exactly([theirs.clone()]).allows(&theirs, &ours));
/// # Ok::<(), duologue_ids::SpiffeIdError>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Authorizer {
    /// Whoever is of one's own trust domain.
    #[default]
    Local,
    /// These, and nobody else.
    Exactly(BTreeSet<SpiffeId>),
    /// Whoever is of one of these trust domains.
    Domains(BTreeSet<TrustDomain>),
    /// Whoever some bundle at hand vouches for, of whichever trust domain.
    AnyInBundles,
}

impl Authorizer {
    /// These, and nobody else.
    pub fn exactly(ids: impl IntoIterator<Item = SpiffeId>) -> Authorizer {
        Authorizer::Exactly(ids.into_iter().collect())
    }

    /// Whoever is of one of these trust domains.
    pub fn domains(domains: impl IntoIterator<Item = TrustDomain>) -> Authorizer {
        Authorizer::Domains(domains.into_iter().collect())
    }

    /// Whether it is for this peer, whose certificate is good, where one's own trust domain is `local`.
    pub fn allows(&self, peer: &SpiffeId, local: &TrustDomain) -> bool {
        match self {
            Authorizer::Local => peer.trust_domain() == local,
            Authorizer::Exactly(ids) => ids.contains(peer),
            Authorizer::Domains(domains) => domains.contains(peer.trust_domain()),
            Authorizer::AnyInBundles => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_rule_allows_what_it_says_and_nothing_else() {
        let [worker, other, foreign]: [SpiffeId; 3] =
            ["spiffe://a.test/worker", "spiffe://a.test/worker/2", "spiffe://b.test/worker"]
                .map(|id| id.parse().expect("an id"));
        let local: TrustDomain = "a.test".parse().expect("a domain");
        let foreign_domain = Authorizer::domains([foreign.trust_domain().clone()]);
        let table = [
            (Authorizer::Local, [true, true, false]),
            (Authorizer::exactly([worker.clone()]), [true, false, false]),
            (Authorizer::exactly([]), [false, false, false]),
            (foreign_domain, [false, false, true]),
            (Authorizer::AnyInBundles, [true, true, true]),
        ];
        for (rule, expected) in table {
            let found = [&worker, &other, &foreign].map(|peer| rule.allows(peer, &local));
            assert_eq!(found, expected, "{rule:?}");
        }
    }
}
