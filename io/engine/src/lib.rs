//! Local models, in child processes: a native crash must not end a call.

pub mod protocol;
