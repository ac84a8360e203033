use super::{Breach, Conditions, Invariant, breaches};
use crate::case::{CaseError, cases};
use crate::stage::{MeasuredStages, stage_with};
use crate::suite::Suite;
use duologue_conversation::virtual_time::hold;
use duologue_sim::DuetError;
use duologue_voice::{SessionConfig, SessionError};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

/// A last change to the settings of each agent: what is searched for faults may be another version of the logic.
pub type Adjust = Arc<dyn Fn(&mut SessionConfig) + Send + Sync>;

/// What came of one conversation.
#[derive(Clone, Debug, PartialEq)]
pub struct Examined {
    /// What it broke.
    pub breaches: Vec<Breach>,
    /// Seconds.
    pub duration_s: f64,
    /// Everything both sides reported, one JSON object a line.
    pub events: String,
}

/// Why a suite could not be held at all.
#[derive(Debug, thiserror::Error)]
pub enum ExamineError {
    /// It has no cases.
    #[error(transparent)]
    Case(#[from] CaseError),
    /// A session can't be made of its settings.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The codec failed.
    #[error(transparent)]
    Duet(#[from] DuetError),
}

/// Holds the first case of `suite` with seed 1, as `duologue simulate` does first of all, and looks what it broke. A panic
/// is a breach as others are.
///
/// # Errors
/// The suite can't be held.
pub fn examine(suite: &Suite, adjust: &Adjust) -> Result<Examined, ExamineError> {
    let cases = cases(suite)?;
    let Some(case) = cases.first() else {
        return Ok(Examined { breaches: Vec::new(), duration_s: 0.0, events: String::new() });
    };
    let staged = stage_with(suite, case, 1, &MeasuredStages::default(), adjust.as_ref())?;
    // Nothing of it outlives the call, so nothing half changed is seen afterwards.
    match catch_unwind(AssertUnwindSafe(|| hold(staged))) {
        Ok(held) => {
            let held = held?;
            let breaches = breaches(&held, &Conditions::of(suite, case));
            Ok(Examined { breaches, duration_s: held.summary.duration_s, events: held.events })
        }
        Err(panic) => {
            let breach = Breach { invariant: Invariant::Panic, at_s: 0.0, why: message(panic.as_ref()) };
            Ok(Examined { breaches: vec![breach], duration_s: 0.0, events: String::new() })
        }
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<String>().map(String::as_str).or_else(|| panic.downcast_ref::<&str>().copied());
    text.unwrap_or("it panicked and said nothing").to_owned()
}
