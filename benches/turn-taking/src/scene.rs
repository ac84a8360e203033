//! Files: scenes in, tracks out.

use serde::Deserialize;
use std::path::Path;

/// Of the voice that both sides share, Hz.
pub(crate) const VOICE_RATE: u32 = 48_000;
/// Of a track, Hz: every sixth sample tells sound from silence.
const TRACK_RATE: u32 = 8_000;

/// One event with what surrounds it; see `scenes.py`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Scene {
    pub(crate) id: String,
    pub(crate) role: String,
    /// What the caller asks before the agent speaks, where the event comes while it does.
    pub(crate) lead: Option<Piece>,
    pub(crate) pieces: Vec<Piece>,
}

/// Words without a pause, ms from the start of the scene.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Piece {
    pub(crate) from: u64,
    pub(crate) to: u64,
    pub(crate) text: String,
}

/// What the stand-ins take, the same for both sides.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Delays {
    pub(crate) recognition_ms: u64,
    pub(crate) first_token_ms: u64,
    pub(crate) first_sound_ms: u64,
    pub(crate) characters_per_second: usize,
    /// What the agent answers to a turn.
    pub(crate) reply: String,
    /// What it answers where the event comes while it speaks.
    pub(crate) story: String,
}

impl Scene {
    /// Each word with the time of its middle in ms, by its share of the letters of its piece.
    pub(crate) fn words(&self) -> Vec<(f64, String)> {
        let mut found = Vec::new();
        for piece in self.lead.iter().chain(&self.pieces) {
            let (letters, length) = (piece.text.chars().count() as f64, (piece.to - piece.from) as f64);
            let mut at = 0.0;
            for word in piece.text.split(' ') {
                let size = word.chars().count() as f64;
                found.push((piece.from as f64 + length * (at + size / 2.0) / letters, word.to_string()));
                at += size + 1.0;
            }
        }
        found
    }
}

/// All samples of a WAV file.
pub(crate) fn samples(path: &Path) -> Result<Vec<i16>, Box<dyn std::error::Error>> {
    let mut reader = hound::WavReader::open(path).map_err(|e| format!("{}: {e}", path.display()))?;
    Ok(reader.samples::<i16>().collect::<Result<_, _>>()?)
}

/// Writes a track of [`VOICE_RATE`].
pub(crate) fn write_track(path: &Path, track: &[i16]) -> Result<(), hound::Error> {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: TRACK_RATE,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut out = hound::WavWriter::create(path, spec)?;
    track.iter().step_by((VOICE_RATE / TRACK_RATE) as usize).try_for_each(|&s| out.write_sample(s))?;
    out.finalize()
}
