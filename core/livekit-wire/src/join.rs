//! The request to join a room, as the address of `/rtc/v1` carries it: `join_request` is the URL-safe base64 of a
//! `WrappedJoinRequest`, whose body may be compressed with gzip (LiveKit's `rtcservice.go`).

use crate::proto::{JoinRequest, WrappedJoinRequest, wrapped_join_request::Compression};
use base64::Engine;
use base64::alphabet::URL_SAFE;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use flate2::read::{GzDecoder, GzEncoder};
use prost::Message;
use std::io::Read;

/// Bytes of a request at most, compressed or not.
pub const MAX: usize = 1 << 20;

/// Padded as LiveKit's clients do; read both ways.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_encode_padding(true).with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Why a text is no request to join.
#[derive(Debug, thiserror::Error)]
pub enum JoinRequestError {
    /// It, or what it unfolds to, is longer than anybody asks.
    #[error("a join request of more than {MAX} bytes; send less metadata and fewer tracks with it")]
    TooLong,
    /// Not base64.
    #[error("join_request is not URL-safe base64: {0}")]
    Base64(#[from] base64::DecodeError),
    /// Not the message, or not the one inside.
    #[error("join_request holds no LiveKit message: {0}")]
    Message(#[from] prost::DecodeError),
    /// A compression that nobody specified.
    #[error("join_request is compressed in way {0}; none (0) and gzip (1) are known")]
    Compression(i32),
    /// Not gzip.
    #[error("join_request is not gzip: {0}")]
    Gzip(#[from] std::io::Error),
}

/// The value of `join_request`; compressed where that makes it shorter.
pub fn write(request: &JoinRequest) -> String {
    let plain = request.encode_to_vec();
    let mut packed = Vec::new();
    // Reading from and writing to memory does not fail.
    let packs = GzEncoder::new(&plain[..], flate2::Compression::default()).read_to_end(&mut packed).is_ok();
    let wrapped = if packs && packed.len() < plain.len() {
        WrappedJoinRequest { compression: Compression::Gzip.into(), join_request: packed }
    } else {
        WrappedJoinRequest { compression: Compression::None.into(), join_request: plain }
    };
    BASE64.encode(wrapped.encode_to_vec())
}

/// Reads what [`write()`] or any client of LiveKit wrote. Takes no more than [`MAX`] bytes, whatever the text unfolds to.
pub fn read(text: &str) -> Result<JoinRequest, JoinRequestError> {
    if text.len() > MAX {
        return Err(JoinRequestError::TooLong);
    }
    let wrapped = WrappedJoinRequest::decode(&BASE64.decode(text)?[..])?;
    match Compression::try_from(wrapped.compression) {
        Ok(Compression::None) => Ok(JoinRequest::decode(&wrapped.join_request[..])?),
        Ok(Compression::Gzip) => {
            let mut plain = Vec::new();
            GzDecoder::new(&wrapped.join_request[..]).take(MAX as u64 + 1).read_to_end(&mut plain)?;
            if plain.len() > MAX {
                return Err(JoinRequestError::TooLong);
            }
            Ok(JoinRequest::decode(&plain[..])?)
        }
        Err(_) => Err(JoinRequestError::Compression(wrapped.compression)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proto::SessionDescription;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn a_request_survives_its_text(sdp in ".{0,300}", metadata in ".{0,50}", again in any::<bool>(), sid in "PA_[a-z]{3}") {
            let offer = SessionDescription { r#type: "offer".into(), sdp: sdp.repeat(3), id: 1, ..Default::default() };
            let request = JoinRequest {
                publisher_offer: Some(offer), metadata, reconnect: again, participant_sid: sid, ..Default::default()
            };
            prop_assert_eq!(read(&write(&request)).unwrap(), request);
        }

        #[test]
        fn any_text_is_a_request_or_an_error(text in "[A-Za-z0-9_=-]{0,80}", junk in ".{0,10}") {
            let _ = read(&text);
            let _ = read(&(text + &junk));
        }
    }

    #[test]
    fn padding_may_be_missing() {
        let text = write(&JoinRequest { metadata: "a".into(), ..Default::default() });
        assert!(read(text.trim_end_matches('=')).is_ok());
    }

    #[test]
    fn what_unfolds_to_too_much_is_refused() {
        let request = JoinRequest { metadata: "a".repeat(MAX), ..Default::default() };
        let text = write(&request);
        assert!(text.len() < 10_000, "{}", text.len());
        assert!(matches!(read(&text), Err(JoinRequestError::TooLong)));
    }

    #[test]
    fn an_unknown_compression_is_named() {
        let wrapped = WrappedJoinRequest { compression: 7, join_request: Vec::new() };
        let text = BASE64.encode(wrapped.encode_to_vec());
        assert!(matches!(read(&text), Err(JoinRequestError::Compression(7))));
    }
}
