//! Why a server of tools is not there, and why it gave no answer.

use std::time::Duration;

/// A server is described wrongly.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the MCP server {server} cannot be used: {why}")]
pub struct BadServer {
    /// Which.
    pub server: String,
    /// What is wrong, and what to do.
    pub why: String,
}

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// The program can't be started.
    #[error("the MCP server {server} cannot be started: {why}")]
    Start {
        /// Which.
        server: String,
        /// What the system says.
        why: String,
    },
    /// It can't be reached, or does not speak the protocol.
    #[error("the MCP server {server} cannot be spoken with: {why}")]
    Speak {
        /// Which.
        server: String,
        /// What happened.
        why: String,
    },
    /// It does not take our token, or wants one.
    #[error("the MCP server {server} does not let us in\n  help: give its token by `token_env`")]
    Unauthorized {
        /// Which.
        server: String,
    },
    /// It took too long.
    #[error("the MCP server {server} was not ready within {} s", after.as_secs_f64())]
    Slow {
        /// Which.
        server: String,
        /// How long it may take.
        after: Duration,
    },
}

/// Why a server gave no answer to a call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallFailed {
    /// It is not there.
    #[error("the server {server} is not there now: {why}")]
    Away {
        /// Which.
        server: String,
        /// What happened to it.
        why: String,
    },
    /// It went away while it was called. Whether it did what it was asked is not known.
    #[error("the server {server} went away during the call")]
    Lost {
        /// Which.
        server: String,
    },
    /// Its answer, or something that it said before it, is too large.
    #[error("the server {server} sent more than {max} bytes at once")]
    TooLarge {
        /// Which.
        server: String,
        /// How many it may.
        max: usize,
    },
    /// It refused, in its own words, made plain.
    #[error("{words}")]
    Refused {
        /// Which.
        server: String,
        /// What it says.
        words: String,
    },
    /// It wants to ask somebody something first, which is not supported.
    #[error("the server {server} asks back instead of answering")]
    AsksBack {
        /// Which.
        server: String,
    },
    /// What it sent is no answer.
    #[error("the server {server} sent something that is no answer")]
    Garbled {
        /// Which.
        server: String,
    },
}
