use super::{BABBLE_RATE, CYCLE, FIRST, LONGEST, MARKER, SECOND, VOWEL, vowels};

/// Loudness of a formant, of full scale 32,768.
const LOUDNESS: f32 = 4_500.0;
/// Root mean square of the buzz beneath, in the same measure: enough for a detector, not too much for the formants.
const BUZZ: f32 = 0.6;
/// Samples over which one vowel becomes the next: 4 ms.
const GLIDE: usize = 64;

/// Speaks `text` as mono 16-bit samples at [`BABBLE_RATE`], about 150 words a minute at `speed` 1. It can be slowed down,
/// not hastened.
pub fn babble(text: &str, pitch_hz: f32, speed: f32) -> Vec<i16> {
    let mut voice = Voice { buzz: buzz(pitch_hz), sine: sine(), pitch_hz, phase: 0.0, samples: Vec::new() };
    for word in text.split_whitespace() {
        let mut rest = word;
        while !rest.is_empty() {
            let mut cut = rest.len().min(LONGEST);
            while !rest.is_char_boundary(cut) {
                cut -= 1;
            }
            let (piece, tail) = rest.split_at(cut);
            voice.say(piece, speed.clamp(0.25, 1.0));
            rest = tail;
        }
    }
    voice.fall_silent();
    voice.samples
}

struct Voice {
    /// One period of the voice's own buzz.
    buzz: [f32; CYCLE],
    sine: [f32; CYCLE],
    pitch_hz: f32,
    phase: f32,
    samples: Vec<i16>,
}

impl Voice {
    fn say(&mut self, word: &str, speed: f32) {
        let vowels = vowels(word);
        let shape: Vec<(usize, [usize; 2])> = std::iter::once((MARKER, [FIRST[4], SECOND[4]]))
            .chain(vowels.iter().map(|v| (VOWEL, [FIRST[usize::from(v >> 2)], SECOND[usize::from(v & 3)]])))
            .collect();
        let length: usize = shape.iter().map(|(length, _)| length).sum();
        let begin = self.samples.len();
        let mut before = shape[0].1;
        for (length, formants) in shape {
            self.vowel(length, before, formants);
            before = formants;
        }
        // Slower speech draws out the end of each word, in a vowel that stands for nothing.
        let drawl = (length as f32 * (1.0 / speed - 1.0)) as usize;
        self.vowel(drawl, before, [FIRST[1], SECOND[1]]);
        self.swell(begin);
    }

    /// The formants keep their phase over the whole utterance, so that a listener can add them up over any 16 ms.
    fn vowel(&mut self, length: usize, before: [usize; 2], formants: [usize; 2]) {
        for i in 0..length {
            let at = self.samples.len();
            let tone = |f: [usize; 2]| self.sine[at * f[0] % CYCLE] + 0.9 * self.sine[at * f[1] % CYCLE];
            let new = (i as f32 / GLIDE as f32).min(1.0);
            let old = if new < 1.0 { (1.0 - new) * tone(before) } else { 0.0 };
            let voiced = self.buzz[(self.phase * CYCLE as f32) as usize % CYCLE];
            self.samples.push(((new * tone(formants) + old + voiced) * LOUDNESS) as i16);
            self.phase = (self.phase + self.pitch_hz / BABBLE_RATE as f32).fract();
        }
    }

    /// Runs out over 20 ms, so that whoever loses the last part of a frame loses no word.
    fn fall_silent(&mut self) {
        let begin = self.samples.len();
        if begin > 0 {
            self.vowel(CYCLE + GLIDE, [FIRST[1], SECOND[1]], [FIRST[1], SECOND[1]]);
        }
        let length = (self.samples.len() - begin).max(1) as f32;
        for (i, sample) in self.samples[begin..].iter_mut().enumerate() {
            *sample = (f32::from(*sample) * 0.75 * (1.0 - i as f32 / length)) as i16;
        }
    }

    /// A word rises and falls, never down to silence: people do not stop there either.
    fn swell(&mut self, begin: usize) {
        let length = (self.samples.len() - begin).max(1) as f32;
        for (i, sample) in self.samples[begin..].iter_mut().enumerate() {
            let place = std::f32::consts::PI * i as f32 / length;
            *sample = (f32::from(*sample) * (0.75 + 0.25 * place.sin())) as i16;
        }
    }
}

/// What makes it a voice rather than a tone: harmonics of the pitch, strongest around two formants of its own.
fn buzz(pitch_hz: f32) -> [f32; CYCLE] {
    let near = |hz: f32, centre: f32, width: f32| 1.0 / (1.0 + ((hz - centre) / width).powi(2));
    let period: [f32; CYCLE] = std::array::from_fn(|i| {
        let turn = std::f32::consts::TAU * i as f32 / CYCLE as f32;
        let harmonic = |k: i32| {
            let hz = pitch_hz * k as f32;
            (near(hz, 300.0, 150.0) + 0.5 * near(hz, 2_900.0, 250.0)) * (turn * k as f32).sin()
        };
        (1..=24).map(harmonic).sum()
    });
    let rms = (period.iter().map(|s| s * s).sum::<f32>() / CYCLE as f32).sqrt().max(f32::MIN_POSITIVE);
    period.map(|sample| sample * BUZZ / rms)
}

fn sine() -> [f32; CYCLE] {
    std::array::from_fn(|i| (std::f32::consts::TAU * i as f32 / CYCLE as f32).sin())
}
