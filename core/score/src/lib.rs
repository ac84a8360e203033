//! What a conversation was worth: pure functions from two speech tracks and a transcript to figures.
//!
//! * [`compare`] aligns what was said with what was heard and counts the words that differ; [`words`] is the normal form
//!   both are brought to first, so that "$130" and "130 dollars" are the same words.
//! * [`Track`] is when one party spoke. [`transfers`] finds the places where the floor changed hands.
//! * [`measure`] puts both together into [`Metrics`], whose names and meanings ([`DEFINITIONS`]) follow LiveKit's
//!   simulation metrics, tau-voice and EVA, so that figures can be held against published ones.
//!
//! ```
//! use duologue_score::compare;
//!
//! let c = compare("Your code is 47291, and it's $130.", "your code is four seven two nine one and it is 130 dollars");
//! assert_eq!(c.errors.total(), 0);
//!
//! let c = compare("Table for two at 9:30.", "table for you at nine thirty");
//! assert_eq!(c.errors.substitutions, 1);
//! ```

mod align;
mod definitions;
mod floor;
mod metrics;
mod spread;
mod track;
pub mod words;

pub use align::{Comparison, Step, WordErrors, align, compare};
pub use definitions::{DEFINITIONS, Definition};
pub use floor::{PAUSE, Transfer, transfers};
pub use metrics::{
    AWKWARD_SILENCE, INTERRUPTION_OVERLAP, Measured, Metrics, Party, PartyMetrics, Utterance, direction, measure,
};
pub use spread::{Spread, percentile};
pub use track::{Interval, Track};
