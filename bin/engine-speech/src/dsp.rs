//! From what the network predicts to a waveform.
//!
//! The network gives a spectrum per 12.5 ms in parts: magnitude and phase of a filter for the voiced source, a noise
//! level, and magnitude and phase of everything else (mostly consonants). With `P` the short-time spectrum of a pulse
//! train at the pitch and `Z` complex white noise, a frame is
//! `S = exp(lh)·e^{iπ·tanh(θ)}·P + exp(ln)·Z + exp(lr)·e^{iφ}`, and the frames add up by an inverse transform with a
//! Hann window (1200 points, step 300, 24 kHz).

use crate::noise::Noise;
use realfft::num_complex::Complex32;
use realfft::{ComplexToReal, RealFftPlanner, RealToComplex};
use std::f32::consts::{PI, TAU};
use std::sync::Arc;

/// Hz of everything that is synthesised.
pub(crate) const RATE: u32 = 24_000;
/// Bins of a spectrum.
pub(crate) const BINS: usize = POINTS / 2 + 1;
const POINTS: usize = 1200;
const STEP: usize = 300;
/// A predicted pitch below this means "not voiced".
const VOICED_ABOVE_HZ: f32 = 40.0;
/// Harmonics end here, short of half the rate.
const HARMONICS_BELOW_HZ: f32 = 11_000.0;
/// Log magnitudes are capped as in training, so that a stray value cannot blow up a frame.
const MAX_LOG: f32 = 7.0;

/// What the network predicts for one text: tensors of [`BINS`] rows with one column per frame, row by row.
#[derive(Clone, Debug)]
pub(crate) struct Spectra {
    /// Log magnitude of the filter on the pulses.
    pub(crate) harmonic: Vec<f32>,
    /// Its phase before tanh, in units of π.
    pub(crate) theta: Vec<f32>,
    /// Log level of the noise.
    pub(crate) noise: Vec<f32>,
    /// Log magnitude of the rest.
    pub(crate) rest: Vec<f32>,
    /// Phase of the rest, in radians.
    pub(crate) phi: Vec<f32>,
    /// Pitch in Hz, one per frame.
    pub(crate) pitch: Vec<f32>,
}

impl Spectra {
    /// Do the tensors belong together?
    pub(crate) fn is_consistent(&self) -> bool {
        let cells = BINS * self.pitch.len();
        [&self.harmonic, &self.theta, &self.noise, &self.rest, &self.phi].iter().all(|part| part.len() == cells)
    }
}

/// Transforms and window, planned once.
pub(crate) struct Synthesizer {
    forward: Arc<dyn RealToComplex<f32>>,
    inverse: Arc<dyn ComplexToReal<f32>>,
    window: Vec<f32>,
}

impl Synthesizer {
    /// Plans the transforms.
    pub(crate) fn new() -> Synthesizer {
        let mut planner = RealFftPlanner::new();
        let window = (0..POINTS).map(|i| 0.5 - 0.5 * (TAU * i as f32 / POINTS as f32).cos()).collect();
        Synthesizer { forward: planner.plan_fft_forward(POINTS), inverse: planner.plan_fft_inverse(POINTS), window }
    }

    /// The waveform in about −1..=1, 300 samples per frame; empty when the tensors do not belong together.
    pub(crate) fn waveform(&self, spectra: &Spectra, noise: &mut Noise) -> Vec<f32> {
        let frames = spectra.pitch.len();
        if frames < POINTS / STEP || !spectra.is_consistent() {
            return Vec::new();
        }
        let source = reflected(&pulses(&spectra.pitch));
        let mut sum = vec![0.0; frames * STEP + POINTS];
        let mut weight = vec![0.0; frames * STEP + POINTS];
        let mut frame = vec![0.0; POINTS];
        let mut bins = vec![Complex32::default(); BINS];
        for column in 0..frames {
            let at = column * STEP;
            // A unit cosine then peaks at 1, so that the filter's magnitude is the harmonic's in the spectrum.
            let scale = 4.0 / POINTS as f32;
            for ((out, x), w) in frame.iter_mut().zip(&source[at..]).zip(&self.window) {
                *out = x * w * scale;
            }
            self.forward.process(&mut frame, &mut bins).expect("the buffers are as long as planned");
            shape(&mut bins, spectra, column, noise);
            self.inverse.process(&mut bins, &mut frame).expect("the buffers are as long as planned");
            for (i, w) in self.window.iter().enumerate() {
                sum[at + i] += frame[i] * w / POINTS as f32;
                weight[at + i] += w * w;
            }
        }
        let inner = POINTS / 2..POINTS / 2 + frames * STEP;
        sum[inner.clone()].iter().zip(&weight[inner]).map(|(y, w)| y / w.max(1e-11)).collect()
    }
}

/// Turns the pulses' spectrum into the frame's.
fn shape(bins: &mut [Complex32], spectra: &Spectra, column: usize, noise: &mut Noise) {
    let frames = spectra.pitch.len();
    for (bin, value) in bins.iter_mut().enumerate() {
        let cell = bin * frames + column;
        let filter = Complex32::from_polar(level(spectra.harmonic[cell]), spectra.theta[cell].tanh() * PI);
        let (re, im) = noise.normal_pair();
        let hiss = Complex32::new(re, im) * level(spectra.noise[cell]);
        let rest = Complex32::from_polar(level(spectra.rest[cell]), spectra.phi[cell]);
        *value = *value * filter + hiss + rest;
    }
    bins[0].im = 0.0;
    bins[BINS - 1].im = 0.0;
}

fn level(log: f32) -> f32 {
    log.min(MAX_LOG).exp()
}

/// Half a window of mirrored signal on either side, so that the first frame is centred on the first sample.
fn reflected(signal: &[f32]) -> Vec<f32> {
    let half = POINTS / 2;
    let before = signal[1..=half].iter().rev();
    let after = signal[signal.len() - half - 1..signal.len() - 1].iter().rev();
    before.chain(signal).chain(after).copied().collect()
}

/// A band-limited pulse train: all harmonics below 11 kHz at amplitude 1, zero where unvoiced. Uses
/// `Σ_{h≤H} cos(h·t) = sin((H+½)·t) / (2·sin(t/2)) − ½`.
fn pulses(pitch: &[f32]) -> Vec<f32> {
    let mut out = Vec::with_capacity(pitch.len() * STEP);
    let mut phase = 0.0f64;
    for sample in 0..pitch.len() * STEP {
        let hz = pitch_at(pitch, sample);
        let voiced = hz > VOICED_ABOVE_HZ;
        let hz = hz.max(VOICED_ABOVE_HZ);
        phase = (phase + f64::from(hz) / f64::from(RATE)).fract();
        if !voiced {
            out.push(0.0);
            continue;
        }
        let t = phase as f32 * TAU;
        let harmonics = (HARMONICS_BELOW_HZ / hz).floor() + 0.5;
        let sine = 2.0 * (t * 0.5).sin();
        let sum = if sine.abs() <= 2e-3 { harmonics } else { (harmonics * t).sin() / sine };
        out.push(sum - 0.5);
    }
    out
}

/// The pitch at a sample, linear between the middles of the frames.
fn pitch_at(pitch: &[f32], sample: usize) -> f32 {
    let position = (sample as f32 + 0.5) / STEP as f32 - 0.5;
    let left = position.floor();
    let share = position - left;
    let frame = |i: f32| pitch[(i.max(0.0) as usize).min(pitch.len() - 1)];
    frame(left) * (1.0 - share) + frame(left + 1.0) * share
}

#[cfg(test)]
mod tests {
    use super::*;

    fn silence(frames: usize) -> Spectra {
        let part = |value| vec![value; BINS * frames];
        Spectra {
            harmonic: part(-30.0),
            theta: part(0.0),
            noise: part(-30.0),
            rest: part(-30.0),
            phi: part(0.0),
            pitch: vec![0.0; frames],
        }
    }

    #[test]
    fn a_voiced_frame_has_the_pitch_it_was_given() {
        let mut spectra = silence(80);
        spectra.pitch.fill(200.0);
        // Only the bins around the fundamental: 200 Hz is bin 10.
        for bin in 8..=12 {
            spectra.harmonic[bin * 80..(bin + 1) * 80].fill(-1.0);
        }
        let wave = Synthesizer::new().waveform(&spectra, &mut Noise::seeded(1));
        assert_eq!(wave.len(), 80 * STEP);
        let middle = &wave[6000..18000];
        let crossings = middle.windows(2).filter(|w| w[0] <= 0.0 && w[1] > 0.0).count();
        assert!((99..=101).contains(&crossings), "{crossings} periods in half a second");
        let peak = middle.iter().fold(0.0f32, |m, x| m.max(x.abs()));
        // A magnitude of 1 in the spectrum is an amplitude of 4 / POINTS.
        let amplitude = (-1.0f32).exp() * 4.0 / POINTS as f32;
        assert!((peak / amplitude - 1.0).abs() < 0.05, "amplitude {peak} for {amplitude}");
    }

    #[test]
    fn the_same_seed_gives_the_same_samples() {
        let mut spectra = silence(20);
        spectra.noise.fill(-2.0);
        let synthesizer = Synthesizer::new();
        let wave = |seed| synthesizer.waveform(&spectra, &mut Noise::seeded(seed));
        assert_eq!(wave(5), wave(5));
        assert_ne!(wave(5), wave(6));
    }

    #[test]
    fn tensors_that_do_not_fit_give_nothing() {
        let mut spectra = silence(20);
        spectra.phi.pop();
        assert!(Synthesizer::new().waveform(&spectra, &mut Noise::seeded(1)).is_empty());
        assert!(Synthesizer::new().waveform(&silence(0), &mut Noise::seeded(1)).is_empty());
    }
}
