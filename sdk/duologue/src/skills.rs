//! Capabilities as an agent of A2A: which one a message asks for, and its answer as a message.

use crate::capability::Capability;
use crate::context::Context;
use crate::doings::Doings;
use crate::error::CapabilityError;
use crate::wire::{self, Asked, PROBLEM, Problem};
use async_trait::async_trait;
use duologue_a2a::error::{A2aError, ErrorKind};
use duologue_a2a::model::{AgentCapabilities, AgentCard, AgentSkill, Part};
use duologue_gateway::{Agent, Answer, Failure, Turn};
use futures::future::BoxFuture;
use std::sync::Arc;

/// What the text handler is called in figures.
const TEXT: &str = "text";

/// Answers a message that is words.
pub(crate) type TextHandler =
    dyn for<'a> Fn(String, Context<'a>) -> BoxFuture<'a, Result<String, CapabilityError>> + Send + Sync;

/// What an agent is, before it is served.
#[derive(Clone)]
pub(crate) struct Skills {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) description: String,
    pub(crate) capabilities: Vec<Capability>,
    pub(crate) text: Option<Arc<TextHandler>>,
}

/// The same, served.
pub(crate) struct Served {
    pub(crate) skills: Skills,
    pub(crate) doings: Doings,
}

#[async_trait]
impl Agent for Served {
    fn card(&self) -> AgentCard {
        self.skills.card()
    }

    async fn handle(&self, turn: &Turn) -> Result<Answer, Failure> {
        let (skills, asked) = (&self.skills, wire::asked(turn.message()));
        let name = match &asked {
            Asked::Capability(name, _) => skills.chosen(*name)?.name(),
            Asked::Text(_) if skills.text.is_some() => TEXT,
            Asked::Text(_) | Asked::Unclear => return Err(skills.unclear().into()),
        };
        let mut seen = self.doings.begin(skills, name, turn);
        let context = Context::new(turn, &self.doings, seen.traceparent());
        let answered = match asked {
            Asked::Capability(chosen, params) => skills.chosen(chosen)?.call(params, context).await.map(Part::data),
            Asked::Text(text) => skills.in_words(text, context).await.map(Part::text),
            Asked::Unclear => return Err(skills.unclear().into()),
        };
        seen.ended(answered.as_ref().map_or_else(CapabilityError::kind, |_| "ok"));
        let part = answered.map_err(|error| error.told(name))?;
        Ok(Answer::Message(turn.says_parts(vec![part])))
    }
}

impl Skills {
    /// What they say of themselves. Where they are served is filled in by whoever does that.
    pub(crate) fn card(&self) -> AgentCard {
        let schemas = self.capabilities.iter().map(|capability| (capability.name(), capability.schema()));
        AgentCard {
            name: self.name.clone(),
            description: self.description.clone(),
            version: self.version.clone(),
            capabilities: AgentCapabilities {
                streaming: Some(true),
                push_notifications: Some(true),
                extensions: vec![wire::extension(schemas)],
                ..AgentCapabilities::default()
            },
            default_input_modes: vec!["application/json".into(), "text/plain".into()],
            default_output_modes: vec!["application/json".into(), "text/plain".into()],
            skills: self.capabilities.iter().map(skill).collect(),
            ..AgentCard::default()
        }
    }

    /// The one that was named; where none was, the only one that there is.
    fn chosen(&self, name: Option<&str>) -> Result<&Capability, A2aError> {
        match (name, self.capabilities.as_slice()) {
            (None, [only]) => Ok(only),
            (None, _) => Err(self.unclear()),
            (Some(name), all) => all.iter().find(|capability| capability.name() == name).ok_or_else(|| {
                let words = format!("There is no capability {name} here; there is {}", self.names());
                A2aError::new(ErrorKind::InvalidParams, words).with(PROBLEM, Problem::UnknownCapability.as_str())
            }),
        }
    }

    async fn in_words(&self, text: String, context: Context<'_>) -> Result<String, CapabilityError> {
        match &self.text {
            Some(handler) => handler(text, context).await,
            None => Err(CapabilityError::refused(format!(
                "This agent takes no words, but parameters for its capabilities: {} (`duologue call … --capability NAME --params JSON`)",
                self.names()
            ))),
        }
    }

    fn unclear(&self) -> A2aError {
        let words = format!(
            "Send one part of data with the parameters, and the name of a skill in the metadata under {}: {}",
            duologue_gateway::extension::CAPABILITY,
            self.names()
        );
        A2aError::new(ErrorKind::InvalidParams, words).with(PROBLEM, Problem::UnknownCapability.as_str())
    }

    fn names(&self) -> String {
        let names: Vec<&str> = self.capabilities.iter().map(Capability::name).collect();
        if names.is_empty() { "nothing but text".to_owned() } else { names.join(", ") }
    }
}

fn skill(capability: &Capability) -> AgentSkill {
    AgentSkill {
        id: capability.name().to_owned(),
        name: capability.name().replace(['_', '-'], " "),
        description: capability.description().to_owned(),
        tags: vec!["capability".to_owned()],
        ..AgentSkill::default()
    }
}
