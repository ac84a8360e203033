//! A conversation again, from its recording: one side's logic as it is now hears what that side heard then, its models
//! answer what they answered then after the time they took then, and what it decides is laid beside what it decided.
//!
//! 1. [`Recording::read`] takes the folder of a conversation, live or simulated;
//! 2. `memory` makes of it what was recognised, said, spoken and called, and when;
//! 3. `answers` answers the session's effects from that;
//! 4. `rerun` drives the session in virtual time, which takes for speech what was taken for it then (`hearing`);
//! 5. `decisions` lays both accounts beside each other: [`Diff`].
//!
//! What was never said then has no sound and no words: it is silence of about its length. The other side does not answer
//! to what is new: it says what it said then, when it said it.

mod answers;
mod decisions;
mod error;
mod hearing;
mod memory;
mod recording;
mod rerun;
mod settings;
#[cfg(test)]
mod tests;

pub use decisions::{Counts, Decision, Diff, Kind, Pair, TOLERANCE_MS, Verdict};
pub use error::{ReplayError, SettingError};
pub use recording::Recording;
pub(crate) use recording::{HeldWith, write_held_with};
pub use settings::set;

use crate::stage::apply;
use crate::suite::TurnSettings;

/// The logic that a conversation is held with again.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Logic {
    /// How it takes turns.
    pub turns: TurnSettings,
    /// Whether this version's detector says anew when the other side spoke, from the recording, and not the account of
    /// then. The recording is coded once more than what was heard, which alone moves ends of speech by up to 200 ms.
    pub hears_again: bool,
}

/// Holds one side of a recording again, with the logic of this version and these settings; what is not set is as the
/// product does by itself.
///
/// # Errors
/// No session can be made of it, or there are far more decisions than in a conversation.
pub fn replay(recording: &Recording, logic: Logic) -> Result<Diff, ReplayError> {
    let delay = rerun::delay(recording)?;
    let mut config = recording.config().clone();
    apply(&logic.turns, &mut config);
    let now = rerun::rerun(recording, config, delay, logic.hears_again)?;
    let mut diff = decisions::diff(recording.account(), &now)?;
    diff.notes.splice(0..0, recording.notes().iter().cloned());
    Ok(diff)
}
