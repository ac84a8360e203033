use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use thiserror::Error;

const SCHEME: &str = "spiffe://";
/// Most bytes of an id (SPIFFE-ID §2.3).
const ID_MAX: usize = 2048;
/// Most bytes of a trust domain's name (SPIFFE-ID §2.3).
const DOMAIN_MAX: usize = 255;

/// Why a text is no SPIFFE id, or no name of a trust domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum SpiffeIdError {
    /// It begins otherwise.
    #[error("a SPIFFE id begins with spiffe:// in small letters, such as spiffe://example.org/worker")]
    Scheme,
    /// It is longer than the protocol allows.
    #[error("a SPIFFE id has at most 2048 bytes, and the name of its trust domain at most 255")]
    TooLong,
    /// There is no trust domain.
    #[error("the trust domain is missing: spiffe://TRUST-DOMAIN/PATH")]
    NoTrustDomain,
    /// A character that names of trust domains cannot have; ports and users among them.
    #[error("the name of a trust domain has small letters, digits, dots, dashes and underscores only")]
    TrustDomainCharacter,
    /// A character that paths cannot have; percent-encoding, queries and fragments among them.
    #[error("the path of a SPIFFE id has letters, digits, dots, dashes and underscores between its slashes only")]
    PathCharacter,
    /// Two slashes in a row, or one at the end.
    #[error("the path of a SPIFFE id has no empty parts: no // in it, and no / at its end")]
    EmptySegment,
    /// `.` or `..`.
    #[error("the path of a SPIFFE id has no parts . or ..")]
    DotSegment,
}

/// The name of a trust domain: what stands behind `spiffe://` and before the first slash (SPIFFE-ID §2.1).
///
/// ```
/// use duologue_ids::TrustDomain;
///
/// let ours: TrustDomain = "example.org".parse()?;
/// assert_eq!(ours.id().to_string(), "spiffe://example.org");
/// assert!("Example.org".parse::<TrustDomain>().is_err());
/// # Ok::<(), duologue_ids::SpiffeIdError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TrustDomain(String);

/// A SPIFFE id: who a workload is (SPIFFE-ID §2). Equal only if every byte is.
///
/// ```
/// use duologue_ids::SpiffeId;
///
/// let id: SpiffeId = "spiffe://example.org/agents/worker".parse()?;
/// assert_eq!(id.trust_domain().as_str(), "example.org");
/// assert_eq!(id.path(), "/agents/worker");
/// # Ok::<(), duologue_ids::SpiffeIdError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct SpiffeId {
    domain: TrustDomain,
    /// Empty, or begins with a slash.
    path: String,
}

impl TrustDomain {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id of the domain itself, which has no path and which no workload has.
    pub fn id(&self) -> SpiffeId {
        SpiffeId { domain: self.clone(), path: String::new() }
    }

    /// The id with this path in the domain; the path begins with a slash.
    ///
    /// # Errors
    /// [`SpiffeIdError`].
    pub fn member(&self, path: &str) -> Result<SpiffeId, SpiffeIdError> {
        format!("{SCHEME}{}{path}", self.0).parse()
    }
}

impl SpiffeId {
    /// The trust domain that vouches for it.
    pub fn trust_domain(&self) -> &TrustDomain {
        &self.domain
    }

    /// The path with its first slash; empty for the id of a trust domain.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Whether a workload can have it: it has a path (X509-SVID §2).
    pub fn is_workload(&self) -> bool {
        !self.path.is_empty()
    }
}

impl FromStr for TrustDomain {
    type Err = SpiffeIdError;

    fn from_str(name: &str) -> Result<TrustDomain, SpiffeIdError> {
        match name {
            "" => Err(SpiffeIdError::NoTrustDomain),
            _ if name.len() > DOMAIN_MAX => Err(SpiffeIdError::TooLong),
            _ if !name.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-' | b'_')) => {
                Err(SpiffeIdError::TrustDomainCharacter)
            }
            _ => Ok(TrustDomain(name.to_owned())),
        }
    }
}

impl FromStr for SpiffeId {
    type Err = SpiffeIdError;

    fn from_str(text: &str) -> Result<SpiffeId, SpiffeIdError> {
        if text.len() > ID_MAX {
            return Err(SpiffeIdError::TooLong);
        }
        let rest = text.strip_prefix(SCHEME).ok_or(SpiffeIdError::Scheme)?;
        let (domain, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let domain = domain.parse()?;
        path.split('/').skip(1).try_for_each(check_segment)?;
        Ok(SpiffeId { domain, path: path.to_owned() })
    }
}

fn check_segment(segment: &str) -> Result<(), SpiffeIdError> {
    match segment {
        "" => Err(SpiffeIdError::EmptySegment),
        "." | ".." => Err(SpiffeIdError::DotSegment),
        _ if segment.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')) => Ok(()),
        _ => Err(SpiffeIdError::PathCharacter),
    }
}

impl TryFrom<String> for TrustDomain {
    type Error = SpiffeIdError;

    fn try_from(name: String) -> Result<TrustDomain, SpiffeIdError> {
        name.parse()
    }
}

impl TryFrom<String> for SpiffeId {
    type Error = SpiffeIdError;

    fn try_from(text: String) -> Result<SpiffeId, SpiffeIdError> {
        text.parse()
    }
}

impl From<TrustDomain> for String {
    fn from(domain: TrustDomain) -> String {
        domain.0
    }
}

impl From<SpiffeId> for String {
    fn from(id: SpiffeId) -> String {
        id.to_string()
    }
}

impl fmt::Display for TrustDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for SpiffeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SCHEME}{}{}", self.domain, self.path)
    }
}

impl fmt::Debug for TrustDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for SpiffeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_the_specification_refuses_is_refused() {
        use SpiffeIdError::*;
        let long = format!("spiffe://d/{}", "a".repeat(2038));
        let long_domain = format!("spiffe://{}/a", "d".repeat(256));
        let table = [
            ("", Scheme),
            ("http://example.org/a", Scheme),
            ("SPIFFE://example.org/a", Scheme),
            ("spiffe:/example.org", Scheme),
            ("spiffe://", NoTrustDomain),
            ("spiffe:///a", NoTrustDomain),
            ("spiffe://Example.org/a", TrustDomainCharacter),
            ("spiffe://user@example.org/a", TrustDomainCharacter),
            ("spiffe://example.org:80/a", TrustDomainCharacter),
            ("spiffe://example.org?a=b", TrustDomainCharacter),
            ("spiffe://ex%41mple.org/a", TrustDomainCharacter),
            ("spiffe://exämple.org/a", TrustDomainCharacter),
            ("spiffe://example.org/", EmptySegment),
            ("spiffe://example.org//a", EmptySegment),
            ("spiffe://example.org/a/", EmptySegment),
            ("spiffe://example.org/./a", DotSegment),
            ("spiffe://example.org/a/..", DotSegment),
            ("spiffe://example.org/a%20b", PathCharacter),
            ("spiffe://example.org/a?b", PathCharacter),
            ("spiffe://example.org/a#b", PathCharacter),
            ("spiffe://example.org/ä", PathCharacter),
            ("spiffe://example.org/a\0", PathCharacter),
            (&long, TooLong),
            (&long_domain, TooLong),
        ];
        for (text, why) in table {
            assert_eq!(text.parse::<SpiffeId>(), Err(why), "{text}");
        }
    }

    #[test]
    fn ids_are_sent_as_text_and_checked_when_they_are_read() {
        let id: SpiffeId = "spiffe://example.org/a...b/_C-3".parse().expect("an id");
        assert_eq!(serde_json::to_string(&id).expect("JSON"), "\"spiffe://example.org/a...b/_C-3\"");
        assert!(serde_json::from_str::<SpiffeId>("\"spiffe://example.org//\"").is_err());
        assert!(!id.trust_domain().id().is_workload());
        assert_eq!(id.trust_domain().member("/a...b/_C-3"), Ok(id));
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_the_same(domain in "[a-z0-9._-]{1,40}", path in "(/[a-zA-Z0-9_-][a-zA-Z0-9._-]{0,9}){0,6}") {
            let text = format!("spiffe://{domain}{path}");
            let id: SpiffeId = text.parse().expect("it is valid");
            prop_assert_eq!(id.to_string(), text);
            prop_assert_eq!(id.trust_domain().as_str(), domain);
            prop_assert_eq!(id.is_workload(), !path.is_empty());
        }

        #[test]
        fn nothing_that_is_not_canonical_is_taken(text in "(spiffe://)?[ -~äß/.%]{0,40}") {
            if let Ok(id) = text.parse::<SpiffeId>() {
                prop_assert_eq!(id.to_string(), text.clone());
                prop_assert!(!text.contains("//") || text.rfind("//") == Some(7));
                prop_assert!(!text.contains('%') && text.is_ascii());
            }
        }
    }
}
