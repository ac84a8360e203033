use super::pcm::{OPENAI_PCM_RATE, PcmReader};
use super::transport::{Answer, Transport};
use crate::{ModelError, SpeechRequest, SpeechStream, SpokenAudio, Tts};
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
        let answer = self.transport.post("audio/speech", &|r| r.json(&body)).await?;
        let media = answer.content_type();
        if ["text/", "application/json", "audio/mpeg", "audio/ogg"].iter().any(|m| media.starts_with(m)) {
            return Err(answer.failures().malformed(format!("it answers {media} where PCM or WAV was asked for")));
        }
        let is_wav = ["audio/wav", "audio/x-wav", "audio/wave", "audio/vnd.wave"].iter().any(|m| media.starts_with(m));
        let reader =
            if is_wav { PcmReader::of_wav() } else { PcmReader::new(rate_of(media).unwrap_or(OPENAI_PCM_RATE)) };
        let speech = Some((answer, reader));
        Ok(stream::unfold(speech, |state| async {
            let (mut answer, mut reader) = state?;
            match next(&mut answer, &mut reader).await {
                Ok(Some(audio)) => Some((Ok(audio), Some((answer, reader)))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        })
        .boxed())
    }
}

async fn next(answer: &mut Answer, reader: &mut PcmReader) -> Result<Option<SpokenAudio>, ModelError> {
    while let Some(bytes) = answer.next().await? {
        let samples = reader.push(&bytes).map_err(|why| answer.failures().malformed(why))?;
        if let Some(samples) = samples {
            return Ok(Some(SpokenAudio { rate: samples.rate, samples: samples.mono, words: vec![] }));
        }
    }
    reader.end().map_err(|why| answer.failures().malformed(why))?;
    Ok(None)
}

/// The rate in a media type such as `audio/pcm;rate=16000`.
fn rate_of(media: &str) -> Option<u32> {
    media.split(';').find_map(|p| p.trim().strip_prefix("rate=")).and_then(|r| r.trim().parse().ok())
}
