use crate::http::{Fault, ServerError};
use crate::wav::RATE;
use serde::Deserialize;
use std::collections::VecDeque;

/// Least sound of a segment in samples, 0.35 s: the server refuses to commit less than 0.3 s and closes the connection.
const LEAST: usize = RATE as usize * 35 / 100;
/// Sound after which a segment is committed unasked, in samples: 25 s, of the 20 to 30 s that the guide advises.
const MOST: usize = RATE as usize * 25;
/// Longest text of one stream, in bytes.
const TEXT_MAX: usize = 1 << 20;

/// Makes words of the messages of one stream, without input or output.
///
/// The sound between two commits is a segment. Its words come as `partial_transcript`, each in place of the last, and
/// once, after the commit and in the order of the commits, as `committed_transcript`, empty where nobody spoke. The
/// server commits a segment itself once it is long, and nothing tells such an answer from one that was asked for; so no
/// segment gets that long here. The repetition of a segment's words as one more partial after its answer is left out.
#[derive(Debug, Default)]
pub(super) struct Recognition {
    settled: String,
    interim: String,
    /// The words that were committed last, until another partial comes.
    repeated: Option<String>,
    has_begun: bool,
    /// Samples of the open segment.
    open: usize,
    /// For each commit under way, how many questions its answer answers.
    commits: VecDeque<usize>,
}

/// What a question takes.
#[derive(Debug, PartialEq)]
pub(super) enum Ask {
    /// All words are there.
    Known,
    /// The answer to a commit that is under way will do.
    UnderWay,
    /// This many samples of silence are to go out, then a commit.
    Commit { silence: usize },
}

/// What a message brought.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Update {
    /// The words are others than before.
    pub(super) changed: bool,
    /// So many questions are answered.
    pub(super) answered: usize,
}

#[derive(Deserialize)]
struct Incoming {
    message_type: Option<String>,
    text: Option<String>,
    error: Option<String>,
}

impl Recognition {
    /// This many samples have gone out; says whether a commit is to follow.
    pub(super) fn sent(&mut self, samples: usize) -> bool {
        self.open = self.open.saturating_add(samples);
        let commits = self.open >= MOST;
        if commits {
            self.commit(0);
        }
        commits
    }

    /// The words of all sound so far are wanted.
    pub(super) fn ask(&mut self) -> Ask {
        if self.open > 0 {
            let silence = LEAST.saturating_sub(self.open);
            self.commit(1);
            return Ask::Commit { silence };
        }
        let Some(last) = self.commits.back_mut() else { return Ask::Known };
        *last += 1;
        Ask::UnderWay
    }

    /// Whether an answer is owed.
    pub(super) fn is_asked(&self) -> bool {
        self.commits.iter().any(|questions| *questions > 0)
    }

    /// Whether the server has said that it listens.
    pub(super) fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// All words so far, those that may still change included.
    pub(super) fn text(&self) -> String {
        [self.settled.as_str(), self.interim.as_str()].map(str::trim).join(" ").trim().to_string()
    }

    /// All words so far of segments that are committed.
    pub(super) fn settled(&self) -> String {
        self.settled.trim().to_string()
    }

    /// Takes one message.
    pub(super) fn push(&mut self, message: &str) -> Result<Update, Fault> {
        let Incoming { message_type, text, error } = serde_json::from_str(message)
            .map_err(|e| Fault::json("a message of the stream is none of a transcription", &e))?;
        let kind =
            message_type.ok_or_else(|| Fault::Malformed("a message of the stream has no `message_type`".into()))?;
        match (kind.as_str(), error) {
            ("partial_transcript", _) => self.push_partial(words(text)?),
            ("committed_transcript", _) => self.push_committed(words(text)?),
            (_, Some(error)) => Err(Fault::Refused(ServerError::new(class(&kind), &error))),
            _ => {
                self.has_begun |= kind == "session_started";
                Ok(Update::default())
            }
        }
    }

    fn commit(&mut self, questions: usize) {
        self.commits.push_back(questions);
        self.open = 0;
    }

    fn push_partial(&mut self, words: String) -> Result<Update, Fault> {
        self.check(&words)?;
        if self.repeated.take().is_some_and(|repeated| repeated == words.trim()) {
            return Ok(Update::default());
        }
        let changed = words != self.interim;
        self.interim = words;
        Ok(Update { changed, answered: 0 })
    }

    fn push_committed(&mut self, words: String) -> Result<Update, Fault> {
        self.check(&words)?;
        let before = self.text();
        self.interim.clear();
        let words = words.trim();
        if !words.is_empty() {
            self.settled.push_str(words);
            self.settled.push(' ');
        }
        self.repeated = Some(words.to_string());
        // An answer that nobody asked for adds its words, and no more.
        let answered = self.commits.pop_front().unwrap_or_default();
        Ok(Update { changed: self.text() != before, answered })
    }

    fn check(&self, words: &str) -> Result<(), Fault> {
        match self.settled.len() + words.len() > TEXT_MAX {
            true => Err(Fault::Malformed(format!("more than {TEXT_MAX} bytes of words"))),
            false => Ok(()),
        }
    }
}

fn words(text: Option<String>) -> Result<String, Fault> {
    text.ok_or_else(|| Fault::Malformed("a transcript without a `text`".into()))
}

/// What the documented kinds of error mean, in the words that other servers have for it.
fn class(kind: &str) -> &str {
    match kind {
        "auth_error" => "unauthorized",
        "commit_throttled" => "rate_limited",
        "error"
        | "transcriber_error"
        | "queue_overflow"
        | "resource_exhausted"
        | "session_time_limit_exceeded"
        | "insufficient_audio_activity" => "unavailable",
        itself => itself,
    }
}

#[cfg(test)]
#[path = "recognition_tests.rs"]
mod tests;
