//! Figures and waveforms from what was recorded, not from what anybody reports.

use crate::folder::names;
use crate::scenario::Side;
use crate::transcript::Transcript;
use duologue_ids::Mono;
use duologue_media::decode_ogg_opus;
use duologue_score::{Interval, Measured, Metrics, Party, Track, Utterance, measure};
use std::path::Path;
use std::time::Duration;

/// Loudness figures a second, for waveforms.
pub const PEAKS_PER_SECOND: u32 = 25;
const RATE: u32 = 16_000;
/// Root mean square of 20 ms above which they count as speech: 40 dB under full scale, well above what Opus makes of
/// silence.
const SPEECH_RMS: f64 = 300.0;
/// Pauses up to this length lie within speech.
const PAUSE: Duration = Duration::from_millis(300);

/// One side of the recording.
pub struct RecordedSide {
    /// When it spoke.
    pub speech: Track,
    /// Loudness, 0 to 255, [`PEAKS_PER_SECOND`] a second.
    pub peaks: Vec<u8>,
    /// Its length.
    pub length: Duration,
}

/// Reads one side's track; a file that is missing or does not open is an empty one, since a report of the rest is worth
/// more than none.
pub fn read_side(folder: &Path, side: Side) -> RecordedSide {
    let samples = std::fs::read(folder.join(names::track(side)))
        .ok()
        .and_then(|bytes| decode_ogg_opus(&bytes, RATE).ok())
        .and_then(|decoded| decoded.samples.into_iter().next())
        .unwrap_or_default();
    RecordedSide::from_samples(RATE, &samples)
}

impl RecordedSide {
    /// The same from sound in memory, 16 kHz mono.
    pub fn from_samples(_rate: u32, samples: &[i16]) -> RecordedSide {
        RecordedSide {
            speech: speech(samples),
            peaks: samples.chunks((RATE / PEAKS_PER_SECOND) as usize).map(peak).collect(),
            length: Duration::from_secs_f64(samples.len() as f64 / f64::from(RATE)),
        }
    }
}

/// All metrics of a conversation.
pub fn metrics(sides: &[RecordedSide; 2], transcript: &Transcript) -> Metrics {
    let utterances: Vec<Utterance<'_>> = transcript.heard_pairs().collect();
    let parties =
        [Party::new(Side::Support.as_str(), &sides[0].speech), Party::new(Side::Customer.as_str(), &sides[1].speech)];
    let length = sides[0].length.max(sides[1].length);
    measure(&Measured { utterances: &utterances, ..Measured::new(length, parties) })
}

fn speech(samples: &[i16]) -> Track {
    let frame = (RATE / 50) as usize;
    let loud = |(i, chunk): (usize, &[i16])| {
        let energy: f64 = chunk.iter().map(|s| f64::from(*s).powi(2)).sum::<f64>() / chunk.len() as f64;
        let start = Mono::from_millis(20 * i as u64);
        (energy.sqrt() > SPEECH_RMS).then(|| Interval::new(start, start + duologue_media::FRAME))
    };
    samples.chunks(frame).enumerate().filter_map(loud).collect::<Track>().closing_gaps(PAUSE)
}

fn peak(samples: &[i16]) -> u8 {
    let loudest = samples.iter().map(|s| s.saturating_abs()).max().unwrap_or(0);
    (loudest >> 7).clamp(0, 255) as u8
}
