use super::aligned::AlignedReader;
use crate::http::SpeechReader;

/// Speech with the times of its letters, in pieces of the given size. It never grows.
pub fn timed_speech(bytes: &[u8], piece: usize) {
    let mut reader = AlignedReader::new(24_000);
    let pushed = bytes.chunks(piece.max(1)).try_for_each(|piece| reader.push(piece));
    drop(pushed.and_then(|()| reader.end()));
    let all =
        std::iter::from_fn(|| reader.pop()).map(|audio| 2 * audio.samples.len() + audio.words.len()).sum::<usize>();
    assert!(all <= bytes.len());
}
