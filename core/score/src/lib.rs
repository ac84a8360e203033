//! What a conversation was worth: pure functions from two speech tracks and a transcript to figures.
//!
//! * [`compare`] aligns what was said with what was heard and counts the words that differ; [`words`] is the normal form
//!   both are brought to first, so that "$130" and "130 dollars" are the same words.
//! * [`Track`] is when one party spoke. [`transfers`] finds the places where the floor changed hands.
//! * [`measure`] puts both together into [`Metrics`], whose names and meanings ([`DEFINITIONS`]) follow LiveKit's
//!   simulation metrics, tau-voice and EVA, so that figures can be held against published ones. [`Metrics::pool`] makes one
//!   of those of many conversations.
//! * [`marks`] lists what happened when; [`cross_check`] finds where a pipeline's own account differs from its recording.
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
mod chars;
mod cross_check;
mod definitions;
mod entities;
mod events;
mod floor;
mod marks;
mod measure;
mod measured;
mod metrics;
mod pool;
mod reported;
mod segments;
mod spread;
mod stimulus;
mod track;
mod turn_taking;
mod waiting;
pub mod words;

pub use align::{Comparison, Step, WordErrors, align, compare};
pub use chars::{CharErrors, compare_chars};
pub use cross_check::{Claim, Finding, FindingKind, cross_check};
pub use definitions::{Better, DEFINITIONS, Definition};
pub use entities::{Entity, EntityKind, entities_in};
pub use events::{
    AWKWARD_SILENCE, AWKWARD_SILENCE_WITH_TOOL, GOING_ON, IGNORE_WINDOW, INTERRUPTION_OVERLAP, REPLY_WINDOW,
    YIELD_WINDOW,
};
pub use floor::{PAUSE, Transfer, transfers};
pub use marks::{Mark, MarkKind, marks};
pub use measure::measure;
pub use measured::{Measured, Party, Utterance};
pub use metrics::{EntityRecall, Mean, Metrics, PartyMetrics, Selectivity, direction};
pub use reported::{StageTimes, Stages};
pub use segments::{BACKCHANNEL, BACKCHANNEL_WORDS, is_backchannel_text};
pub use spread::{Share, Spread, percentile};
pub use stimulus::{Stimulus, StimulusKind};
pub use track::{Interval, Track};
pub use turn_taking::{interrupting_score, latency_score, yield_score};
