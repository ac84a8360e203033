use crate::http::Transport;
use crate::pcm::speech_of;
use crate::{ModelError, SpeechRequest, SpeechStream, Tts};
use async_trait::async_trait;
use futures::{StreamExt, stream};
use serde::Serialize;
use std::sync::Arc;

/// A speech model behind `POST audio/speech`, streamed as PCM.
#[derive(Clone, Debug)]
pub struct OpenAiTts {
    transport: Arc<Transport>,
    model: String,
}

#[derive(Serialize)]
struct SpeechBody<'a> {
    model: &'a str,
    input: &'a str,
    voice: &'a str,
    response_format: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    speed: Option<f32>,
}

impl OpenAiTts {
    pub(super) fn new(transport: Arc<Transport>, model: String) -> Self {
        OpenAiTts { transport, model }
    }
}

#[async_trait]
impl Tts for OpenAiTts {
    /// Resolves with the first byte of the answer. Chunks are as long as they arrive; the rate is 24 kHz, or what a
    /// server that answers a WAV file says. The speed is kept within the 0.25 to 4.0 that the protocol allows.
    async fn speak(&self, request: SpeechRequest) -> Result<SpeechStream, ModelError> {
        if request.text.trim().is_empty() {
            return Ok(stream::empty().boxed());
        }
        let plain = !request.speed.is_finite() || request.speed == 1.0;
        let body = SpeechBody {
            model: &self.model,
            input: &request.text,
            voice: &request.voice,
            response_format: "pcm",
            // Not all servers know it.
            speed: (!plain).then(|| request.speed.clamp(0.25, 4.0)),
        };
        speech_of(self.transport.post("audio/speech", &|r| r.json(&body)).await?, &request.text)
    }
}
