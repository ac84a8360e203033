//! Local models, in child processes: a native crash must not end a call.

pub mod child;
pub mod local;
pub mod protocol;
pub mod serving;
pub mod store;
