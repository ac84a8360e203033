//! What language models call in conversations: functions of ours, and tools of MCP servers.
//!
//! A [`Tool`] is a typed function with a name, a description and a JSON Schema of its parameters. A [`Toolbox`] is several sources of them
//! in one: it says what there is ([`Toolbox::specs`]) and runs what a model calls ([`Toolbox::call`]).
//!
//! ```
//! use duologue_chat::{ToolCall, ToolOutcome};
//! use duologue_tools::{Tool, Toolbox};
//! use serde_json::json;
//!
//! #[derive(serde::Deserialize, schemars::JsonSchema)]
//! struct Sum {
//!     of: Vec<f64>,
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let add = Tool::new("add", "Adds numbers", |sum: Sum, _context| Box::pin(async move { Ok(sum.of.iter().sum::<f64>()) }));
//! let toolbox = Toolbox::of([add])?;
//!
//! let call = |arguments| ToolCall { id: "1".into(), name: "add".into(), arguments };
//! assert_eq!(toolbox.call(&call(json!({ "of": [1, 2] }))).await, ToolOutcome::Ok(json!(3.0)));
//!
//! // What does not fit never reaches the function; the model is told where and why.
//! let ToolOutcome::Error(words) = toolbox.call(&call(json!({ "of": [1, "two"] }))).await else { panic!() };
//! assert!(words.starts_with("the arguments do not fit: of[1]: "));
//! # Ok(()) })
//! # }
//! ```
//!
//! # Nobody waits for a tool that hangs
//!
//! Tools run on threads of their own: a function that blocks its thread, for however long, holds up neither other tools nor a session,
//! and a watchdog says which it is ([`Toolbox::stuck`]). Every call ends in its time ([`Bounds`]), and when nobody waits for it any more.
//!
//! # Servers are strangers
//!
//! [`Toolbox::open`] brings in tools of MCP servers ([`McpServer`]): processes that are started, and addresses. What they say of their
//! tools is data: made plain, bounded, and remembered by its hash ([`Pins`]). A tool whose words changed is kept from models until
//! somebody allows it again. What they answer is made plain and bounded too. A server that dies is started again; a call during which it
//! dies ends with an error.
//!
//! The other way round a box is a server for other programs ([`Toolbox::serve`]).

#![forbid(unsafe_code)]

mod context;
mod error;
mod mcp;
mod names;
mod parameters;
mod pins;
mod text;
mod tool;
mod toolbox;

#[cfg(feature = "fuzzing")]
pub mod fuzzing;

pub use context::Context;
pub use duologue_chat::{ToolCall, ToolOutcome, ToolSpec};
pub use error::{BadTool, CallError, ToolError, ToolboxError};
pub use mcp::{BadServer, CallFailed, ConnectError, McpServer, ServeError, ToolSource};
pub use parameters::Misfit;
pub use pins::{Pins, PinsError};
pub use tool::{Bounds, IntoTool, Outcome, Tool};
pub use toolbox::{Offer, Standing, Stuck, Surroundings, Toolbox, Variables};
