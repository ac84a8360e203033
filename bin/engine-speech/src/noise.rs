//! Noise that is the same every time for the same text.

/// A small generator (xorshift64*, Vigna 2016) of normally distributed numbers.
pub(crate) struct Noise {
    state: u64,
}

impl Noise {
    /// Starts from `seed`.
    pub(crate) fn seeded(seed: u64) -> Noise {
        Noise { state: seed | 1 }
    }

    /// Starts from words: FNV-1a over their bytes.
    pub(crate) fn of_text(parts: &[&str]) -> Noise {
        let bytes = parts.iter().flat_map(|part| part.bytes().chain([0]));
        Noise::seeded(bytes.fold(0xcbf2_9ce4_8422_2325, |hash, b| (hash ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3)))
    }

    /// Uniform in the open interval 0..1.
    fn uniform(&mut self) -> f32 {
        self.state ^= self.state >> 12;
        self.state ^= self.state << 25;
        self.state ^= self.state >> 27;
        let bits = self.state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 40;
        (bits as f32 + 0.5) / (1 << 24) as f32
    }

    /// Two independent standard normal numbers (Box and Muller 1958).
    pub(crate) fn normal_pair(&mut self) -> (f32, f32) {
        let radius = (-2.0 * self.uniform().ln()).sqrt();
        let (sin, cos) = (std::f32::consts::TAU * self.uniform()).sin_cos();
        (radius * cos, radius * sin)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn has_mean_zero_and_variance_one() {
        let mut noise = Noise::of_text(&["hello", "heart"]);
        let values: Vec<f32> = (0..20_000).flat_map(|_| <[f32; 2]>::from(noise.normal_pair())).collect();
        let mean = values.iter().sum::<f32>() / values.len() as f32;
        let variance = values.iter().map(|v| v * v).sum::<f32>() / values.len() as f32;
        assert!(mean.abs() < 0.02 && (variance - 1.0).abs() < 0.03, "{mean} {variance}");
    }

    #[test]
    fn words_and_their_borders_make_the_seed() {
        assert_ne!(Noise::of_text(&["a", "bc"]).state, Noise::of_text(&["ab", "c"]).state);
        assert_eq!(Noise::of_text(&["a"]).state, Noise::of_text(&["a"]).state);
    }
}
