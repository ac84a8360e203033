use crate::echo::{Echo, EchoConfig};
use duologue_ids::{Mono, Seed, SeededRng};
use duologue_media::{MouthError, Packet};
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
    /// What comes back from the far end of what crossed; `None` where no loudspeaker is near a microphone.
    pub echo: Option<EchoConfig>,
}

impl LinkConfig {
    /// Within one process: nothing is late, nothing is lost.
    pub const IN_PROCESS: LinkConfig =
        LinkConfig { delay: Duration::ZERO, jitter: Duration::ZERO, loss: 0.0, echo: None };
    /// A usual path through a room server on the same continent.
    pub const INTERNET: LinkConfig =
        LinkConfig { delay: Duration::from_millis(25), jitter: Duration::from_millis(15), loss: 0.002, echo: None };
}

/// What a link did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LinkStats {
    /// Packets offered.
    pub sent: u64,
    /// Packets dropped.
    pub lost: u64,
    /// Frames of 20 ms that the far end sent back as an echo.
    pub echoed: u64,
}

/// A [`LinkConfig`] at work.
pub struct Link {
    config: LinkConfig,
    /// Of the echo.
    seed: Seed,
    rng: SeededRng,
    /// Made for the codec of the first packet, whoever sends it.
    echo: Option<Echo>,
    stats: LinkStats,
}

impl Link {
    /// The same seed gives the same fate to the same packets.
    pub fn new(config: LinkConfig, seed: Seed) -> Link {
        Link { config, seed: seed.derive("echo"), rng: seed.rng(), echo: None, stats: LinkStats::default() }
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

    /// Whether anything comes back.
    pub fn has_echo(&self) -> bool {
        self.config.echo.is_some()
    }

    /// The far end's loudspeaker plays a packet that arrived at `now`: the party's own voice, without what its
    /// microphone added to it, or the echo of an echo would go round for ever.
    pub fn play(&mut self, now: Mono, voice: Option<Packet>) {
        if let (Some(config), Some(packet)) = (self.config.echo, voice) {
            self.echo.get_or_insert_with(|| Echo::new(config, self.seed, packet.codec)).arrived(now, packet);
        }
    }

    /// What leaves the far end in these 20 ms: the packet it sends of its own, with the echo in it. To be called every
    /// 20 ms, whether there is a packet or not; without an echo it is the packet itself.
    pub fn far_end(&mut self, now: Mono, own: Option<Packet>) -> Result<Option<Packet>, MouthError> {
        if let (Some(config), None, Some(packet)) = (self.config.echo, &self.echo, &own) {
            self.echo = Some(Echo::new(config, self.seed, packet.codec));
        }
        let Some(echo) = &mut self.echo else { return Ok(own) };
        let (packet, echoes) = echo.add_to(now, own.as_ref())?;
        self.stats.echoed += u64::from(echoes);
        Ok(packet)
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
        let config =
            LinkConfig { delay: Duration::from_millis(10), jitter: Duration::from_millis(5), loss: 0.1, echo: None };
        let mut link = Link::new(config, Seed(3));
        let arrived: Vec<Mono> = (0..2000).filter_map(|_| link.arrival(Mono::ZERO)).collect();
        assert!((150..250).contains(&link.stats().lost));
        assert!(arrived.iter().all(|a| (10..=15).contains(&a.as_millis())));
    }
}
