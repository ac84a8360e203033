//! Server-sent events (WHATWG HTML §9.2), written and read as they arrive.
//!
//! ```
//! use duologue_a2a::sse::{Reader, write};
//!
//! let mut bytes = Vec::new();
//! write(&mut bytes, Some(7), b"{}");
//! let mut reader = Reader::new(1_024);
//! // However the bytes are cut, whole events come out.
//! assert_eq!(reader.push(&bytes[..5])?, []);
//! let events = reader.push(&bytes[5..])?;
//! assert_eq!((events[0].id.as_deref(), &*events[0].data), (Some("7"), "{}"));
//! # Ok::<(), duologue_a2a::sse::TooLong>(())
//! ```

/// Media type of a stream.
pub const MEDIA_TYPE: &str = "text/event-stream";

/// A comment: keeps a connection that nothing is said on from being taken for dead.
pub const KEEP_ALIVE: &[u8] = b": \n\n";

/// Appends an event: its number, where it has one, and its data in one line for each of its own.
pub fn write(out: &mut Vec<u8>, id: Option<u64>, data: &[u8]) {
    if let Some(id) = id {
        out.extend_from_slice(b"id: ");
        out.extend_from_slice(id.to_string().as_bytes());
        out.push(b'\n');
    }
    for line in data.split(|byte| *byte == b'\n') {
        out.extend_from_slice(b"data: ");
        out.extend_from_slice(line);
        out.push(b'\n');
    }
    out.push(b'\n');
}

/// An event that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SseEvent {
    /// The newest id of the stream so far, which a client that lost its connection sends as `Last-Event-ID`.
    pub id: Option<String>,
    /// What kind it is; empty: a message.
    pub event: String,
    /// Its data.
    pub data: String,
}

/// An event is longer than what is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an event of the stream is longer than {0} bytes: the stream is given up")]
pub struct TooLong(pub usize);

/// Reads a stream piece by piece. It holds one event at most.
#[derive(Clone, Debug)]
pub struct Reader {
    most: usize,
    line: Vec<u8>,
    /// The line before ended with a carriage return: a line feed now belongs to it.
    after_return: bool,
    /// Nothing was read yet: a byte order mark may come.
    at_start: bool,
    has_data: bool,
    last_id: Option<String>,
    next: SseEvent,
}

impl Reader {
    /// Events of at most so many bytes.
    pub fn new(most: usize) -> Reader {
        let (line, next) = (Vec::new(), SseEvent::default());
        Reader { most, line, after_return: false, at_start: true, has_data: false, last_id: None, next }
    }

    /// The events that end within these bytes.
    ///
    /// # Errors
    /// [`TooLong`]: nothing more can be read.
    pub fn push(&mut self, bytes: &[u8]) -> Result<Vec<SseEvent>, TooLong> {
        let mut events = Vec::new();
        for byte in bytes {
            let after_return = std::mem::replace(&mut self.after_return, *byte == b'\r');
            match byte {
                b'\n' if after_return => {}
                b'\n' | b'\r' => events.extend(self.end_line()),
                _ if self.line.len() + self.next.data.len() + self.next.event.len() >= self.most => {
                    return Err(TooLong(self.most));
                }
                byte => self.line.push(*byte),
            }
        }
        Ok(events)
    }

    fn end_line(&mut self) -> Option<SseEvent> {
        let line = std::mem::take(&mut self.line);
        let line = String::from_utf8_lossy(&line);
        let mut line = line.as_ref();
        if std::mem::take(&mut self.at_start) {
            line = line.strip_prefix('\u{feff}').unwrap_or(line);
        }
        if line.is_empty() {
            return self.end_event();
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.next.data.push('\n');
                }
                self.next.data.push_str(value);
            }
            "event" => value.clone_into(&mut self.next.event),
            "id" if !value.contains('\0') => self.last_id = Some(value.to_owned()),
            // Comments, `retry`, and what is not known.
            _ => {}
        }
        None
    }

    /// An event without data is none, and what else stood in it is dropped.
    fn end_event(&mut self) -> Option<SseEvent> {
        let event = SseEvent { id: self.last_id.clone(), ..std::mem::take(&mut self.next) };
        std::mem::take(&mut self.has_data).then_some(event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read(text: &str) -> Vec<(Option<String>, String, String)> {
        let events = Reader::new(1_000).push(text.as_bytes());
        events.into_iter().flatten().map(|event| (event.id, event.event, event.data)).collect()
    }

    #[test]
    fn fields_comments_and_line_ends_are_those_of_the_standard() {
        let of = |id: Option<&str>, event: &str, data: &str| (id.map(Into::into), event.into(), data.into());
        let text = "\u{feff}: hello\r\ndata: a\r\ndata\rdata:b\n\nid: 7\nevent: error\ndata:  c\n\nevent: none\n\nretry: 5\ndata: d\n\ndata: cut";
        let expected = [of(None, "", "a\n\nb"), of(Some("7"), "error", " c"), of(Some("7"), "", "d")];
        assert_eq!(read(text), expected);
    }

    #[test]
    fn what_is_too_long_ends_the_stream() {
        let mut reader = Reader::new(20);
        assert_eq!(reader.push(b"data: 12345\n\ndata: 1\n").map(|events| events.len()), Ok(1));
        assert_eq!(reader.push(&[b'x'; 64]), Err(TooLong(20)));
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_however_it_is_cut(data in "[^\r]{0,80}", id: Option<u64>, cut in 1usize..9) {
            let mut bytes = Vec::new();
            write(&mut bytes, id, data.as_bytes());
            let mut reader = Reader::new(1_000);
            let events: Vec<_> = bytes.chunks(cut).flat_map(|piece| reader.push(piece).unwrap_or_default()).collect();
            let id = id.map(|id| id.to_string());
            prop_assert_eq!(events, vec![SseEvent { id, event: String::new(), data }]);
        }

        #[test]
        fn any_bytes_are_read(bytes: Vec<u8>, cut in 1usize..9) {
            let mut reader = Reader::new(64);
            let whole = Reader::new(64).push(&bytes);
            let pieces: Result<Vec<_>, _> = bytes.chunks(cut).map(|piece| reader.push(piece)).collect();
            prop_assert_eq!(whole.is_ok(), pieces.is_ok());
        }
    }
}
