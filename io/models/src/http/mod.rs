//! What all servers of models have in common: an address and a key, calls with their timeouts and retries, and one
//! place that turns trouble into a [`ModelError`](crate::ModelError).
//!
//! A provider says how its key travels and where its home is ([`Dialect`]); the request path is the same for all:
//! [`Transport`] sends, waits and tries again, [`Failures`] words the trouble, and a reader without input or output makes
//! sense of the bytes. A WebSocket begins as a call as well ([`Transport::upgrade`]), so that keys, certificates, proxies
//! and refusals are treated in one place.

mod config;
mod connection;
mod endpoint;
mod events;
mod failure;
mod lines;
mod socket;
mod spoken;
mod transport;

pub use config::Timeouts;
pub(crate) use config::{Dialect, KeyHeader, ServerConfig, provider_config};
pub use connection::Connection;
pub(crate) use endpoint::Call;
pub(crate) use events::EventReader;
pub(crate) use failure::{Fault, QUOTA_HELP, ServerError};
pub(crate) use lines::LineReader;
pub(crate) use socket::{Message, Socket, next_of};
pub(crate) use spoken::{SpeechReader, spoken};
pub(crate) use transport::{Answer, Transport};
