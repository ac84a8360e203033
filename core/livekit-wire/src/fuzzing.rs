//! What the fuzz targets feed with any bytes.

use crate::{join, proto, query, sdp, token, twirp};
use prost::Message;

/// A request to join, in both spellings.
pub fn join_request(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = query::read(&text);
    if let Ok(request) = join::read(&text) {
        assert_eq!(join::read(&join::write(&request)).ok(), Some(request));
    }
}

/// An access token, and a description of a session.
pub fn token_and_sdp(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let _ = token::issuer(&text);
    assert!(token::verify(&text, "key", "a secret that nobody guesses", 0).is_err());
    sdp::sections(&text);
}

/// Messages of signalling, of workers, and of data channels.
pub fn messages(data: &[u8]) {
    let _ = proto::SignalResponse::decode(data);
    let _ = proto::SignalRequest::decode(data);
    let _ = proto::ServerMessage::decode(data);
    let _ = proto::WorkerMessage::decode(data);
    let _ = proto::DataPacket::decode(data);
}

/// A request to the server API: the first byte picks a path and a format, the rest is the body. What can be written
/// again can be read again.
pub fn twirp(data: &[u8]) {
    const PATHS: [&str; 6] = [
        "RoomService/CreateRoom",
        "RoomService/SendData",
        "RoomService/UpdateParticipant",
        "RoomService/UpdateSubscriptions",
        "AgentDispatchService/CreateDispatch",
        "Egress/StopEgress",
    ];
    let Some((first, body)) = data.split_first() else { return };
    let kind = ["application/json", "application/protobuf"][usize::from(first & 1)];
    let path = format!("{}livekit.{}", twirp::PREFIX, PATHS[usize::from(first >> 1) % PATHS.len()]);
    let _ = twirp::TwirpError::of(body);
    let _ = twirp::read("POST", &String::from_utf8_lossy(body), kind, body);
    if let Ok((call, format)) = twirp::read("POST", &path, kind, body) {
        assert!(call.admit(None).is_err());
        // Numbers that stand for nothing in an enum pass in protobuf, and have no name in JSON.
        if let Ok(written) = call.body(format) {
            let again = twirp::read("POST", call.path(), kind, &written);
            assert!(again.is_ok_and(|(again, _)| again.method() == call.method()));
        }
    }
}
