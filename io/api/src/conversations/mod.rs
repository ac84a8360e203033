//! Kept conversations over the wire: what `summary.json` and `transcript.json` hold, as people look at it.

mod files;
mod handlers;
mod listening;
mod ogg;

pub(crate) use files::{__path_file, __path_report, file, report};
pub(crate) use handlers::{__path_get, __path_list, __path_watch, get, list, watch};
pub(crate) use listening::{__path_listen, listen, recorded_s};
#[cfg(feature = "fuzzing")]
pub use ogg::pages as ogg_pages;

use duologue_chat::ToolOutcome;
use duologue_conversation::{Status, Summary, ToolUse, Transcript, Utterance, names};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::path::{Path, PathBuf};
use utoipa::ToSchema;

/// A conversation in a list.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Brief {
    /// Its id.
    #[schema(example = "c-20261121-141642-3a6bee")]
    pub(crate) id: String,
    /// How it stands.
    pub(crate) status: Stage,
    /// What the scenario is called.
    pub(crate) title: String,
    /// Id of the scenario.
    pub(crate) scenario: String,
    /// RFC 3339.
    pub(crate) started_at: String,
    /// Seconds; as far as is known of one that goes on.
    pub(crate) duration_s: f64,
    /// Utterances of both.
    pub(crate) turns: u32,
    /// Why it ended, such as `scenario_completed`.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) end_reason: Option<String>,
    /// Whether all success criteria hold.
    pub(crate) goal_reached: bool,
    /// Whether no rule may remove it.
    pub(crate) pinned: bool,
    /// Who talks.
    pub(crate) agents: Vec<Party>,
}

/// How a conversation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Stage {
    /// It goes on.
    Running,
    /// It ended.
    Ended,
    /// Its process ended before it did.
    CutOff,
}

/// One of the two parties.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Party {
    /// `support` or `customer`.
    pub(crate) side: String,
    /// The persona's name.
    pub(crate) name: String,
    /// The worker's name.
    pub(crate) agent_name: String,
}

impl Brief {
    pub(crate) fn of((folder, summary): &(PathBuf, Summary)) -> Brief {
        let party = |agent: &duologue_conversation::AgentSummary| Party {
            side: agent.side.as_str().to_owned(),
            name: agent.name.clone(),
            agent_name: agent.agent_name.clone(),
        };
        Brief {
            id: summary.conversation_id.clone(),
            status: match summary.status {
                Status::Running => Stage::Running,
                Status::Ended => Stage::Ended,
                Status::CutOff => Stage::CutOff,
            },
            title: summary.title.clone(),
            scenario: summary.scenario.clone(),
            started_at: summary.started_at.clone(),
            duration_s: summary.duration_s,
            turns: summary.turns,
            end_reason: summary.end_reason.and_then(word),
            goal_reached: summary.goal_reached,
            pinned: folder.join(names::PINNED).is_file(),
            agents: summary.agents.iter().map(party).collect(),
        }
    }
}

/// A conversation in full.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Conversation {
    /// As in a list.
    #[serde(flatten)]
    pub(crate) brief: Brief,
    /// What it is about.
    pub(crate) description: String,
    /// What went wrong, where something did.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) error: Option<String>,
    /// How it was held, in sentences.
    pub(crate) notes: Vec<String>,
    /// Each success criterion; none before the end.
    pub(crate) verdicts: Vec<Verdict>,
    /// What was said.
    pub(crate) utterances: Vec<Said>,
    /// What was done.
    pub(crate) tool_calls: Vec<Done>,
    /// What is kept.
    pub(crate) files: Vec<KeptFile>,
    /// Seconds of sound that can be heard.
    pub(crate) recorded_s: f64,
}

/// A success criterion.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Verdict {
    /// In a sentence.
    pub(crate) criterion: String,
    /// Whether it holds.
    pub(crate) passed: bool,
    /// The evidence, or what is missing.
    pub(crate) why: String,
}

/// Something that one party said without giving up the floor.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Said {
    /// Number, from 1; a later one with the same number replaces it.
    pub(crate) id: u32,
    /// `support` or `customer`.
    pub(crate) side: String,
    /// The persona's name.
    pub(crate) name: String,
    /// What was said.
    pub(crate) text: String,
    /// What the other side heard.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) heard: Option<String>,
    /// Seconds from the start of the recording.
    pub(crate) start_s: f64,
    /// Seconds from the start of the recording; missing while it is being said.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) end_s: Option<f64>,
    /// It was cut off.
    pub(crate) interrupted: bool,
    /// How long the other waited for it, milliseconds.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) latency_ms: Option<f64>,
}

impl From<&Utterance> for Said {
    fn from(said: &Utterance) -> Said {
        Said {
            id: said.id,
            side: said.speaker.as_str().to_owned(),
            name: said.name.clone(),
            text: said.text.clone(),
            heard: said.heard.clone(),
            start_s: said.start_s,
            end_s: said.end_s,
            interrupted: said.interrupted,
            latency_ms: said.metrics.and_then(|metrics| metrics.e2e_latency_ms),
        }
    }
}

/// A tool that was called.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct Done {
    /// The call's id.
    pub(crate) id: String,
    /// `support` or `customer`.
    pub(crate) side: String,
    /// The tool.
    pub(crate) name: String,
    /// With what.
    pub(crate) arguments: Value,
    /// Seconds from the start of the recording.
    pub(crate) at_s: f64,
    /// Whether it succeeded; missing while it runs.
    #[schema(nullable = false)]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ok: Option<bool>,
}

impl From<&ToolUse> for Done {
    fn from(done: &ToolUse) -> Done {
        Done {
            id: done.id.clone(),
            side: done.by.as_str().to_owned(),
            name: done.name.clone(),
            arguments: done.arguments.clone(),
            at_s: done.at_s,
            ok: done.outcome.as_ref().map(|outcome| matches!(outcome, ToolOutcome::Ok(_))),
        }
    }
}

/// A file of a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub(crate) struct KeptFile {
    /// What it holds: `stereo`, `transcript`, `report`, …
    pub(crate) kind: String,
    /// Its name.
    pub(crate) name: String,
    /// How long it is.
    pub(crate) bytes: u64,
}

impl Conversation {
    pub(crate) fn of(kept: &(PathBuf, Summary), transcript: &Transcript) -> Conversation {
        let (folder, summary) = kept;
        let verdict = |v: &duologue_conversation::scenario::Verdict| Verdict {
            criterion: v.criterion.clone(),
            passed: v.passed,
            why: v.why.clone(),
        };
        Conversation {
            brief: Brief::of(kept),
            description: summary.description.clone(),
            error: summary.error.clone(),
            notes: summary.notes.clone(),
            verdicts: summary.verdicts.iter().map(verdict).collect(),
            utterances: transcript.utterances.iter().map(Said::from).collect(),
            tool_calls: transcript.tool_calls.iter().map(Done::from).collect(),
            files: files_in(folder),
            recorded_s: recorded_s(folder),
        }
    }
}

fn files_in(folder: &Path) -> Vec<KeptFile> {
    let kept = |(kind, name): (&str, String)| {
        let bytes = std::fs::metadata(folder.join(&name)).ok().filter(|m| m.is_file())?.len();
        Some(KeptFile { kind: kind.to_owned(), name, bytes })
    };
    names::all().into_iter().filter_map(kept).collect()
}

/// A code as it stands in the files.
fn word(code: impl Serialize) -> Option<String> {
    serde_json::to_value(code).ok()?.as_str().map(str::to_owned)
}
