use super::failure::Fault;
use super::transport::Answer;
use crate::{ModelError, SpeechStream, SpokenAudio};
use futures::{StreamExt, stream};
use std::time::Duration;

/// Makes speech of the bytes of an answer, without input or output.
pub(crate) trait SpeechReader: Send + 'static {
    /// Takes the next bytes, cut anywhere.
    fn push(&mut self, bytes: &[u8]) -> Result<(), Fault>;

    /// The answer has ended.
    fn end(&mut self) -> Result<(), Fault>;

    /// The next piece of speech that is complete.
    fn pop(&mut self) -> Option<SpokenAudio>;

    /// Whether nothing more needs to be read.
    fn is_done(&self) -> bool {
        false
    }
}

/// Speech that any clause may have.
const LONGEST: Duration = Duration::from_secs(30);
/// A second of sound in its longest spelling: 48 kHz, two channels, in hexadecimal digits or with the times of its letters.
const BYTES_A_SECOND: usize = 1 << 20;
/// What each character may add to that: voices need about 70 ms for one, and some characters are whole words.
const LONGEST_CHARACTER: Duration = Duration::from_millis(400);

/// The speech of an answer as it arrives; what came before trouble is delivered first. Of a voice that does not end with
/// its `text`, no more is read than anybody could have meant.
pub(crate) fn spoken(answer: Answer, reader: impl SpeechReader, text: &str) -> SpeechStream {
    let characters = u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
    let longest = LONGEST + LONGEST_CHARACTER.saturating_mul(characters);
    let speech = Speech { answer, reader, state: State::Reading, longest, spoken: 0.0, bytes: 0 };
    stream::unfold(speech, |mut speech| async { speech.next().await.map(|audio| (audio, speech)) }).boxed()
}

struct Speech<R> {
    answer: Answer,
    reader: R,
    state: State,
    longest: Duration,
    /// Seconds delivered.
    spoken: f64,
    /// Of the answer, whatever they hold.
    bytes: usize,
}

enum State {
    Reading,
    Failed(ModelError),
    Over,
}

impl<R: SpeechReader> Speech<R> {
    async fn next(&mut self) -> Option<Result<SpokenAudio, ModelError>> {
        loop {
            if let Some(audio) = self.reader.pop() {
                self.spoken += audio.samples.len() as f64 / f64::from(audio.rate.max(1));
                return Some(self.within_bounds().map(|()| audio));
            }
            match std::mem::replace(&mut self.state, State::Over) {
                State::Reading => self.state = self.read().await.unwrap_or_else(State::Failed),
                State::Failed(error) => return Some(Err(error)),
                State::Over => return None,
            }
        }
    }

    /// Sound by its length, and by its bytes what is no sound: neither may go on for ever.
    fn within_bounds(&mut self) -> Result<(), ModelError> {
        let (most, spelled) = (self.longest.as_secs(), self.longest.as_secs() as usize * BYTES_A_SECOND);
        if self.spoken <= self.longest.as_secs_f64() && self.bytes <= spelled {
            return Ok(());
        }
        self.state = State::Over;
        let what = format!("more than {most} s of sound for one clause");
        Err(self.answer.failures().fault(Fault::Endless(what)))
    }

    async fn read(&mut self) -> Result<State, ModelError> {
        let Some(bytes) = self.answer.next().await? else {
            self.reader.end().map_err(|fault| self.answer.failures().fault(fault))?;
            return Ok(State::Over);
        };
        self.bytes += bytes.len();
        self.within_bounds()?;
        self.reader.push(&bytes).map_err(|fault| self.answer.failures().fault(fault))?;
        if !self.reader.is_done() {
            return Ok(State::Reading);
        }
        self.answer.finish().await;
        Ok(State::Over)
    }
}
