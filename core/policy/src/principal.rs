use duologue_ids::SpiffeId;
use std::fmt;

/// Whom a call comes from or goes to, by the name that was proven: a SPIFFE ID, or what a token stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Principal(pub String);

impl Principal {
    /// The name, where it is a SPIFFE ID (SPIFFE ID §2). What only looks like one is none, so that no policy about SPIFFE IDs
    /// ever holds for it.
    pub fn spiffe_id(&self) -> Option<SpiffeId> {
        self.0.parse().ok()
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::Principal;

    #[test]
    fn a_spiffe_id_has_a_trust_domain() {
        for (id, domain) in [
            ("spiffe://example.org", Some("example.org")),
            ("spiffe://example.org/ns/a/sa/B_1.x-y", Some("example.org")),
            ("spiffe://a-b_c.1/x", Some("a-b_c.1")),
            ("spiffe://Example.org/x", None),
            ("SPIFFE://example.org/x", None),
            ("spiffe://example.org/", None),
            ("spiffe://example.org//x", None),
            ("spiffe://example.org/../x", None),
            ("spiffe://example.org/x/", None),
            ("spiffe://example.org:8443/x", None),
            ("spiffe://user@example.org/x", None),
            ("spiffe://example.org/x?y", None),
            ("spiffe://example.org/ä", None),
            ("spiffe://", None),
            ("https://example.org/x", None),
            ("anna", None),
            ("", None),
        ] {
            let read = Principal(id.into()).spiffe_id();
            assert_eq!(read.as_ref().map(|id| id.trust_domain().as_str()), domain, "{id}");
            assert_eq!(read.map(|id| id.to_string()), domain.map(|_| id.to_owned()), "{id}");
        }
    }
}
