use super::transcript::TranscriptReader;
use super::wire::Transcription;
use crate::http::{Answer, Transport};
use crate::wav::{SHORTEST, wav};
use crate::{ModelError, Stt, TranscribeRequest, Transcript};
use async_trait::async_trait;
use bytes::Bytes;
use reqwest::Body;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::multipart::{Form, Part};
use std::sync::Arc;

/// Longest answer, in bytes.
const ANSWER_MAX: usize = 1 << 20;

/// A transcription model behind `POST audio/transcriptions`, one utterance a request. The answers of models that
/// stream (`gpt-4o-transcribe` and its kin; `whisper-1` does not) are taken as events, so that a server that hangs in
/// the middle of one is noticed.
#[derive(Clone, Debug)]
pub struct OpenAiStt {
    transport: Arc<Transport>,
    model: String,
}

impl OpenAiStt {
    pub(super) fn new(transport: Arc<Transport>, model: String) -> Self {
        OpenAiStt { transport, model }
    }

    fn form(&self, wav: &Bytes, language: &str) -> Form {
        let media = HeaderMap::from_iter([(CONTENT_TYPE, HeaderValue::from_static("audio/wav"))]);
        let file = Part::stream_with_length(Body::from(wav.clone()), wav.len() as u64);
        let file = file.file_name("utterance.wav").headers(media);
        let form = Form::new().part("file", file).text("model", self.model.clone()).text("response_format", "json");
        let form = if self.streams() { form.text("stream", "true") } else { form };
        // The protocol takes ISO 639-1: "en", not "en-US".
        match language.split(['-', '_']).next().filter(|l| !l.is_empty()) {
            Some(language) => form.text("language", language.to_lowercase()),
            None => form,
        }
    }

    /// Other servers refuse what they don't know, so only names of OpenAI's own are asked to stream.
    fn streams(&self) -> bool {
        self.model.starts_with("gpt-") && self.model.contains("-transcribe")
    }
}

#[async_trait]
impl Stt for OpenAiStt {
    /// Says nothing was said, without asking, where the audio is shorter than 0.1 s. There is no confidence.
    async fn transcribe(&self, request: TranscribeRequest) -> Result<Transcript, ModelError> {
        if request.audio.len() < SHORTEST {
            return Ok(Transcript::default());
        }
        let wav = wav(&request.audio, &self.transport.endpoint().name)?;
        let mut answer =
            self.transport.post("audio/transcriptions", &|r| r.multipart(self.form(&wav, &request.language))).await?;
        let text = match answer.content_type().starts_with("text/event-stream") {
            true => streamed(&mut answer).await?,
            false => {
                let body = answer.read_all(ANSWER_MAX).await?;
                let Transcription { text } = serde_json::from_slice(&body)
                    .map_err(|_| answer.failures().malformed("the answer is not JSON with a `text`"))?;
                text
            }
        };
        Ok(Transcript { text: text.trim().to_string(), confidence: None })
    }
}

async fn streamed(answer: &mut Answer) -> Result<String, ModelError> {
    let mut reader = TranscriptReader::new();
    loop {
        let step = match answer.next().await? {
            Some(bytes) => reader.push(&bytes),
            None => reader.end(),
        };
        step.map_err(|fault| answer.failures().fault(fault))?;
        if let Some(text) = reader.take() {
            answer.finish().await;
            return Ok(text);
        }
    }
}
