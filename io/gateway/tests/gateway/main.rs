//! An agent behind a gateway, called as clients call it, without sockets but where our own client calls (`policies`).

mod again;
mod bed;
mod bindings;
mod cards;
mod hops;
mod limits;
mod owners;
mod policies;
mod replicas;
mod streams;
mod turns;
