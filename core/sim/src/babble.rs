//! A voice for simulations: it sounds like speech to a voice activity detector, and carries its words in the lowest bit
//! of its samples, so that the listener's "recogniser" knows exactly what really arrived: no more when the speaker was
//! cut off, less when packets were lost. It survives 16-bit PCM, not Opus.

/// Samples a second of this voice, Hz.
pub const BABBLE_RATE: u32 = 16_000;
/// Marks the beginning of a word in the lowest bits.
const SYNC: u32 = 0xB5A3_66C9;
/// Steps of a cycle of the voice.
const CYCLE: usize = 256;
/// Longest word that is carried whole, in bytes; longer ones are split.
const LONGEST: usize = 48;

/// Speaks `text` as mono 16-bit samples at [`BABBLE_RATE`], about 150 words a minute at `speed` 1.
pub fn babble(text: &str, pitch_hz: f32, speed: f32) -> Vec<i16> {
    let mut samples = Vec::new();
    for word in text.split_whitespace() {
        let mut rest = word;
        while !rest.is_empty() {
            let mut cut = rest.len().min(LONGEST);
            while !rest.is_char_boundary(cut) {
                cut -= 1;
            }
            let (piece, tail) = rest.split_at(cut);
            speak_word(piece, pitch_hz, speed.clamp(0.25, 4.0), &mut samples);
            rest = tail;
        }
    }
    samples
}

/// The words that `samples` carry from their middle to their end, in order.
pub fn understand(samples: &[i16]) -> String {
    let mut words: Vec<(String, usize)> = Vec::new();
    let mut window = 0u32;
    let mut at = 0;
    while at < samples.len() {
        window = (window << 1) | u32::from(samples[at] as u16 & 1);
        at += 1;
        if window != SYNC {
            continue;
        }
        if let Some((word, end)) = read_word(samples, at) {
            let repeated = words.last().is_some_and(|(w, until)| *w == word && at - 32 <= *until + 1);
            match words.last_mut().filter(|_| repeated) {
                Some((_, until)) => *until = end,
                None => words.push((word, end)),
            }
            at = end;
            window = 0;
        }
    }
    words.into_iter().map(|(w, _)| w).collect::<Vec<_>>().join(" ")
}

/// One word: a buzz of harmonics under a syllable's envelope; its second half carries the letters, as often as they fit.
fn speak_word(word: &str, pitch_hz: f32, speed: f32, out: &mut Vec<i16>) {
    let letters = word.chars().count() as f32;
    let bits = word_bits(word);
    let length = (((0.14 + 0.052 * letters) / speed * BABBLE_RATE as f32) as usize).max(bits.len() * 2 + 320);
    let vowel = 400.0 + (word.bytes().map(u32::from).sum::<u32>() % 5) as f32 * 110.0;
    let half = length / 2;
    let cycle = cycle(pitch_hz, vowel);
    let mut phase = 0.0f32;
    for i in 0..length {
        let place = i as f32 / length as f32;
        // Never down to silence between words: people do not stop there either.
        let envelope = 0.25 + 0.75 * (std::f32::consts::PI * place).sin();
        phase = (phase + pitch_hz * (1.05 - 0.1 * place) / BABBLE_RATE as f32).fract();
        let sample = (cycle[(phase * CYCLE as f32) as usize % CYCLE] * envelope * 9_000.0) as i16;
        let bit = if i >= half { bits.get((i - half) % bits.len()).copied() } else { None };
        let fits = i < half || half + (i - half) / bits.len() * bits.len() + bits.len() <= length;
        // Bits that begin no whole copy would be read as noise: clear them, and all bits of the first half.
        let low = bit.filter(|_| fits).unwrap_or(false);
        out.push((sample & !1) | i16::from(low));
    }
}

/// One cycle of the voice: ten harmonics, strongest around the vowel's first formant and around 1.6 kHz.
fn cycle(pitch_hz: f32, formant_hz: f32) -> [f32; CYCLE] {
    std::array::from_fn(|i| {
        let turn = std::f32::consts::TAU * i as f32 / CYCLE as f32;
        let harmonic = |k: i32| {
            let near = |centre: f32, width: f32| 1.0 / (1.0 + ((pitch_hz * k as f32 - centre) / width).powi(2));
            (near(formant_hz, 150.0) + 0.5 * near(1_600.0, 250.0)) * (turn * k as f32).sin()
        };
        (1..=10).map(harmonic).sum::<f32>() * 0.5
    })
}

/// Sync, length, bytes, check sum.
fn word_bits(word: &str) -> Vec<bool> {
    let bytes = word.as_bytes();
    let check = check_sum(bytes);
    let mut frame: Vec<u8> = SYNC.to_be_bytes().to_vec();
    frame.push(bytes.len() as u8);
    frame.extend_from_slice(bytes);
    frame.extend_from_slice(&check.to_be_bytes());
    frame.iter().flat_map(|byte| (0..8).rev().map(move |b| byte >> b & 1 == 1)).collect()
}

fn read_word(samples: &[i16], from: usize) -> Option<(String, usize)> {
    let byte = |k: usize| -> Option<u8> {
        let bits = samples.get(from + 8 * k..from + 8 * (k + 1))?;
        Some(bits.iter().fold(0, |b, s| (b << 1) | (*s as u16 & 1) as u8))
    };
    let length = byte(0)? as usize;
    if length == 0 || length > LONGEST {
        return None;
    }
    let bytes: Vec<u8> = (1..=length).map(byte).collect::<Option<_>>()?;
    let check = u16::from_be_bytes([byte(length + 1)?, byte(length + 2)?]);
    if check != check_sum(&bytes) {
        return None;
    }
    Some((String::from_utf8(bytes).ok()?, from + 8 * (length + 3)))
}

/// Fletcher-16.
fn check_sum(bytes: &[u8]) -> u16 {
    let (a, b) = bytes.iter().fold((1u16, 0u16), |(a, b), &byte| {
        let a = (a + u16::from(byte)) % 255;
        (a, (a + b) % 255)
    });
    b << 8 | a
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_is_cut_off_is_not_understood() {
        let sound = babble("my order has not arrived", 120.0, 1.0);
        assert_eq!(understand(&sound), "my order has not arrived");
        assert_eq!(understand(&sound[..sound.len() / 2]), "my order has", "half of `has` is past its middle");
        assert_eq!(understand(&babble("no no no", 120.0, 1.0)), "no no no");
        assert_eq!(understand(&vec![0; 16_000]), "");
    }

    #[test]
    fn it_speaks_about_150_words_a_minute() {
        let words = "the technician will come to your house tomorrow between nine and eleven in the morning";
        let seconds = babble(words, 120.0, 1.0).len() as f64 / f64::from(BABBLE_RATE);
        let wpm = 15.0 / seconds * 60.0;
        assert!((120.0..200.0).contains(&wpm), "{wpm}");
    }

    proptest! {
        #[test]
        fn any_text_comes_back_word_for_word(text in "\\PC{0,80}") {
            let words: Vec<String> = text.split_whitespace().filter(|w| w.len() <= LONGEST).map(String::from).collect();
            let text = words.join(" ");
            prop_assert_eq!(understand(&babble(&text, 180.0, 1.0)), text);
        }

        #[test]
        fn noise_is_never_a_panic(samples in proptest::collection::vec(any::<i16>(), 0..5000)) {
            understand(&samples);
        }
    }
}
