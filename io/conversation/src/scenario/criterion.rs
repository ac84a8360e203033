use super::{CastScenario, Side};
use crate::quantity::{counted, dollars};
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
    /// It did not, or not with these arguments.
    NotCalled(NotCalled),
    /// These tools were called with success, one after the other, whatever came between.
    CalledInOrder(Vec<String>),
    /// What a back end holds after the call.
    EndState(EndState),
    /// This side recognised the names, codes and amounts that the other said.
    EntitiesHeard(AtLeast),
    /// This side mostly recognised the other's words.
    WordErrors(AtMost),
    /// How quickly a side answers, as heard in the recording.
    Latency(Latency),
    /// At most this share of the speech time in which both speak.
    MaxTalkOver(#[schemars(range(min = 0.0, max = 1.0))] f64),
    /// At most so many seconds in which nobody speaks.
    MaxSilenceS(#[schemars(range(min = 0.0, max = 7200.0))] f64),
    /// At most so many US dollars for all models together.
    MaxCost(#[schemars(range(min = 0.0))] f64),
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
    /// Exactly so many such calls; without it one or more.
    #[schemars(range(min = 1, max = 100))]
    pub count: Option<u32>,
}

/// A tool that must not be called.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct NotCalled {
    /// Which of the scenario's tools.
    pub name: String,
    /// Only with these arguments, as in a mock's `when`.
    #[serde(default)]
    pub arguments: Map<String, Value>,
}

/// What a back end has to hold in the end.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EndState {
    /// Which of the scenario's back ends.
    pub backend: String,
    /// All that it holds then. Texts are compared as they are spoken.
    pub is: Value,
}

/// A share that has to be reached.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AtLeast {
    /// Which side.
    #[serde(default)]
    pub by: By,
    /// The share, 0 to 1; all of them where it is left out.
    #[serde(default = "all")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub min: f64,
}

fn all() -> f64 {
    1.0
}

/// A rate that must not be exceeded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AtMost {
    /// Which side.
    #[serde(default)]
    pub by: By,
    /// The rate, 0 to 1: 0.1 is one word of ten.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub max: f64,
}

/// Limits of the time from the end of one side's speech to the start of the other's, in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    /// Who answers.
    #[serde(default)]
    pub by: By,
    /// Half of the answers take no longer.
    #[schemars(range(max = 60_000))]
    pub p50_ms: Option<u32>,
    /// Nineteen of twenty take no longer.
    #[schemars(range(max = 60_000))]
    pub p95_ms: Option<u32>,
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
        matches!(self, Criterion::EndedBy(_)) || self.is_measured()
    }

    /// Whether it is judged by the metrics of the recording, which are there when the call is over.
    pub(super) fn is_measured(&self) -> bool {
        use Criterion::{EntitiesHeard, Latency, MaxCost, MaxSilenceS, MaxTalkOver, WordErrors};
        matches!(self, EntitiesHeard(_) | WordErrors(_) | Latency(_) | MaxTalkOver(_) | MaxSilenceS(_) | MaxCost(_))
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
            Criterion::ToolCalled(t) => {
                let times = t.count.map(|n| format!(" {}", counted(n, "time"))).unwrap_or_default();
                format!("the tool {} is called{}{times}", t.name, with(&t.arguments))
            }
            Criterion::NotCalled(t) => format!("the tool {} is not called{}", t.name, with(&t.arguments)),
            Criterion::CalledInOrder(tools) => format!("these tools are called in order: {}", tools.join(", ")),
            Criterion::EndState(state) => format!("the back end {} holds what it should in the end", state.backend),
            Criterion::EntitiesHeard(share) => {
                format!("{} hears {} of the names, codes and amounts", who(share.by), percent(share.min))
            }
            Criterion::WordErrors(rate) => {
                format!("{} mishears at most {} of the words", who(rate.by), percent(rate.max))
            }
            Criterion::Latency(limit) => limit.describe(who(limit.by)),
            Criterion::MaxTalkOver(share) => format!("both speak at once at most {} of the time", percent(*share)),
            Criterion::MaxSilenceS(s) => format!("nobody waits longer than {s} s for a word"),
            Criterion::MaxCost(cost) => format!("it costs at most {}", dollars(*cost)),
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

impl Latency {
    fn describe(&self, who: &str) -> String {
        let limit = |name: &str, ms: Option<u32>| ms.map(|ms| format!("{name} within {ms} ms"));
        let limits = [limit("half of the time", self.p50_ms), limit("nineteen times of twenty", self.p95_ms)];
        format!("{who} answers {}", limits.into_iter().flatten().collect::<Vec<_>>().join(" and "))
    }
}

fn percent(share: f64) -> String {
    format!("{} %", (share * 1e3).round() / 10.0)
}

fn with(arguments: &Map<String, Value>) -> String {
    if arguments.is_empty() { String::new() } else { format!(" with {}", pairs(arguments)) }
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
