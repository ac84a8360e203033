//! What the fuzz targets feed with any bytes.

use crate::{join, proto, query, sdp, token};
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
