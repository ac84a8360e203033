//! The API as a client meets it: over a socket, with an archive on disk.

mod contract;
mod doors;
mod hops;
mod kept;
mod live;
mod served;
mod traces;
