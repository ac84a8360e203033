use super::Side;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Somebody who can take a side in a conversation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Persona {
    /// The name of the file without its ending; not a key of the file.
    #[serde(skip)]
    pub id: String,
    /// First name, one word: it stands before each line that this persona says.
    #[schemars(length(min = 1, max = 30), regex(pattern = r"^[^\s:{}]+$"))]
    pub name: String,
    /// The side that this persona usually plays, of which `role` and `goal` speak. On the other one it is a plain customer
    /// or phone support agent. Left out, they fit both.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub side: Option<Side>,
    /// What this persona is, as it completes "Joe, a ...": "friendly phone support agent".
    #[schemars(length(min = 1, max = 60))]
    pub role: Option<String>,
    /// Who this is, in a few sentences. For models that run free; hints carry what a small model needs.
    #[schemars(length(min = 1, max = 1000))]
    pub background: String,
    /// As it completes "Anna is ...": "worried but polite".
    #[schemars(length(min = 1, max = 60))]
    pub mood: Option<String>,
    /// How long this persona stands questions, waiting and being misunderstood.
    #[serde(default)]
    pub patience: Patience,
    /// As it completes "Anna speaks ...": "in short plain sentences".
    #[schemars(length(min = 1, max = 120))]
    pub way_of_speaking: String,
    /// The voice by provider: `local: heart`.
    #[serde(default)]
    pub voice: BTreeMap<String, String>,
    /// Speed of speech, 1.0 is the voice's own pace.
    #[serde(default = "normal_speed")]
    #[schemars(range(min = 0.5, max = 2.0))]
    pub speed: f32,
    /// What this persona wants from such calls. For models that run free.
    #[schemars(length(min = 1, max = 500))]
    pub goal: Option<String>,
    /// What this persona knows, by name. For models that run free.
    #[serde(default)]
    pub facts: BTreeMap<String, String>,
}

impl Persona {
    /// What this persona is on a side, where that is known.
    pub(super) fn role_on(&self, side: Side) -> Option<&str> {
        self.role.as_deref().filter(|_| self.belongs_on(side))
    }

    /// What this persona wants on a side, where that is known.
    pub(super) fn goal_on(&self, side: Side) -> Option<&str> {
        self.goal.as_deref().filter(|_| self.belongs_on(side))
    }

    fn belongs_on(&self, side: Side) -> bool {
        self.side.is_none_or(|own| own == side)
    }
}

/// How long somebody stands questions, waiting and being misunderstood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Patience {
    /// Complains soon.
    Low,
    /// As most people.
    #[default]
    Normal,
    /// Stays kind whatever comes.
    High,
}

fn normal_speed() -> f32 {
    1.0
}
