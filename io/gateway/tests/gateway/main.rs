//! An agent behind a gateway, called as clients call it, without sockets.

mod again;
mod bed;
mod bindings;
mod cards;
mod hops;
mod limits;
mod owners;
mod replicas;
mod streams;
mod turns;
