//! Suites of conversations in virtual time.
mod case;
pub mod compare;
mod files;
mod junit;
mod results;
mod run;
mod stage;
pub mod suite;

pub use case::{Case, CaseError, cases};
pub use files::{FilesError, Timing, read_run, write_run};
pub use results::{BoundResult, CaseResult, ConversationResult, Run};
pub use run::{RunConfig, RunError, run};
pub use stage::{MeasuredStages, stage};
