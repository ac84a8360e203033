//! A2A on the wire.

#![forbid(unsafe_code)]

mod agent;
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
pub use clock::Clock;
pub use hop::{CALLERS, Hop, MOST_CALLERS, TIMEOUT};
pub use inbound::{
    Anonymous, Authenticate, Authorize, BearerTokens, Body, CardForm, Gateway, GatewayConfig, Keeping, Peer, Pushing,
};
pub use serve::{ServeError, bind_loopback, serve};
pub use tasks::{Events, MemoryBounds, Numbered, TaskSettings};
