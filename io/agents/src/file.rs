//! The file of an agent: what a person writes, and what a worker serves.

use crate::jobs::HEARS;
use duologue_conversation::scenario::{
    Agent, CastScenario, Casting, LoadError, Opens, Patience, Persona, Providers, Scenario, Side, Tool, load,
    load_persona,
};
use duologue_tools::{McpServer, ToolSource};
use duologue_voice::Limits;
use duologue_worker::Kind;
use duologue_yaml::{BadFile, MAX_BYTES, Placed, Problem, schema_of};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::Duration;

static SCHEMA: LazyLock<Value> = LazyLock::new(agent_schema);

/// The agents that come with Duologue: name and file.
const BUILT_IN: [(&str, &str); 2] = [
    ("support-agent", include_str!("../../../agents/support-agent.yaml")),
    ("customer-agent", include_str!("../../../agents/customer-agent.yaml")),
];

/// An agent that a worker serves. It plays a side of a scenario, or follows its instructions; what a dispatch says in its
/// metadata goes before both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AgentFile {
    /// The name that the worker registers and rooms dispatch.
    #[schemars(length(min = 1, max = 64), regex(pattern = "^[A-Za-z0-9_-]+$"))]
    pub agent_name: String,
    /// What it is told, as its whole system prompt. It can always hang up, by the tool `end_call`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 20_000))]
    pub instructions: Option<String>,
    /// In place of instructions: a scenario, by name or by its path from where the worker was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub scenario: Option<String>,
    /// Which side it is.
    #[serde(default = "support")]
    pub side: Side,
    /// Who it is: a persona, by name or by its path from where the worker was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub persona: Option<String>,
    /// Whether it speaks first. In a scenario that is the scenario's to say.
    #[serde(default = "yes")]
    pub opens: bool,
    /// Its first line, said as it stands; without it the model writes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 300))]
    pub greeting: Option<String>,
    /// BCP-47 language that it speaks.
    #[serde(default = "english")]
    #[schemars(regex(pattern = r"^[a-z]{2,3}(-[A-Za-z0-9]{1,8})*$"))]
    pub language: String,
    /// Models by stage; what is left out is as the settings say.
    #[serde(default)]
    pub providers: Providers,
    /// The voice by provider; goes before the persona's.
    #[serde(default)]
    pub voice: BTreeMap<String, String>,
    /// What it can do beside talking: tools that a mock answers, and servers of tools. In a scenario these are the scenario's.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub tools: Vec<AgentTool>,
    /// Agents of A2A that it consults, by a name of its own for each: their skills are tools of its language model. They are called with
    /// the identity of whoever serves this agent, and have to be who is named here.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    #[schemars(length(max = 100))]
    pub experts: BTreeMap<String, Expert>,
    /// Lines for the provider `scripted`: a dialogue file, by its path from where the worker was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 200))]
    pub dialogue: Option<String>,
    /// Whose sound it hears.
    #[serde(default = "everybody")]
    #[schemars(length(min = 1, max = 6))]
    pub hears: Vec<Hears>,
    /// When it ends by itself, where nobody leads the conversation.
    #[serde(default)]
    pub limits: AgentLimits,
    /// Conversations at once.
    #[serde(default = "many")]
    #[schemars(range(min = 1, max = 10_000))]
    pub jobs: u32,
    /// How long conversations may go on once the worker is to stop, in seconds.
    #[serde(default = "an_hour")]
    #[schemars(range(min = 0.0, max = 86_400.0))]
    pub drain_s: f64,
}

/// An agent of A2A that is consulted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Expert {
    /// Who it has to be. One that is served in plain text on this machine has none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(regex(pattern = r"^spiffe://[a-z0-9._-]{1,255}(/[A-Za-z0-9._-]+)+$"), length(max = 2048))]
    pub spiffe_id: Option<String>,
    /// Where it is, such as `https://worker.example.org:8443`.
    #[schemars(regex(pattern = r"^https?://"), length(max = 2048))]
    pub address: String,
}

/// A tool that a mock answers, or a server of tools.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum AgentTool {
    /// Answered by a mock.
    Mocked(Box<Tool>),
    /// As many as a server has.
    Source(Box<ToolSource>),
}

/// A kind of participant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Hears {
    /// People, and programs that pass for them.
    Standard,
    /// Telephones.
    Sip,
    /// Other services, such as messengers.
    Connector,
    /// Other agents.
    Agent,
    /// Streams from elsewhere.
    Ingress,
    /// Bridges between rooms or devices.
    Bridge,
}

/// When an agent ends by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AgentLimits {
    /// Lines of both sides together.
    #[schemars(range(min = 1, max = 100_000))]
    pub turns: u32,
    /// Seconds from its start.
    #[schemars(range(max = 86_400.0), extend("exclusiveMinimum" = 0))]
    pub duration_s: f64,
    /// Seconds in which nobody speaks and no answer is being made.
    #[schemars(range(max = 3_600.0), extend("exclusiveMinimum" = 0))]
    pub silence_s: f64,
}

impl Default for AgentLimits {
    fn default() -> AgentLimits {
        AgentLimits { turns: 1_000, duration_s: 3_600.0, silence_s: 60.0 }
    }
}

fn support() -> Side {
    Side::Support
}

fn yes() -> bool {
    true
}

fn english() -> String {
    "en".to_owned()
}

fn everybody() -> Vec<Hears> {
    vec![Hears::Standard, Hears::Sip, Hears::Connector, Hears::Agent]
}

fn many() -> u32 {
    25
}

fn an_hour() -> f64 {
    3_600.0
}

/// Why there is no agent.
#[derive(Debug, thiserror::Error)]
pub enum AgentFileError {
    /// Neither a file nor one of those that come with Duologue.
    #[error("there is no agent `{name}`\n  help: give a file, or one of: {}", names().collect::<Vec<_>>().join(", "))]
    Missing {
        /// What was asked for.
        name: String,
    },
    /// The file could not be read.
    #[error("{path} cannot be read: {why}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system says.
        why: String,
    },
    /// It is wrong.
    #[error("{}", shown(.0))]
    Refused(Box<BadFile>),
    /// The scenario or the persona that it names is wrong.
    #[error(transparent)]
    Cast(#[from] LoadError),
}

/// Whoever prints an error says that it is one.
fn shown(file: &BadFile) -> String {
    let text = file.to_string();
    text.trim_end().strip_prefix("error: ").unwrap_or(text.trim_end()).to_owned()
}

/// The JSON Schema of an agent's file.
pub fn agent_schema() -> Value {
    schema_of::<AgentFile>()
}

/// The agents that come with Duologue.
pub fn names() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().map(|(name, _)| *name)
}

/// The file of an agent that comes with Duologue.
pub fn text_of(name: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

impl AgentFile {
    /// Reads the file at a path, or the agent of that name that comes with Duologue. Blocks on the disk.
    ///
    /// # Errors
    /// It is not there, cannot be read or is wrong.
    pub fn load(reference: &str) -> Result<AgentFile, AgentFileError> {
        let path = Path::new(reference);
        if !path.is_file() {
            let text = text_of(reference).ok_or_else(|| AgentFileError::Missing { name: reference.to_owned() })?;
            return AgentFile::parse(&format!("{reference}.yaml (built in)"), text);
        }
        let refuse = |why: String| AgentFileError::Unreadable { path: path.to_owned(), why };
        let size = std::fs::metadata(path).map_err(|e| refuse(e.to_string()))?.len();
        if size > MAX_BYTES as u64 {
            return Err(refuse(format!("it is larger than {MAX_BYTES} bytes")));
        }
        let bytes = std::fs::read(path).map_err(|e| refuse(e.to_string()))?;
        let text = duologue_models::text(bytes).map_err(|e| refuse(format!("line {} is no UTF-8 text", e.line)))?;
        let agent = AgentFile::parse(reference, &text)?;
        match agent.cast() {
            Err(AgentFileError::Cast(LoadError::Missing { what, name, near, known })) => {
                let placed = duologue_yaml::parse(reference, &text, &SCHEMA)
                    .map_err(|e| AgentFileError::Refused(Box::new(e)))?;
                let near = near.map(|near| format!(", did you mean `{near}`?")).unwrap_or_default();
                let problem = Problem::new(placed.place(&[what]), format!("there is no {what} `{name}`{near}"))
                    .help(format!("give a file, or one of: {known}"));
                Err(AgentFileError::Refused(Box::new(placed.refuse(vec![problem]))))
            }
            Err(error) => Err(error),
            Ok(_) => Ok(agent),
        }
    }

    /// Reads an agent; `file` names the text in messages.
    ///
    /// # Errors
    /// Everything that is wrong with it, with places.
    pub fn parse(file: &str, text: &str) -> Result<AgentFile, AgentFileError> {
        let placed = duologue_yaml::parse(file, text, &SCHEMA).map_err(|bad| AgentFileError::Refused(Box::new(bad)))?;
        let refuse = |problems| AgentFileError::Refused(Box::new(placed.refuse(problems)));
        let read = serde_json::from_value::<AgentFile>(placed.value());
        let agent =
            read.map_err(|e| refuse(vec![Problem::new(placed.place(&[]), format!("this file does not fit: {e}"))]))?;
        let problems = agent.problems(&placed);
        if problems.is_empty() { Ok(agent) } else { Err(refuse(problems)) }
    }

    /// What a schema can't say.
    fn problems(&self, placed: &Placed<'_>) -> Vec<Problem> {
        let at = |key: &str, message: &str| Problem::new(placed.key_place(&[key]), message.to_owned());
        let mut problems = Vec::new();
        match (&self.instructions, &self.scenario) {
            (Some(_), Some(_)) => problems.push(
                at("scenario", "an agent has instructions or plays a scenario, not both").help("remove one of them"),
            ),
            (None, None) => problems.push(
                at("agent_name", "nothing says what this agent is to do").help("add `instructions` or `scenario`"),
            ),
            (None, Some(_)) if !self.tools.is_empty() => {
                problems.push(at("tools", "in a scenario the tools are the scenario's").help("add them there"));
            }
            (None, Some(_)) if self.greeting.is_some() => {
                problems
                    .push(at("greeting", "in a scenario the opening line is the scenario's").help("write it there"));
            }
            _ => {}
        }
        if self.greeting.is_some() && !self.opens {
            problems.push(at("greeting", "it has an opening line and does not open").help("remove `opens: false`"));
        }
        for i in 0..self.tools.len() {
            problems.extend(self.tool_problem(i, placed));
        }
        problems
    }

    fn tool_problem(&self, i: usize, placed: &Placed<'_>) -> Option<Problem> {
        let number = i.to_string();
        match &self.tools[i] {
            AgentTool::Mocked(tool) => {
                let same = |t: &AgentTool| matches!(t, AgentTool::Mocked(before) if before.name == tool.name);
                let place = placed.place(&["tools", &number, "name"]);
                let twice = self.tools.iter().take(i).any(same);
                twice.then(|| Problem::new(place, format!("there are two tools `{}`", tool.name)))
            }
            AgentTool::Source(source) => {
                let place = placed.key_place(&["tools", &number, "mcp"]);
                let (what, help) = match (&source.mcp.command, &source.mcp.url) {
                    (Some(_), Some(_)) => ("a server has a `command` or a `url`, not both", "remove one of them"),
                    (None, None) => ("nothing says where this server is", "add a `command` or a `url`"),
                    _ => return None,
                };
                Some(Problem::new(place, what).help(help))
            }
        }
    }

    /// Its tools that a mock answers.
    pub fn mocks(&self) -> Vec<Tool> {
        let mocks = self.tools.iter().filter_map(|tool| match tool {
            AgentTool::Mocked(tool) => Some((**tool).clone()),
            AgentTool::Source(_) => None,
        });
        mocks.collect()
    }

    /// The servers of its other tools.
    pub fn servers(&self) -> Vec<McpServer> {
        let servers = self.tools.iter().filter_map(|tool| match tool {
            AgentTool::Mocked(_) => None,
            AgentTool::Source(source) => Some(source.mcp.clone()),
        });
        servers.collect()
    }

    /// Whose sound it hears.
    pub fn hears(&self) -> Vec<Kind> {
        let kind = |hears: &Hears| match hears {
            Hears::Standard => Kind::Standard,
            Hears::Sip => Kind::Sip,
            Hears::Connector => Kind::Connector,
            Hears::Agent => Kind::Agent,
            Hears::Ingress => Kind::Ingress,
            Hears::Bridge => Kind::Bridge,
        };
        if self.hears.is_empty() { HEARS.to_vec() } else { self.hears.iter().map(kind).collect() }
    }

    /// When it ends by itself.
    pub fn limits(&self) -> Limits {
        let seconds = |s: f64| Duration::try_from_secs_f64(s).unwrap_or(Duration::MAX);
        let AgentLimits { turns, duration_s, silence_s } = self.limits;
        Limits { turns, duration: seconds(duration_s), silence: seconds(silence_s) }
    }

    /// How long conversations may go on once the worker is to stop.
    pub fn drain(&self) -> Duration {
        Duration::try_from_secs_f64(self.drain_s).unwrap_or(Duration::MAX)
    }

    /// Its scenario: the one that it names, or one of its own, in which it talks to whoever comes. Blocks on the disk.
    ///
    /// # Errors
    /// The scenario or the persona that it names is not there, or wrong.
    pub fn cast(&self) -> Result<CastScenario, AgentFileError> {
        if let Some(scenario) = &self.scenario {
            let persona = self.persona.clone();
            let casting = match self.side {
                Side::Support => Casting { support: persona, customer: None },
                Side::Customer => Casting { support: None, customer: persona },
            };
            return Ok(self.with_wishes(&load(scenario, &casting)?));
        }
        let me = match &self.persona {
            Some(persona) => load_persona(persona)?,
            None => nobody("Agent"),
        };
        let other = nobody(if me.name == "Caller" { "Other" } else { "Caller" });
        // Whoever does not open leaves it to the other one, and speaks when that one says nothing for long.
        let opens = match if self.opens { self.side } else { self.side.other() } {
            Side::Support => Opens::Support,
            Side::Customer => Opens::Customer,
        };
        let mine = Agent {
            greeting: self.greeting.clone(),
            instructions: self.instructions.clone(),
            ..plain(&self.agent_name, &me)
        };
        let theirs = plain("caller", &other);
        let (support, customer) = if self.side == Side::Support { (mine, theirs) } else { (theirs, mine) };
        let scenario = Scenario {
            id: self.agent_name.clone(),
            title: self.agent_name.clone(),
            description: "An agent and whoever comes.".to_owned(),
            language: self.language.clone(),
            support,
            customer,
            opens,
            facts: BTreeMap::new(),
            backends: BTreeMap::new(),
            tools: self.mocks(),
            course: Vec::new(),
            success: Vec::new(),
            limits: Default::default(),
        };
        let (support, customer) = if self.side == Side::Support { (me, other) } else { (other, me) };
        Ok(self.with_wishes(&CastScenario::new(scenario, support, customer)))
    }

    /// A scenario with the models and the voice that this file wants on its side.
    pub fn with_wishes(&self, cast: &CastScenario) -> CastScenario {
        wish(cast, self.side, &self.providers, &self.voice)
    }
}

/// A scenario in which a side has these models and this voice, where they are named.
pub fn wish(cast: &CastScenario, side: Side, providers: &Providers, voice: &BTreeMap<String, String>) -> CastScenario {
    let mut scenario = cast.scenario().clone();
    let agent = if side == Side::Support { &mut scenario.support } else { &mut scenario.customer };
    let Providers { stt, llm, tts } = providers.clone();
    let own = &mut agent.providers;
    (own.stt, own.llm, own.tts) = (stt.or(own.stt.take()), llm.or(own.llm.take()), tts.or(own.tts.take()));
    agent.voice.extend(voice.clone());
    CastScenario::new(scenario, cast.persona(Side::Support).clone(), cast.persona(Side::Customer).clone())
}

fn plain(agent_name: &str, persona: &Persona) -> Agent {
    Agent {
        agent_name: Some(agent_name.to_owned()),
        persona: persona.id.clone(),
        employer: None,
        greeting: None,
        instructions: None,
        facts: BTreeMap::new(),
        voice: BTreeMap::new(),
        providers: Providers::default(),
    }
}

fn nobody(name: &str) -> Persona {
    Persona {
        id: name.to_lowercase(),
        name: name.to_owned(),
        side: None,
        role: None,
        background: "Nothing is known.".to_owned(),
        mood: None,
        patience: Patience::Normal,
        way_of_speaking: "plainly".to_owned(),
        voice: BTreeMap::new(),
        speed: 1.0,
        goal: None,
        facts: BTreeMap::new(),
    }
}

#[cfg(test)]
#[path = "file_tests.rs"]
mod tests;
