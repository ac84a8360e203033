use super::Conditions;
use duologue_conversation::Utterance;
use duologue_conversation::index;
use duologue_conversation::scenario::Side;
use duologue_conversation::virtual_time::{Held, SOUND_RATE};
use duologue_sim::{Stimulus, StimulusKind};
use duologue_voice::Event;
use serde::Deserialize;

/// Loudness from which on 20 ms are voice, root mean square: the scripted voice has ten times as much, even when it is
/// turned away it has three times.
const LOUD: f64 = 150.0;
/// Samples of a frame, and its length in seconds.
const FRAME: usize = SOUND_RATE as usize / 50;
pub(super) const FRAME_S: f64 = 0.02;

/// A conversation, in the shape in which it is judged.
pub(super) struct Observed<'a> {
    pub(super) held: &'a Held,
    pub(super) conditions: &'a Conditions,
    /// What was reported, by time.
    pub(super) events: Vec<Happening>,
    /// By side: whether each 20 ms hold voice.
    voiced: [Vec<bool>; 2],
}

/// An event, and whose.
#[derive(Deserialize)]
pub(super) struct Happening {
    pub(super) t: f64,
    side: Side,
    #[serde(flatten)]
    pub(super) event: Event,
}

impl Happening {
    pub(super) fn side(&self) -> usize {
        index(self.side)
    }
}

impl<'a> Observed<'a> {
    pub(super) fn of(held: &'a Held, conditions: &'a Conditions) -> Observed<'a> {
        let events = held.events.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        let voiced = [0, 1].map(|side| held.sound[side].chunks(FRAME).map(|frame| rms(frame) > LOUD).collect());
        Observed { held, conditions, events, voiced }
    }

    /// Frames from one time to another, as far as there are any.
    pub(super) fn frames(&self, side: usize, from_s: f64, to_s: f64) -> &[bool] {
        let all = &self.voiced[side];
        let at = |s: f64| ((s / FRAME_S).round().max(0.0) as usize).min(all.len());
        &all[at(from_s)..at(to_s).max(at(from_s))]
    }

    /// The sound from one time to another.
    pub(super) fn sound(&self, side: usize, from_s: f64, to_s: f64) -> &[i16] {
        let all = &self.held.sound[side];
        let at = |s: f64| ((s * f64::from(SOUND_RATE)).max(0.0) as usize).min(all.len());
        &all[at(from_s)..at(to_s).max(at(from_s))]
    }

    /// What a side said.
    pub(super) fn said(&self, side: usize) -> impl Iterator<Item = &Utterance> + Clone {
        self.held.transcript.utterances.iter().filter(move |u| index(u.speaker) == side)
    }

    /// When it ended, seconds.
    pub(super) fn end_s(&self) -> f64 {
        self.held.summary.duration_s
    }

    /// Whether a scripted caller made a sound here that was not meant for the other party.
    pub(super) fn is_aside(&self, side: usize, from_s: f64, to_s: f64) -> bool {
        let elsewhere = |s: &Stimulus| {
            matches!(s.kind, StimulusKind::NonDirected | StimulusKind::BackgroundSpeech | StimulusKind::VocalTic)
        };
        self.held
            .stimuli
            .iter()
            .filter(|(by, s)| index(*by) == side && elsewhere(s))
            .any(|(_, s)| s.start.as_secs_f64() < to_s && s.end.as_secs_f64() > from_s)
    }
}

fn rms(frame: &[i16]) -> f64 {
    let energy: f64 = frame.iter().map(|&s| f64::from(s).powi(2)).sum();
    (energy / frame.len().max(1) as f64).sqrt()
}

/// Words without case and punctuation.
pub(super) fn words(text: &str) -> Vec<String> {
    let bare = |w: &str| w.chars().filter(|c| c.is_alphanumeric()).collect::<String>().to_lowercase();
    text.split_whitespace().map(bare).filter(|w| !w.is_empty()).collect()
}
