use crate::http::{Call, Transport};
use crate::pcm::{PCM_RATE, speech_of};
use crate::{ModelError, SpeechRequest, SpeechStream, Tts};
use async_trait::async_trait;
use futures::{StreamExt, stream};
use serde_json::json;
use std::sync::Arc;

/// Aura's voices behind `POST speak`, streamed as PCM.
#[derive(Clone, Debug)]
pub struct DeepgramTts {
    transport: Arc<Transport>,
    model: String,
}

impl DeepgramTts {
    pub(super) fn new(transport: Arc<Transport>, model: String) -> Self {
        DeepgramTts { transport, model }
    }

    /// Deepgram's name of the voice, which names model, voice and language: `aura-2-thalia-en`.
    fn voice(&self, voice: &str) -> String {
        match voice {
            "" => self.model.clone(),
            whole if whole.starts_with("aura") => whole.into(),
            short if short.contains('-') => format!("{}-{short}", self.model),
            short => format!("{}-{short}-en", self.model),
        }
    }
}

#[async_trait]
impl Tts for DeepgramTts {
    /// Resolves with the first byte of the answer. The voice is a whole name ("aura-2-thalia-en"), or a short one of the
    /// model ("thalia", "thalia-en"). It speaks at its own pace: the API knows no other.
    async fn speak(&self, request: SpeechRequest) -> Result<SpeechStream, ModelError> {
        if request.text.trim().is_empty() {
            return Ok(stream::empty().boxed());
        }
        let call = Call::new("speak")
            .with("model", self.voice(&request.voice))
            .with("encoding", "linear16")
            .with("sample_rate", PCM_RATE.to_string())
            .with("container", "none");
        let body = json!({ "text": request.text });
        speech_of(self.transport.post(call, &|r| r.json(&body)).await?, &request.text)
    }
}
