//! The last touches on a synthesised piece: trimmed silence, an even loudness, soft edges.

use crate::dsp::RATE;

const LEAD_MS: usize = 30;
const TAIL_MS: usize = 60;
const FADE_MS: usize = 5;
/// The block over which loudness is judged, and the level below which a block is silent, relative to the loudest block.
const BLOCK_MS: usize = 10;
const SILENT: f32 = 0.01;
/// Root mean square of the blocks that carry speech, of full scale: −20 dB, what telephony and LiveKit's gain control
/// aim at.
const TARGET_RMS: f32 = 0.1;
/// A piece may differ from the voice's usual gain by 3 dB only: a soft word stays softer than a shouted one.
const GAIN_RANGE: f32 = std::f32::consts::SQRT_2;
/// −1 dB of full scale.
const CEILING: f32 = 0.89;

/// 16 bit samples of a finished piece; empty if there is nothing to hear. `usual_gain` is what the voice needs on
/// average.
pub(crate) fn finish(wave: &[f32], usual_gain: f32) -> Vec<i16> {
    let levels: Vec<f32> = wave.chunks(samples(BLOCK_MS)).map(rms).collect();
    let loudest = levels.iter().copied().fold(0.0, f32::max);
    if !loudest.is_finite() || loudest < 1e-4 {
        return Vec::new();
    }
    let speech = |level: &f32| *level > loudest * SILENT;
    let first = levels.iter().position(speech).unwrap_or(0) * samples(BLOCK_MS);
    let last = levels.iter().rposition(speech).map_or(0, |i| (i + 1) * samples(BLOCK_MS));
    let kept = &wave[first.saturating_sub(samples(LEAD_MS))..(last + samples(TAIL_MS)).min(wave.len())];
    let gain = gain(&levels, loudest, usual_gain);
    let peak = kept.iter().fold(0.0f32, |peak, x| peak.max(x.abs())) * gain;
    let gain = if peak > CEILING { gain * CEILING / peak } else { gain };
    let edge = samples(FADE_MS).min(kept.len() / 2);
    let faded = kept.iter().enumerate().map(|(i, x)| {
        let to_edge = i.min(kept.len() - 1 - i);
        let fade = if to_edge < edge { to_edge as f32 / edge as f32 } else { 1.0 };
        (x * gain * fade * f32::from(i16::MAX)).round() as i16
    });
    faded.collect()
}

/// Silence of so many milliseconds.
pub(crate) fn pause(ms: usize) -> Vec<i16> {
    vec![0; samples(ms)]
}

/// Samples of so many milliseconds.
pub(crate) fn samples(ms: usize) -> usize {
    RATE as usize * ms / 1000
}

fn gain(levels: &[f32], loudest: f32, usual: f32) -> f32 {
    // Blocks 20 dB below the loudest are pauses and closures: counting them would make slow speech louder.
    let speech: Vec<f32> = levels.iter().copied().filter(|level| *level > loudest * 0.1).collect();
    let mean = rms(&speech);
    (TARGET_RMS / mean).clamp(usual / GAIN_RANGE, usual * GAIN_RANGE)
}

fn rms(values: &[f32]) -> f32 {
    (values.iter().map(|v| v * v).sum::<f32>() / values.len().max(1) as f32).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn burst(amplitude: f32) -> Vec<f32> {
        let tone = (0..samples(200)).map(|i| amplitude * (i as f32 * 0.1).sin());
        std::iter::repeat_n(0.0, samples(300)).chain(tone).chain(std::iter::repeat_n(0.0, samples(400))).collect()
    }

    #[test]
    fn silence_is_trimmed_and_the_edges_are_soft() {
        let out = finish(&burst(0.1), 1.0);
        assert_eq!(out.len(), samples(LEAD_MS + 200 + TAIL_MS));
        assert_eq!((out[0], out[out.len() - 1]), (0, 0));
    }

    #[test]
    fn loudness_meets_the_target_within_the_voice_s_range() {
        let level = |out: &[i16]| {
            rms(&out[samples(60)..samples(200)].iter().map(|s| f32::from(*s) / 32767.0).collect::<Vec<_>>())
        };
        assert!((level(&finish(&burst(0.12), 1.0)) - TARGET_RMS).abs() < 0.01);
        let soft = level(&finish(&burst(0.01), 1.0));
        assert!(soft < 0.02, "a soft piece is raised by 3 dB only: {soft}");
    }

    #[test]
    fn peaks_stay_below_the_ceiling() {
        let mut wave = burst(0.1);
        wave[samples(350)] = 5.0;
        let peak = finish(&wave, 1.0).iter().map(|s| s.unsigned_abs()).max().unwrap();
        assert!(peak <= (CEILING * 32767.0) as u16 + 1, "{peak}");
    }

    #[test]
    fn silence_and_nonsense_become_nothing() {
        assert!(finish(&[], 1.0).is_empty());
        assert!(finish(&[0.0; 5000], 1.0).is_empty());
        assert!(finish(&[f32::NAN; 5000], 1.0).is_empty());
    }
}
