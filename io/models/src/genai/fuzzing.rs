//! What we read ourselves of what servers send, for the fuzz targets: any bytes, and neither panic nor hang.

use super::reply::ReplyReader;
use super::trouble::retry_delay;
use duologue_chat::ChatDelta;
use genai::chat::ChatStreamEvent;

/// Events as JSON, one a line. A reply is complete exactly where no error is told.
pub fn events(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let mut reader = ReplyReader::new(3, 1 << 20);
    let mut events = text.lines().filter_map(|line| serde_json::from_str::<ChatStreamEvent>(line).ok());
    let outcome = events.try_for_each(|event| reader.push(event)).and_then(|()| reader.end());
    let last = std::iter::from_fn(|| reader.pop()).last();
    assert_eq!(matches!(last, Some(ChatDelta::Done { .. })), outcome.is_ok(), "{outcome:?} after {last:?}");
    drop(serde_json::from_slice(bytes).map(|detail| retry_delay(&detail)));
}
