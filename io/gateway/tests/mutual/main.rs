//! Agents that call each other over mutual TLS, each with an identity of an authority in this process.

mod bed;
mod calls;
mod ends;
mod rotation;
mod strangers;
