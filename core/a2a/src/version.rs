//! Which version of the protocol a call is of.

use crate::error::{A2aError, ErrorKind};
use serde::{Deserialize, Serialize};

/// Name of the header, and of the query's parameter, that carries the version.
pub const VERSION_HEADER: &str = "A2A-Version";

/// The two forms that the protocol's JSON has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Dialect {
    /// 0.3: what is assumed where nothing is said.
    #[serde(rename = "0.3")]
    V0_3,
    /// 1.0.
    #[serde(rename = "1.0")]
    V1_0,
}

impl Dialect {
    /// The version as it is told: major and minor, never a patch (specification 1.0.1 §3.6).
    pub const fn as_str(self) -> &'static str {
        match self {
            Dialect::V0_3 => "0.3",
            Dialect::V1_0 => "1.0",
        }
    }

    /// The dialect of a version such as `1.0` or `1.0.1`. The patch means nothing.
    pub fn of(version: &str) -> Option<Dialect> {
        let mut numbers = version.split('.');
        let major_minor = (numbers.next()?, numbers.next()?);
        let number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let patch = numbers.next().is_none_or(number);
        match (major_minor, patch && numbers.next().is_none()) {
            (("1", "0"), true) => Some(Dialect::V1_0),
            (("0", "3"), true) => Some(Dialect::V0_3),
            _ => None,
        }
    }
}

/// The version of a call: from the header, else from the query's parameter; missing or empty is 0.3 (§3.6.2).
///
/// # Errors
/// [`ErrorKind::VersionNotSupported`] where it is none of `spoken`.
pub fn negotiate(header: Option<&str>, query: Option<&str>, spoken: &[Dialect]) -> Result<Dialect, A2aError> {
    let said = [header, query].into_iter().flatten().map(str::trim).find(|said| !said.is_empty());
    let dialect = said.map_or(Some(Dialect::V0_3), Dialect::of);
    dialect.filter(|dialect| spoken.contains(dialect)).ok_or_else(|| {
        let known: Vec<&str> = spoken.iter().map(|dialect| dialect.as_str()).collect();
        let known = known.join(", ");
        // What was said comes from anybody: as much of it as a version has.
        let said: String = said.unwrap_or("0.3").chars().filter(|c| !c.is_control()).take(16).collect();
        let message =
            format!("This agent does not speak A2A {said}: send the header {VERSION_HEADER} with one of {known}");
        A2aError::new(ErrorKind::VersionNotSupported, message).with("supportedVersions", known)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOTH: &[Dialect] = &[Dialect::V1_0, Dialect::V0_3];

    #[test]
    fn missing_is_0_3_and_a_patch_means_nothing() {
        for (header, query, dialect) in [
            (None, None, Dialect::V0_3),
            (Some(""), None, Dialect::V0_3),
            (Some(" 1.0 "), None, Dialect::V1_0),
            (Some("1.0.1"), Some("0.3"), Dialect::V1_0),
            (None, Some("1.0"), Dialect::V1_0),
            (Some("0.3.0"), None, Dialect::V0_3),
        ] {
            assert_eq!(negotiate(header, query, BOTH), Ok(dialect), "{header:?} {query:?}");
        }
    }

    #[test]
    fn others_are_refused_and_told_what_is_spoken() {
        for said in ["2.0", "1", "1.1", "1.0.x", "1.0.0.0", "v1.0", "0.2.5", "99.0\n"] {
            let refused = negotiate(Some(said), None, BOTH).map_err(|error| (error.kind, error.metadata.len()));
            assert_eq!(refused, Err((ErrorKind::VersionNotSupported, 1)), "{said}");
        }
        assert!(negotiate(None, None, &[Dialect::V1_0]).is_err());
    }
}
