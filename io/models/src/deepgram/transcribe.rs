use super::listen;
use super::recognition::Channel;
use crate::http::{Call, Transport};
use crate::wav::{SHORTEST, wav};
use crate::{HeardStream, ModelError, SoundStream, StreamingStt, Stt, TranscribeRequest, Transcript};
use async_trait::async_trait;
use reqwest::header::CONTENT_TYPE;
use serde::Deserialize;
use std::sync::Arc;

/// Longest answer, in bytes: every word comes with its times.
const ANSWER_MAX: usize = 8 << 20;

/// A transcription model: a whole utterance behind `POST listen`, or a stream over a WebSocket at the same path.
#[derive(Clone, Debug)]
pub struct DeepgramStt {
    transport: Arc<Transport>,
    model: String,
}

#[derive(Deserialize)]
struct Answer {
    results: Results,
}

#[derive(Deserialize)]
struct Results {
    channels: Vec<Channel>,
}

impl DeepgramStt {
    pub(super) fn new(transport: Arc<Transport>, model: String) -> Self {
        DeepgramStt { transport, model }
    }
}

#[async_trait]
impl Stt for DeepgramStt {
    /// Says nothing was said, without asking, where the audio is shorter than 0.1 s.
    async fn transcribe(&self, request: TranscribeRequest) -> Result<Transcript, ModelError> {
        if request.audio.len() < SHORTEST {
            return Ok(Transcript::default());
        }
        let wav = wav(&request.audio, &self.transport.endpoint().name)?;
        let call = Call::new("listen").with("model", &self.model).with("language", &*request.language);
        let call = call.with("punctuate", "true");
        let mut answer = self.transport.post(call, &|r| r.header(CONTENT_TYPE, "audio/wav").body(wav.clone())).await?;
        let body = answer.read_all(ANSWER_MAX).await?;
        let Answer { results } = serde_json::from_slice(&body)
            .map_err(|_| answer.failures().malformed("the answer is not JSON with `results`"))?;
        let (text, confidence) = results.channels.into_iter().next().map(Channel::best).unwrap_or_default();
        Ok(Transcript { text: text.trim().to_string(), confidence })
    }

    /// Deepgram's Whisper models take whole utterances only.
    fn streaming(&self) -> Option<&dyn StreamingStt> {
        (!self.model.starts_with("whisper")).then_some(self as &dyn StreamingStt)
    }
}

#[async_trait]
impl StreamingStt for DeepgramStt {
    /// Resolves once the connection stands. Not tried a second time.
    async fn listen(&self, language: Arc<str>, sound: SoundStream) -> Result<HeardStream, ModelError> {
        let socket = self.transport.upgrade(listen::call(&self.model, &language)).await?;
        Ok(listen::listen(socket, sound))
    }
}
