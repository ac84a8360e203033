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

/// What clients say on their lines.
pub fn signalling(data: &[u8]) {
    duologue_sfu::fuzzing::signalling(data);
}

/// What they send over data channels.
pub fn data_packets(data: &[u8]) {
    duologue_sfu::fuzzing::data_packets(data);
}

/// What a registered worker says.
pub fn worker_messages(data: &[u8]) {
    duologue_sfu::fuzzing::worker_messages(data);
}

/// The address that a client asks for, and its first datagram.
pub fn knocking(data: &[u8]) {
    duologue_sfu::fuzzing::knocking(data);
}

/// What a server says of those who are in a room.
pub fn people(data: &[u8]) {
    duologue_worker::fuzzing::people(data);
}
