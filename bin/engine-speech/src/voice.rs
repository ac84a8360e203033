//! The voices: a network each, or the same network with another throat.

use crate::dsp::{Spectra, Synthesizer};
use crate::finish::{finish, pause};
use crate::g2p::{PhonemizeError, Phonemizer};
use crate::network::{Network, NetworkError};
use crate::noise::Noise;
use crate::normalise::{normalise, sentences};
use crate::timbre::Slowdown;
use rten::Value;
use rten_tensor::NdTensor;
use rten_tensor::prelude::*;
use std::sync::Arc;

/// The paces that the network was trained for.
const PACES: std::ops::RangeInclusive<f32> = 0.5..=2.0;
/// Silence between the sentences of one request, on top of what the trimmed edges leave.
const SENTENCE_PAUSE_MS: usize = 160;

/// How a voice is made of a network's predictions.
#[derive(Clone, Debug)]
pub(crate) struct Character {
    /// What requests call it.
    pub(crate) name: &'static str,
    /// Multiplies the predicted pitch.
    pub(crate) pitch: f32,
    /// Formants are lowered by this, if at all.
    pub(crate) slowdown: Option<Slowdown>,
    /// What brings the voice to the usual loudness, on average over many sentences.
    pub(crate) gain: f32,
}

impl Character {
    /// The American woman of the package.
    pub(crate) fn heart() -> Character {
        Character { name: "heart", pitch: 1.0, slowdown: None, gain: 1.2 }
    }

    /// A man from the same network: formants an eighth lower, as between the mean vocal tracts of women and men
    /// (Peterson and Barney 1952), and the pitch lowered to somewhat below 120 Hz.
    pub(crate) fn orion() -> Character {
        Character { name: "orion", pitch: 0.67, slowdown: Some(Slowdown::new(8, 7)), gain: 1.2 }
    }

    /// The American man, a network of his own.
    pub(crate) fn fenrir() -> Character {
        Character { name: "fenrir", pitch: 1.0, slowdown: None, gain: 1.2 }
    }
}

/// One voice, ready to speak.
pub(crate) struct Voice {
    /// What makes it this voice.
    pub(crate) character: Character,
    /// What predicts its spectra; voices may share it.
    pub(crate) network: Arc<Network>,
}

/// All voices and what they share.
pub(crate) struct Speaker {
    voices: Vec<Voice>,
    phonemizer: Phonemizer,
    synthesizer: Synthesizer,
}

/// Why a text was not spoken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SpeakError {
    /// No such voice.
    #[error("there is no voice \"{name}\"; choose one of: {known}")]
    Voice {
        /// What was asked for.
        name: String,
        /// What there is.
        known: String,
    },
    /// No phonemes.
    #[error(transparent)]
    Phonemize(#[from] PhonemizeError),
    /// The network failed.
    #[error(transparent)]
    Network(#[from] NetworkError),
}

impl Speaker {
    /// Joins the parts.
    pub(crate) fn new(voices: Vec<Voice>, phonemizer: Phonemizer) -> Speaker {
        Speaker { voices, phonemizer, synthesizer: Synthesizer::new() }
    }

    /// The names that [`Speaker::speak`] takes.
    pub(crate) fn names(&self) -> Vec<String> {
        self.voices.iter().map(|voice| voice.character.name.to_owned()).collect()
    }

    /// Speaks `text` and hands over 24 kHz samples sentence by sentence, until `sink` answers `false`. The same text,
    /// voice and speed give the same samples. A text without words gives none.
    pub(crate) fn speak(
        &self,
        text: &str,
        voice: &str,
        speed: f32,
        mut sink: impl FnMut(Vec<i16>) -> bool,
    ) -> Result<(), SpeakError> {
        let voice = self.voice(voice)?;
        let mut noise = Noise::of_text(&[text, voice.character.name]);
        let mut first = true;
        for sentence in sentences(&normalise(text)) {
            for input in self.phonemizer.inputs(&sentence)? {
                let spoken = self.piece(voice, input, speed, &mut noise)?;
                if spoken.is_empty() {
                    continue;
                }
                let gap = if first { 0 } else { SENTENCE_PAUSE_MS };
                first = false;
                let mut samples = pause(gap);
                samples.extend(spoken);
                if !sink(samples) {
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn voice(&self, name: &str) -> Result<&Voice, SpeakError> {
        let found = self.voices.iter().find(|voice| voice.character.name == name);
        found.ok_or_else(|| SpeakError::Voice { name: name.to_owned(), known: self.names().join(", ") })
    }

    fn piece(&self, voice: &Voice, input: Vec<i32>, speed: f32, noise: &mut Noise) -> Result<Vec<i16>, SpeakError> {
        let character = &voice.character;
        let speed = if speed.is_finite() { speed } else { 1.0 };
        // What will be played slower has to be spoken faster.
        let stretch = character.slowdown.as_ref().map_or(1.0, Slowdown::factor);
        let pace = (speed / stretch).clamp(*PACES.start(), *PACES.end());
        let mut spectra = predict(&voice.network, input, pace)?;
        spectra.pitch.iter_mut().for_each(|hz| *hz *= character.pitch);
        let wave = self.synthesizer.waveform(&spectra, noise);
        let wave = match &character.slowdown {
            Some(slowdown) => slowdown.apply(&wave),
            None => wave,
        };
        Ok(finish(&wave, character.gain))
    }
}

fn predict(network: &Network, input: Vec<i32>, pace: f32) -> Result<Spectra, NetworkError> {
    let ids = NdTensor::from_data([1, input.len()], input);
    let pace = NdTensor::from_data([1], vec![pace]);
    let outputs = ["lh", "theta", "ln", "lr", "phi", "f0"];
    let [lh, theta, ln, lr, phi, f0] = network.run([("ids", ids.into()), ("speed", pace.into())], outputs)?;
    let part = |value: Value, name| {
        let tensor: rten_tensor::Tensor<f32> = value.try_into().map_err(|_| NetworkError::Output(name))?;
        Ok(tensor.to_vec())
    };
    let spectra = Spectra {
        harmonic: part(lh, "lh")?,
        theta: part(theta, "theta")?,
        noise: part(ln, "ln")?,
        rest: part(lr, "lr")?,
        phi: part(phi, "phi")?,
        pitch: part(f0, "f0")?,
    };
    if spectra.is_consistent() { Ok(spectra) } else { Err(NetworkError::Output("lh")) }
}
