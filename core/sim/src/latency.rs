use duologue_ids::SeededRng;
use std::sync::Arc;
use std::time::Duration;

/// How long a provider takes.
#[derive(Clone, Debug, PartialEq)]
pub enum Latency {
    /// Always the same.
    Fixed(Duration),
    /// Anything between the two, equally likely.
    Uniform(Duration, Duration),
    /// Log-normal, as waiting times of services are: its median, and the standard deviation of its logarithm.
    LogNormal(Duration, f64),
    /// One of these, equally likely: what was measured. Nothing where there is none.
    Measured(Arc<[Duration]>),
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

    /// Log-normal with this median and 95th percentile.
    pub fn log_normal(median: Duration, p95: Duration) -> Latency {
        // The 95th percentile of the standard normal distribution.
        const Z95: f64 = 1.644_853_627;
        let ratio = p95.as_secs_f64() / median.as_secs_f64().max(1e-9);
        Latency::LogNormal(median, ratio.max(1.0).ln() / Z95)
    }

    /// One draw.
    pub fn draw(&self, rng: &mut SeededRng) -> Duration {
        match self {
            Latency::Fixed(d) => *d,
            Latency::Uniform(low, high) => rng.between(*low, *high),
            Latency::LogNormal(median, sigma) => median.mul_f64((sigma * normal(rng)).exp().min(1e3)),
            Latency::Measured(all) if all.is_empty() => Duration::ZERO,
            Latency::Measured(all) => all[rng.below(all.len())],
        }
    }
}

/// A draw from the standard normal distribution (Box and Muller, 1958).
fn normal(rng: &mut SeededRng) -> f64 {
    let (u, v) = (1.0 - rng.unit(), rng.unit());
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

#[cfg(test)]
mod tests {
    use super::*;
    use duologue_ids::Seed;

    #[test]
    fn a_log_normal_latency_has_its_median_and_its_p95() {
        let ms = Duration::from_millis;
        let latency = Latency::log_normal(ms(300), ms(900));
        let mut rng = Seed(5).rng();
        let mut drawn: Vec<Duration> = (0..4_000).map(|_| latency.draw(&mut rng)).collect();
        drawn.sort();
        assert!((ms(285)..ms(315)).contains(&drawn[2_000]), "{:?}", drawn[2_000]);
        assert!((ms(820)..ms(980)).contains(&drawn[3_800]), "{:?}", drawn[3_800]);
    }

    #[test]
    fn what_was_measured_is_drawn_again() {
        let seen: Arc<[Duration]> = [5, 7].map(Duration::from_millis).into();
        let latency = Latency::Measured(seen.clone());
        let mut rng = Seed(5).rng();
        assert!((0..50).all(|_| seen.contains(&latency.draw(&mut rng))));
        assert_eq!(Latency::Measured([].into()).draw(&mut rng), Duration::ZERO);
    }
}
