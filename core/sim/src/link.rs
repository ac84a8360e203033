use duologue_ids::{Mono, Seed, SeededRng};
use std::time::Duration;

/// A one-way network path at packet level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinkConfig {
    /// Fastest crossing.
    pub delay: Duration,
    /// Each packet takes up to so much longer; packets may overtake each other.
    pub jitter: Duration,
    /// Share of packets that never arrive, 0..=1.
    pub loss: f64,
}

impl LinkConfig {
    /// Within one process: nothing is late, nothing is lost.
    pub const IN_PROCESS: LinkConfig = LinkConfig { delay: Duration::ZERO, jitter: Duration::ZERO, loss: 0.0 };
    /// A usual path through a room server on the same continent.
    pub const INTERNET: LinkConfig =
        LinkConfig { delay: Duration::from_millis(25), jitter: Duration::from_millis(15), loss: 0.002 };
}

/// What a link did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkStats {
    /// Packets offered.
    pub sent: u64,
    /// Packets dropped.
    pub lost: u64,
}

/// A [`LinkConfig`] at work.
#[derive(Clone, Debug)]
pub struct Link {
    config: LinkConfig,
    rng: SeededRng,
    stats: LinkStats,
}

impl Link {
    /// The same seed gives the same fate to the same packets.
    pub fn new(config: LinkConfig, seed: Seed) -> Link {
        Link { config, rng: seed.rng(), stats: LinkStats::default() }
    }

    /// When a packet sent at `now` arrives, or `None` where it does not.
    pub fn arrival(&mut self, now: Mono) -> Option<Mono> {
        self.stats.sent += 1;
        let (fate, extra) = (self.rng.unit(), self.rng.unit());
        if fate < self.config.loss {
            self.stats.lost += 1;
            return None;
        }
        Some(now + self.config.delay + self.config.jitter.mul_f64(extra))
    }

    /// What it did so far.
    pub fn stats(&self) -> LinkStats {
        self.stats
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loses_about_its_share_and_delays_within_its_range() {
        let config = LinkConfig { delay: Duration::from_millis(10), jitter: Duration::from_millis(5), loss: 0.1 };
        let mut link = Link::new(config, Seed(3));
        let arrived: Vec<Mono> = (0..2000).filter_map(|_| link.arrival(Mono::ZERO)).collect();
        assert!((150..250).contains(&link.stats().lost));
        assert!(arrived.iter().all(|a| (10..=15).contains(&a.as_millis())));
    }
}
