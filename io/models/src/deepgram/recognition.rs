use crate::http::{Fault, ServerError};
use crate::wav::RATE;
use serde::Deserialize;
use serde_json::Value;
use std::collections::VecDeque;

/// What may be missing at the end of an answer that covers all sound, in samples: 50 ms.
const SLACK: u64 = RATE as u64 / 20;
/// Longest text of one stream, in bytes: half an hour of speech, where a turn is a minute.
const TEXT_MAX: usize = 32 << 10;

/// Makes words of the messages of one stream, without input or output.
///
/// Deepgram answers stretches of sound one after the other, each with words that may still change and at last with
/// final ones. A `Finalize` makes the present stretch final; its answer says `from_finalize`, or does not come at all
/// where nothing was left to recognise. So a question is answered once a final stretch reaches the end of its sound, or
/// says so.
#[derive(Debug, Default)]
pub(super) struct Recognition {
    settled: String,
    interim: String,
    confidence: Option<f32>,
    /// Samples that final stretches cover.
    covered: u64,
    /// Samples that had been sent when the open questions were asked, and the number of their `Finalize`.
    asked: VecDeque<(u64, u64)>,
    questions: u64,
    flushed: u64,
}

/// What a message brought.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Update {
    /// The words are others than before.
    pub(super) changed: bool,
    /// So many questions are answered.
    pub(super) answered: usize,
    /// Nothing more will come.
    pub(super) over: bool,
}

#[derive(Deserialize)]
struct Incoming {
    #[serde(rename = "type")]
    kind: Option<String>,
    start: Option<f64>,
    duration: Option<f64>,
    is_final: Option<bool>,
    from_finalize: Option<bool>,
    channel: Option<Channel>,
}

#[derive(Deserialize)]
pub(super) struct Channel {
    alternatives: Option<Vec<Alternative>>,
}

#[derive(Deserialize)]
pub(super) struct Alternative {
    transcript: Option<String>,
    confidence: Option<f32>,
}

impl Channel {
    /// The likeliest words, and how likely they are.
    pub(super) fn best(self) -> (String, Option<f32>) {
        let best = self.alternatives.into_iter().flatten().next();
        best.map_or_else(Default::default, |b| (b.transcript.unwrap_or_default(), b.confidence))
    }
}

impl Recognition {
    /// The words of all `sent` samples are wanted; says whether they are known already. Else a `Finalize` is to go out.
    pub(super) fn ask(&mut self, sent: u64) -> bool {
        let known = self.asked.is_empty() && self.reaches(sent);
        if !known {
            self.questions += 1;
            self.asked.push_back((sent, self.questions));
        }
        known
    }

    /// Whether an answer is owed.
    pub(super) fn is_asked(&self) -> bool {
        !self.asked.is_empty()
    }

    /// All words so far, those that may still change included.
    pub(super) fn text(&self) -> String {
        [self.settled.as_str(), self.interim.as_str()].map(str::trim).join(" ").trim().to_string()
    }

    /// The least confidence of any final stretch, from 0 to 1.
    pub(super) fn confidence(&self) -> Option<f32> {
        self.confidence
    }

    /// Takes one message.
    pub(super) fn push(&mut self, message: &str) -> Result<Update, Fault> {
        let incoming: Incoming = serde_json::from_str(message)
            .map_err(|e| Fault::json("a message of the stream is none of a transcription", &e))?;
        match incoming.kind.as_deref() {
            Some("Results") => self.push_results(incoming),
            // The summary at the end: what is not final now never will be.
            Some("Metadata") => Ok(self.close()),
            Some("Error") => {
                let error = serde_json::from_str::<Value>(message).map(|v| ServerError::from_json(&v));
                Err(Fault::Refused(error.unwrap_or_default()))
            }
            Some(_) => Ok(Update::default()),
            None => Err(Fault::Malformed("a message of the stream has no `type`".into())),
        }
    }

    /// The stream has ended well: what came last is final, and all questions are answered.
    pub(super) fn close(&mut self) -> Update {
        let interim = std::mem::take(&mut self.interim);
        self.settle(&interim);
        let answered = self.asked.len();
        self.asked.clear();
        Update { changed: false, answered, over: true }
    }

    fn push_results(&mut self, incoming: Incoming) -> Result<Update, Fault> {
        let before = self.text();
        let (words, confidence) =
            incoming.channel.ok_or_else(|| Fault::Malformed("results without a `channel`".into()))?.best();
        if before.len() + words.len() > TEXT_MAX {
            return Err(Fault::Endless(format!("more than {TEXT_MAX} bytes of words in one turn")));
        }
        let flush = incoming.from_finalize.unwrap_or(false);
        let mut answered = 0;
        if flush || incoming.is_final.unwrap_or(false) {
            self.interim.clear();
            self.settle(&words);
            let (start, duration) = (incoming.start.unwrap_or(0.0), incoming.duration.unwrap_or(0.0));
            // A negative or absurd time becomes the nearest possible one.
            self.covered = self.covered.max(((start + duration) * f64::from(RATE)) as u64);
            if !words.trim().is_empty() {
                self.confidence = confidence.map(|c| self.confidence.map_or(c, |least| least.min(c)));
            }
            self.flushed += u64::from(flush);
            while let Some((sent, question)) = self.asked.front()
                && (*question <= self.flushed || self.reaches(*sent))
            {
                self.asked.pop_front();
                answered += 1;
            }
        } else {
            self.interim = words;
        }
        Ok(Update { changed: self.text() != before, answered, over: false })
    }

    fn settle(&mut self, words: &str) {
        if !words.trim().is_empty() {
            self.settled.push_str(words.trim());
            self.settled.push(' ');
        }
    }

    fn reaches(&self, sent: u64) -> bool {
        self.covered.saturating_add(SLACK) >= sent
    }
}

#[cfg(test)]
#[path = "recognition_tests.rs"]
mod tests;
