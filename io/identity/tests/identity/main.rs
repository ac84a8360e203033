//! Identities, end to end: an authority on a socket, clients of ours and of others, connections that live and end.

mod bed;
mod child;
mod connections;
mod federation;
mod files;
mod handshakes;
mod judged;
mod kept;
mod orders;
mod others;
mod rotation;
mod web;
mod wire;
mod workload;
