use super::aligned::AlignedReader;
use crate::http::{Call, Transport, spoken};
use crate::pcm::PCM_RATE;
use crate::{ModelError, ModelErrorKind, SpeechRequest, SpeechStream, Tts};
use async_trait::async_trait;
use futures::{StreamExt, stream};
use serde::Serialize;
use std::sync::Arc;

/// A speech model behind `POST text-to-speech/{voice}/stream/with-timestamps`: PCM, and when each word is spoken.
#[derive(Clone, Debug)]
pub struct ElevenLabsTts {
    transport: Arc<Transport>,
    model: String,
}

#[derive(Serialize)]
struct Body<'a> {
    text: &'a str,
    model_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    voice_settings: Option<VoiceSettings>,
}

#[derive(Serialize)]
struct VoiceSettings {
    speed: f32,
}

impl ElevenLabsTts {
    pub(super) fn new(transport: Arc<Transport>, model: String) -> Self {
        ElevenLabsTts { transport, model }
    }

    /// A voice is named by an id, which becomes part of the address.
    fn call(&self, voice: &str) -> Result<Call, ModelError> {
        if voice.is_empty() || !voice.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')) {
            return Err(ModelError {
                provider: self.transport.endpoint().name.clone(),
                kind: ModelErrorKind::Configuration,
                given_up: false,
                message: format!("`{voice}` is no voice id: ids are letters and digits"),
                help: "copy the id of a voice from its page at ElevenLabs".into(),
            });
        }
        let call = Call::new(format!("text-to-speech/{voice}/stream/with-timestamps"));
        Ok(call.with("output_format", format!("pcm_{PCM_RATE}")))
    }
}

#[async_trait]
impl Tts for ElevenLabsTts {
    /// Resolves with the first byte of the answer. Words come with the sound they end in. The speed is kept within the
    /// 0.7 to 1.2 that the API allows.
    async fn speak(&self, request: SpeechRequest) -> Result<SpeechStream, ModelError> {
        let call = self.call(&request.voice)?;
        if request.text.trim().is_empty() {
            return Ok(stream::empty().boxed());
        }
        let plain = !request.speed.is_finite() || request.speed == 1.0;
        let body = Body {
            text: &request.text,
            model_id: &self.model,
            voice_settings: (!plain).then(|| VoiceSettings { speed: request.speed.clamp(0.7, 1.2) }),
        };
        let answer = self.transport.post(call, &|r| r.json(&body)).await?;
        Ok(spoken(answer, AlignedReader::new(PCM_RATE), &request.text))
    }
}
