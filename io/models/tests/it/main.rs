//! The OpenAI client against a local double of the documented protocol.

mod chat;
mod check;
mod double;
mod failures;
mod speech;
mod transcribe;
