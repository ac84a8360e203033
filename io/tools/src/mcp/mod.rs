//! Tools of MCP servers (Model Context Protocol): child processes, and servers that are spoken with by streamable HTTP.
//!
//! A server is a stranger. What it says of its tools is data: cleaned, bounded, and known again by its hash (`listing`); what they answer
//! is cleaned and bounded too (`answer`). A task keeps the connection, makes it anew when it broke, and lists what there is (`keeping`).
//! The library that speaks the protocol is named in this folder only.

mod answer;
mod child;
mod config;
mod connection;
mod error;
mod http;
mod keeping;
mod listing;
mod plan;
mod server;
mod serving;

#[cfg(feature = "fuzzing")]
pub(crate) use answer::value as answered;
pub use config::{McpServer, ToolSource};
pub use error::{BadServer, CallFailed, ConnectError};
#[cfg(feature = "fuzzing")]
pub(crate) use listing::understood;
pub(crate) use plan::Plan;
pub(crate) use server::Server;
pub use serving::ServeError;
