use std::fmt;
use std::time::Duration;

/// A moment of the time of day: milliseconds since 1970-01-01 UTC.
///
/// Wherever time decides something, the caller says what time it is, so that tests move it as they like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMs(pub i64);

impl UnixMs {
    /// This moment and `span` more; stops at the end of what can be counted.
    pub fn after(self, span: Duration) -> UnixMs {
        UnixMs(self.0.saturating_add(i64::try_from(span.as_millis()).unwrap_or(i64::MAX)))
    }
}

impl fmt::Display for UnixMs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ms since 1970", self.0)
    }
}
