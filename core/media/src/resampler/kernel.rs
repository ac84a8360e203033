//! The filter of the resampler: a table of windowed sincs, one per position between two samples.

use std::f64::consts::PI;

/// Fixed point: 1.0 is 2^15. The absolute values of half a row add up to less than 2.0, so that its products with
/// samples can't leave an `i32`; both halves together could.
const ONE: i64 = 1 << 15;
/// Attenuation in dB that the window is made for; rounding of the coefficients leaves some 5 dB less.
const ATTENUATION: f64 = 67.0;
/// Width of the transition band as a part of half the lower rate: it ends there.
const TRANSITION: f64 = 0.13;
/// Most positions kept exactly. Beyond (44,100 to 47,999 Hz, say), two of [`COARSE`] positions are interpolated.
const MAX_EXACT: u32 = 640;
/// Positions of the interpolated table; an error of 1/8 (pi / 512)^2, 100 dB down.
const COARSE: u32 = 512;

pub(crate) struct Kernel {
    /// `positions` rows of `taps` coefficients, and one more as the right neighbour of the last.
    rows: Vec<i16>,
    taps: usize,
    positions: u64,
    /// Steps in an input sample, in which positions are asked for.
    steps: u64,
}

impl Kernel {
    /// A filter between two rates in Hz; `steps` is `to` over the common divisor of both.
    pub(crate) fn new(from: u32, to: u32, steps: u32) -> Kernel {
        let positions = if steps <= MAX_EXACT { steps } else { COARSE };
        let lower = f64::from(from.min(to)) / f64::from(from);
        // Kaiser's formula: length = (A - 7.95) / (14.36 * transition / rate), here with rates in units of `from`.
        let length = (ATTENUATION - 7.95) / (14.36 * TRANSITION * lower / 2.0);
        let taps = (length.ceil() as usize).next_multiple_of(32);
        let cutoff = lower * (1.0 - TRANSITION / 2.0);
        let rows = (0..=positions).flat_map(|p| row(taps, cutoff, f64::from(p) / f64::from(positions))).collect();
        Kernel { rows, taps, positions: u64::from(positions), steps: u64::from(steps) }
    }

    pub(crate) fn taps(&self) -> usize {
        self.taps
    }

    /// The value at `step` / steps of a sample after the middle of `samples`.
    pub(crate) fn apply(&self, samples: &[i16], step: u64) -> i16 {
        if self.positions == self.steps {
            return clip(self.dot(samples, step as usize));
        }
        let scaled = step * self.positions;
        let (row, rest) = ((scaled / self.steps) as usize, (scaled % self.steps) as i64);
        let (left, right) = (self.dot(samples, row), self.dot(samples, row + 1));
        clip(left + (right - left) * rest / self.steps as i64)
    }

    fn dot(&self, samples: &[i16], row: usize) -> i64 {
        let row = &self.rows[row * self.taps..(row + 1) * self.taps];
        let half = self.taps / 2;
        i64::from(products(&samples[..half], &row[..half])) + i64::from(products(&samples[half..], &row[half..]))
    }
}

fn products(samples: &[i16], row: &[i16]) -> i32 {
    samples.iter().zip(row).map(|(&s, &c)| i32::from(s) * i32::from(c)).sum()
}

fn clip(sum: i64) -> i16 {
    ((sum + ONE / 2) >> 15).clamp(i64::from(i16::MIN), i64::from(i16::MAX)) as i16
}

/// The sinc of `cutoff` (in half the input rate) around the middle plus `offset` samples, which adds up to exactly 1.
fn row(taps: usize, cutoff: f64, offset: f64) -> Vec<i16> {
    let half = taps as f64 / 2.0;
    let beta = 0.1102 * (ATTENUATION - 8.7);
    let peak = bessel_i0(beta);
    let values: Vec<f64> = (0..taps)
        .map(|n| {
            let t = n as f64 - (half - 1.0) - offset;
            let window = bessel_i0(beta * (1.0 - (t / half).powi(2)).max(0.0).sqrt()) / peak;
            let sinc = if t == 0.0 { 1.0 } else { (PI * cutoff * t).sin() / (PI * cutoff * t) };
            sinc * window
        })
        .collect();
    let scale = ONE as f64 / values.iter().sum::<f64>();
    let mut row: Vec<i16> = values.iter().map(|v| (v * scale).round() as i16).collect();
    let rest = ONE - row.iter().map(|&c| i64::from(c)).sum::<i64>();
    if let Some(largest) = row.iter_mut().max() {
        *largest = (i64::from(*largest) + rest) as i16;
    }
    row
}

/// Modified Bessel function of the first kind, order 0, by its power series.
fn bessel_i0(x: f64) -> f64 {
    let (mut sum, mut term, mut k) = (1.0, 1.0, 1.0);
    while term > sum * 1e-9 {
        term *= (x / 2.0 / k).powi(2);
        sum += term;
        k += 1.0;
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_input_can_overflow_half_a_row() {
        for (from, to, steps) in [(48_000, 16_000, 1), (96_000, 8_000, 1), (44_100, 48_000, 160), (8_000, 96_000, 12)] {
            let kernel = Kernel::new(from, to, steps);
            for half in kernel.rows.chunks(kernel.taps / 2) {
                assert!(half.iter().map(|c| u32::from(c.unsigned_abs())).sum::<u32>() < 1 << 16);
            }
            for row in kernel.rows.chunks(kernel.taps) {
                assert_eq!(row.iter().map(|&c| i64::from(c)).sum::<i64>(), ONE);
            }
        }
    }
}
