//! Makes recordings of sounds that stand at known places.

use duologue_conversation::scenario::Side;
use duologue_media::{Frame, MonoEncoder, OggOpus, Resampler};
use serde::Deserialize;
use std::path::Path;

/// Hz.
pub(crate) const RATE: u32 = 48_000;
const FRAME: usize = (RATE / 50) as usize;
const PER_MS: usize = (RATE / 1_000) as usize;

/// Which sounds stand where.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Placed {
    length_ms: usize,
    /// White noise under both, decibels of full scale.
    noise_db: Option<f64>,
    /// Noise only this long around each sound, ms, and digital silence elsewhere, as discontinuous transmission leaves it.
    noise_around_ms: Option<usize>,
    /// Everything crosses a telephone of this rate.
    telephone: Option<u32>,
    #[serde(default)]
    support: Vec<Sound>,
    #[serde(default)]
    customer: Vec<Sound>,
}

/// A sound from `from` to `to` ms of its source, at `at` ms of the recording.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Sound {
    sound: String,
    #[serde(default)]
    from: usize,
    to: usize,
    at: usize,
    #[serde(default)]
    gain_db: f64,
}

/// One side as it was said.
pub(crate) fn samples(placed: &Placed, side: Side) -> Vec<i16> {
    let sounds = if side == Side::Support { &placed.support } else { &placed.customer };
    let mut mix = vec![0.0; placed.length_ms * PER_MS];
    for sound in sounds {
        let gain = 10f64.powf(sound.gain_db / 20.0);
        for (at, sample) in mix.iter_mut().skip(sound.at * PER_MS).zip(source(sound)) {
            *at += gain * f64::from(sample);
        }
    }
    if let Some(db) = placed.noise_db {
        let near = |ms: usize, by: usize| sounds.iter().any(|s| ms + by >= s.at && ms <= s.at + (s.to - s.from) + by);
        // Uniform noise of this root mean square.
        let peak = 32_768.0 * 10f64.powf(db / 20.0) * 3f64.sqrt();
        let mut noise = Noise(7 + side as u64);
        for (i, sample) in mix.iter_mut().enumerate() {
            let value = peak * noise.next();
            if placed.noise_around_ms.is_none_or(|by| near(i / PER_MS, by)) {
                *sample += value;
            }
        }
    }
    // What is too loud is clipped here, as a converter would.
    let clipped: Vec<i16> = mix.iter().map(|s| s.round().clamp(-32_768.0, 32_767.0) as i16).collect();
    match placed.telephone {
        Some(rate) => through(&through(&clipped, RATE, rate), rate, RATE),
        None => clipped,
    }
}

/// The same as the product records it.
pub(crate) fn ogg(placed: &Placed, side: Side) -> Vec<u8> {
    let mut encoder = MonoEncoder::new(RATE).expect("an encoder");
    let (mut ogg, mut bytes) = OggOpus::new(1, RATE, 1, &[]);
    for chunk in samples(placed, side).chunks(FRAME) {
        let mut chunk = chunk.to_vec();
        chunk.resize(FRAME, 0);
        let frame = Frame::new(RATE, chunk).expect("a frame");
        let packet = encoder.encode(&frame).expect("it is encoded");
        bytes.extend(ogg.push(&packet, FRAME as u32));
    }
    bytes.extend(ogg.finish());
    bytes
}

fn source(sound: &Sound) -> Vec<i16> {
    let (from, to) = (sound.from * PER_MS, sound.to * PER_MS);
    match sound.sound.as_str() {
        "cough" => cough(to - from),
        "click" => vec![20_000; to - from],
        wav => {
            let samples = read(wav);
            samples[from..to.min(samples.len())].to_vec()
        }
    }
}

/// Two bursts of noise, of which the second is softer.
fn cough(length: usize) -> Vec<i16> {
    let mut noise = Noise(99);
    let loudness = |i: usize| if i < length * 2 / 5 { 0.25 } else { 0.12 };
    (0..length).map(|i| (32_767.0 * loudness(i) * noise.next()) as i16).collect()
}

/// Plain 16-bit mono WAV: samples follow the header's `data`.
fn read(name: &str) -> Vec<i16> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../benches/voice").join(format!("{name}.wav"));
    let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let data = bytes.windows(4).position(|w| w == b"data").expect("a data chunk") + 8;
    bytes[data..].chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect()
}

fn through(samples: &[i16], from: u32, to: u32) -> Vec<i16> {
    let mut resampler = Resampler::new(from, to);
    let mut out = Vec::new();
    resampler.push(samples, &mut out);
    resampler.finish(&mut out);
    out
}

/// Between -1 and 1 (Knuth's linear congruential generator, MMIX).
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 52) as f64 - 1.0
    }
}
