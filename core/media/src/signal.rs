//! Synthetic sound for this crate's tests.

use std::f64::consts::TAU;

/// Something like a voice: a buzz at `pitch` Hz through three formants, with syllables of 200 ms that never fall silent.
pub(crate) fn voiced(rate: u32, seconds: f64, pitch: f64) -> Vec<i16> {
    let partials = 1..=((f64::from(rate) * 0.42).min(4_000.0) / pitch) as usize;
    let gains: Vec<(f64, f64)> = partials
        .map(|k| {
            let f = pitch * k as f64;
            let formant = |centre: f64, width: f64| 1.0 / (1.0 + ((f - centre) / width).powi(2));
            (f, formant(500.0, 90.0) + 0.6 * formant(1_500.0, 120.0) + 0.3 * formant(2_500.0, 160.0))
        })
        .collect();
    (0..(f64::from(rate) * seconds) as usize)
        .map(|i| {
            let t = i as f64 / f64::from(rate);
            let syllable = 0.55 - 0.45 * (TAU * 5.0 * t).cos();
            let wave: f64 = gains.iter().map(|(f, g)| g * (TAU * f * t).sin()).sum();
            (wave * syllable * 5_000.0).clamp(-32_768.0, 32_767.0) as i16
        })
        .collect()
}

/// A sine of `amplitude` at `frequency` Hz.
pub(crate) fn sine(rate: u32, seconds: f64, frequency: f64, amplitude: f64) -> Vec<i16> {
    (0..(f64::from(rate) * seconds) as usize)
        .map(|i| (amplitude * (TAU * frequency * i as f64 / f64::from(rate)).sin()).round() as i16)
        .collect()
}

/// Mean square.
pub(crate) fn power(samples: &[i16]) -> f64 {
    samples.iter().map(|&s| f64::from(s).powi(2)).sum::<f64>() / samples.len().max(1) as f64
}
