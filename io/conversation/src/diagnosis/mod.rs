//! What went wrong in a conversation, from what is kept of it: what was seen, what it probably comes from, what to do.
//!
//! [`read_facts`] reads the folder; [`diagnose`] is a function of these facts and nothing else. Files may be torn, missing
//! or of another version: that is a finding, no failure.

mod endings;
mod facts;
mod failures;
mod files;
mod floor;
mod hearing;
mod trail;

pub use facts::{Facts, Readable, SideFacts, Told, read_facts};

use crate::awaited::Stage;
use crate::scenario::Side;
use crate::summary::Status;
use serde::Serialize;

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Remark,
    /// The conversation suffered from it.
    Trouble,
}

/// One thing that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A stable name, such as `nobody_talked`.
    pub code: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// Whose trouble it is, where it is one side's.
    pub side: Option<Side>,
    /// What was seen.
    pub seen: String,
    /// What it probably comes from.
    pub cause: String,
    /// What to do next.
    pub next: String,
}

impl Finding {
    fn trouble(
        code: &'static str,
        seen: impl Into<String>,
        cause: impl Into<String>,
        next: impl Into<String>,
    ) -> Finding {
        let (seen, cause, next) = (seen.into(), cause.into(), next.into());
        Finding { code, severity: Severity::Trouble, side: None, seen, cause, next }
    }

    fn remark(
        code: &'static str,
        seen: impl Into<String>,
        cause: impl Into<String>,
        next: impl Into<String>,
    ) -> Finding {
        Finding { severity: Severity::Remark, ..Finding::trouble(code, seen, cause, next) }
    }

    fn of(self, side: Side) -> Finding {
        Finding { side: Some(side), ..self }
    }
}

/// All findings about one conversation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Diagnosis {
    /// It goes on: this is how it stands.
    pub is_running: bool,
    /// What made it fail comes first.
    pub findings: Vec<Finding>,
}

impl Diagnosis {
    /// Whether nothing but remarks was found.
    pub fn is_healthy(&self) -> bool {
        self.findings.iter().all(|f| f.severity == Severity::Remark)
    }
}

const SIDES: [Side; 2] = [Side::Support, Side::Customer];

/// What is wrong with a conversation.
pub fn diagnose(facts: &Facts) -> Diagnosis {
    let running = facts.is_running;
    let mut findings = files::findings(facts);
    findings.extend(failures::findings(facts));
    findings.extend(hearing::silent_sides(facts));
    findings.extend(hearing::findings(facts));
    findings.extend(floor::findings(facts));
    findings.extend(endings::findings(facts));
    // How it ended says less than what made it end.
    findings.sort_by_key(|f| f.severity == Severity::Remark);
    Diagnosis { is_running: running, findings }
}

impl Facts {
    /// Whether it goes on or was cut off, by its summary and its lock.
    fn was_killed(&self) -> bool {
        let status = self.summary.value().map(|s| s.status);
        match status {
            Some(Status::Running) => !self.is_running,
            Some(Status::CutOff) => true,
            _ => false,
        }
    }

    /// What a side is called.
    fn name(&self, side: Side) -> String {
        let agent = self.summary.value().and_then(|s| s.agents.iter().find(|a| a.side == side));
        agent.map_or_else(|| format!("the {side} agent"), |a| format!("{} ({side})", a.name))
    }

    /// `provider/model` of a stage of a side: `openai/whisper-1`.
    fn model(&self, side: Side, stage: Stage) -> String {
        let agent = self.summary.value().and_then(|s| s.agents.iter().find(|a| a.side == side));
        agent.and_then(|a| a.models.get(stage.key())).map_or_else(String::new, |m| format!(" ({m})"))
    }
}

#[cfg(test)]
mod tests;
