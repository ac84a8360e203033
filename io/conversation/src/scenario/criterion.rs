use super::{CastScenario, Side};
use crate::quantity::counted;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// Something that has to hold for a call to be a success. Rules judge it, no model.
///
/// A phrase is plain words ("24 Maple Street"), found whatever their case, punctuation and spelling of numbers ("twenty
/// four maple street"), or a regular expression between slashes (`/red( light)?/`), held against the same normal form:
/// lower case, no punctuation, numbers in digits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Criterion {
    /// A side said it.
    Said(Said),
    /// Nobody, or not this side, said any of it.
    NotSaid(NotSaid),
    /// This side recognised it when the other said it.
    Heard(Said),
    /// The support agent called a tool, and the call succeeded.
    ToolCalled(ToolCalled),
    /// Who hung up.
    EndedBy(EndedBy),
    /// At least so many lines, both sides together.
    MinTurns(u32),
    /// At most so many lines, both sides together.
    MaxTurns(u32),
    /// At most so many seconds.
    MaxDurationS(u32),
}

/// Phrases that have to be found in the lines of a side.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Said {
    /// Which side.
    pub by: By,
    /// One of these is enough.
    #[serde(default)]
    pub any: Vec<String>,
    /// Each of these, in one line or several.
    #[serde(default)]
    pub all: Vec<String>,
    /// In so many lines one of `any` has to be found.
    #[schemars(range(min = 1, max = 100))]
    pub count: Option<u32>,
}

/// Phrases that must not be found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotSaid {
    /// Which side must not say it.
    #[serde(default)]
    pub by: By,
    /// None of these.
    #[schemars(length(min = 1))]
    pub any: Vec<String>,
}

/// A tool that has to be called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ToolCalled {
    /// Which of the scenario's tools.
    pub name: String,
    /// Arguments that have to be equal, as in a mock's `when`; others may be anything.
    #[serde(default)]
    pub arguments: Map<String, Value>,
}

/// Whose lines count.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// The support agent's.
    Support,
    /// The customer's.
    Customer,
    /// Those of both.
    #[default]
    Either,
}

impl By {
    /// Whether lines of this side count.
    pub fn includes(self, side: Side) -> bool {
        match self {
            By::Support => side == Side::Support,
            By::Customer => side == Side::Customer,
            By::Either => true,
        }
    }
}

/// Who has to hang up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EndedBy {
    /// The support agent.
    Support,
    /// The customer.
    Customer,
    /// One of them, and not a limit.
    Either,
}

impl Criterion {
    /// Whether it speaks of how the call ends, so that it cannot hold while the call runs.
    pub fn is_about_the_end(&self) -> bool {
        matches!(self, Criterion::EndedBy(_))
    }

    /// The criterion as a sentence for people, with the sides' first names.
    pub fn describe(&self, cast: &CastScenario) -> String {
        let who = |by: By| match by {
            By::Support => cast.persona(Side::Support).name.as_str(),
            By::Customer => cast.persona(Side::Customer).name.as_str(),
            By::Either => "somebody",
        };
        match self {
            Criterion::Said(s) => format!("{} says {}", who(s.by), s.describe()),
            Criterion::Heard(s) => format!("{} hears {}", who(s.by), s.describe()),
            Criterion::NotSaid(n) if n.by == By::Either => format!("nobody says {}", list(&n.any, " or ")),
            Criterion::NotSaid(n) => format!("{} does not say {}", who(n.by), list(&n.any, " or ")),
            Criterion::ToolCalled(t) if t.arguments.is_empty() => format!("the tool {} is called", t.name),
            Criterion::ToolCalled(t) => format!("the tool {} is called with {}", t.name, pairs(&t.arguments)),
            Criterion::EndedBy(EndedBy::Support) => format!("{} hangs up", who(By::Support)),
            Criterion::EndedBy(EndedBy::Customer) => format!("{} hangs up", who(By::Customer)),
            Criterion::EndedBy(EndedBy::Either) => "one of the two hangs up".to_owned(),
            Criterion::MinTurns(n) => format!("at least {}", counted(*n, "turn")),
            Criterion::MaxTurns(n) => format!("at most {}", counted(*n, "turn")),
            Criterion::MaxDurationS(n) => format!("at most {}", counted(*n, "second")),
        }
    }
}

impl Said {
    fn describe(&self) -> String {
        let mut parts = Vec::new();
        if !self.all.is_empty() {
            parts.push(list(&self.all, " and "));
        }
        if !self.any.is_empty() {
            parts.push(list(&self.any, " or "));
        }
        let times = self.count.filter(|n| *n > 1).map(|n| format!(" in {n} lines")).unwrap_or_default();
        parts.join(", and ") + &times
    }
}

fn list(phrases: &[String], between: &str) -> String {
    let quoted: Vec<String> =
        phrases.iter().map(|p| if p.starts_with('/') { p.clone() } else { format!("“{p}”") }).collect();
    quoted.join(between)
}

fn pairs(arguments: &Map<String, Value>) -> String {
    let sorted: BTreeMap<&String, &Value> = arguments.iter().collect();
    let shown: Vec<String> = sorted.iter().map(|(k, v)| format!("{k} = {v}")).collect();
    shown.join(", ")
}
