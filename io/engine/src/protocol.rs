//! What parent and child say to each other over the child's stdin and stdout.
//!
//! A frame is two little-endian `u32` lengths, a JSON header of the first length and raw bytes of the second (audio as
//! 16-bit little-endian samples). Each request has an id; answers to several requests may interleave. Stderr is for
//! people: the parent keeps its last lines for the error message.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use std::io::{self, Read, Write};

/// Largest header, in bytes: a prompt of a long call fits many times over.
pub const MAX_HEADER: usize = 4 << 20;
/// Largest payload, in bytes: ten minutes of 16 kHz audio.
pub const MAX_PAYLOAD: usize = 32 << 20;

/// What the parent asks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Request {
    /// Chosen by the parent, unique while the child lives.
    pub id: u64,
    /// What is asked.
    #[serde(flatten)]
    pub op: Op,
}

/// The operations; each engine serves some and answers the others with [`Event::Error`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case")]
pub enum Op {
    /// Are you there? Answered with [`Event::Done`] at once, even while a request is being worked on.
    Ping,
    /// Continue a prompt (engine-llm). `prompt` is final text, special tokens included.
    Generate {
        /// Which cache to reuse; one per agent.
        session: u32,
        /// The whole prompt; the child finds what it has already read.
        prompt: String,
        /// At most so many tokens.
        max_tokens: u32,
        /// 0 is greedy.
        temperature: f32,
        /// Sampling seed.
        seed: u64,
        /// Stop before any of these.
        stop: Vec<String>,
    },
    /// Recognise the payload, 16 kHz mono 16 bit (engine-speech).
    Transcribe {
        /// BCP-47 language.
        language: String,
    },
    /// Speak (engine-speech); audio comes as [`Event::Audio`] with payloads.
    Speak {
        /// The clause.
        text: String,
        /// A voice that [`Event::Ready`] named.
        voice: String,
        /// 1.0 is the voice's own pace.
        speed: f32,
    },
    /// Stop working on request `target`; it still ends with [`Event::Done`].
    Cancel {
        /// The request to give up.
        target: u64,
    },
}

/// What the child answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Response {
    /// The request it belongs to; 0 for [`Event::Ready`] and errors before it.
    pub id: u64,
    /// What happened.
    #[serde(flatten)]
    pub event: Event,
}

/// Events of a request, in order; exactly one `Done` or `Error` ends it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Event {
    /// Models are loaded and warm; sent once, first.
    Ready {
        /// Names of the voices, for engine-speech.
        voices: Vec<String>,
        /// How long loading and warming took.
        load_ms: u64,
    },
    /// More text.
    Text {
        /// The piece.
        text: String,
    },
    /// What was recognised.
    Transcript {
        /// The words; empty where there was no speech.
        text: String,
        /// In 0..=1.
        confidence: Option<f32>,
    },
    /// Samples in the payload, mono 16 bit.
    Audio {
        /// Hz.
        rate: u32,
    },
    /// The request is finished.
    Done {
        /// Tokens read, of those cached, and written (engine-llm).
        prompt_tokens: u32,
        /// Read from the cache.
        cached_tokens: u32,
        /// Written.
        completion_tokens: u32,
        /// `max_tokens` was reached.
        truncated: bool,
    },
    /// It failed; other requests are not affected.
    Error {
        /// In a sentence.
        message: String,
    },
}

impl Event {
    /// A plain end.
    pub fn done() -> Event {
        Event::Done { prompt_tokens: 0, cached_tokens: 0, completion_tokens: 0, truncated: false }
    }
}

/// Why a frame could not be read.
#[derive(Debug, thiserror::Error)]
pub enum FrameError {
    /// The other side closed the pipe between two frames: an orderly end.
    #[error("the pipe was closed")]
    Closed,
    /// Reading or writing failed, or the pipe closed within a frame.
    #[error("the pipe broke: {0}")]
    Io(#[from] io::Error),
    /// A length beyond [`MAX_HEADER`] or [`MAX_PAYLOAD`].
    #[error("a frame of {header} + {payload} bytes is beyond the limit")]
    TooLarge {
        /// Length of the header.
        header: usize,
        /// Length of the payload.
        payload: usize,
    },
    /// The header is not what the protocol says.
    #[error("unreadable header: {0}")]
    Header(#[from] serde_json::Error),
}

/// Writes one frame and flushes.
pub fn write_frame<W: Write>(to: &mut W, header: &impl Serialize, payload: &[u8]) -> Result<(), FrameError> {
    let frame = encode_frame(header, payload)?;
    to.write_all(&frame)?;
    to.flush()?;
    Ok(())
}

/// One frame as bytes, for writers that are not [`Write`].
pub fn encode_frame(header: &impl Serialize, payload: &[u8]) -> Result<Vec<u8>, FrameError> {
    let json = serde_json::to_vec(header)?;
    check(json.len(), payload.len())?;
    let mut frame = Vec::with_capacity(8 + json.len() + payload.len());
    frame.extend_from_slice(&(json.len() as u32).to_le_bytes());
    frame.extend_from_slice(&(payload.len() as u32).to_le_bytes());
    frame.extend_from_slice(&json);
    frame.extend_from_slice(payload);
    Ok(frame)
}

/// Lengths of header and payload from the first eight bytes of a frame.
pub fn frame_lengths(head: [u8; 8]) -> Result<(usize, usize), FrameError> {
    let [a, b, c, d, e, f, g, h] = head;
    let (header, payload) = (u32::from_le_bytes([a, b, c, d]) as usize, u32::from_le_bytes([e, f, g, h]) as usize);
    check(header, payload)?;
    Ok((header, payload))
}

/// Reads one frame.
pub fn read_frame<R: Read, T: DeserializeOwned>(from: &mut R) -> Result<(T, Vec<u8>), FrameError> {
    let mut head = [0u8; 8];
    match from.read(&mut head[..1])? {
        0 => return Err(FrameError::Closed),
        _ => from.read_exact(&mut head[1..])?,
    }
    let (header, payload) = frame_lengths(head)?;
    let mut json = vec![0; header];
    from.read_exact(&mut json)?;
    let mut bytes = vec![0; payload];
    from.read_exact(&mut bytes)?;
    Ok((serde_json::from_slice(&json)?, bytes))
}

fn check(header: usize, payload: usize) -> Result<(), FrameError> {
    if header > MAX_HEADER || payload > MAX_PAYLOAD {
        return Err(FrameError::TooLarge { header, payload });
    }
    Ok(())
}
