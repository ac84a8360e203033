use serde::{Deserialize, Serialize};
use std::time::Duration;

/// Milliseconds since the beginning of 1970, by the wall clock: what certificates and tokens are valid by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Moment(pub u64);

impl Moment {
    /// Later than any that occurs.
    pub const FAR: Moment = Moment(u64::MAX);

    /// Whole seconds since 1970.
    pub const fn from_secs(seconds: u64) -> Moment {
        Moment(seconds.saturating_mul(1_000))
    }

    /// Whole seconds since 1970, rounded down.
    pub const fn as_secs(self) -> u64 {
        self.0 / 1_000
    }

    /// So much later.
    #[must_use]
    pub fn plus(self, by: Duration) -> Moment {
        Moment(self.0.saturating_add(u64::try_from(by.as_millis()).unwrap_or(u64::MAX)))
    }

    /// So much earlier, 1970 at the earliest.
    #[must_use]
    pub fn minus(self, by: Duration) -> Moment {
        Moment(self.0.saturating_sub(u64::try_from(by.as_millis()).unwrap_or(u64::MAX)))
    }

    /// Time since `earlier`; none where that is later.
    pub fn since(self, earlier: Moment) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// The start of its second, which is as fine as certificates tell time.
    #[must_use]
    pub const fn whole_second(self) -> Moment {
        Moment(self.0 / 1_000 * 1_000)
    }
}
