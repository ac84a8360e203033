//! Why an agent does not talk: [`VoiceError`].

use crate::call::CallError;
use duologue_agents::{OpenToolsError, ServedError, VenueError};
use duologue_providers::{ChoiceError, LocalError, SettingsError};
use duologue_tools::BadTool;
use duologue_worker::RegisterError;

/// Why an agent does not talk.
#[derive(Debug, thiserror::Error)]
pub enum VoiceError {
    /// Nothing says what it is to do.
    #[error(
        "nothing says what this agent is to do in a conversation: give voice.instructions in its file, or `Agent::voice`"
    )]
    NoInstructions,
    /// Rooms cannot dispatch it.
    #[error(
        "`{0}` is no name that rooms can dispatch (1 to 64 of letters, digits, - and _): give voice.agent_name in its file"
    )]
    Name(String),
    /// Settings are wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// There is no LiveKit server.
    #[error(transparent)]
    Venue(#[from] VenueError),
    /// What it is to play is wrong.
    #[error(transparent)]
    Served(#[from] ServedError),
    /// A provider is not there, or has no key.
    #[error(transparent)]
    Choice(#[from] ChoiceError),
    /// Models of this machine are missing or do not start.
    #[error(transparent)]
    Local(#[from] LocalError),
    /// A tool is none.
    #[error(transparent)]
    Tool(#[from] BadTool),
    /// Tools do not go together, or a server of them is not there.
    #[error(transparent)]
    Tools(#[from] OpenToolsError),
    /// An agent that it consults is not there.
    #[error(
        "the expert {name} (voice.experts of the agent's file) is not there: {error}; server.wait_for waits for it"
    )]
    Expert {
        /// Its name in the registry.
        name: String,
        /// Why.
        error: Box<CallError>,
    },
    /// The LiveKit server refuses it.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// There are no threads for its models.
    #[error("no threads for the models: {0}")]
    Threads(std::io::Error),
}
