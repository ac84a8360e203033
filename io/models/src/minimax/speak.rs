use super::spelled::HexReader;
use crate::http::{Transport, spoken};
use crate::pcm::PCM_RATE;
use crate::{ModelError, SpeechRequest, SpeechStream, Tts};
use async_trait::async_trait;
use futures::{StreamExt, stream};
use serde_json::json;
use std::sync::Arc;

/// A speech model behind `POST t2a_v2`, streamed as events with PCM in hexadecimal digits.
#[derive(Clone, Debug)]
pub struct MiniMaxTts {
    transport: Arc<Transport>,
    model: String,
}

impl MiniMaxTts {
    pub(super) fn new(transport: Arc<Transport>, model: &str) -> Self {
        MiniMaxTts { transport, model: own_spelling(model) }
    }
}

/// `speech_2_6_turbo`, as some write it, is `speech-2.6-turbo`; `speech_02_hd` is `speech-02-hd`.
fn own_spelling(model: &str) -> String {
    let mut parts = model.split('_');
    let mut spelled = parts.next().unwrap_or_default().to_string();
    let is_digit = |text: &str| text.len() == 1 && text.chars().all(|c| c.is_ascii_digit());
    let mut after_digit = false;
    for part in parts {
        spelled.push(if after_digit && is_digit(part) { '.' } else { '-' });
        spelled.push_str(part);
        after_digit = is_digit(part);
    }
    spelled
}

#[async_trait]
impl Tts for MiniMaxTts {
    /// Resolves with the first byte of the answer. The speed is kept within the 0.5 to 2.0 that the API allows.
    async fn speak(&self, request: SpeechRequest) -> Result<SpeechStream, ModelError> {
        if request.text.trim().is_empty() {
            return Ok(stream::empty().boxed());
        }
        let speed = if request.speed.is_finite() { request.speed.clamp(0.5, 2.0) } else { 1.0 };
        let body = json!({
            "model": self.model,
            "text": request.text,
            "stream": true,
            // The last event would repeat all sound.
            "stream_options": {"exclude_aggregated_audio": true},
            "voice_setting": {"voice_id": &*request.voice, "speed": speed},
            "audio_setting": {"sample_rate": PCM_RATE, "format": "pcm", "channel": 1},
        });
        let answer = self.transport.post("t2a_v2", &|r| r.json(&body)).await?;
        let is_json = answer.content_type().starts_with("application/json");
        Ok(spoken(answer, HexReader::new(PCM_RATE, is_json), &request.text))
    }
}

#[cfg(test)]
mod tests {
    use super::own_spelling;

    #[test]
    fn both_spellings_of_a_model_are_understood() {
        for (given, own) in [
            ("speech-2.6-turbo", "speech-2.6-turbo"),
            ("speech_2_6_turbo", "speech-2.6-turbo"),
            ("speech_2_8_hd", "speech-2.8-hd"),
            ("speech_02_turbo", "speech-02-turbo"),
            ("", ""),
        ] {
            assert_eq!(own_spelling(given), own);
        }
    }
}
