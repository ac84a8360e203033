//! What engines and servers answer, and what models write.

use crate::number;
use duologue_chat::ClauseChunker;
use duologue_engine::protocol::{FrameError, Request, Response, read_frame};
use duologue_models::fuzzing;

/// Frames of the protocol between Duologue and its engines, both ways.
pub fn engine_frames(data: &[u8]) {
    let (mut requests, mut responses) = (data, data);
    while !matches!(read_frame::<_, Request>(&mut requests), Err(FrameError::Closed | FrameError::Io(_)))
        && !requests.is_empty()
    {}
    while !matches!(read_frame::<_, Response>(&mut responses), Err(FrameError::Closed | FrameError::Io(_)))
        && !responses.is_empty()
    {}
}

/// A streamed chat completion (server-sent events).
pub fn reply(data: &[u8]) {
    let (piece, rest) = number(data);
    fuzzing::reply(rest, piece);
}

/// Spoken audio: raw or WAV.
pub fn speech(data: &[u8]) {
    let (piece, rest) = number(data);
    fuzzing::speech(rest, piece);
}

/// The body of an error.
pub fn refusal(data: &[u8]) {
    fuzzing::refusal(data);
}

/// A streamed transcription (server-sent events).
pub fn transcript(data: &[u8]) {
    let (piece, rest) = number(data);
    fuzzing::transcript(rest, piece);
}

/// Events of a language model of Anthropic or Google as the crate between gives them, one a line.
pub fn genai_reply(data: &[u8]) {
    fuzzing::events(data);
}

/// Messages of a realtime session, one a line, with commands of a conversation between them.
pub fn realtime(data: &[u8]) {
    fuzzing::realtime(data);
}

/// Messages of a recognition that streams, one a line.
pub fn recognition(data: &[u8]) {
    fuzzing::recognition(data);
}

/// Messages of another recognition that streams, one a line.
pub fn scribe(data: &[u8]) {
    fuzzing::scribe(data);
}

/// Speech with the times of its letters (JSON, one object a line).
pub fn timed_speech(data: &[u8]) {
    let (piece, rest) = number(data);
    fuzzing::timed_speech(rest, piece);
}

/// Speech in hexadecimal digits (server-sent events, or one JSON object).
pub fn hex_speech(data: &[u8]) {
    let (piece, rest) = number(data);
    fuzzing::hex_speech(rest, piece);
}

/// What a language model writes, cut into clauses: no letter is lost.
pub fn clauses(data: &[u8]) {
    let (piece, rest) = number(data);
    let text = String::from_utf8_lossy(rest);
    let mut chunker = ClauseChunker::default();
    let letters: Vec<char> = text.chars().collect();
    let mut clauses: Vec<String> =
        letters.chunks(piece.max(1)).flat_map(|piece| chunker.push(&piece.iter().collect::<String>())).collect();
    clauses.extend(chunker.finish());
    let letters = |text: &str| text.chars().filter(|c| c.is_alphanumeric()).collect::<String>();
    assert_eq!(letters(&clauses.concat()), letters(&text));
}

/// What was said and what was heard, parted by a zero.
pub fn misheard(data: &[u8]) {
    let text = String::from_utf8_lossy(&data[..data.len().min(2_000)]);
    let (said, heard) = text.split_once('\0').unwrap_or((&text, ""));
    let compared = duologue_score::compare(said, heard);
    let spots =
        compared.said.iter().map(|r| said.get(r.clone())).chain(compared.heard.iter().map(|r| heard.get(r.clone())));
    assert!(spots.into_iter().all(|spot| spot.is_some()), "marks lie between characters");
}
