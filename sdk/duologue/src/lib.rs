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
//!     context: &Context<'_>,
//! ) -> Result<String, CapabilityError> {
//!     if name.is_empty() {
//!         return Err(CapabilityError::invalid("name", "is empty"));
//!     }
//!     Ok(format!("Hello, {name}! You are {}.", context.caller()))
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let agent = Agent::new("hello").capability(greet);
//! assert_eq!(agent.card().skills[0].description, "Greets somebody.");
//!
//! // Without a file, only this machine reaches it.
//! # let mut config = duologue::Config::default();
//! # config.server.port = 0;
//! # let agent = agent.config(config);
//! let serving = agent.start().await?;
//! let target = ("spiffe://example.org/hello", serving.url());
//! let answer: String = serving.calls().call(target, "greet", &serde_json::json!({ "name": "Ada" })).await?;
//! assert_eq!(answer, "Hello, Ada! You are anonymous.");
//!
//! let error = serving.calls().call::<_, String>(target, "greet", &serde_json::json!({ "name": 7 })).await;
//! assert_eq!(error.expect_err("no name").kind(), "invalid_params");
//! serving.stop().await;
//! # Ok(()) }
//! ```
//!
//! A program is an agent and `.run()`:
//!
//! ```no_run
//! # use duologue::{Agent, capability};
//! # /// Greets somebody.
//! # #[capability]
//! # async fn greet(name: String) -> String { name }
//! fn main() -> std::process::ExitCode {
//!     Agent::new("hello").capability(greet).run()
//! }
//! ```
//!
//! # Modes
//!
//! [`Agent::run`] reads `agent.yaml` in the current folder, or what `--config` names, and serves the agent until it is interrupted;
//! `card` prints its card, `config` what is in force, `schema` the JSON Schema of the file. A program with a command line of its own
//! uses [`Agent::start`] or [`Agent::serve`].
//!
//! # The file
//!
//! [`Config`] has all of it. This agent is served to other machines, over mTLS with the identity that a SPIFFE Workload API gives
//! it, to whom its policy allows:
//!
//! ```
//! let file = "
//! identity:
//!   spiffe_id: spiffe://example.org/agent/worker
//! authorization:
//!   policy_file: worker.rego
//!   decision_log: decisions.jsonl
//! server:
//!   host: 0.0.0.0
//!   port: 8443
//!   mtls: {enabled: true}
//! agent_registry:
//!   translator: {spiffe_id: 'spiffe://example.org/agent/translator', address: 'https://translator.example.org:8443'}
//! calls:
//!   retry: {attempts: 3}
//!   circuit_breaker: {failures: 5, open_s: 30}
//! observability:
//!   metrics: {enabled: true, port: 9090}
//!   tracing: {endpoint: 'http://127.0.0.1:4318'}
//! ";
//! let config = duologue::Config::parse("agent.yaml", file)?;
//! assert_eq!(config.agent_registry["translator"].address, "https://translator.example.org:8443");
//!
//! let wrong = duologue::Config::parse("agent.yaml", "server: {prot: 8443}").expect_err("a slip of the pen");
//! assert!(wrong.to_string().contains("port"));
//! # Ok::<(), duologue::ConfigError>(())
//! ```
//!
//! # A voice
//!
//! The same agent talks. [`Agent::voice`] says what its language model is told; rooms of a LiveKit server then dispatch it by its name.
//! What it can do for other agents it can do for whoever it talks to: its capabilities are tools of its model. [`Agent::tool`] adds what
//! only the model may call. The file names [the rest](config::Voice): models, other agents that it consults, and servers of tools.
//!
//! ```no_run
//! # use duologue::{Agent, capability};
//! # /// Opening hours of a day.
//! # #[capability]
//! # async fn opening_hours(day: String) -> String { day }
//! Agent::new("library")
//!     .capability(opening_hours)
//!     .voice("You answer the telephone of the town library. One or two sentences a turn.")
//!     .run();
//! ```
//!
//! # Calling others
//!
//! A capability calls others through its [`Context`], any other program through [`Calls`]. Both sides prove who they are, and it
//! is an error ([`CallError::IdentityMismatch`]) if somebody else answers than was asked for. Trace, deadline and the chain of
//! callers travel along.
//!
//! ```no_run
//! use duologue::{CallError, CapabilityError, Context, capability};
//! use serde_json::{Value, json};
//!
//! /// Counts the words of many documents.
//! #[capability]
//! async fn count_all(documents: Vec<String>, context: &Context<'_>) -> Result<Vec<Value>, CapabilityError> {
//!     let params = documents.iter().map(|text| json!({ "text": text }));
//!     let counted = context.calls().batch::<_, Value>("worker", "count_words", params, &context.onward()).await;
//!     let told = |result: Result<Value, CallError>| result.unwrap_or_else(|error| json!({ "error": error.to_string() }));
//!     Ok(counted.into_iter().map(told).collect())
//! }
//! ```
//!
//! # Tools of models
//!
//! What a language model calls in a conversation is a [`Tool`], written as a capability is. A [`ToolServer`] serves tools to agents
//! that talk, and a [`Toolbox`] runs them beside those of MCP servers ([`tools::McpServer`]) for a program that has a model itself.
//!
//! ```
//! use duologue::tools::{CallError, Context};
//! use duologue::{ToolError, Toolbox, tool};
//!
//! /// Says when an order arrives.
//! #[tool]
//! async fn look_up_order(
//!     /// Four digits.
//!     #[schemars(regex(pattern = "^[0-9]{4}$"))]
//!     number: String,
//!     context: &Context,
//! ) -> Result<String, ToolError> {
//!     match number.as_str() {
//!         "4279" if !context.is_called_off() => Ok("tomorrow".to_owned()),
//!         _ => Err(ToolError::refused("there is no such order")),
//!     }
//! }
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let toolbox = Toolbox::of([look_up_order])?;
//! // What a model is shown, and what it may answer.
//! assert_eq!(toolbox.specs()[0].parameters["properties"]["number"]["description"], "Four digits.");
//! let call = |number: &str| duologue::tools::ToolCall {
//!     id: "1".into(), name: "look_up_order".into(), arguments: serde_json::json!({ "number": number }),
//! };
//! assert_eq!(toolbox.try_call(&call("4279")).await?, "tomorrow");
//! // It reads what is said for it, and where its arguments do not fit.
//! assert_eq!(toolbox.try_call(&call("1234")).await.expect_err("none").to_string(), "there is no such order");
//! assert!(matches!(toolbox.try_call(&call("12")).await, Err(CallError::Arguments(misfits)) if misfits[0].path == "number"));
//! # Ok(()) }
//! ```

//!
//! # Features
//!
//! `voice`, on by default, is for agents that talk: [`Agent::voice`], [`Agent::tool`] and the section `voice` of the file. An agent
//! that only answers others compiles in two thirds of the time without it (`default-features = false`).

#![forbid(unsafe_code)]

mod agent;
mod app;
mod call;
mod capability;
pub mod config;
mod context;
mod doings;
mod error;
mod identity;
mod observe;
mod policy;
mod rate;
mod serve;
mod skills;
mod spoken;
mod tool_server;
#[cfg(not(feature = "voice"))]
#[path = "mute.rs"]
mod voice;
#[cfg(feature = "voice")]
mod voice;
mod wire;

pub use agent::Agent;
pub use call::{Call, CallError, Calls, Target};
pub use capability::{BadSchema, Capability, IntoCapability, Outcome};
pub use config::{Config, ConfigError};
pub use context::Context;
pub use duologue_gateway::Hop;
pub use duologue_macros::{capability, tool};
pub use duologue_tools::{self as tools, IntoTool, Tool, ToolError, ToolSource, Toolbox};
pub use error::CapabilityError;
pub use identity::IdentityError;
pub use observe::{ListenerError, TraceError};
pub use policy::PolicyError;
pub use serve::{ServeError, Serving};
pub use tool_server::{ToolServer, ToolServerError};
pub use voice::VoiceError;

/// What the attributes write.
#[doc(hidden)]
pub mod __private {
    pub use schemars;
    pub use serde;
}
