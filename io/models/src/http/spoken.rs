use super::failure::Fault;
use super::transport::Answer;
use crate::{ModelError, SpeechStream, SpokenAudio};
use futures::{StreamExt, stream};

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

/// The speech of an answer as it arrives; what came before trouble is delivered first.
pub(crate) fn spoken(answer: Answer, reader: impl SpeechReader) -> SpeechStream {
    let speech = Speech { answer, reader, state: State::Reading };
    stream::unfold(speech, |mut speech| async { speech.next().await.map(|audio| (audio, speech)) }).boxed()
}

struct Speech<R> {
    answer: Answer,
    reader: R,
    state: State,
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
                return Some(Ok(audio));
            }
            match std::mem::replace(&mut self.state, State::Over) {
                State::Reading => self.state = self.read().await.unwrap_or_else(State::Failed),
                State::Failed(error) => return Some(Err(error)),
                State::Over => return None,
            }
        }
    }

    async fn read(&mut self) -> Result<State, ModelError> {
        let Some(bytes) = self.answer.next().await? else {
            self.reader.end().map_err(|fault| self.answer.failures().fault(fault))?;
            return Ok(State::Over);
        };
        self.reader.push(&bytes).map_err(|fault| self.answer.failures().fault(fault))?;
        if !self.reader.is_done() {
            return Ok(State::Reading);
        }
        self.answer.finish().await;
        Ok(State::Over)
    }
}
