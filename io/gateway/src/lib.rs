//! A2A on the wire: an agent served to anybody's clients, and anybody's agent called.
//!
//! # Serving
//!
//! Who writes an agent writes one method. What it answers with is a message; as soon as it tells more than that through the
//! [`Turn`], there is a task, with a life of its own:
//!
//! ```
//! use async_trait::async_trait;
//! use duologue_a2a::model::{AgentCard, Artifact, Part, SendMessageRequest, TaskState};
//! use duologue_gateway::{Agent, Answer, Failure, Gateway, GatewayConfig, Turn, bind_loopback, serve};
//! use duologue_gateway::outbound::{Client, Options, message};
//! use std::sync::Arc;
//! use std::time::Duration;
//!
//! struct Counter;
//!
//! #[async_trait]
//! impl Agent for Counter {
//!     fn card(&self) -> AgentCard {
//!         AgentCard { name: "Counter".into(), version: "1.0.0".into(), ..AgentCard::default() }
//!     }
//!
//!     async fn handle(&self, turn: &Turn) -> Result<Answer, Failure> {
//!         let words = turn.message().text().split_whitespace().count();
//!         if words == 0 {
//!             return Ok(Answer::Message(turn.says("Send me some words")));
//!         }
//!         turn.status(TaskState::Working, None).await?;
//!         let parts = vec![Part::text(words.to_string())];
//!         turn.artifact(Artifact { artifact_id: "words".into(), parts, ..Artifact::default() }).await?;
//!         Ok(Answer::Done)
//!     }
//! }
//!
//! # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let listener = bind_loopback("127.0.0.1:0".parse()?).await?;
//! let url = format!("http://{}", listener.local_addr()?);
//! let gateway = Gateway::new(Arc::new(Counter), GatewayConfig::loopback(&url));
//! let (end, ended) = tokio::sync::oneshot::channel::<()>();
//! let serving = tokio::spawn(serve(gateway, listener, async { drop(ended.await) }, Duration::from_secs(5)));
//!
//! let client = Client::connect(&url, Options::default()).await?;
//! let message = message(vec![Part::text("one two three")]);
//! let answer = client.send_message(SendMessageRequest { message, ..Default::default() }).await?;
//! # let duologue_a2a::model::SendMessageResponse::Task(task) = answer else { panic!("{answer:?}") };
//! assert_eq!(task.artifacts[0].parts[0].as_text(), Some("3"));
//! # drop(end);
//! # serving.await?;
//! # Ok(()) }
//! ```
//!
//! A request goes through seven stages, which stand in one list in `inbound`: **accept** it with a bounded body, **authenticate**
//! the peer, **decode** the call (JSON-RPC, HTTP+JSON or gRPC; 1.0 or 0.3), **authorize** it, **route** it to an agent that can do
//! what it needs, **perform** it, **respond** in the words it came in.
//!
//! # Tasks
//!
//! A task belongs to no connection and to no process ([`Keeping`]). What an agent tells is committed before anybody hears of it,
//! under a number that is the event's for ever; so a client that was cut off goes on behind the last number it saw
//! (`Last-Event-ID`), at any process that has the store. When a process is gone, another takes its tasks up
//! ([`Agent::takes_up_again`], [`Turn::attempt`]). The same message sent again is answered as before. To all but its owner, a task
//! does not exist.
//!
//! # Push notifications
//!
//! What webhooks are to be told is committed with the event ([`push`]), delivered at least once, named, numbered and signed; where
//! to is checked when it is set and whenever it is called.
//!
//! # Policies
//!
//! What a caller may do decides a [`Policy`] (or whoever else is [`Authorize`]): a rule is asked about every call, with who calls, on
//! whose behalf, and which [`capability`] with which parameters, and its decision is kept before it takes effect. Who is refused is
//! told the rule ([`outbound::CallError::NotAuthorised`]).
//!
//! # Calling
//!
//! [`outbound`] is the client: it finds out what the other side speaks, takes streams up again, and repeats only what is safe.
//!
//! # Identities
//!
//! Behind [`serve_mtls`] an agent is called over mutual TLS only, by callers whose SPIFFE id the handshake proves and who own the
//! tasks that they begin ([`SpiffeCallers`]). A client calls with an identity, and exactly the agent that it means, by
//! [`outbound::Options::identity`]: what of a call can go wrong for that has a type ([`outbound::IdentityError`]), and nothing of the
//! call was seen by anybody then.

#![forbid(unsafe_code)]

mod agent;
mod binding;
pub mod capability;
mod clock;
pub mod extension;
mod hop;
mod inbound;
pub mod key;
mod messages;
pub mod outbound;
pub mod push;
mod serve;
mod tasks;

pub use agent::{Agent, Answer, Failure, Turn};
pub use binding::Binding;
pub use clock::Clock;
pub use hop::{CALLERS, Hop, MOST_CALLERS, TIMEOUT};
pub use inbound::{
    Anonymous, Asking, Authenticate, Authorize, BearerTokens, Body, CardForm, DECISION, Decided, Gateway,
    GatewayConfig, Keeping, Peer, Policy, Pushing, RULE, SpiffeCallers,
};
pub use serve::{ServeError, bind, bind_loopback, serve, serve_mtls};
pub use tasks::{Events, MemoryBounds, Numbered, TaskSettings};
