//! What one side reported, put in order: what was recognised, said, spoken and called, when, and how long each took.

mod recognised;
mod spoken;

pub(crate) use recognised::Recognised;
pub(crate) use spoken::{Clause, Reply};

use duologue_chat::ToolOutcome;
use duologue_voice::{CloseReason, Event, SessionConfig};

/// One line of `events.jsonl` of the side.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Told {
    /// Seconds.
    pub(crate) at: f64,
    pub(crate) event: Event,
}

/// A tool that was called and answered.
#[derive(Clone, Debug)]
pub(crate) struct Called {
    id: String,
    pub(crate) name: String,
    pub(crate) at: f64,
    pub(crate) took: f64,
    pub(crate) outcome: Option<ToolOutcome>,
}

/// How long each stage usually took, seconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usual {
    pub(crate) llm: f64,
    pub(crate) tts: f64,
    /// Of sound, per letter.
    pub(crate) letter: f64,
}

/// All that one side reported.
#[derive(Debug)]
pub(crate) struct Account {
    pub(crate) told: Vec<Told>,
    pub(crate) recognised: Recognised,
    pub(crate) replies: Vec<Reply>,
    pub(crate) calls: Vec<Called>,
    pub(crate) usual: Usual,
    /// When and why it ended, where it did.
    pub(crate) closed: Option<(f64, CloseReason)>,
}

impl Account {
    /// Of what was told, oldest first; `config` is that of the side.
    pub(crate) fn of(told: Vec<Told>, config: &SessionConfig) -> Account {
        let recognised = Recognised::of(&told);
        let (replies, calls) = (spoken::replies(&told, config), calls(&told));
        let usual = Usual {
            llm: median(replies.iter().filter_map(|r| r.first_token)).unwrap_or(0.4),
            tts: median(replies.iter().filter_map(|r| r.first_sound)).unwrap_or(0.15),
            letter: median(replies.iter().flat_map(|r| &r.clauses).filter_map(Clause::pace)).unwrap_or(1.0 / 15.0),
        };
        let closed = told.iter().find_map(|line| match line.event {
            Event::Closed { reason } => Some((line.at, reason)),
            _ => None,
        });
        Account { told, recognised, replies, calls, usual, closed }
    }

    /// When the last thing was told.
    pub(crate) fn length_s(&self) -> f64 {
        self.told.last().map_or(0.0, |line| line.at)
    }

    /// When the other party began and ceased to be heard.
    pub(crate) fn heard_at(told: &[Told]) -> Vec<(f64, bool)> {
        let heard = told.iter().filter_map(|line| match line.event {
            Event::UserStateChanged { speaking } => Some((line.at, speaking)),
            _ => None,
        });
        heard.collect()
    }
}

fn calls(told: &[Told]) -> Vec<Called> {
    let mut calls: Vec<Called> = Vec::new();
    for line in told {
        match &line.event {
            Event::ToolCalled { call } => {
                let (id, name) = (call.id.clone(), call.name.clone());
                calls.push(Called { id, name, at: line.at, took: 0.0, outcome: None });
            }
            Event::ToolReturned { id, outcome, .. } => {
                if let Some(call) = calls.iter_mut().rev().find(|c| c.id == *id && c.outcome.is_none()) {
                    call.took = line.at - call.at;
                    call.outcome = Some(outcome.clone());
                }
            }
            _ => {}
        }
    }
    calls
}

/// The value in the middle.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.into_iter().filter(|v| v.is_finite()).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}
