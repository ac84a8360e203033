//! Agents in rooms, and conversations of two of them.

#![forbid(unsafe_code)]

mod brief;
mod conduct;
mod file;
mod jobs;
mod session;

pub use brief::{Brief, BriefError, Conductor};
pub use conduct::{ConductError, RoomConversation, Seen, Step, Venue, Watcher, hold};
pub use file::{AgentFile, AgentFileError, AgentLimits, AgentTool, Hears, agent_schema, names, text_of, wish};
pub use jobs::{AgentJobs, HEARS, OneRole, Role, Roles};
