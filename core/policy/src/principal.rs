use std::fmt;

/// Longest SPIFFE ID in bytes (SPIFFE ID §2.3).
const LONGEST: usize = 2_048;
/// Longest trust domain in bytes (SPIFFE ID §2.3).
const LONGEST_TRUST_DOMAIN: usize = 255;

/// Whom a call comes from or goes to, by the name that was proven: a SPIFFE ID, or what a token stands for.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Principal(pub String);

impl Principal {
    /// The name, where it is a SPIFFE ID (SPIFFE ID §2). What only looks like one is none, so that no policy about SPIFFE IDs
    /// ever holds for it.
    pub fn spiffe_id(&self) -> Option<&str> {
        self.trust_domain().map(|_| self.0.as_str())
    }

    /// The trust domain of the SPIFFE ID.
    pub fn trust_domain(&self) -> Option<&str> {
        if self.0.len() > LONGEST {
            return None;
        }
        let rest = self.0.strip_prefix("spiffe://")?;
        let (domain, path) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
        let is_domain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_');
        let sound = !domain.is_empty() && domain.len() <= LONGEST_TRUST_DOMAIN && domain.bytes().all(is_domain);
        (sound && is_path(path)).then_some(domain)
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Nothing, or segments that are not empty, `.` or `..` (SPIFFE ID §2.2).
fn is_path(path: &str) -> bool {
    let Some(segments) = path.strip_prefix('/') else { return path.is_empty() };
    let is_segment = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    segments.split('/').all(|segment| !matches!(segment, "" | "." | "..") && segment.bytes().all(is_segment))
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
            let principal = Principal(id.into());
            assert_eq!((principal.trust_domain(), principal.spiffe_id()), (domain, domain.map(|_| id)), "{id}");
        }
        assert_eq!(Principal(format!("spiffe://example.org/{}", "x".repeat(2_048))).spiffe_id(), None);
        assert_eq!(Principal(format!("spiffe://{}/x", "x".repeat(256))).spiffe_id(), None);
    }
}
