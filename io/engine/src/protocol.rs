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
        /// The piece; empty as a sign of life while a long prompt is read.
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn op() -> impl Strategy<Value = Op> {
        let generate = (any::<u32>(), any::<String>(), any::<u32>(), 0.0f32..2.0, any::<u64>(), any::<Vec<String>>());
        prop_oneof![
            Just(Op::Ping),
            generate.prop_map(|(session, prompt, max_tokens, temperature, seed, stop)| Op::Generate {
                session,
                prompt,
                max_tokens,
                temperature,
                seed,
                stop
            }),
            any::<String>().prop_map(|language| Op::Transcribe { language }),
            (any::<String>(), any::<String>(), 0.5f32..2.0).prop_map(|(text, voice, speed)| Op::Speak {
                text,
                voice,
                speed
            }),
            any::<u64>().prop_map(|target| Op::Cancel { target }),
        ]
    }

    fn event() -> impl Strategy<Value = Event> {
        let done = (any::<u32>(), any::<u32>(), any::<u32>(), any::<bool>());
        prop_oneof![
            (any::<Vec<String>>(), any::<u64>()).prop_map(|(voices, load_ms)| Event::Ready { voices, load_ms }),
            any::<String>().prop_map(|text| Event::Text { text }),
            (any::<String>(), proptest::option::of(0.0f32..1.0))
                .prop_map(|(text, confidence)| Event::Transcript { text, confidence }),
            any::<u32>().prop_map(|rate| Event::Audio { rate }),
            done.prop_map(|(prompt_tokens, cached_tokens, completion_tokens, truncated)| Event::Done {
                prompt_tokens,
                cached_tokens,
                completion_tokens,
                truncated
            }),
            any::<String>().prop_map(|message| Event::Error { message }),
        ]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_frame_by_frame(
            requests in proptest::collection::vec((any::<u64>(), op(), any::<Vec<u8>>()), 0..4),
            answer in (any::<u64>(), event(), any::<Vec<u8>>()),
        ) {
            let mut pipe = Vec::new();
            for (id, op, payload) in &requests {
                write_frame(&mut pipe, &Request { id: *id, op: op.clone() }, payload).unwrap();
            }
            let (id, event, payload) = answer;
            let response = Response { id, event };
            write_frame(&mut pipe, &response, &payload).unwrap();
            let mut rest = pipe.as_slice();
            for (id, op, payload) in requests {
                prop_assert_eq!(read_frame::<_, Request>(&mut rest).unwrap(), (Request { id, op }, payload));
            }
            prop_assert_eq!(read_frame::<_, Response>(&mut rest).unwrap(), (response, payload));
            prop_assert!(matches!(read_frame::<_, Response>(&mut rest), Err(FrameError::Closed)));
        }

        #[test]
        fn no_bytes_make_reading_panic(bytes in any::<Vec<u8>>()) {
            let _ = read_frame::<_, Response>(&mut bytes.as_slice());
        }

        #[test]
        fn a_pipe_that_closes_within_a_frame_is_broken_not_closed(cut in 1usize..40) {
            let frame = encode_frame(&Request { id: 1, op: Op::Ping }, &[7; 9]).unwrap();
            let cut = cut.min(frame.len() - 1);
            prop_assert!(matches!(read_frame::<_, Request>(&mut &frame[..cut]), Err(FrameError::Io(_))));
        }
    }

    #[test]
    fn malformed_frames_are_told_apart() {
        let frame = |header: u32, payload: u32, rest: &[u8]| {
            [&header.to_le_bytes()[..], &payload.to_le_bytes()[..], rest].concat()
        };
        let read = |bytes: Vec<u8>| read_frame::<_, Response>(&mut bytes.as_slice()).unwrap_err();
        assert!(matches!(read(frame(u32::MAX, 0, b"")), FrameError::TooLarge { .. }));
        assert!(matches!(read(frame(2, MAX_PAYLOAD as u32 + 1, b"{}")), FrameError::TooLarge { .. }));
        assert!(matches!(read(frame(2, 0, b"{}")), FrameError::Header(_)));
        assert!(matches!(read(frame(4, 0, b"\xff\xfe{}")), FrameError::Header(_)));
        assert!(matches!(read(frame(100, 0, b"{}")), FrameError::Io(_)));
        let unknown = br#"{"id":1,"event":"song"}"#;
        assert!(matches!(read(frame(unknown.len() as u32, 0, unknown)), FrameError::Header(_)));
        let too_much = encode_frame(&Request { id: 1, op: Op::Ping }, &vec![0; MAX_PAYLOAD + 1]);
        assert!(matches!(too_much, Err(FrameError::TooLarge { .. })));
    }
}
