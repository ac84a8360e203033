//! What servers send, for the fuzz targets: each takes any bytes and must neither panic nor hang.

pub use super::realtime::fuzzing::realtime;

use super::reply::ReplyReader;
use super::transcript::TranscriptReader;
use crate::http::ServerError;
use crate::pcm::PcmReader;
use duologue_chat::ChatDelta;

/// A streamed chat completion, in pieces of the given size. It is complete exactly where no error is told.
pub fn reply(bytes: &[u8], piece: usize) {
    let mut reader = ReplyReader::new("fuzz".into(), 1 << 20);
    let pushed = bytes.chunks(piece.max(1)).try_for_each(|piece| reader.push(piece));
    let outcome = pushed.and_then(|()| reader.end());
    let last = std::iter::from_fn(|| reader.pop()).last();
    assert_eq!(matches!(last, Some(ChatDelta::Done { .. })), outcome.is_ok(), "{outcome:?} after {last:?}");
}

/// Spoken audio: raw samples or a WAV file, in pieces of the given size. It never grows.
pub fn speech(bytes: &[u8], piece: usize) {
    let mut reader = PcmReader::new(24_000);
    let mut samples = 0;
    for piece in bytes.chunks(piece.max(1)) {
        match reader.push(piece) {
            Ok(got) => samples += got.map_or(0, |s| s.mono.len()),
            Err(_) => return,
        }
    }
    assert!(samples * 2 <= bytes.len());
    drop(reader.end());
}

/// The body of a refusal.
pub fn refusal(bytes: &[u8]) {
    drop(ServerError::parse(bytes));
}

/// A streamed transcription, in pieces of the given size. Its text comes at most once, and never after its end.
pub fn transcript(bytes: &[u8], piece: usize) {
    let mut reader = TranscriptReader::new();
    for piece in bytes.chunks(piece.max(1)) {
        if reader.push(piece).is_err() || reader.take().is_some() {
            return;
        }
    }
    assert!(reader.end().is_err());
}
