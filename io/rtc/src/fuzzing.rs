//! What the fuzz targets feed with any bytes.

use crate::{Coding, Config, Datagram, Output, Peer, Role, Rtp, Unpacker, red};
use std::time::Instant;

/// A redundant payload.
pub fn redundant(data: &[u8]) {
    let _ = red::blocks(data);
    let rtp = Rtp { coding: Coding::Red, sequence: 9, timestamp: 9, marker: true, level: None, payload: data.into() };
    let _ = Unpacker::default().unpack(&rtp);
}

/// A session description, a candidate, and a datagram.
pub fn peer(data: &[u8]) {
    let (now, text) = (Instant::now(), String::from_utf8_lossy(data));
    let Ok(mut peer) = Peer::new(Config::new(Role::Server), now) else { return };
    let _ = peer.add_remote(&text);
    let _ = peer.answer(&text);
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], 9));
    peer.handle(now, &Datagram { source: address, destination: address, bytes: data.to_vec() });
    for _ in 0..100 {
        if matches!(peer.poll(), Output::Timeout(_)) {
            return;
        }
    }
}
