//! `summary.json`: what came of a conversation.

use crate::consumption::{Consumption, StageCost};
use crate::scenario::{CastScenario, Side, Verdict};
use duologue_ids::Seed;
use duologue_score::{Finding, Mark, Metrics};
use duologue_voice::CloseReason;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What came of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Summary {
    /// Its id.
    pub conversation_id: String,
    /// Whether it goes on, ended in order, or was cut off with its process.
    pub status: Status,
    /// Id of the scenario.
    pub scenario: String,
    /// Its title.
    pub title: String,
    /// What it is about, for people.
    #[serde(default)]
    pub description: String,
    /// RFC 3339.
    pub started_at: String,
    /// Seconds.
    pub duration_s: f64,
    /// Why it ended; `None` where it never did.
    pub end_reason: Option<CloseReason>,
    /// Who hung up, where somebody did.
    pub ended_by: Option<Side>,
    /// For people, where something went wrong.
    pub error: Option<String>,
    /// Utterances of both sides.
    pub turns: u32,
    /// Whether all success criteria hold.
    pub goal_reached: bool,
    /// Each criterion.
    pub verdicts: Vec<Verdict>,
    /// Computed from the recording.
    pub metrics: Metrics,
    /// What happened when in the recording, for a time line; `by` is 0 for the support agent, 1 for the customer.
    #[serde(default)]
    pub marks: Vec<Mark>,
    /// Where what the sessions report differs from what the recording holds.
    #[serde(default)]
    pub findings: Vec<Finding>,
    /// Who took part.
    pub agents: Vec<AgentSummary>,
    /// What led the language models.
    pub guidance: Guidance,
    /// How it was held, in sentences for people: what led the models, and where no model was at work.
    #[serde(default)]
    pub notes: Vec<String>,
    /// All randomness was drawn from this.
    pub seed: u64,
    /// Version of Duologue.
    pub version: String,
    /// What is kept, by kind, relative to the folder.
    pub files: BTreeMap<String, String>,
}

impl Summary {
    /// Of a conversation of this cast that is about to begin.
    pub(crate) fn begun(
        id: String,
        cast: &CastScenario,
        (started_at, seed): (String, Seed),
        (agents, guidance): ([AgentSummary; 2], Guidance),
        notes: Vec<String>,
    ) -> Summary {
        Summary {
            conversation_id: id,
            status: Status::Running,
            scenario: cast.scenario().id.clone(),
            title: cast.scenario().title.clone(),
            description: cast.scenario().description.clone(),
            started_at,
            duration_s: 0.0,
            end_reason: None,
            ended_by: None,
            error: None,
            turns: 0,
            goal_reached: false,
            verdicts: Vec::new(),
            metrics: Metrics::default(),
            marks: Vec::new(),
            findings: Vec::new(),
            notes,
            agents: agents.into(),
            guidance,
            seed: seed.0,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            files: BTreeMap::new(),
        }
    }

    /// What the models of this side cost, US dollars, where that is known.
    pub(crate) fn cost_of(&self, side: Side) -> Option<f64> {
        self.agents.iter().find(|a| a.side == side)?.usage.as_ref()?.cost()
    }

    /// Why the cost is not known, a reason for each model.
    pub(crate) fn unpriced(&self) -> Vec<String> {
        let reasons = |agent: &AgentSummary| {
            let stages = agent.usage.iter().flat_map(|usage| &usage.stages);
            let told = |(stage, of): (&String, &StageCost)| {
                Some(format!("{} ({stage} of the {})", of.unknown.as_ref()?, agent.side.as_str()))
            };
            stages.filter_map(told).collect::<Vec<_>>()
        };
        self.agents.iter().flat_map(reasons).collect()
    }

    /// The oldest day on which one of the prices in it was read.
    pub fn prices_of(&self) -> Option<&str> {
        self.agents.iter().filter_map(|a| a.usage.as_ref()?.prices_of()).min()
    }

    /// Whether it never came to an end of its own, but broke off: its process was killed, somebody stopped it, or a model
    /// or the disk failed. What is judged then is what was said until there.
    pub fn is_unfinished(&self) -> bool {
        use CloseReason::{AgentEnded, AgentError, AgentJoinTimeout, Cancelled, DurationLimit, EmptyResponse};
        use CloseReason::{Inactivity, PeerEnded, ScenarioCompleted, TurnLimit};
        match self.end_reason {
            None | Some(AgentError | AgentJoinTimeout | EmptyResponse | Cancelled) => self.status != Status::Running,
            Some(AgentEnded | PeerEnded | ScenarioCompleted | Inactivity | TurnLimit | DurationLimit) => false,
        }
    }
}

/// Whether a conversation goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// It goes on.
    Running,
    /// It ended.
    Ended,
    /// Its process ended before it did.
    CutOff,
}

/// How the models were led.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Guidance {
    /// By the scenario's course.
    Course,
    /// Not at all.
    Free,
    /// There were none: all lines come from a file.
    Scripted,
}

/// One party.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AgentSummary {
    /// Which side it took.
    pub side: Side,
    /// The worker's name.
    pub agent_name: String,
    /// The persona's name.
    pub name: String,
    /// The persona in a few sentences.
    #[serde(default)]
    pub persona: String,
    /// `provider/model` of each stage: `stt`, `llm`, `tts`.
    pub models: BTreeMap<String, String>,
    /// Its voice.
    pub voice: String,
    /// What its models consumed, and what that cost; missing where no model was at work, and of a call that was cut off.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub usage: Option<Consumption>,
}
