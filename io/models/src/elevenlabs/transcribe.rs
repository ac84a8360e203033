use super::listen;
use crate::http::Transport;
use crate::wav::{SHORTEST, bytes};
use crate::{HeardStream, ModelError, SoundStream, StreamingStt, Stt, TranscribeRequest, Transcript};
use async_trait::async_trait;
use bytes::Bytes;
use reqwest::Body;
use reqwest::multipart::{Form, Part};
use serde::Deserialize;
use std::sync::Arc;

/// Longest answer, in bytes.
const ANSWER_MAX: usize = 8 << 20;
/// What the name of a model that streams has behind the name of the one that takes whole utterances.
const REALTIME: &str = "_realtime";

/// A transcription model: a whole utterance behind `POST speech-to-text`, or a stream over the WebSocket
/// `speech-to-text/realtime`. Each takes models that the other refuses: `scribe_v2_realtime` streams, and whole utterances
/// go to `scribe_v2` then.
#[derive(Clone, Debug)]
pub struct ElevenLabsStt {
    transport: Arc<Transport>,
    model: String,
}

#[derive(Deserialize)]
struct Answer {
    text: String,
}

impl ElevenLabsStt {
    pub(super) fn new(transport: Arc<Transport>, model: String) -> Self {
        ElevenLabsStt { transport, model }
    }

    /// Samples as they are, which spares the service the work of decoding; and words only, no laughter in brackets.
    fn form(&self, samples: &Bytes, language: &str) -> Form {
        let file = Part::stream_with_length(Body::from(samples.clone()), samples.len() as u64);
        let model = self.model.split_once(REALTIME).map_or(self.model.as_str(), |(whole, _)| whole);
        let form = Form::new()
            .part("file", file.file_name("utterance.pcm"))
            .text("model_id", model.to_string())
            .text("file_format", "pcm_s16le_16")
            .text("tag_audio_events", "false")
            .text("timestamps_granularity", "none");
        match code(language) {
            Some(language) => form.text("language_code", language),
            None => form,
        }
    }
}

/// ISO 639-1 or -3 of a BCP-47 language: "en" of "en-US".
fn code(language: &str) -> Option<String> {
    language.split(['-', '_']).next().filter(|l| !l.is_empty()).map(str::to_lowercase)
}

#[async_trait]
impl Stt for ElevenLabsStt {
    /// Says nothing was said, without asking, where the audio is shorter than 0.1 s. There is no confidence.
    async fn transcribe(&self, request: TranscribeRequest) -> Result<Transcript, ModelError> {
        if request.audio.len() < SHORTEST {
            return Ok(Transcript::default());
        }
        let samples = Bytes::from(bytes(&request.audio));
        let form = || self.form(&samples, &request.language);
        let mut answer = self.transport.post("speech-to-text", &|r| r.multipart(form())).await?;
        let body = answer.read_all(ANSWER_MAX).await?;
        let Answer { text } = serde_json::from_slice(&body)
            .map_err(|_| answer.failures().malformed("the answer is not JSON with a `text`"))?;
        Ok(Transcript { text: text.trim().to_string(), confidence: None })
    }
    fn streaming(&self) -> Option<&dyn StreamingStt> {
        self.model.contains(REALTIME).then_some(self as &dyn StreamingStt)
    }
}

#[async_trait]
impl StreamingStt for ElevenLabsStt {
    /// Resolves once the server says that it listens. Not tried a second time. There is no confidence.
    async fn listen(&self, language: Arc<str>, sound: SoundStream) -> Result<HeardStream, ModelError> {
        let socket = self.transport.upgrade(listen::call(&self.model, code(&language))).await?;
        listen::listen(socket, sound).await
    }
}
