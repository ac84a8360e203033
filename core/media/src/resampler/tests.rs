use super::*;
use crate::signal::{power, sine};
use proptest::prelude::*;

fn convert(from: u32, to: u32, input: &[i16], piece: usize) -> Vec<i16> {
    let (mut out, mut resampler) = (Vec::new(), Resampler::new(from, to));
    for part in input.chunks(piece.max(1)) {
        resampler.push(part, &mut out);
    }
    resampler.finish(&mut out);
    out
}

/// Power of the middle in dB against that of a sine of amplitude 10,000.
fn level(samples: &[i16]) -> f64 {
    let n = samples.len();
    10.0 * (power(&samples[n / 4..n * 3 / 4]) / 5e7 + 1e-20).log10()
}

#[test]
fn the_passband_is_flat() {
    for (from, to) in
        [(48_000, 16_000), (24_000, 16_000), (22_050, 24_000), (16_000, 48_000), (44_100, 48_000), (48_000, 8_000)]
    {
        let edge = f64::from(from.min(to)) / 2.0 * 0.87;
        for step in 1..=30 {
            let frequency = edge * f64::from(step) / 30.0;
            let db = level(&convert(from, to, &sine(from, 0.5, frequency, 10_000.0), 480));
            assert!(db.abs() < 0.1, "{from} to {to}: {db:.2} dB at {frequency:.0} Hz");
        }
    }
}

#[test]
fn what_the_lower_rate_cannot_hold_is_gone() {
    for (from, to) in [(48_000, 16_000), (24_000, 16_000), (48_000, 8_000), (96_000, 44_100)] {
        let (edge, end) = (f64::from(to) / 2.0, f64::from(from) / 2.0);
        for step in 0..40 {
            let frequency = edge + (end - edge) * f64::from(step) / 40.0;
            let db = level(&convert(from, to, &sine(from, 0.5, frequency, 10_000.0), 480));
            assert!(db < -60.0, "{from} to {to}: {db:.1} dB at {frequency:.0} Hz");
        }
    }
}

#[test]
fn images_above_the_old_rate_stay_away() {
    // A tone at 6.5 kHz sampled at 16 kHz must not show at 9.5 kHz after going to 48 kHz.
    let out = convert(16_000, 48_000, &sine(16_000, 0.5, 6_500.0, 10_000.0), 320);
    let clean = sine(48_000, 0.5, 6_500.0, 10_000.0);
    let error: Vec<i16> = out.iter().zip(&clean).map(|(a, b)| a - b).collect();
    assert!(level(&error) < -55.0, "{:.1} dB", level(&error));
}

#[test]
fn odd_rates_are_interpolated_well() {
    let out = convert(47_999, 16_001, &sine(47_999, 0.5, 1_000.0, 10_000.0), 480);
    let clean = sine(16_001, 0.5, 1_000.0, 10_000.0);
    let error: Vec<i16> = out.iter().zip(&clean).map(|(a, b)| a - b).collect();
    assert!(level(&error) < -60.0, "{:.1} dB", level(&error));
}

#[test]
fn full_scale_neither_wraps_nor_drifts() {
    // The worst input of a filter has the signs of its coefficients; a full-scale square wave comes close to it.
    let square: Vec<i16> = (0..48_000).map(|i| if i / 7 % 2 == 0 { i16::MAX } else { i16::MIN }).collect();
    assert!(convert(48_000, 44_100, &square, 480).contains(&i16::MAX));
    let constant = convert(22_050, 24_000, &[-32_768; 22_050], 480);
    assert!(constant[1_000..23_000].iter().all(|&s| s == -32_768));
}

#[test]
fn a_live_resampler_keeps_pace_from_the_first_frame() {
    for (from, to) in [(24_000u32, 16_000u32), (48_000, 8_000), (8_000, 48_000), (16_000, 24_000)] {
        let mut resampler = Resampler::live(from, to);
        for _ in 0..5 {
            let mut out = Vec::new();
            resampler.push(&vec![500; from as usize / 50], &mut out);
            assert_eq!(out.len(), to as usize / 50);
        }
    }
}

proptest! {
    #[test]
    fn length_follows_the_ratio_and_pieces_do_not_matter(
        from in 8_000u32..=96_000,
        to in 8_000u32..=96_000,
        samples in 0usize..3_000,
        piece in 1usize..700,
    ) {
        let input = sine(from, samples as f64 / f64::from(from) + 1e-9, 440.0, 9_000.0);
        let whole = convert(from, to, &input, usize::MAX);
        let expected = input.len() as f64 * f64::from(to) / f64::from(from);
        prop_assert!((whole.len() as f64 - expected).abs() <= 1.0, "{} for {expected}", whole.len());
        prop_assert_eq!(convert(from, to, &input, piece), whole);
    }

    #[test]
    fn equal_rates_pass_bit_for_bit(input in prop::collection::vec(any::<i16>(), 0..500), piece in 1usize..99) {
        prop_assert_eq!(convert(24_000, 24_000, &input, piece), input);
    }
}
