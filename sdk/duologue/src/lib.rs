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
mod serve;
mod skills;
mod wire;

pub use agent::Agent;
pub use call::{Call, CallError, Calls, Target};
pub use capability::{BadSchema, Capability, IntoCapability, Outcome};
pub use config::{Config, ConfigError};
pub use context::Context;
pub use duologue_gateway::Hop;
pub use duologue_macros::capability;
pub use error::CapabilityError;
pub use identity::IdentityError;
pub use observe::{ListenerError, TraceError};
pub use policy::PolicyError;
pub use serve::{ServeError, Serving};

/// What the attributes write.
#[doc(hidden)]
pub mod __private {
    pub use schemars;
    pub use serde;
}
