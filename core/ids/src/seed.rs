use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The number from which all randomness of a run is derived.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Seed(pub u64);

impl Seed {
    /// A seed of its own for one part of the run, so that parts may draw in any order and as often as they like
    /// (FNV-1a over the label, mixed by SplitMix64).
    pub fn derive(self, label: &str) -> Seed {
        let hash =
            label.bytes().fold(0xcbf2_9ce4_8422_2325u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
        let mut z = (self.0 ^ hash).wrapping_add(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        Seed(z ^ (z >> 31))
    }

    /// A generator whose output is the same on every platform and in every version of this crate.
    pub fn rng(self) -> SeededRng {
        SeededRng(ChaCha8Rng::seed_from_u64(self.0))
    }
}

/// ChaCha8 behind the few draws that the core needs.
#[derive(Clone, Debug)]
pub struct SeededRng(ChaCha8Rng);

impl SeededRng {
    /// The next 64 random bits.
    pub fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// A name nobody else has: `prefix` and twelve letters and digits, as LiveKit's servers name what they make
    /// (`PA_9kXw…`). None of them is easily read as another.
    pub fn id(&mut self, prefix: &str) -> String {
        const LETTERS: &[u8; 57] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
        let mut id = String::from(prefix);
        id.extend((0..12).filter_map(|_| LETTERS.get(self.below(LETTERS.len())).copied().map(char::from)));
        id
    }

    /// Uniform in `0.0..1.0`.
    pub fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// Uniform in `low..high`, or `low` where the range is empty.
    pub fn between(&mut self, low: Duration, high: Duration) -> Duration {
        low + high.saturating_sub(low).mul_f64(self.unit())
    }

    /// Uniform in `0..n`; 0 for `n = 0`.
    pub fn below(&mut self, n: usize) -> usize {
        ((self.unit() * n as f64) as usize).min(n.saturating_sub(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_of_a_seed_never_changes() {
        // A recorded run must replay with a later version: these numbers are a promise.
        let mut rng = Seed(42).derive("customer").rng();
        let drawn: Vec<u64> = (0..3).map(|_| rng.next_u64() >> 40).collect();
        assert_eq!(drawn, GOLDEN);
    }

    #[test]
    fn draws_stay_in_their_range() {
        let mut rng = Seed(1).rng();
        for _ in 0..1000 {
            assert!((0.0..1.0).contains(&rng.unit()));
            assert!(rng.below(3) < 3);
            let d = rng.between(Duration::from_millis(5), Duration::from_millis(9));
            assert!((5..=9).contains(&d.as_millis()));
        }
        assert_eq!(rng.below(0), 0);
        let (one, other) = (rng.id("PA_"), rng.id("PA_"));
        assert!(one.starts_with("PA_") && one.len() == 15 && one != other);
    }

    const GOLDEN: [u64; 3] = [5_639_966, 1_525_112, 2_021_976];
}
