use super::{Criterion, Persona};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::fmt;

/// One of the two parties.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// Who gives support.
    Support,
    /// Who calls.
    Customer,
}

impl Side {
    /// The other party.
    pub fn other(self) -> Side {
        match self {
            Side::Support => Side::Customer,
            Side::Customer => Side::Support,
        }
    }

    /// As it stands in files: `support`, `customer`.
    pub fn as_str(self) -> &'static str {
        match self {
            Side::Support => "support",
            Side::Customer => "customer",
        }
    }
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A situation that a customer and a support agent play. Texts may hold `{customer}` and `{support}` (the first names)
/// and `{fact}` (the text of that fact).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    /// The name of the file without its ending; not a key of the file.
    #[serde(skip)]
    pub id: String,
    /// A line for lists and reports.
    #[schemars(length(min = 1, max = 80))]
    pub title: String,
    /// What happens, in a few sentences, for people.
    #[schemars(length(min = 1, max = 1000))]
    pub description: String,
    /// BCP-47 language that is spoken.
    #[serde(default = "english")]
    #[schemars(regex(pattern = r"^[a-z]{2,3}(-[A-Za-z0-9]{1,8})*$"))]
    pub language: String,
    /// Who gives support.
    pub support: Agent,
    /// Who calls.
    pub customer: Agent,
    /// Who says the first word.
    #[serde(default)]
    pub opens: Opens,
    /// What both sides know, by name; `{name}` in other texts stands for it.
    #[serde(default)]
    pub facts: BTreeMap<String, String>,
    /// What the mocked back ends hold when the call begins, by name.
    #[serde(default)]
    pub backends: BTreeMap<String, Value>,
    /// What the support agent can do beside talking.
    #[serde(default)]
    pub tools: Vec<Tool>,
    /// The call step by step, one hint a turn; this keeps a small model on course. Without it the models run free.
    #[serde(default)]
    #[schemars(length(min = 1, max = 100))]
    pub course: Vec<CourseStep>,
    /// What makes the call a success: all of it has to hold.
    #[schemars(length(min = 1, max = 50))]
    pub success: Vec<Criterion>,
    /// When the call is cut off.
    #[serde(default)]
    pub limits: Limits,
}

fn english() -> String {
    "en".to_owned()
}

/// One side of a scenario.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Agent {
    /// The name that a worker registers and rooms dispatch; `support-agent` or `customer-agent` where it is left out.
    #[schemars(length(min = 1, max = 64), regex(pattern = "^[A-Za-z0-9_-]+$"))]
    pub agent_name: Option<String>,
    /// Who plays it: a name from the library or a `personas` folder, or a path from this file.
    #[schemars(length(min = 1, max = 200))]
    pub persona: String,
    /// Whom this side works for, as it completes "at ...".
    #[schemars(length(min = 1, max = 60))]
    pub employer: Option<String>,
    /// The opening line, said as it stands; without it the model writes one. Only for a side that opens.
    #[schemars(length(min = 1, max = 300))]
    pub greeting: Option<String>,
    /// What this side wants and how it goes about it. For models that run free.
    #[schemars(length(min = 1, max = 2000))]
    pub instructions: Option<String>,
    /// What only this side knows, by name.
    #[serde(default)]
    pub facts: BTreeMap<String, String>,
    /// The voice by provider; goes before the persona's.
    #[serde(default)]
    pub voice: BTreeMap<String, String>,
    /// Models for this side; what is left out is as the command line or the configuration says.
    #[serde(default)]
    pub providers: Providers,
}

/// Which model serves which stage.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Providers {
    /// Speech to text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stt: Option<Provider>,
    /// The language model.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub llm: Option<Provider>,
    /// Text to speech.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tts: Option<Provider>,
}

/// A provider and which of its models.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Provider {
    /// Its name: `local`, `scripted`, `openai`, `openai-realtime` (in place of all three), `deepgram`, `elevenlabs`, `minimax`, `anthropic` or `gemini`.
    #[schemars(length(min = 1, max = 64))]
    pub provider: String,
    /// The model, by the name that it has there.
    #[schemars(length(min = 1, max = 120))]
    pub model: Option<String>,
    /// Where it is, for servers that speak the protocol of the provider.
    #[schemars(length(min = 1, max = 300), regex(pattern = "^https?://"))]
    pub base_url: Option<String>,
    /// The environment variable that holds the key for there. Never the key itself.
    #[schemars(length(min = 1, max = 100), regex(pattern = "^[A-Za-z_][A-Za-z0-9_]*$"))]
    pub api_key_env: Option<String>,
}

/// Who says the first word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Opens {
    /// The support agent picks up and greets.
    #[default]
    Support,
    /// The customer speaks first.
    Customer,
    /// Nobody: one of them is nudged after a moment of silence.
    Nobody,
    /// Both at once.
    Both,
}

impl Opens {
    /// Whether this side speaks at the start.
    pub fn includes(self, side: Side) -> bool {
        match self {
            Opens::Support => side == Side::Support,
            Opens::Customer => side == Side::Customer,
            Opens::Nobody => false,
            Opens::Both => true,
        }
    }
}

/// One line of the call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CourseStep {
    /// Who says it.
    pub who: Side,
    /// What is said, with the speaker by name and every fact in it: "{customer} says: the light is red."
    #[schemars(length(min = 1, max = 240))]
    pub hint: String,
    /// Other ways to say it, with the same facts. Each call takes one of all of them, drawn by its seed, so that calls
    /// differ in their words and not in their course.
    #[serde(default)]
    #[schemars(length(max = 8), inner(length(min = 1, max = 240)))]
    pub or: Vec<String>,
    /// A tool that is called before the line is written; its result is known to the model by then.
    pub call: Option<PlannedCall>,
    /// This side hangs up after the line. Only in the last step.
    #[serde(default)]
    pub end_call: bool,
}

impl CourseStep {
    /// All the ways to say it.
    pub fn hints(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.hint).chain(&self.or).map(String::as_str)
    }
}

/// A tool call of the course.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlannedCall {
    /// Which of the scenario's tools.
    pub tool: String,
    /// With what; fits the tool's parameters.
    #[serde(default)]
    pub arguments: Map<String, Value>,
}

/// Something that the support agent can do, answered by a mock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Tool {
    /// By which the model calls it.
    #[schemars(length(min = 1, max = 64), regex(pattern = "^[a-zA-Z0-9_-]+$"))]
    pub name: String,
    /// What it does and when to use it, for the model.
    #[schemars(length(min = 1, max = 1000))]
    pub description: String,
    /// JSON Schema of the arguments, `type: object`.
    pub parameters: Map<String, Value>,
    /// How long a call may take, in seconds.
    #[serde(default = "ten_seconds")]
    #[schemars(range(max = 120.0), extend("exclusiveMinimum" = 0))]
    pub timeout_s: f64,
    /// What it answers.
    pub mock: Mock,
}

fn ten_seconds() -> f64 {
    10.0
}

/// What a tool answers: that of the first case that fits the arguments, else its own `result` or `error`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Mock {
    /// How long it takes, in milliseconds; longer than `timeout_s` and the call times out.
    #[serde(default)]
    #[schemars(range(max = 120_000))]
    pub latency_ms: u32,
    /// Answers by arguments, the first that fits.
    #[serde(default)]
    pub cases: Vec<MockCase>,
    /// The answer where no case fits.
    pub result: Option<Value>,
    /// The failure where no case fits, told to the model.
    pub error: Option<String>,
    /// What it does to back ends where no case fits and it does not fail.
    #[serde(default)]
    #[schemars(length(max = 20))]
    pub effects: Vec<Effect>,
}

/// What a call does to what a back end holds. `at` is the way to a value, one key after the other; `$name` in it, or as a
/// value, is the argument of that name.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// Puts a value there, in place of what was there.
    Set(SetEffect),
    /// Puts a value at the end of the list there.
    Append(AppendEffect),
    /// Removes what is there.
    Remove(RemoveEffect),
}

/// Puts a value somewhere.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetEffect {
    /// Which of the scenario's back ends.
    pub backend: String,
    /// Where.
    #[schemars(length(min = 1, max = 16))]
    pub at: Vec<String>,
    /// The value.
    pub to: Value,
}

/// Puts a value at the end of a list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AppendEffect {
    /// Which of the scenario's back ends.
    pub backend: String,
    /// Where the list is; a new one where nothing is.
    #[schemars(length(min = 1, max = 16))]
    pub at: Vec<String>,
    /// The value.
    pub value: Value,
}

/// Removes a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveEffect {
    /// Which of the scenario's back ends.
    pub backend: String,
    /// Where.
    #[schemars(length(min = 1, max = 16))]
    pub at: Vec<String>,
}

impl Effect {
    /// Its back end.
    pub fn backend(&self) -> &str {
        match self {
            Effect::Set(e) => &e.backend,
            Effect::Append(e) => &e.backend,
            Effect::Remove(e) => &e.backend,
        }
    }

    /// Where it acts.
    pub fn at(&self) -> &[String] {
        match self {
            Effect::Set(e) => &e.at,
            Effect::Append(e) => &e.at,
            Effect::Remove(e) => &e.at,
        }
    }

    /// Its key in a file.
    pub(super) fn name(&self) -> &'static str {
        match self {
            Effect::Set(_) => "set",
            Effect::Append(_) => "append",
            Effect::Remove(_) => "remove",
        }
    }
}

/// An answer to certain arguments.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct MockCase {
    /// Arguments that have to be equal; others may be anything. "24 Maple Street" equals "twenty-four maple street".
    pub when: Map<String, Value>,
    /// The answer.
    pub result: Option<Value>,
    /// Or the failure, told to the model.
    pub error: Option<String>,
    /// What it does to back ends, where it does not fail.
    #[serde(default)]
    #[schemars(length(max = 20))]
    pub effects: Vec<Effect>,
    /// How long this case takes, where it differs.
    #[schemars(range(max = 120_000))]
    pub latency_ms: Option<u32>,
}

/// When a call is cut off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Limits {
    /// Lines of both sides together.
    #[schemars(range(min = 1, max = 1000))]
    pub turns: u32,
    /// Seconds from the first word.
    #[schemars(range(max = 7200.0), extend("exclusiveMinimum" = 0))]
    pub duration_s: f64,
    /// Seconds in which nobody speaks and no answer is being made.
    #[schemars(range(max = 600.0), extend("exclusiveMinimum" = 0))]
    pub silence_s: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { turns: 30, duration_s: 300.0, silence_s: 20.0 }
    }
}

impl Scenario {
    /// The agent of a side.
    pub fn agent(&self, side: Side) -> &Agent {
        match side {
            Side::Support => &self.support,
            Side::Customer => &self.customer,
        }
    }
}

impl Agent {
    /// The name under which a worker of this side registers.
    pub fn agent_name(&self, side: Side) -> &str {
        self.agent_name.as_deref().unwrap_or(match side {
            Side::Support => "support-agent",
            Side::Customer => "customer-agent",
        })
    }

    /// The voice of this side at a provider: the scenario's, else the persona's, else the product's own two.
    pub fn voice<'a>(&'a self, side: Side, persona: &'a Persona, provider: &str) -> Option<&'a str> {
        let written = self.voice.get(provider).or_else(|| persona.voice.get(provider));
        let own =
            || own_voices(provider).map(|[support, customer]| if side == Side::Support { support } else { customer });
        written.map(String::as_str).or_else(own)
    }
}

/// By provider: the voice of a support agent and that of a customer where nobody names one.
pub(super) const OWN_VOICES: [(&str, [&str; 2]); 6] = [
    ("local", ["orion", "heart"]),
    ("openai", ["nova", "alloy"]),
    ("openai-realtime", ["marin", "cedar"]),
    ("deepgram", ["thalia", "apollo"]),
    ("elevenlabs", ["JBFqnCBsd6RMkjVDRZzb", "EXAVITQu4vr4xnSDxMaL"]),
    ("minimax", ["English_captivating_female1", "English_expressive_narrator"]),
];

/// The two clearly different voices of a provider that support agent and customer have where nobody names others.
pub fn own_voices(provider: &str) -> Option<[&'static str; 2]> {
    OWN_VOICES.iter().find(|(name, _)| *name == provider).map(|(_, voices)| *voices)
}
