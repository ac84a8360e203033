//! Suites: files that a person writes. What is to be held, over which lines, how often, and what has to come out.

mod load;
mod sense;

pub use load::{SuiteError, load, parse, suite_names, suite_schema};

use duologue_sim::NoiseKind;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A suite: situations and scenarios × lines × seeds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Suite {
    /// The name of the file without its ending; not a key of the file.
    #[serde(skip)]
    pub id: String,
    /// A line for lists and reports.
    #[schemars(length(min = 1, max = 80))]
    pub title: String,
    /// What it tests, in a few sentences, for people.
    #[serde(default)]
    pub description: String,
    /// What crosses between both.
    #[serde(default)]
    pub sound: Sound,
    /// How often each case is held where the command line does not say.
    #[serde(default = "three")]
    #[schemars(range(min = 1, max = 10_000))]
    pub seeds: u32,
    /// How long each stage takes.
    #[serde(default)]
    pub latency: Stages,
    /// The path between both.
    #[serde(default)]
    pub network: Network,
    /// How the agents take turns, where it differs from what the product does by itself.
    #[serde(default)]
    pub turns: TurnSettings,
    /// Through what the caller is heard. Each case is held over each; a clean line where there is none.
    #[serde(default)]
    pub lines: Vec<Line>,
    /// A scripted caller before an agent that says given lines: how the agent takes turns, without any model.
    #[serde(default)]
    pub situations: Vec<Situation>,
    /// Scenarios, each with its personas or with others.
    #[serde(default)]
    pub scenarios: Vec<ScenarioCase>,
    /// What has to hold of every case: bounds of metrics, by name.
    #[serde(default)]
    pub expect: BTreeMap<String, Bound>,
    /// Each conversation also has to keep what always holds: nobody hears itself, no two wait for each other, no turn is
    /// lost, the transcript agrees with the sound.
    #[serde(default)]
    pub invariants: bool,
}

fn three() -> u32 {
    3
}

/// What crosses between both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Sound {
    /// Opus at the settings of live calls, heard through the voice activity detector of live calls.
    #[default]
    Opus,
    /// Plain samples over a clean line, heard by their loudness, and no recording: ten times as fast.
    Plain,
}

/// How long each stage takes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Stages {
    /// End of speech to its words; 100 to 300 ms.
    pub stt: Option<Delay>,
    /// Request to the first word; 250 to 600 ms.
    pub llm: Option<Delay>,
    /// Clause to its first sound; 80 to 200 ms.
    pub tts: Option<Delay>,
    /// Call of a tool to its answer, where the scenario does not say; 300 ms.
    pub tool: Option<Delay>,
}

/// A delay in milliseconds: `{ms: 150}`, `{from: 100, to: 300}`, `{median: 300, p95: 900}` or `{measured: true}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Delay {
    /// Always the same.
    #[schemars(range(max = 60_000.0))]
    pub ms: Option<f64>,
    /// The shortest; any between it and `to` is equally likely.
    #[schemars(range(max = 60_000.0))]
    pub from: Option<f64>,
    /// The longest.
    #[schemars(range(max = 60_000.0))]
    pub to: Option<f64>,
    /// Of a log-normal distribution.
    #[schemars(range(max = 60_000.0))]
    pub median: Option<f64>,
    /// Its 95th percentile.
    #[schemars(range(max = 60_000.0))]
    pub p95: Option<f64>,
    /// As it was in the conversations that are kept on this machine.
    #[serde(default)]
    pub measured: bool,
}

/// The path between both, one way.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Network {
    /// Fastest crossing.
    #[schemars(range(max = 5_000.0))]
    pub delay_ms: f64,
    /// Each packet takes up to so much longer; packets may overtake each other.
    #[schemars(range(max = 5_000.0))]
    pub jitter_ms: f64,
    /// Share of packets that never arrive.
    #[schemars(range(max = 1.0))]
    pub loss: f64,
    /// The caller has a hands-free telephone: what the agent says comes back, quieter.
    pub echo: bool,
}

impl Default for Network {
    fn default() -> Self {
        Network { delay_ms: 25.0, jitter_ms: 15.0, loss: 0.002, echo: false }
    }
}

/// How agents take turns.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TurnSettings {
    /// Speech this long interrupts; 500 ms.
    #[schemars(range(max = 10_000.0))]
    pub interruption_min_duration_ms: Option<f64>,
    /// So many words have to be recognised before a reply is given up; 1.
    #[schemars(range(max = 20))]
    pub interruption_min_words: Option<u32>,
    /// Without words for so long, a reply that stood still goes on; 2000 ms.
    #[schemars(range(max = 30_000.0))]
    pub false_interruption_timeout_ms: Option<f64>,
    /// Silence that ends a turn that sounds complete; 500 ms.
    #[schemars(range(max = 10_000.0))]
    pub endpointing_min_delay_ms: Option<f64>,
    /// Silence that ends a turn that does not; 2500 ms.
    #[schemars(range(max = 20_000.0))]
    pub endpointing_max_delay_ms: Option<f64>,
    /// Begin a reply before the turn is known to be over.
    pub preemptive: Option<bool>,
}

/// Through what the caller is heard.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Its name in results.
    #[schemars(length(min = 1, max = 40), regex(pattern = "^[a-z0-9-]+$"))]
    pub name: String,
    /// Noise of the room.
    pub noise: Option<Noise>,
    /// An 8 kHz telephone.
    #[serde(default)]
    pub telephone: bool,
    /// A microphone that hums, clips and is dull.
    #[serde(default)]
    pub poor_microphone: bool,
    /// Another path than the suite's.
    pub network: Option<Network>,
}

/// Noise of a room.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Noise {
    /// What it is.
    pub kind: Kind,
    /// How much louder than it speech is, dB.
    #[schemars(range(min = -20.0, max = 60.0))]
    pub snr_db: f64,
}

/// Kinds of noise.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A fan, a street from afar.
    Room,
    /// Five others talking at once.
    Babble,
}

impl From<Kind> for NoiseKind {
    fn from(kind: Kind) -> NoiseKind {
        match kind {
            Kind::Room => NoiseKind::Room,
            Kind::Babble => NoiseKind::Babble,
        }
    }
}

/// A scripted caller before an agent that says given lines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Situation {
    /// Its name in results.
    #[schemars(length(min = 1, max = 60), regex(pattern = "^[a-z0-9-]+$"))]
    pub id: String,
    /// What is tested, in a sentence.
    #[schemars(length(min = 1, max = 200))]
    pub title: String,
    /// What the agent opens with; without it the caller speaks first.
    pub greeting: Option<String>,
    /// What the agent says, a line a turn, from the beginning again when they are used up.
    #[schemars(length(min = 1, max = 100))]
    pub agent: Vec<String>,
    /// What the caller does, in order.
    #[serde(default)]
    #[schemars(length(max = 200))]
    pub caller: Vec<Act>,
    /// In place of a scripted caller: an agent that says given lines too.
    pub caller_agent: Option<CallerAgent>,
    /// Unanswered for so many seconds the caller goes on.
    #[serde(default = "six")]
    #[schemars(range(max = 60.0), extend("exclusiveMinimum" = 0))]
    pub patience_s: f64,
    /// Names of the lines it is held over; all where none is named.
    #[serde(default)]
    pub lines: Vec<String>,
    /// What has to hold of it, beside what the suite expects.
    #[serde(default)]
    pub expect: BTreeMap<String, Bound>,
}

fn six() -> f64 {
    6.0
}

/// A caller that takes turns as agents do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CallerAgent {
    /// What it opens with. With neither greeting nobody opens, with both both do.
    pub greeting: Option<String>,
    /// What it says, a line a turn; behind the last one it hangs up.
    #[schemars(length(min = 1, max = 100))]
    pub lines: Vec<String>,
}

/// One thing that the caller does: one of these keys, with `after_ms` where it is done while the agent speaks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Act {
    /// Takes a turn and says this. `[600]` within it is a pause of so many milliseconds.
    pub say: Option<String>,
    /// Takes a turn and spells this, letter by letter.
    pub spell: Option<String>,
    /// Cuts in.
    pub interrupt: Option<String>,
    /// Shows that it listens.
    pub backchannel: Option<String>,
    /// Coughs.
    #[serde(default)]
    pub cough: bool,
    /// Says this to somebody else.
    pub aside: Option<String>,
    /// Somebody else says this in the background.
    pub background: Option<String>,
    /// Is silent for so long.
    #[schemars(range(max = 600_000.0))]
    pub silent_ms: Option<f64>,
    /// Hangs up once the agent has answered.
    #[serde(default)]
    pub hang_up: bool,
    /// How long the agent has been speaking by then; each seed draws up to 400 ms more. 1000 ms where it is left out.
    #[schemars(range(max = 60_000.0))]
    pub after_ms: Option<f64>,
}

/// A scenario, and who plays it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ScenarioCase {
    /// A name of the library or of a `scenarios` folder, or a path.
    #[schemars(length(min = 1, max = 200))]
    pub scenario: String,
    /// Who calls, one case each; whom the scenario names where nobody is named here.
    #[serde(default)]
    pub customers: Vec<String>,
    /// Who gives support, one case each.
    #[serde(default)]
    pub supports: Vec<String>,
    /// Names of the lines it is held over; all where none is named.
    #[serde(default)]
    pub lines: Vec<String>,
    /// What has to hold of it, beside what the suite expects and the scenario's own criteria.
    #[serde(default)]
    pub expect: BTreeMap<String, Bound>,
}

/// Bounds of a metric, over the mean of all seeds of a case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Bound {
    /// At least.
    pub min: Option<f64>,
    /// At most.
    pub max: Option<f64>,
}

impl Suite {
    /// Whether any delay of it is to be as it was on this machine.
    pub fn wants_measured(&self) -> bool {
        let Stages { stt, llm, tts, tool } = &self.latency;
        [stt, llm, tts, tool].into_iter().flatten().any(|delay| delay.measured)
    }
}

#[cfg(test)]
mod tests;
