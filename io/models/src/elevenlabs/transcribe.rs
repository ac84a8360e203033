use crate::http::Transport;
use crate::wav::{SHORTEST, bytes};
use crate::{ModelError, Stt, TranscribeRequest, Transcript};
use async_trait::async_trait;
use bytes::Bytes;
use reqwest::Body;
use reqwest::multipart::{Form, Part};
use serde::Deserialize;
use std::sync::Arc;

/// Longest answer, in bytes.
const ANSWER_MAX: usize = 8 << 20;

/// A transcription model behind `POST speech-to-text`, one utterance a request.
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
        let form = Form::new()
            .part("file", file.file_name("utterance.pcm"))
            .text("model_id", self.model.clone())
            .text("file_format", "pcm_s16le_16")
            .text("tag_audio_events", "false")
            .text("timestamps_granularity", "none");
        // ISO 639-1 or -3: "en", not "en-US".
        match language.split(['-', '_']).next().filter(|l| !l.is_empty()) {
            Some(language) => form.text("language_code", language.to_lowercase()),
            None => form,
        }
    }
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
}
