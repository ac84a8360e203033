//! Local models, in child processes: a native crash must not end a call.

pub mod protocol;
pub mod serving;
pub mod store;
