//! What makes a voice hard to hear: noise of a room, a telephone's band, a bad microphone.

use crate::babble::{BABBLE_RATE, babble};
use duologue_ids::{Seed, SeededRng};
use duologue_media::Frame;
use duologue_voice::Microphone;
use serde::{Deserialize, Serialize};
use std::f64::consts::{FRAC_1_SQRT_2, TAU};

/// Root mean square of speech against which noise is measured: 18 dB under full scale, what the scripted voice has.
const SPEECH_RMS: f64 = 4_000.0;

/// What a voice goes through before it is sent. The default is nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Impairments {
    /// What else is heard.
    pub noise: Option<Noise>,
    /// An 8 kHz telephone: 300 to 3400 Hz, samples by G.711's µ-law.
    pub telephone: bool,
    /// A low-quality microphone: it hums, clips at half of full scale and hears nothing above 2.5 kHz.
    pub poor_microphone: bool,
}

/// Noise of a room.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Noise {
    /// What it is.
    pub kind: NoiseKind,
    /// How much louder than it speech is, dB.
    pub snr_db: f64,
}

/// Kinds of noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoiseKind {
    /// A fan, a street from afar: all frequencies, the low ones louder.
    Room,
    /// Five others talking at once, of whom no word is understood.
    Babble,
}

impl Impairments {
    /// Whether there are none.
    pub fn is_clean(&self) -> bool {
        *self == Impairments::default()
    }

    /// A microphone with these, where there are any; `rate` is that of the frames, Hz.
    pub fn microphone(self, rate: u32, seed: Seed) -> Option<Box<dyn Microphone>> {
        (!self.is_clean()).then(|| Box::new(Impaired::new(self, rate, seed)) as Box<dyn Microphone>)
    }
}

/// [`Impairments`] at work.
struct Impaired {
    of: Impairments,
    rate: u32,
    rng: SeededRng,
    /// The room's noise is white noise, smoothed.
    smoothed: f64,
    crowd: Vec<f64>,
    /// Samples since the start.
    at: usize,
    telephone: [Biquad; 4],
    dull: [Biquad; 2],
}

impl Impaired {
    fn new(of: Impairments, rate: u32, seed: Seed) -> Impaired {
        let (low, high) = (Biquad::high_pass(300.0, rate), Biquad::low_pass(3_400.0, rate));
        let dull = Biquad::low_pass(2_500.0, rate);
        let babbles = of.noise.is_some_and(|n| n.kind == NoiseKind::Babble);
        Impaired {
            of,
            rate,
            crowd: if babbles { crowd(seed) } else { Vec::new() },
            rng: seed.rng(),
            smoothed: 0.0,
            at: 0,
            telephone: [low, low, high, high],
            dull: [dull, dull],
        }
    }

    fn noise(&mut self) -> f64 {
        let Some(noise) = self.of.noise else { return 0.0 };
        let rms = SPEECH_RMS / 10f64.powf(noise.snr_db / 20.0);
        rms * match noise.kind {
            NoiseKind::Room => {
                // One pole; its output has a variance of (1 - a) / (1 + a) of its input's, and that of `unit` is 1/12.
                const A: f64 = 0.8;
                self.smoothed = A * self.smoothed + (1.0 - A) * (self.rng.unit() - 0.5);
                self.smoothed * (12.0 * (1.0 + A) / (1.0 - A)).sqrt()
            }
            NoiseKind::Babble => {
                let place = self.at * BABBLE_RATE as usize / self.rate as usize;
                self.crowd.get(place % self.crowd.len().max(1)).copied().unwrap_or(0.0)
            }
        }
    }

    fn sample(&mut self, voice: f64) -> f64 {
        let mut sample = voice + self.noise();
        if self.of.poor_microphone {
            let hum = 60.0 * (TAU * 50.0 * self.at as f64 / f64::from(self.rate)).sin();
            sample = self.dull.iter_mut().fold(sample * 2.0 + hum, |s, filter| filter.next(s));
            sample = sample.clamp(-16_384.0, 16_384.0);
        }
        if self.of.telephone {
            sample = mu_law(self.telephone.iter_mut().fold(sample, |s, filter| filter.next(s)));
        }
        self.at += 1;
        sample
    }
}

impl Microphone for Impaired {
    fn pick_up(&mut self, voice: Option<Frame>) -> Option<Frame> {
        if voice.is_none() && self.of.noise.is_none() && !self.of.poor_microphone {
            self.at += self.rate as usize / 50;
            return None;
        }
        let voice = voice.unwrap_or_else(|| Frame::silence(self.rate));
        let samples = voice.samples().iter().map(|&s| self.sample(f64::from(s)) as i16).collect();
        Frame::new(voice.rate(), samples).ok()
    }
}

/// Eight seconds of five voices, backwards, at a root mean square of 1.
fn crowd(seed: Seed) -> Vec<f64> {
    let text = "and then she told me that they had been waiting there for more than two hours before anybody came";
    let length = 8 * BABBLE_RATE as usize;
    let mut sum = vec![0.0; length];
    let mut rng = seed.derive("crowd").rng();
    for pitch in [95.0, 120.0, 150.0, 185.0, 220.0] {
        let voice: Vec<i16> = babble(text, pitch, 1.0).into_iter().rev().collect();
        let shift = rng.below(length);
        for (i, sample) in sum.iter_mut().enumerate() {
            *sample += f64::from(voice[(i + shift) % voice.len()]);
        }
    }
    let rms = (sum.iter().map(|s| s * s).sum::<f64>() / length as f64).sqrt().max(1.0);
    sum.into_iter().map(|s| s / rms).collect()
}

/// To eight bits by G.711's µ-law and back.
fn mu_law(sample: f64) -> f64 {
    const MU: f64 = 255.0;
    let x = (sample / 32_768.0).clamp(-1.0, 1.0);
    let coded = (x.signum() * (1.0 + MU * x.abs()).ln() / (1.0 + MU).ln() * 127.0).round() / 127.0;
    coded.signum() * ((1.0 + MU).powf(coded.abs()) - 1.0) / MU * 32_767.0
}

/// A filter of second order (Bristow-Johnson, "Cookbook formulae for audio EQ biquad filter coefficients").
#[derive(Clone, Copy)]
struct Biquad {
    b: [f64; 3],
    a: [f64; 2],
    z: [f64; 2],
}

impl Biquad {
    fn low_pass(hz: f64, rate: u32) -> Biquad {
        let (cos, alpha) = Biquad::angle(hz, rate);
        Biquad::with([(1.0 - cos) / 2.0, 1.0 - cos, (1.0 - cos) / 2.0], cos, alpha)
    }

    fn high_pass(hz: f64, rate: u32) -> Biquad {
        let (cos, alpha) = Biquad::angle(hz, rate);
        Biquad::with([(1.0 + cos) / 2.0, -1.0 - cos, (1.0 + cos) / 2.0], cos, alpha)
    }

    fn angle(hz: f64, rate: u32) -> (f64, f64) {
        // Above half the rate there is nothing to filter.
        let w = TAU * hz.min(f64::from(rate) * 0.45) / f64::from(rate);
        (w.cos(), w.sin() / (2.0 * FRAC_1_SQRT_2))
    }

    fn with(b: [f64; 3], cos: f64, alpha: f64) -> Biquad {
        let a0 = 1.0 + alpha;
        Biquad { b: b.map(|b| b / a0), a: [-2.0 * cos / a0, (1.0 - alpha) / a0], z: [0.0; 2] }
    }

    fn next(&mut self, x: f64) -> f64 {
        let y = self.b[0] * x + self.z[0];
        self.z = [self.b[1] * x - self.a[0] * y + self.z[1], self.b[2] * x - self.a[1] * y];
        y
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::babble::understand;

    const WORDS: &str = "my number is four seven two and I have been waiting since Monday morning";

    /// A second of silence, then the words.
    fn through(of: Impairments) -> Vec<i16> {
        let mut microphone = of.microphone(BABBLE_RATE, Seed(3));
        let voice = babble(WORDS, 140.0, 1.0);
        let quiet = std::iter::repeat_n(None, 50);
        let frames = voice.chunks_exact(320).map(|c| Frame::new(BABBLE_RATE, c.to_vec()).ok());
        let heard = |voice| match &mut microphone {
            Some(microphone) => microphone.pick_up(voice),
            None => voice,
        };
        let silence = || Frame::silence(BABBLE_RATE);
        quiet
            .chain(frames)
            .chain([None, None])
            .map(heard)
            .flat_map(|f| f.unwrap_or_else(silence).samples().to_vec())
            .collect()
    }

    fn rms(samples: &[i16]) -> f64 {
        (samples.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / samples.len() as f64).sqrt()
    }

    #[test]
    fn noise_has_the_loudness_that_was_asked_for() {
        for kind in [NoiseKind::Room, NoiseKind::Babble] {
            for snr_db in [5.0, 20.0] {
                let noise =
                    rms(&through(Impairments { noise: Some(Noise { kind, snr_db }), ..Impairments::default() })
                        [..16_000]);
                let off = 20.0 * (SPEECH_RMS / noise).log10() - snr_db;
                assert!(off.abs() < 1.5, "{kind:?} {snr_db}: {off} dB off");
            }
        }
    }

    #[test]
    fn a_telephone_and_a_poor_microphone_leave_the_words() {
        for of in [
            Impairments { telephone: true, ..Impairments::default() },
            Impairments { poor_microphone: true, ..Impairments::default() },
            Impairments {
                telephone: true,
                noise: Some(Noise { kind: NoiseKind::Babble, snr_db: 15.0 }),
                ..Impairments::default()
            },
        ] {
            let heard = understand(&through(of));
            let errors = WORDS.split(' ').filter(|w| !heard.contains(w)).count();
            assert!(errors <= 2, "{of:?}: {heard}");
        }
    }

    #[test]
    fn a_telephone_has_no_bass_and_no_treble() {
        let gain = |hz: f64| {
            let mut line = Impaired::new(Impairments { telephone: true, ..Impairments::default() }, 16_000, Seed(1));
            let tone = |i: usize| 8_000.0 * (TAU * hz * i as f64 / 16_000.0).sin();
            let out: Vec<i16> = (0..16_000).map(|i| line.sample(tone(i)) as i16).collect();
            20.0 * (rms(&out[4_000..]) / (8_000.0 / 2f64.sqrt())).log10()
        };
        assert!(gain(1_000.0).abs() < 1.0 && gain(100.0) < -20.0 && gain(6_500.0) < -20.0);
    }

    #[test]
    fn a_clean_line_needs_no_microphone() {
        assert!(Impairments::default().microphone(16_000, Seed(1)).is_none());
    }
}
