//! Suites of conversations in virtual time: hundreds of calls in the time that one takes, the same twice, judged.
//!
//! The way of a suite, top to bottom:
//!
//! 1. [`suite`]: a file that a person writes becomes a [`suite::Suite`]: situations (a scripted caller before an agent that
//!    says given lines) and scenarios, the lines over which the caller is heard, delays, bounds;
//! 2. [`cases`]: situations and scenarios × who plays × lines; each [`Case`] is held once for each seed;
//! 3. [`stage`]: a case and a seed become two seats, a network and scripted providers, whose delays are drawn;
//! 4. [`run`]: every conversation is held in memory by [`duologue_conversation::virtual_time`], on as many threads as asked
//!    for, written as a live one is, measured and judged;
//! 5. [`write_run`]: `run.json` (the same bytes on every run), `timing.json` (all that is not), `junit.xml`, pages;
//! 6. [`compare`]: two runs beside each other, seed by seed; [`replay`]: a kept conversation before other turn logic.
//!
//! ```
//! use duologue_simulation::{MeasuredStages, RunConfig, run, suite};
//! use std::sync::atomic::AtomicBool;
//!
//! let suite = suite::parse("suite.yaml", "hello", "
//! title: A greeting and an answer
//! sound: plain
//! situations:
//!   - id: hello
//!     title: The caller asks one thing
//!     greeting: Good morning, this is Northwind.
//!     agent: [The light is green when it works.]
//!     caller: [{say: What colour is the light?}, {hang_up: true}]
//!     expect: { turns: { min: 3 } }
//! ")?;
//! let config = RunConfig {
//!     seeds: Some(2), from: 1, jobs: 1, out: None, only: None, audio: false, measured: MeasuredStages::default(),
//! };
//! let run = run(&suite, &config, &AtomicBool::new(false), |_, _| {})?;
//! assert_eq!((run.conversations, run.passed, run.cases_failed), (2, 2, 0));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod case;
pub mod compare;
pub mod explore;
mod figures;
mod files;
mod junit;
#[cfg(test)]
mod made_up;
mod measured;
mod overview;
mod place;
pub mod replay;
mod results;
mod run;
mod stage;
pub mod suite;

pub use case::{Case, CaseError, cases};
pub use figures::definition;
pub use files::{FilesError, Timing, read_run, write_run};
pub use measured::measured;
pub use overview::{comparison, overview};
pub use place::PlaceError;
pub use results::{BoundResult, CaseResult, ConversationResult, Run};
pub use run::{RunConfig, RunError, run};
pub use stage::{MeasuredStages, stage};
