//! What LiveKit's servers and clients send.

/// A request to join a room, in both spellings.
pub fn join_request(data: &[u8]) {
    duologue_livekit_wire::fuzzing::join_request(data);
}

/// An access token, and a description of a session.
pub fn token_and_sdp(data: &[u8]) {
    duologue_livekit_wire::fuzzing::token_and_sdp(data);
}

/// Messages of signalling, workers and data channels.
pub fn room_messages(data: &[u8]) {
    duologue_livekit_wire::fuzzing::messages(data);
}

/// A request to a server's API.
pub fn twirp(data: &[u8]) {
    duologue_livekit_wire::fuzzing::twirp(data);
}

/// Opus with redundancy (RFC 2198).
pub fn redundant(data: &[u8]) {
    duologue_rtc::fuzzing::redundant(data);
}

/// A session description, a candidate, and a datagram for a WebRTC peer.
pub fn peer(data: &[u8]) {
    duologue_rtc::fuzzing::peer(data);
}

/// Texts that arrive in pieces.
pub fn texts(data: &[u8]) {
    duologue_worker::fuzzing::texts(data);
}
