//! What a person opens after a run: [`overview`] makes one HTML file of all its conversations, [`comparison`] one of two
//! runs beside each other. Both need nothing else, load nothing, and are functions of the results alone: the same bytes
//! for the same results.

mod comparison;
mod failures;
mod figure;
mod lines;
mod page;
mod table;

pub use comparison::comparison;
pub use page::overview;

use crate::results::CaseResult;

/// How a case went over its seeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Passed,
    /// With some seeds it passes, with others it fails.
    Flaky,
    Failed,
}

impl State {
    fn of(case: &CaseResult) -> State {
        let passed = case.conversations.iter().filter(|c| c.passed).count();
        match passed {
            _ if case.passed => State::Passed,
            n if 0 < n && n < case.conversations.len() => State::Flaky,
            _ => State::Failed,
        }
    }

    fn word(self) -> &'static str {
        match self {
            State::Passed => "passed",
            State::Flaky => "flaky",
            State::Failed => "failed",
        }
    }
}
