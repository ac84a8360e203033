//! One UDP socket for the media of everybody.

mod routes;
mod stun;
mod udp;

pub(crate) use routes::{Arrived, LinkId, Way};
#[cfg(feature = "fuzzing")]
pub(crate) use stun::username;
pub(crate) use udp::Media;
