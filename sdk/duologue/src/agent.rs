//! What a program says of its agent: [`Agent`].

use crate::capability::{Capability, IntoCapability};
use crate::config::Config;
use crate::context::Context;
use crate::error::CapabilityError;
use crate::serve::{self, ServeError, Serving};
use crate::skills::Skills;
use crate::voice::Words;
use duologue_a2a::model::AgentCard;
use futures::future::BoxFuture;
use std::sync::Arc;

/// An agent: a name, what it can do, and how it is served.
#[derive(Clone)]
pub struct Agent {
    pub(crate) skills: Skills,
    pub(crate) words: Words,
    pub(crate) config: Config,
}

impl Agent {
    /// An agent that can do nothing yet.
    pub fn new(name: impl Into<String>) -> Agent {
        let (name, version) = (name.into(), "0.1.0".to_owned());
        let skills = Skills { name, version, description: String::new(), capabilities: Vec::new(), text: None };
        Agent { skills, words: Words::default(), config: Config::default() }
    }

    /// What it is for, as its card says.
    #[must_use]
    pub fn description(mut self, words: impl Into<String>) -> Agent {
        self.skills.description = words.into();
        self
    }

    /// Its version, as its card says.
    #[must_use]
    pub fn version(mut self, version: impl Into<String>) -> Agent {
        self.skills.version = version.into();
        self
    }

    /// Something that it can do. Of two with the same name the later one counts.
    #[must_use]
    pub fn capability(mut self, capability: impl IntoCapability) -> Agent {
        let capability: Capability = capability.into_capability();
        self.skills.capabilities.retain(|other| other.name() != capability.name());
        self.skills.capabilities.push(capability);
        self
    }

    /// Answers messages that are words.
    #[must_use]
    pub fn on_text<F>(mut self, handler: F) -> Agent
    where
        F: for<'a> Fn(String, Context<'a>) -> BoxFuture<'a, Result<String, CapabilityError>> + Send + Sync + 'static,
    {
        self.skills.text = Some(Arc::new(handler));
        self
    }

    /// Gives it a voice: rooms of a LiveKit server can dispatch it by its name, and it talks as these instructions say. Its own
    /// capabilities are tools of its language model; more is the section `voice` of its file. See [the voice](crate#a-voice).
    #[cfg(feature = "voice")]
    #[must_use]
    pub fn voice(mut self, instructions: impl Into<String>) -> Agent {
        self.words.instructions = Some(instructions.into());
        self
    }

    /// Something that only its own language model may call, in a conversation; other agents cannot.
    #[cfg(feature = "voice")]
    #[must_use]
    pub fn tool(mut self, tool: impl duologue_tools::IntoTool) -> Agent {
        self.words.tools.push(tool.into_tool());
        self
    }

    /// How it is served, and whom it knows. What the file says of name, version and description goes before what the program says.
    #[must_use]
    pub fn config(mut self, config: Config) -> Agent {
        self.config = config;
        self
    }

    /// Its card, without where it is served.
    pub fn card(&self) -> AgentCard {
        self.clone().parts().skills.card()
    }

    /// Serves it. Once this is over, it takes calls; it ends with what is returned.
    ///
    /// # Errors
    /// [`ServeError`].
    pub async fn start(self) -> Result<Serving, ServeError> {
        serve::start(self).await
    }

    /// Serves it until the process is asked to end (SIGINT, SIGTERM).
    ///
    /// # Errors
    /// [`ServeError`].
    pub async fn serve(self) -> Result<(), ServeError> {
        let serving = self.start().await?;
        crate::app::asked_to_end().await;
        serving.stop().await;
        Ok(())
    }

    /// The program of an agent: reads its command line and its file, sets up its log, and serves it. See [the modes](crate#modes).
    pub fn run(self) -> std::process::ExitCode {
        crate::app::run(self)
    }

    /// With what the file says of its card.
    pub(crate) fn parts(self) -> Agent {
        let Agent { mut skills, words, config } = self;
        let metadata = &config.metadata;
        for (field, given) in [
            (&mut skills.name, &metadata.name),
            (&mut skills.version, &metadata.version),
            (&mut skills.description, &metadata.description),
        ] {
            if let Some(given) = given {
                field.clone_from(given);
            }
        }
        Agent { skills, words, config }
    }

    pub(crate) fn configured(&self) -> &Config {
        &self.config
    }
}

impl std::fmt::Debug for Agent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Agent").field("name", &self.skills.name).finish_non_exhaustive()
    }
}
