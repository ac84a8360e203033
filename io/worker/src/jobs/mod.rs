//! Jobs: an agent's name is registered with a server, which then assigns rooms to it.

mod connection;
mod job;
mod running;
mod worker;

pub use job::{Answer, Assigned, JobHandler, JobKind, Offer};
pub use worker::{RegisterError, Standing, Worker, WorkerConfig};
