//! Agents in rooms, and conversations of two of them.

#![forbid(unsafe_code)]

mod brief;
mod conduct;
mod file;
mod jobs;
mod serving;
mod session;
mod toolbox;
mod venue;

pub use brief::{Brief, BriefError, Conductor};
pub use conduct::{ConductError, RoomConversation, Seen, Step, Watcher, hold};
pub use file::{AgentFile, AgentFileError, AgentLimits, AgentTool, Expert, Hears, agent_schema, names, text_of, wish};
pub use jobs::{AgentJobs, HEARS, OneRole, Role, Roles};
pub use serving::{Served, ServedError, Stage};
pub use toolbox::{OpenToolsError, open_tools};
pub use venue::{KeptError, KeyPair, ROOMS_KEY, Venue, VenueError, read_kept, rooms_key, server_key};
