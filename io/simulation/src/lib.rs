//! Suites of conversations in virtual time.
mod case;
pub mod compare;
mod figures;
mod files;
mod junit;
#[cfg(test)]
mod made_up;
mod overview;
pub mod replay;
mod results;
mod run;
mod stage;
pub mod suite;

pub use case::{Case, CaseError, cases};
pub use figures::definition;
pub use files::{FilesError, Timing, read_run, write_run};
pub use overview::{comparison, overview};
pub use results::{BoundResult, CaseResult, ConversationResult, Run};
pub use run::{RunConfig, RunError, run};
pub use stage::{MeasuredStages, stage};
