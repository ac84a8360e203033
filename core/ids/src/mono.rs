use serde::{Deserialize, Serialize};
use std::fmt;
use std::ops::{Add, AddAssign, Sub};
use std::time::Duration;

/// Nanoseconds since the start of a conversation, on one monotonic clock shared by both parties.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mono(pub u64);

impl Mono {
    /// The start of the conversation.
    pub const ZERO: Mono = Mono(0);
    /// Later than any time that occurs: "no timeout".
    pub const FAR: Mono = Mono(u64::MAX);

    /// The time `ms` milliseconds after the start.
    pub const fn from_millis(ms: u64) -> Mono {
        Mono(ms * 1_000_000)
    }

    /// Whole milliseconds since the start.
    pub const fn as_millis(self) -> u64 {
        self.0 / 1_000_000
    }

    /// Seconds since the start.
    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    /// Time since `earlier`, or zero where `earlier` is in fact later.
    pub fn since(self, earlier: Mono) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for Mono {
    type Output = Mono;
    fn add(self, rhs: Duration) -> Mono {
        Mono(self.0.saturating_add(u64::try_from(rhs.as_nanos()).unwrap_or(u64::MAX)))
    }
}

impl AddAssign<Duration> for Mono {
    fn add_assign(&mut self, rhs: Duration) {
        *self = *self + rhs;
    }
}

impl Sub for Mono {
    type Output = Duration;
    /// Saturates at zero, as [`Mono::since`] does.
    fn sub(self, rhs: Mono) -> Duration {
        self.since(rhs)
    }
}

impl fmt::Debug for Mono {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}s", self.as_secs_f64())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_instead_of_wrapping() {
        assert_eq!(Mono::ZERO - Mono(5), Duration::ZERO);
        assert_eq!(Mono::FAR + Duration::from_secs(1), Mono::FAR);
        assert_eq!(Mono::from_millis(1500).as_secs_f64(), 1.5);
    }
}
