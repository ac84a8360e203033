use crate::track::Interval;
use serde::{Deserialize, Serialize};

/// What a sound was meant as. Nobody can hear that in the sound alone, so it comes from whoever scripted it; see
/// [`Stimulus`]. The kinds are those of tau-voice (docs/interaction-metrics.md).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StimulusKind {
    /// The speaker wants the floor.
    Interruption,
    /// The speaker shows that it listens: "mm-hmm".
    Backchannel,
    /// A cough, a laugh, a sneeze, an "um".
    VocalTic,
    /// Speech to somebody else in the speaker's room.
    NonDirected,
}

/// A label: this party made a sound of this kind in this time. It holds for every stretch of the party's speech of which
/// it covers half.
///
/// Without a label, only backchannels are known: short speech ([`crate::BACKCHANNEL`]) that begins and ends while the other
/// speaks, and whose words are all in [`crate::BACKCHANNEL_WORDS`]. Everything else that begins while the other speaks is
/// an interruption if it takes the floor or lasts longer, and otherwise an overlap of which nothing is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stimulus {
    /// What it was.
    pub kind: StimulusKind,
    /// When, on the clock of the recording.
    pub interval: Interval,
    /// Who made it: place in [`crate::Measured::parties`].
    pub by: usize,
}
