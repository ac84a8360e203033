use crate::http::{Fault, LineReader, ServerError, SpeechReader};
use crate::pcm::PcmReader;
use crate::{SpokenAudio, WordTime};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;
use std::collections::VecDeque;
use std::time::Duration;

/// Longest line: 20 s of speech and the times of its letters.
const LINE_MAX: usize = 4 << 20;
/// Longest word that is timed, in bytes.
const WORD_MAX: usize = 1 << 10;

/// Reads speech with the times of its letters, without input or output: JSON objects, one a line, each with a piece of
/// sound and the letters that begin in it. Words end where a blank follows, which may be a line later.
pub(super) struct AlignedReader {
    lines: LineReader,
    pcm: PcmReader,
    rate: u32,
    word: Option<WordTime>,
    words: Vec<WordTime>,
    ready: VecDeque<SpokenAudio>,
}

#[derive(Deserialize)]
struct Line {
    audio_base64: Option<String>,
    alignment: Option<Alignment>,
    detail: Option<Value>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Alignment {
    characters: Vec<String>,
    character_start_times_seconds: Vec<f64>,
    character_end_times_seconds: Vec<f64>,
}

impl AlignedReader {
    /// `rate` is that of the samples in Hz.
    pub(super) fn new(rate: u32) -> AlignedReader {
        AlignedReader {
            lines: LineReader::new(LINE_MAX),
            pcm: PcmReader::new(rate),
            rate,
            word: None,
            words: Vec::new(),
            ready: VecDeque::new(),
        }
    }

    fn push_line(&mut self, line: &[u8]) -> Result<(), Fault> {
        // Some gateways dress the lines up as events.
        let line = line.strip_prefix(b"data:").unwrap_or(line).trim_ascii();
        if line.is_empty() {
            return Ok(());
        }
        let line: Line =
            serde_json::from_slice(line).map_err(|e| Fault::json("a line of the answer is no piece of speech", &e))?;
        if let Some(error) = line.detail.or(line.error).filter(|e| !e.is_null()) {
            return Err(Fault::Refused(ServerError::from_json(&error)));
        }
        self.align(line.alignment)?;
        let bytes = STANDARD.decode(line.audio_base64.unwrap_or_default());
        let bytes = bytes.map_err(|_| Fault::Malformed("the sound of a piece of speech is not base64".into()))?;
        let samples = self.pcm.push(&bytes).map_err(Fault::Malformed)?;
        if let Some(samples) = samples {
            let words = std::mem::take(&mut self.words);
            self.ready.push_back(SpokenAudio { rate: samples.rate, samples: samples.mono, words });
        }
        Ok(())
    }

    fn align(&mut self, alignment: Option<Alignment>) -> Result<(), Fault> {
        let Some(Alignment { characters, character_start_times_seconds: starts, character_end_times_seconds: ends }) =
            alignment
        else {
            return Ok(());
        };
        if characters.len() != starts.len() || characters.len() != ends.len() {
            return Err(Fault::Malformed("letters and their times differ in number".into()));
        }
        for ((letters, start), end) in characters.iter().zip(starts).zip(ends) {
            let time = |s: f64| {
                Duration::try_from_secs_f64(s).map_err(|_| Fault::Malformed(format!("a letter at {s} s can't be")))
            };
            let (start, end) = (time(start)?, time(end)?);
            if letters.trim().is_empty() {
                self.words.extend(self.word.take());
                continue;
            }
            let word = self.word.get_or_insert_with(|| WordTime { word: String::new(), start, end });
            if word.word.len() + letters.len() > WORD_MAX {
                return Err(Fault::Malformed(format!("a word is longer than {WORD_MAX} bytes")));
            }
            word.word.push_str(letters);
            word.end = word.end.max(end);
        }
        Ok(())
    }
}

impl SpeechReader for AlignedReader {
    fn push(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        self.lines.push(bytes).map_err(Fault::Malformed)?;
        while let Some(line) = self.lines.pop() {
            self.push_line(&line)?;
        }
        Ok(())
    }

    fn end(&mut self) -> Result<(), Fault> {
        let rest = self.lines.rest();
        if serde_json::from_slice::<IgnoredAny>(rest.trim_ascii()).is_err_and(|e| e.is_eof() && !rest.is_empty()) {
            return Err(Fault::CutOff);
        }
        self.push_line(&rest)?;
        self.words.extend(self.word.take());
        if !self.words.is_empty() {
            let words = std::mem::take(&mut self.words);
            self.ready.push_back(SpokenAudio { rate: self.rate, samples: Vec::new(), words });
        }
        self.pcm.end().map_err(Fault::Malformed)
    }

    fn pop(&mut self) -> Option<SpokenAudio> {
        self.ready.pop_front()
    }
}

#[cfg(test)]
#[path = "aligned_tests.rs"]
mod tests;
