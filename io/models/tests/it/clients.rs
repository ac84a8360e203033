//! Clients of the speech providers that talk to a double, and what comes of a call.

use crate::double::{KEY, patient};
use duologue_ids::Redacted;
use duologue_models::deepgram::{Deepgram, DeepgramConfig};
use duologue_models::elevenlabs::{ElevenLabs, ElevenLabsConfig};
use duologue_models::minimax::{MiniMax, MiniMaxConfig};
use duologue_models::{ModelError, SpeechRequest, Stt, Timeouts, TranscribeRequest, Tts, WordTime};
use futures::StreamExt;
use std::time::Duration;

/// A second of something.
pub(crate) fn utterance() -> TranscribeRequest {
    let audio: Vec<i16> = (0..16_000).map(|i| (i % 100) as i16).collect();
    TranscribeRequest { audio: audio.into(), language: "en-US".into() }
}

pub(crate) fn bytes(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|s| s.to_le_bytes()).collect()
}

/// Patient, but not with an answer that stops.
pub(crate) fn impatient() -> Timeouts {
    Timeouts { stall: Duration::from_millis(50), ..patient() }
}

macro_rules! client {
    ($name:ident, $client:ident, $config:ident) => {
        pub(crate) fn $name(base_url: String, timeouts: Timeouts) -> $client {
            let api_key = Some(Redacted::new(KEY.to_string()));
            let backoff = Duration::from_millis(1);
            $client::new($config { base_url, api_key, timeouts, backoff, ..$config::default() })
                .expect("a good configuration")
        }
    };
}
client!(deepgram, Deepgram, DeepgramConfig);
client!(elevenlabs, ElevenLabs, ElevenLabsConfig);
client!(minimax, MiniMax, MiniMaxConfig);

/// What was spoken.
#[derive(Debug, Default)]
pub(crate) struct Speech {
    pub(crate) rate: u32,
    pub(crate) samples: Vec<i16>,
    pub(crate) words: Vec<WordTime>,
    pub(crate) trouble: Option<ModelError>,
}

pub(crate) async fn spoken(tts: &dyn Tts, voice: &str, speed: f32) -> Speech {
    let request = SpeechRequest { text: "Good morning.".into(), voice: voice.into(), speed };
    let mut speech = Speech::default();
    let mut stream = match tts.speak(request).await {
        Ok(stream) => stream,
        Err(error) => return Speech { trouble: Some(error), ..speech },
    };
    while let Some(chunk) = stream.next().await {
        match chunk {
            Ok(chunk) => {
                speech.rate = chunk.rate;
                speech.samples.extend(chunk.samples);
                speech.words.extend(chunk.words);
            }
            Err(error) => {
                speech.trouble = Some(error);
                assert!(stream.next().await.is_none(), "an error is the end");
                break;
            }
        }
    }
    speech
}

/// The call of each kind that the three providers have, which must fail.
pub(crate) const CALLS: [&str; 5] = ["deepgram stt", "deepgram tts", "elevenlabs tts", "elevenlabs stt", "minimax tts"];

pub(crate) async fn failing(call: &str, base: String, timeouts: Timeouts) -> ModelError {
    let stt: Box<dyn Stt> = match call {
        "deepgram stt" => Box::new(deepgram(base.clone(), timeouts).stt("nova-3")),
        _ => Box::new(elevenlabs(base.clone(), timeouts).stt("scribe_v2")),
    };
    let tts: Box<dyn Tts> = match call {
        "deepgram tts" => Box::new(deepgram(base, timeouts).tts("aura-2")),
        "elevenlabs tts" => Box::new(elevenlabs(base, timeouts).tts("eleven_flash_v2_5")),
        _ => Box::new(minimax(base, timeouts).tts("speech-2.6-turbo")),
    };
    match call.ends_with("stt") {
        true => stt.transcribe(utterance()).await.expect_err(call),
        false => spoken(tts.as_ref(), "thalia", 1.0).await.trouble.expect(call),
    }
}
