//! Faults found by search: random conversations are held until one breaks what always holds, and the case is made small.
//!
//! [`explore`] draws a suite of one situation from each seed ([`draw`]), holds it in virtual time, and looks at what came
//! of it ([`breaches`]): at sound, transcript and reported events, never into a session. A case that breaks an invariant
//! is shrunk ([`shrink`]) to the fewest acts, words and settings that still break it, and written as a suite that
//! `duologue simulate FILE` runs.

mod draw;
mod examine;
mod invariants;
mod search;
mod shrink;
mod write;

pub use draw::draw;
pub use examine::{Adjust, ExamineError, Examined, examine};
pub use invariants::{Breach, Conditions, Invariant, breaches};
pub use search::{ExploreConfig, ExploreError, Explored, Finding, Progress, explore};
pub use shrink::{Shrunk, shrink};
pub use write::suite_file;
