use earshot::Detector;

/// Tells speech from everything else, window by window, at 16 kHz.
pub trait Vad: Send {
    /// Samples in a window.
    fn window(&self) -> usize;

    /// The probability, from 0 to 1, that somebody speaks in a window of exactly [`Vad::window`] samples. Remembers the
    /// windows before.
    fn predict(&mut self, window: &[i16]) -> f32;

    /// Forgets all windows, as for a new sound.
    fn reset(&mut self);
}

/// The small neural network of the `earshot` crate: windows of 16 ms, 0.4 ms of CPU per second of sound, 8 kB per
/// instance; its 40 kB of weights are part of the program.
///
/// Noise gives 0.1 to 0.3, speech 0.6 to 1. After speech it falls over some 100 ms.
pub struct EarshotVad {
    detector: Box<Detector>,
}

impl EarshotVad {
    /// Samples in a window: 16 ms.
    pub const WINDOW: usize = 256;

    /// A detector that has heard nothing yet.
    pub fn new() -> EarshotVad {
        EarshotVad { detector: Detector::default_boxed() }
    }
}

impl Default for EarshotVad {
    fn default() -> EarshotVad {
        EarshotVad::new()
    }
}

impl Vad for EarshotVad {
    fn window(&self) -> usize {
        Self::WINDOW
    }

    fn predict(&mut self, window: &[i16]) -> f32 {
        if window.len() == Self::WINDOW { self.detector.predict_i16(window) } else { 0.0 }
    }

    fn reset(&mut self) {
        self.detector.reset();
    }
}

/// Takes loudness for speech: for scripted sound and benchmarks, where nothing else makes noise.
///
/// The probability is `rms / (rms + threshold)`, hence 0.5 at the threshold, 0 in silence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EnergyVad {
    threshold: f32,
}

impl EnergyVad {
    /// `threshold` is a root mean square in units of a sample (full scale 32,768); 300 or so suits synthetic speech.
    pub fn new(threshold: f32) -> EnergyVad {
        EnergyVad { threshold: threshold.max(1.0) }
    }
}

impl Vad for EnergyVad {
    fn window(&self) -> usize {
        EarshotVad::WINDOW
    }

    fn predict(&mut self, window: &[i16]) -> f32 {
        let energy: u64 = window.iter().map(|&s| u64::from(s.unsigned_abs()).pow(2)).sum();
        let rms = (energy as f32 / window.len().max(1) as f32).sqrt();
        rms / (rms + self.threshold)
    }

    fn reset(&mut self) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{sine, voiced};

    fn run(vad: &mut dyn Vad, sound: &[i16]) -> Vec<f32> {
        sound.chunks_exact(vad.window()).map(|w| vad.predict(w)).collect()
    }

    #[test]
    fn a_voice_is_told_from_silence_and_hum() {
        let mean = |sound: &[i16]| {
            let all = run(&mut EarshotVad::new(), sound);
            all[20..].iter().sum::<f32>() / (all.len() - 20) as f32
        };
        let (voice, silence) = (mean(&voiced(16_000, 2.0, 140.0)), mean(&[0; 32_000]));
        assert!(voice > 0.6, "voice {voice}");
        assert!(silence < 0.25, "silence {silence}");
    }

    #[test]
    fn nothing_is_left_after_a_reset() {
        let (first, second) = (voiced(16_000, 1.0, 120.0), voiced(16_000, 1.0, 180.0));
        let fresh = run(&mut EarshotVad::new(), &second);
        let mut used = EarshotVad::new();
        run(&mut used, &first);
        used.reset();
        assert_eq!(run(&mut used, &second), fresh);
    }

    #[test]
    fn energy_crosses_a_half_at_the_threshold() {
        let mut vad = EnergyVad::new(1_000.0);
        let at = |vad: &mut EnergyVad, rms: f64| vad.predict(&sine(16_000, 0.016, 1_000.0, rms * 2f64.sqrt())[..256]);
        assert!((at(&mut vad, 1_000.0) - 0.5).abs() < 0.01);
        assert!(at(&mut vad, 3_000.0) > 0.7 && at(&mut vad, 300.0) < 0.3);
        assert_eq!(vad.predict(&[0; 256]), 0.0);
        assert_eq!(vad.predict(&[i16::MIN; 256]).round(), 1.0);
    }

    #[test]
    fn a_window_of_another_length_is_no_speech() {
        assert_eq!(EarshotVad::new().predict(&[1_000; 100]), 0.0);
    }
}
