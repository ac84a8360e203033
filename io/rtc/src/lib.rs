//! One WebRTC peer, without sockets and without a clock: datagrams and moments go in, datagrams and events come out.
//!
//! A [`Peer`] is either end of a connection as LiveKit uses it: a [`Role::Client`] with full ICE, or a [`Role::Server`]
//! with ICE-lite, which many peers on one socket share ([`Peer::accepts`]). What is wished for (data channels, sound in,
//! a track out) goes into the next [`Peer::offer`], of which one is under way at a time; offers of the other side are
//! taken by [`Peer::answer`]. After every call, [`Peer::poll`] is drained until it says [`Output::Timeout`].
//!
//! Sound travels as RTP whose payload is not touched ([`Rtp`]): what a forwarder wants. Whoever plays it lets an
//! [`Unpacker`] take the redundancy out (RFC 2198), which fills gaps while it is at it; whoever speaks lets a [`Line`]
//! turn packets into RTP whose numbers never jump back, with redundancy where it was agreed on.
//!
//! ```
//! use duologue_rtc::{Config, Output, Peer, Role};
//! use std::time::Instant;
//!
//! let now = Instant::now();
//! let mut client = Peer::new(Config::new(Role::Client), now)?;
//! let mut server = Peer::new(Config::new(Role::Server), now)?;
//! client.add_local("127.0.0.1:5000".parse()?)?;
//! server.add_local("127.0.0.1:6000".parse()?)?;
//! client.open_channels();
//! client.add_track("microphone", false);
//! let offer = client.offer()?.expect("something to agree on");
//! let answer = server.answer(&offer)?;
//! client.accept(&answer)?;
//! assert!(client.mid_of("microphone").is_some());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # What is not here
//!
//! Sockets, the search for one's own addresses, TURN, ICE over TCP, and video beyond refusing it politely.

#![forbid(unsafe_code)]

mod channels;
mod convert;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod line;
mod negotiation;
mod peer;
mod plain;
mod red;
#[cfg(test)]
mod tests;

pub use channels::{BACKLOG_MAX, Channel};
pub use line::Line;
pub use negotiation::NegotiationError;
pub use peer::{Certificate, Config, Datagram, Event, Output, Peer, PeerError, Role, SendError};
pub use plain::sections;
pub use red::{RedError, Unpacker};
pub use str0m::media::Mid;

use std::sync::Arc;
use std::time::{Instant, SystemTime};

/// How the payload of an RTP packet is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// Opus (RFC 7587).
    Opus,
    /// Opus with earlier packets once more (RFC 2198).
    Red,
}

/// An RTP packet of sound, as it came or is to go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rtp {
    /// How the payload is coded.
    pub coding: Coding,
    /// Grows by one with every packet; does not wrap. The first one that is sent is below 65,536 (RFC 3711 §3.3.1).
    pub sequence: u64,
    /// Ticks of 48 kHz; wraps.
    pub timestamp: u32,
    /// The first packet after a pause.
    pub marker: bool,
    /// How loud it is: dB below the loudest possible, 0 to 127 (RFC 6464).
    pub level: Option<u8>,
    /// What was coded.
    pub payload: Arc<[u8]>,
}

impl Rtp {
    /// The packet without what it repeats, for receivers that did not agree to redundancy.
    pub fn plain(&self) -> Result<Rtp, RedError> {
        let payload = match self.coding {
            Coding::Opus => Arc::clone(&self.payload),
            Coding::Red => red::primary(&self.payload)?.into(),
        };
        Ok(Rtp { coding: Coding::Opus, payload, ..self.clone() })
    }
}

/// An RTP packet that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received {
    /// The packet.
    pub rtp: Rtp,
    /// On which section of the session's description.
    pub mid: Mid,
    /// When it came.
    pub at: Instant,
    /// When it was recorded by the sender's clock, once a sender report (RFC 3550 §6.4.1) has tied timestamps to it.
    pub recorded: Option<SystemTime>,
}
