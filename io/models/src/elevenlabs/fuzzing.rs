use super::aligned::AlignedReader;
use super::recognition::{Ask, Recognition};
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

/// Messages of a stream that recognises, one a line, each after some sound and a question. No question is answered twice.
pub fn scribe(bytes: &[u8]) {
    let (mut recognition, mut asked, mut answered) = (Recognition::default(), 0, 0);
    for line in bytes.split(|b| *b == b'\n') {
        recognition.sent(line.len() * 1600);
        asked += 1;
        answered += usize::from(recognition.ask() == Ask::Known);
        match recognition.push(&String::from_utf8_lossy(line)) {
            Ok(update) => answered += update.answered,
            Err(_) => return,
        }
        assert_eq!(recognition.is_asked(), answered < asked);
        assert!(recognition.settled().len() <= recognition.text().len());
    }
}
