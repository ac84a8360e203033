//! Figures and waveforms from what was recorded, not from what anybody reports.

use crate::casting;
use crate::folder::names;
use crate::scenario::Side;
use crate::speech::speech;
use crate::transcript::Transcript;
use duologue_ids::Mono;
use duologue_media::decode_ogg_opus;
use duologue_score::{
    Claim, Entity, Finding, Mark, Measured, Metrics, Party, Stimulus, Track, Utterance, cross_check, marks, measure,
};
use std::path::Path;
use std::time::Duration;

/// Loudness figures a second, for waveforms.
pub const PEAKS_PER_SECOND: u32 = 25;
const RATE: u32 = 16_000;
/// How far what the sessions report may be from the recording: the way from party to party, and their detectors, which
/// decide while they hear.
const TOLERANCE: Duration = Duration::from_millis(150);

/// One side of the recording.
pub struct RecordedSide {
    /// When it spoke.
    pub speech: Track,
    /// Loudness, 0 to 255, [`PEAKS_PER_SECOND`] a second.
    pub peaks: Vec<u8>,
    /// Its length.
    pub length: Duration,
}

impl RecordedSide {
    /// Of mono samples at `rate` Hz. Takes far less than a millisecond for each second of them.
    pub fn from_samples(rate: u32, samples: &[i16]) -> RecordedSide {
        let rate = rate.max(1);
        RecordedSide {
            speech: speech(rate, samples),
            peaks: samples.chunks((rate / PEAKS_PER_SECOND).max(1) as usize).map(peak).collect(),
            length: Duration::from_secs_f64(samples.len() as f64 / f64::from(rate)),
        }
    }
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

/// A conversation as it was observed: two tracks, what was said, and what else is known of it.
#[derive(Clone, Copy)]
pub struct Observed<'a> {
    /// Support agent and customer.
    pub sides: &'a [RecordedSide; 2],
    /// What was said and heard, and which tools were called.
    pub transcript: &'a Transcript,
    /// Labels of scripted sounds; parties are 0 (support) and 1 (customer).
    pub stimuli: &'a [Stimulus],
    /// Names, codes and amounts that matter, beside the numbers in what was said.
    pub entities: &'a [Entity],
    /// Why it ended.
    pub end_reason: Option<&'a str>,
    /// Whether all criteria hold.
    pub task_completed: Option<bool>,
    /// What the models of each side cost, US dollars, where prices are known.
    pub costs: [Option<f64>; 2],
}

impl<'a> Observed<'a> {
    /// With nothing known but sound and words.
    pub fn new(sides: &'a [RecordedSide; 2], transcript: &'a Transcript) -> Observed<'a> {
        Observed {
            sides,
            transcript,
            stimuli: &[],
            entities: &[],
            end_reason: None,
            task_completed: None,
            costs: [None; 2],
        }
    }

    /// All metrics.
    pub fn metrics(&self) -> Metrics {
        self.measured(measure)
    }

    /// What happened when.
    pub fn marks(&self) -> Vec<Mark> {
        self.measured(marks)
    }

    /// Where the transcript and the figures of the sessions differ from what the tracks hold.
    pub fn findings(&self) -> Vec<Finding> {
        let claims: Vec<Claim> = self.transcript.claims().collect();
        self.measured(|of| cross_check(of, &claims, TOLERANCE))
    }

    fn measured<T>(&self, read: impl FnOnce(&Measured<'_>) -> T) -> T {
        let utterances: Vec<Utterance<'_>> = self.transcript.heard_pairs().collect();
        let reported = [Side::Support, Side::Customer].map(|side| self.transcript.stage_times(side));
        let calls = self.transcript.tool_calls.iter();
        let tool_calls: Vec<(usize, Mono)> = calls.map(|c| (casting::index(c.by), at(c.at_s))).collect();
        let party = |side: Side| Party {
            reported: &reported[casting::index(side)],
            cost: self.costs[casting::index(side)],
            ..Party::new(side.as_str(), &self.sides[casting::index(side)].speech)
        };
        let length = self.sides[0].length.max(self.sides[1].length);
        read(&Measured {
            utterances: &utterances,
            stimuli: self.stimuli,
            tool_calls: &tool_calls,
            entities: self.entities,
            end_reason: self.end_reason,
            task_completed: self.task_completed,
            ..Measured::new(length, [party(Side::Support), party(Side::Customer)])
        })
    }
}

/// Seconds of the recording as its clock has them.
pub(crate) fn at(seconds: f64) -> Mono {
    Mono((seconds.max(0.0) * 1e9) as u64)
}

fn peak(samples: &[i16]) -> u8 {
    let loudest = samples.iter().map(|s| s.saturating_abs()).max().unwrap_or(0);
    (loudest >> 7).clamp(0, 255) as u8
}
