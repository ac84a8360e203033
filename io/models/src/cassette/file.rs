use crate::{ModelError, SpokenAudio, Transcript, WordTime};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use duologue_chat::{ChatDelta, Finish, ToolCall, Usage};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The version of the format that is written, and the newest that is read.
pub(super) const VERSION: u32 = 1;
/// Largest cassette that is read, in bytes: hours of conversation.
const MAX_BYTES: u64 = 1 << 30;

/// The models of each lane (agent) by stage, as reports name them: `openai/gpt-4o-mini`.
pub type Models = BTreeMap<String, BTreeMap<Stage, String>>;

/// Which kind of model.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    /// Speech to text.
    Stt,
    /// The language model.
    Llm,
    /// Text to speech.
    Tts,
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Stage::Stt => "speech to text",
            Stage::Llm => "language model",
            Stage::Tts => "text to speech",
        })
    }
}

/// A cassette that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Cassette {
    pub(super) path: PathBuf,
    pub(super) models: Models,
    pub(super) exchanges: Vec<Exchange>,
    pub(super) torn: bool,
}

/// A request and its answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Exchange {
    /// Whose request it was: one agent.
    pub lane: String,
    /// Of which kind.
    pub stage: Stage,
    /// What matters of the request; its fields differ by stage.
    pub asked: Value,
    /// What came back.
    pub answer: Answer,
}

/// An answer of a stage.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    /// Of a language model.
    Chat(Recorded<ChatDelta>),
    /// Of a voice.
    Speech(Recorded<SpokenAudio>),
    /// Of a recogniser; one piece.
    Transcript(Recorded<Transcript>),
}

/// The pieces of an answer, each with the time from the request to it, and how it ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Recorded<T> {
    /// In order.
    pub pieces: Vec<(Duration, T)>,
    /// How it ended.
    pub end: End,
}

/// How an answer ended.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// After its last piece.
    Complete,
    /// With an error, so long after the request.
    Failed(Duration, ModelError),
    /// Nobody listened any more, so long after the request; more might have come.
    Cancelled(Duration),
}

/// Why a cassette can't be used.
#[derive(Debug, thiserror::Error)]
pub enum CassetteError {
    /// It can't be read or written.
    #[error("cassette {path}: {source}\n  help: check the path; `--record FILE` makes a new one")]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A file of this name is there.
    #[error(
        "cassette {0} is there already\n  help: choose another name, or remove it; recordings are never overwritten"
    )]
    Exists(PathBuf),
    /// It is larger than any cassette.
    #[error("cassette {0} is larger than 1 GiB\n  help: record one conversation per cassette")]
    TooLarge(PathBuf),
    /// It begins like no cassette.
    #[error("{0} is no cassette: its first line is not `{{\"cassette\": 1, ...}}`\n  help: `--record FILE` makes one")]
    NotOne(PathBuf),
    /// It is of a later version of the program.
    #[error("cassette {path} has version {version}; this program reads {VERSION}\n  help: use a newer duologue")]
    Version {
        /// Which file.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
    /// A line that is no exchange.
    #[error("cassette {path}, line {line}: {reason}\n  help: remove the line, or record again")]
    Line {
        /// Which file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// Without what was said.
        reason: String,
    },
}

impl Cassette {
    /// Reads a cassette whole.
    ///
    /// # Errors
    /// [`CassetteError`], but not for a last line that was cut off while it was written.
    pub fn open(path: &Path) -> Result<Cassette, CassetteError> {
        let unreadable = |source| CassetteError::Unreadable { path: path.into(), source };
        if std::fs::metadata(path).map_err(unreadable)?.len() > MAX_BYTES {
            return Err(CassetteError::TooLarge(path.into()));
        }
        Cassette::parse(path, &std::fs::read(path).map_err(unreadable)?)
    }

    /// The same for bytes; `path` is for errors.
    ///
    /// # Errors
    /// As [`Cassette::open`].
    pub fn parse(path: &Path, bytes: &[u8]) -> Result<Cassette, CassetteError> {
        let mut lines = bytes.split_inclusive(|b| *b == b'\n').enumerate();
        let head = lines.next().and_then(|(_, line)| serde_json::from_slice::<Head>(line).ok());
        let head = head.ok_or_else(|| CassetteError::NotOne(path.into()))?;
        if head.cassette != VERSION {
            return Err(CassetteError::Version { path: path.into(), version: head.cassette });
        }
        let mut cassette = Cassette { path: path.into(), models: head.models, exchanges: Vec::new(), torn: false };
        for (i, line) in lines.filter(|(_, line)| !line.trim_ascii().is_empty()) {
            match serde_json::from_slice::<Line>(line).map_err(|e| no_json(&e)).and_then(Line::read) {
                Ok(exchange) => cassette.exchanges.push(exchange),
                Err(_) if !line.ends_with(b"\n") => cassette.torn = true,
                Err(reason) => return Err(CassetteError::Line { path: path.into(), line: i + 1, reason }),
            }
        }
        Ok(cassette)
    }

    /// All exchanges, in the order in which they ended.
    pub fn exchanges(&self) -> &[Exchange] {
        &self.exchanges
    }

    /// Which models answered.
    pub fn models(&self) -> &Models {
        &self.models
    }

    /// Whether the last exchange was cut off when the recording was killed.
    pub fn is_torn(&self) -> bool {
        self.torn
    }
}

/// The parser's own text may quote what was said.
fn no_json(error: &serde_json::Error) -> String {
    let what = if error.is_data() { "an exchange of another shape" } else { "no JSON" };
    format!("{what} (column {})", error.column())
}

#[derive(Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) cassette: u32,
    #[serde(default)]
    pub(super) made_by: String,
    #[serde(default)]
    pub(super) models: Models,
}

/// An exchange as it is written.
#[derive(Serialize, Deserialize)]
pub(super) struct Line {
    lane: String,
    stage: Stage,
    asked: Value,
    pieces: Vec<Piece>,
    end: LineEnd,
}

#[derive(Serialize, Deserialize)]
struct Piece {
    us: u64,
    #[serde(flatten)]
    what: What,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum What {
    Text(String),
    ToolCall(ToolCall),
    Done {
        finish: Finish,
        usage: Option<Usage>,
    },
    Audio {
        rate: u32,
        pcm: String,
        #[serde(default)]
        words: Vec<WordTime>,
    },
    Transcript(Transcript),
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum LineEnd {
    Complete,
    Failed { us: u64, error: ModelError },
    Cancelled { us: u64 },
}

impl Line {
    pub(super) fn write(exchange: Exchange) -> Line {
        let Exchange { lane, stage, asked, answer } = exchange;
        let (pieces, end) = match answer {
            Answer::Chat(r) => r.map(|delta| match delta {
                ChatDelta::Text(text) => What::Text(text),
                ChatDelta::ToolCall(call) => What::ToolCall(call),
                ChatDelta::Done { finish, usage } => What::Done { finish, usage },
            }),
            Answer::Speech(r) => r.map(|SpokenAudio { rate, samples, words }| {
                let bytes: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
                What::Audio { rate, pcm: STANDARD.encode(bytes), words }
            }),
            Answer::Transcript(r) => r.map(What::Transcript),
        };
        let us = |at: Duration| u64::try_from(at.as_micros()).unwrap_or(u64::MAX);
        Line {
            lane,
            stage,
            asked,
            pieces: pieces.into_iter().map(|(at, what)| Piece { us: us(at), what }).collect(),
            end: match end {
                End::Complete => LineEnd::Complete,
                End::Failed(at, error) => LineEnd::Failed { us: us(at), error },
                End::Cancelled(at) => LineEnd::Cancelled { us: us(at) },
            },
        }
    }

    fn read(self) -> Result<Exchange, String> {
        let end = match self.end {
            LineEnd::Complete => End::Complete,
            LineEnd::Failed { us, error } => End::Failed(Duration::from_micros(us), error),
            LineEnd::Cancelled { us } => End::Cancelled(Duration::from_micros(us)),
        };
        let answer = match self.stage {
            Stage::Llm => Answer::Chat(recorded(self.pieces, end, chat_delta)?),
            Stage::Tts => Answer::Speech(recorded(self.pieces, end, spoken)?),
            Stage::Stt => Answer::Transcript(recorded(self.pieces, end, |what| match what {
                What::Transcript(transcript) => Ok(transcript),
                _ => Err("a piece that is no transcript"),
            })?),
        };
        Ok(Exchange { lane: self.lane, stage: self.stage, asked: self.asked, answer })
    }
}

impl<T> Recorded<T> {
    fn map<U>(self, f: impl Fn(T) -> U) -> (Vec<(Duration, U)>, End) {
        (self.pieces.into_iter().map(|(at, piece)| (at, f(piece))).collect(), self.end)
    }
}

fn recorded<T>(
    pieces: Vec<Piece>,
    end: End,
    read: impl Fn(What) -> Result<T, &'static str>,
) -> Result<Recorded<T>, String> {
    let mut out = Vec::with_capacity(pieces.len());
    for Piece { us, what } in pieces {
        let at = Duration::from_micros(us);
        if out.last().is_some_and(|(before, _)| at < *before) {
            return Err("pieces that go back in time".into());
        }
        out.push((at, read(what)?));
    }
    Ok(Recorded { pieces: out, end })
}

fn chat_delta(what: What) -> Result<ChatDelta, &'static str> {
    match what {
        What::Text(text) => Ok(ChatDelta::Text(text)),
        What::ToolCall(call) => Ok(ChatDelta::ToolCall(call)),
        What::Done { finish, usage } => Ok(ChatDelta::Done { finish, usage }),
        _ => Err("a piece that no language model writes"),
    }
}

fn spoken(what: What) -> Result<SpokenAudio, &'static str> {
    let What::Audio { rate, pcm, words } = what else { return Err("a piece that is no sound") };
    let bytes = STANDARD.decode(pcm).map_err(|_| "sound that is no base64")?;
    let (pairs, rest) = bytes.as_chunks::<2>();
    if rate == 0 || !rest.is_empty() {
        return Err("sound without a rate, or with half a sample");
    }
    Ok(SpokenAudio { rate, samples: pairs.iter().map(|pair| i16::from_le_bytes(*pair)).collect(), words })
}
