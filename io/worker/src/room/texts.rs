//! Texts as streams of packets: a header, pieces, and a trailer (LiveKit's data streams, version 1).

use crate::room::event::{Text, TextState};
use duologue_livekit_wire::proto::data_packet::Value;
use duologue_livekit_wire::proto::data_stream::{
    Chunk, Header, OperationType, TextHeader, Trailer, header::ContentHeader,
};
use std::collections::BTreeMap;

/// Bytes of a piece at most, as LiveKit's clients have it.
pub(crate) const PIECE_MAX: usize = 15_000;
/// Bytes of an arriving text at most; more breaks it.
const TEXT_MAX: usize = 1 << 20;
/// Texts that arrive at once at most; the one that was begun first gives way.
const OPEN_MAX: usize = 256;

/// `text` in pieces of at most [`PIECE_MAX`] bytes, none of which cuts a character.
pub(crate) fn pieces(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        let mut end = rest.len().min(PIECE_MAX);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let (piece, after) = rest.split_at(end);
        rest = after;
        (!piece.is_empty()).then_some(piece)
    })
}

pub(crate) fn header(stream: &str, topic: &str, attributes: &BTreeMap<String, String>, at: i64) -> Header {
    Header {
        stream_id: stream.to_owned(),
        timestamp: at,
        topic: topic.to_owned(),
        mime_type: "text/plain".into(),
        attributes: attributes.iter().map(|(k, v)| (k.clone(), v.clone())).collect(),
        content_header: Some(ContentHeader::TextHeader(TextHeader {
            operation_type: OperationType::Create.into(),
            ..Default::default()
        })),
        ..Default::default()
    }
}

pub(crate) fn chunk(stream: &str, index: u64, piece: &str) -> Value {
    let content = piece.as_bytes().to_vec();
    Value::StreamChunk(Chunk { stream_id: stream.to_owned(), chunk_index: index, content, ..Default::default() })
}

pub(crate) fn trailer(stream: &str, attributes: &BTreeMap<String, String>) -> Value {
    let attributes = attributes.iter().map(|(k, v)| (k.clone(), v.clone())).collect();
    Value::StreamTrailer(Trailer { stream_id: stream.to_owned(), attributes, ..Default::default() })
}

/// Texts that are arriving.
#[derive(Debug, Default)]
pub(crate) struct Texts {
    /// By sender and stream, since senders name their streams themselves.
    open: BTreeMap<(String, String), Arriving>,
    begun: u64,
}

#[derive(Debug)]
struct Arriving {
    topic: String,
    attributes: BTreeMap<String, String>,
    bytes: Vec<u8>,
    next: u64,
    begun: u64,
}

impl Texts {
    /// A stream begins. Streams of bytes, and compressed ones, which nobody sends to a client of this version, are not
    /// texts.
    pub(crate) fn begin(&mut self, from: &str, header: Header) -> Option<Text> {
        if !matches!(header.content_header, Some(ContentHeader::TextHeader(_))) || header.compression != 0 {
            return None;
        }
        if self.open.len() >= OPEN_MAX {
            let oldest = self.open.iter().min_by_key(|(_, text)| text.begun).map(|(key, _)| key.clone());
            oldest.and_then(|key| self.open.remove(&key));
        }
        self.begun += 1;
        let whole = header.inline_content;
        let arriving = Arriving {
            topic: header.topic,
            attributes: header.attributes.into_iter().collect(),
            bytes: Vec::new(),
            next: 0,
            begun: self.begun,
        };
        if let Some(bytes) = whole {
            let text = Arriving { bytes, ..arriving };
            return Some(text.text(from, &header.stream_id, TextState::Complete));
        }
        self.open.insert((from.to_owned(), header.stream_id), arriving);
        None
    }

    /// Under which a text is known whose next part comes from somebody. Of a text in another's name, servers give the
    /// beginning that name and the rest the one of who wrote it, which is an agent: nobody else may.
    fn key(&self, (from, is_agent): (&str, bool), stream: &str) -> (String, String) {
        let exact = (from.to_owned(), stream.to_owned());
        if !is_agent || self.open.contains_key(&exact) {
            return exact;
        }
        let mut others = self.open.keys().filter(|(_, of)| of == stream);
        match (others.next(), others.next()) {
            (Some(only), None) => only.clone(),
            _ => exact,
        }
    }

    /// A piece of a writer, who is an agent or not; the text so far. A missing piece, or one too many, breaks it.
    pub(crate) fn piece(&mut self, writer: (&str, bool), chunk: &Chunk) -> Option<Text> {
        let key = self.key(writer, &chunk.stream_id);
        let from = &key.0.clone();
        let arriving = self.open.get_mut(&key)?;
        if chunk.chunk_index < arriving.next {
            return None;
        }
        if chunk.chunk_index > arriving.next || arriving.bytes.len() + chunk.content.len() > TEXT_MAX {
            let broken = self.open.remove(&key)?;
            return Some(broken.text(from, &chunk.stream_id, TextState::Broken));
        }
        arriving.next += 1;
        arriving.bytes.extend_from_slice(&chunk.content);
        Some(arriving.text(from, &chunk.stream_id, TextState::Open))
    }

    /// The end, perhaps with attributes that were not known before.
    pub(crate) fn end(&mut self, writer: (&str, bool), trailer: Trailer) -> Option<Text> {
        let key = self.key(writer, &trailer.stream_id);
        let from = &key.0.clone();
        let mut arriving = self.open.remove(&key)?;
        arriving.attributes.extend(trailer.attributes);
        let state = if trailer.reason.is_empty() { TextState::Complete } else { TextState::Broken };
        Some(arriving.text(from, &trailer.stream_id, state))
    }

    /// Nothing more comes from somebody.
    pub(crate) fn left(&mut self, from: &str) -> Vec<Text> {
        let keys: Vec<_> = self.open.keys().filter(|(sender, _)| sender == from).cloned().collect();
        let broken = keys.into_iter().filter_map(|key| Some((self.open.remove(&key)?, key)));
        broken.map(|(text, (from, stream))| text.text(&from, &stream, TextState::Broken)).collect()
    }
}

impl Arriving {
    fn text(&self, from: &str, stream: &str, state: TextState) -> Text {
        // A piece may end within a character, which the next one completes.
        let bytes = match std::str::from_utf8(&self.bytes) {
            Err(e) if e.error_len().is_none() && state == TextState::Open => {
                self.bytes.get(..e.valid_up_to()).unwrap_or_default()
            }
            _ => &self.bytes,
        };
        Text {
            stream: stream.to_owned(),
            from: from.to_owned(),
            topic: self.topic.clone(),
            attributes: self.attributes.clone(),
            text: String::from_utf8_lossy(bytes).into_owned(),
            state,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn begin(texts: &mut Texts, from: &str, stream: &str) {
        let head = header(stream, "lk.chat", &[("a".to_string(), "b".to_string())].into(), 1);
        assert_eq!(texts.begin(from, head), None);
    }

    fn piece(stream: &str, index: u64, content: &[u8]) -> Chunk {
        Chunk { stream_id: stream.into(), chunk_index: index, content: content.to_vec(), ..Default::default() }
    }

    proptest! {
        #[test]
        fn a_text_survives_its_pieces(text in "\\PC{0,40}", times in 1usize..2_000) {
            let text = text.repeat(times);
            let mut texts = Texts::default();
            begin(&mut texts, "x", "s");
            for (index, part) in pieces(&text).enumerate() {
                prop_assert!(part.len() <= PIECE_MAX);
                texts.piece(("x", false), &piece("s", index as u64, part.as_bytes()));
            }
            let whole = texts.end(("x", false), Trailer { stream_id: "s".into(), ..Default::default() }).unwrap();
            prop_assert_eq!((whole.text, whole.state), (text, TextState::Complete));
        }
    }

    #[test]
    fn characters_may_be_cut_between_pieces() {
        let mut texts = Texts::default();
        begin(&mut texts, "x", "s");
        let (first, second) = "né".as_bytes().split_at(2);
        assert_eq!(texts.piece(("x", false), &piece("s", 0, first)).unwrap().text, "n");
        assert_eq!(texts.piece(("x", false), &piece("s", 1, second)).unwrap().text, "né");
    }

    #[test]
    fn a_text_in_anothers_name_is_put_together() {
        let mut texts = Texts::default();
        begin(&mut texts, "anna", "s");
        let piece = texts.piece(("agent", true), &piece("s", 0, b"The light is red.")).unwrap();
        assert_eq!((piece.from.as_str(), piece.text.as_str()), ("anna", "The light is red."));
        let whole = texts.end(("agent", true), Trailer { stream_id: "s".into(), ..Default::default() }).unwrap();
        assert_eq!((whole.from.as_str(), whole.state), ("anna", TextState::Complete));
    }

    #[test]
    fn gaps_break_a_text_and_repetitions_do_not() {
        let mut texts = Texts::default();
        begin(&mut texts, "x", "s");
        begin(&mut texts, "y", "s");
        assert_eq!(texts.piece(("x", false), &piece("s", 0, b"a")).unwrap().text, "a");
        assert_eq!(texts.piece(("x", false), &piece("s", 0, b"a")), None);
        assert_eq!(texts.piece(("x", false), &piece("s", 2, b"c")).unwrap().state, TextState::Broken);
        assert_eq!(texts.piece(("x", false), &piece("s", 3, b"d")), None);
        assert_eq!(texts.left("y").len(), 1);
    }

    #[test]
    fn endless_texts_and_endlessly_many_take_bounded_memory() {
        let mut texts = Texts::default();
        (0..OPEN_MAX * 2).for_each(|n| begin(&mut texts, "x", &format!("s{n}")));
        assert_eq!(texts.open.len(), OPEN_MAX);
        let stream = format!("s{}", OPEN_MAX * 2 - 1);
        let fill = vec![b'a'; TEXT_MAX];
        assert_eq!(texts.piece(("x", false), &piece(&stream, 0, &fill)).unwrap().state, TextState::Open);
        assert_eq!(texts.piece(("x", false), &piece(&stream, 1, b"a")).unwrap().state, TextState::Broken);
    }
}
