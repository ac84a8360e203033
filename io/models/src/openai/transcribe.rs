use super::transport::Transport;
use super::wire::Transcription;
use crate::{ModelError, ModelErrorKind, Stt, TranscribeRequest, Transcript};
use async_trait::async_trait;
use bytes::Bytes;
use reqwest::Body;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::multipart::{Form, Part};
use std::io::Cursor;
use std::sync::Arc;

/// Sample rate of an utterance in Hz.
const RATE: u32 = 16_000;
/// OpenAI refuses less than 0.1 s, in which nobody says a word.
const SHORTEST: usize = RATE as usize / 10;
/// Longest answer, in bytes.
const ANSWER_MAX: usize = 1 << 20;

/// A transcription model behind `POST audio/transcriptions`, one utterance a request.
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
        // The protocol takes ISO 639-1: "en", not "en-US".
        match language.split(['-', '_']).next().filter(|l| !l.is_empty()) {
            Some(language) => form.text("language", language.to_lowercase()),
            None => form,
        }
    }
}

#[async_trait]
impl Stt for OpenAiStt {
    /// Says nothing was said, without asking, where the audio is shorter than 0.1 s. There is no confidence.
    async fn transcribe(&self, request: TranscribeRequest) -> Result<Transcript, ModelError> {
        if request.audio.len() < SHORTEST {
            return Ok(Transcript::default());
        }
        let wav = Bytes::from(wav(&request.audio).map_err(|e| self.unsendable(&e))?);
        let mut answer =
            self.transport.post("audio/transcriptions", &|r| r.multipart(self.form(&wav, &request.language))).await?;
        let body = answer.read_all(ANSWER_MAX).await?;
        let Transcription { text } = serde_json::from_slice(&body)
            .map_err(|_| answer.failures().malformed("the answer is not JSON with a `text`"))?;
        Ok(Transcript { text: text.trim().to_string(), confidence: None })
    }
}

impl OpenAiStt {
    fn unsendable(&self, error: &hound::Error) -> ModelError {
        ModelError {
            provider: self.transport.endpoint().name.clone(),
            kind: ModelErrorKind::Rejected,
            message: format!("the utterance does not fit into a WAV file: {error}"),
            help: "transcribe shorter pieces".into(),
        }
    }
}

/// A WAV file of 16 kHz mono, 16 bit.
fn wav(samples: &[i16]) -> Result<Vec<u8>, hound::Error> {
    let spec =
        hound::WavSpec { channels: 1, sample_rate: RATE, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut file = Cursor::new(Vec::with_capacity(44 + 2 * samples.len()));
    let mut writer = hound::WavWriter::new(&mut file, spec)?;
    for &sample in samples {
        writer.write_sample(sample)?;
    }
    writer.finalize()?;
    Ok(file.into_inner())
}
