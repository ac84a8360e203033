//! Agents that have an identity, find each other, call each other and talk to each other.
//!
//! An agent is a name and what it can do. Each capability is an async function: its arguments are the parameters, its doc comment is
//! what callers read, and what it returns is the answer.
//!
//! ```
//! use duologue::{Agent, CapabilityError, Context, capability};
//!
//! /// Greets somebody.
//! #[capability]
//! async fn greet(
//!     /// Whom.
//!     name: String,
//!     context: &Context,
//! ) -> Result<String, CapabilityError> {
//!     if name.is_empty() {
//!         return Err(CapabilityError::invalid("name", "is empty"));
//!     }
//!     Ok(format!("Hello, {name}! You are {}.", context.caller()))
//! }
//!
//! # fn main() {
//! let agent = Agent::new("hello").capability(greet);
//! assert_eq!(agent.card().skills[0].description, "Greets somebody.");
//! # }
//! ```

#![forbid(unsafe_code)]

mod agent;
mod call;
mod capability;
pub mod config;
mod context;
mod error;
mod skills;
mod wire;

pub use agent::Agent;
pub use call::{CallError, Calls};
pub use capability::{BadSchema, Capability, IntoCapability, Outcome};
pub use config::Config;
pub use context::Context;
pub use duologue_macros::{capability, tool};
pub use duologue_tools::{self as tools, IntoTool, Tool, ToolError, ToolSource, Toolbox};
pub use error::CapabilityError;

/// What the attributes write.
#[doc(hidden)]
pub mod __private {
    pub use schemars;
    pub use serde;
}
