use super::spelled::HexReader;
use crate::http::SpeechReader;

/// Speech spelled in hexadecimal digits, as events in pieces of the given size, or as one answer. It never grows.
pub fn hex_speech(bytes: &[u8], piece: usize) {
    let mut reader = HexReader::new(24_000, piece == 0);
    let pushed = bytes.chunks(piece.max(1)).try_for_each(|piece| reader.push(piece));
    drop(pushed.and_then(|()| reader.end()));
    let samples: usize = std::iter::from_fn(|| reader.pop()).map(|audio| audio.samples.len()).sum();
    assert!(samples * 4 <= bytes.len());
}
