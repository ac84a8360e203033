use crate::child::Engine;
use crate::protocol::{Event, Op};
use async_trait::async_trait;
use duologue_models::{ModelError, ModelErrorKind, SpeechRequest, SpeechStream, SpokenAudio, Tts};
use futures::StreamExt;
use std::sync::Arc;

/// Speech by the local speech engine.
#[derive(Debug)]
pub struct LocalTts {
    engine: Arc<Engine>,
}

impl LocalTts {
    /// Speaks with the voices that `engine` has.
    pub fn new(engine: Arc<Engine>) -> LocalTts {
        LocalTts { engine }
    }
}

#[async_trait]
impl Tts for LocalTts {
    async fn speak(&self, request: SpeechRequest) -> Result<SpeechStream, ModelError> {
        let SpeechRequest { text, voice, speed } = request;
        if !self.engine.voices().iter().any(|known| **known == *voice) {
            return Err(unknown_voice(&voice, self.engine.voices()));
        }
        let answers = self.engine.ask(Op::Speak { text, voice: voice.to_string(), speed }, &[]).await?;
        let chunks = answers.filter_map(async |answer| match answer {
            Ok(answer) => match answer.event {
                Event::Audio { rate } => {
                    Some(samples(&answer.payload).map(|samples| SpokenAudio { rate, samples, words: Vec::new() }))
                }
                Event::Done { .. } => None,
                other => Some(Err(unexpected(&other))),
            },
            Err(error) => Some(Err(error.into())),
        });
        Ok(Box::pin(chunks))
    }
}

fn samples(bytes: &[u8]) -> Result<Vec<i16>, ModelError> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(malformed("it sent audio with half a sample"));
    }
    Ok(pairs.iter().map(|pair| i16::from_le_bytes(*pair)).collect())
}

/// An event that does not belong to the request.
pub(super) fn unexpected(event: &Event) -> ModelError {
    let name = match event {
        Event::Ready { .. } => "Ready",
        Event::Text { .. } => "Text",
        Event::Transcript { .. } => "Transcript",
        Event::Audio { .. } => "Audio",
        Event::Done { .. } => "Done",
        Event::Error { .. } => "Error",
    };
    malformed(&format!("it answered with {name}, which does not belong to the request"))
}

fn malformed(message: &str) -> ModelError {
    ModelError {
        provider: "local".to_owned(),
        kind: ModelErrorKind::Malformed,
        given_up: false,
        message: message.to_owned(),
        help: "program and engine may be of different versions: run `make build`".to_owned(),
    }
}

fn unknown_voice(voice: &str, known: &[String]) -> ModelError {
    ModelError {
        provider: "local".to_owned(),
        kind: ModelErrorKind::Configuration,
        given_up: false,
        message: format!("there is no local voice {voice:?}"),
        help: format!("name one of: {}", known.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_become_samples_and_half_a_sample_is_refused() {
        assert_eq!(samples(&[1, 0, 0xff, 0xff]).unwrap(), [1, -1]);
        assert_eq!(samples(&[1, 0, 2]).unwrap_err().kind, ModelErrorKind::Malformed);
    }

    #[test]
    fn an_unknown_voice_is_answered_with_the_known_ones() {
        let error = unknown_voice("tenor", &["alto".into(), "bass".into()]);
        assert_eq!(error.help, "name one of: alto, bass");
    }
}
