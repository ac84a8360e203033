//! Makes a smaller speaker taller: played slower, everything that the mouth and throat shape (the formants) moves down
//! together, as it does between a shorter and a longer vocal tract.

/// Samples on either side that an output sample is interpolated from.
const REACH: usize = 16;

/// A slow-down by `output / input`, two small whole numbers with `output > input`, so that the interpolation has only
/// `output` different phases.
#[derive(Clone, Debug)]
pub(crate) struct Slowdown {
    output: usize,
    input: usize,
    /// For each phase the weights of the `2 * REACH` samples around it.
    taps: Vec<[f32; 2 * REACH]>,
}

impl Slowdown {
    /// Every `input` samples become `output`. A sinc under a Hann window; nothing above half the rate can appear, since
    /// slowing down only lowers frequencies.
    pub(crate) fn new(output: usize, input: usize) -> Slowdown {
        let taps = (0..output).map(|phase| {
            let share = (phase * input % output) as f32 / output as f32;
            let mut row = [0.0; 2 * REACH];
            for (k, tap) in row.iter_mut().enumerate() {
                let distance = k as f32 - (REACH - 1) as f32 - share;
                *tap = sinc(distance) * (0.5 + 0.5 * (std::f32::consts::PI * distance / REACH as f32).cos());
            }
            row
        });
        Slowdown { output, input, taps: taps.collect() }
    }

    /// How much lower and slower everything becomes, below 1.
    pub(crate) fn factor(&self) -> f32 {
        self.input as f32 / self.output as f32
    }

    /// Plays `wave` slower.
    pub(crate) fn apply(&self, wave: &[f32]) -> Vec<f32> {
        let mut padded = vec![0.0; REACH - 1];
        padded.extend_from_slice(wave);
        padded.resize(wave.len() + 2 * REACH, 0.0);
        let samples = wave.len() * self.output / self.input;
        let interpolate = |i: usize| {
            let from = i * self.input / self.output;
            let taps = &self.taps[i % self.output];
            padded[from..].iter().zip(taps).map(|(x, w)| x * w).sum()
        };
        (0..samples).map(interpolate).collect()
    }
}

fn sinc(x: f32) -> f32 {
    if x == 0.0 { 1.0 } else { (std::f32::consts::PI * x).sin() / (std::f32::consts::PI * x) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::f32::consts::TAU;

    #[test]
    fn a_tone_is_lowered_and_keeps_its_loudness() {
        let slowdown = Slowdown::new(8, 7);
        let tone: Vec<f32> = (0..7000).map(|i| (TAU * 0.1 * i as f32).sin()).collect();
        let slow = slowdown.apply(&tone);
        assert_eq!(slow.len(), 8000);
        for (i, sample) in slow.iter().enumerate().take(7900).skip(100) {
            let expected = (TAU * 0.1 * slowdown.factor() * i as f32).sin();
            assert!((sample - expected).abs() < 5e-3, "{i}: {sample} for {expected}");
        }
    }

    #[test]
    fn nothing_stays_nothing() {
        assert!(Slowdown::new(8, 7).apply(&[]).is_empty());
        assert_eq!(Slowdown::new(8, 7).apply(&[1.0]).len(), 1);
    }
}
