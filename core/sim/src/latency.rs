use duologue_ids::SeededRng;
use std::time::Duration;

/// How long a provider takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Latency {
    /// Always the same.
    Fixed(Duration),
    /// Anything between the two, equally likely.
    Uniform(Duration, Duration),
}

impl Latency {
    /// From milliseconds.
    pub const fn fixed_ms(ms: u64) -> Latency {
        Latency::Fixed(Duration::from_millis(ms))
    }

    /// From milliseconds.
    pub const fn uniform_ms(low: u64, high: u64) -> Latency {
        Latency::Uniform(Duration::from_millis(low), Duration::from_millis(high))
    }

    /// One draw.
    pub fn draw(self, rng: &mut SeededRng) -> Duration {
        match self {
            Latency::Fixed(d) => d,
            Latency::Uniform(low, high) => rng.between(low, high),
        }
    }
}
