use super::recognition::Recognition;

/// Messages of a stream, one a line. Every question is answered at most once, and all of them at the end.
pub fn recognition(bytes: &[u8]) {
    let (mut recognition, mut asked, mut answered) = (Recognition::default(), 0, 0);
    for (at, line) in bytes.split(|b| *b == b'\n').enumerate() {
        asked += 1;
        answered += usize::from(recognition.ask(at as u64 * 1600));
        match recognition.push(&String::from_utf8_lossy(line)) {
            Ok(update) => answered += update.answered,
            Err(_) => return,
        }
        assert!(answered <= asked);
    }
    answered += recognition.close().answered;
    assert_eq!(answered, asked);
}
