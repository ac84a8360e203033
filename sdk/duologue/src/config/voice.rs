//! The section `voice`: an agent that also talks, in rooms.

use duologue_agents::{AgentLimits, Hears};
use duologue_conversation::scenario::Providers;
use duologue_tools::ToolSource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How an agent talks in rooms of a LiveKit server. The server is that of `LIVEKIT_URL`, `LIVEKIT_API_KEY` and `LIVEKIT_API_SECRET`, else
/// the rooms of `duologue up` on this machine; models are as `duologue.yaml` and the environment say where they are not named here.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Voice {
    /// The name that rooms dispatch. Left out: the agent's own, if it has only letters, digits, `-` and `_`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 64), regex(pattern = "^[A-Za-z0-9_-]+$"))]
    pub agent_name: Option<String>,
    /// What its language model is told, in place of the program's words. It can always hang up, by the tool `end_call`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 20_000))]
    pub instructions: Option<String>,
    /// Its first line, said as it stands; without it the model writes one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 300))]
    pub greeting: Option<String>,
    /// Whether it speaks first.
    pub opens: bool,
    /// BCP-47 language that it speaks.
    #[schemars(regex(pattern = r"^[a-z]{2,3}(-[A-Za-z0-9]{1,8})*$"))]
    pub language: String,
    /// Models by stage; what is left out is as the settings say.
    pub providers: Providers,
    /// The voice by provider, such as `{openai: nova}`.
    pub voice: BTreeMap<String, String>,
    /// Lines for the provider `scripted`: a dialogue file, by its path from where the program was started.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub dialogue: Option<String>,
    /// Whether its own capabilities are tools of its language model.
    pub capabilities: bool,
    /// Names of `agent_registry` whose skills are tools of its language model. They have to be there when it starts.
    #[schemars(length(max = 100))]
    pub experts: Vec<String>,
    /// Servers of tools (MCP).
    #[schemars(length(max = 100))]
    pub tools: Vec<ToolSource>,
    /// Whose sound it hears.
    #[schemars(length(min = 1, max = 6))]
    pub hears: Vec<Hears>,
    /// When it ends by itself.
    pub limits: AgentLimits,
    /// Conversations at once.
    #[schemars(range(min = 1, max = 10_000))]
    pub jobs: u32,
    /// How long conversations may go on once the program is to stop, in seconds.
    #[schemars(range(min = 0.0, max = 86_400.0))]
    pub drain_s: f64,
}

impl Default for Voice {
    fn default() -> Voice {
        Voice {
            agent_name: None,
            instructions: None,
            greeting: None,
            opens: true,
            language: "en".to_owned(),
            providers: Providers::default(),
            voice: BTreeMap::new(),
            dialogue: None,
            capabilities: true,
            experts: Vec::new(),
            tools: Vec::new(),
            hears: vec![Hears::Standard, Hears::Sip, Hears::Connector, Hears::Agent],
            limits: AgentLimits::default(),
            jobs: 25,
            drain_s: 30.0,
        }
    }
}
