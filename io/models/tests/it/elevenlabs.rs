use crate::clients::{bytes, elevenlabs, spoken, utterance};
use crate::double::{Double, KEY, patient, status, streamed};
use axum::response::IntoResponse;
use base64::Engine;
use duologue_models::{ModelErrorKind, Stt};
use futures::stream;
use serde_json::json;
use std::time::Duration;

fn line(samples: &[i16], letters: &str, from: f64) -> String {
    let starts: Vec<f64> = (0..letters.len()).map(|i| from + 0.1 * i as f64).collect();
    let line = json!({
        "audio_base64": base64::engine::general_purpose::STANDARD.encode(bytes(samples)),
        "alignment": {
            "characters": letters.chars().map(String::from).collect::<Vec<_>>(),
            "character_start_times_seconds": starts,
            "character_end_times_seconds": starts.iter().map(|s| s + 0.1).collect::<Vec<_>>(),
        },
    });
    format!("{line}\n")
}

#[tokio::test]
async fn speech_comes_with_the_times_of_its_words() {
    let whole = [line(&[1, -2], "Good mor", 0.0), line(&[3], "ning.", 0.8)].concat().into_bytes();
    let double = Double::start(move |_, _| {
        let pieces: Vec<_> = whole.chunks(11).map(|p| Ok(p.to_vec())).collect();
        streamed("application/json", stream::iter(pieces))
    })
    .await;
    let tts = elevenlabs(double.base_url(), patient()).tts("eleven_flash_v2_5");
    let speech = spoken(&tts, "JBFqnCBsd6RMkjVDRZzb", 9.0).await;
    assert_eq!((speech.rate, &speech.samples[..]), (24_000, &[1, -2, 3][..]));
    assert!(speech.trouble.is_none());
    let words: Vec<_> = speech.words.iter().map(|w| (w.word.as_str(), w.start)).collect();
    assert_eq!(words, [("Good", Duration::ZERO), ("morning.", Duration::from_millis(500))]);
    let seen = &double.seen()[0];
    let path = "/v1/text-to-speech/JBFqnCBsd6RMkjVDRZzb/stream/with-timestamps?output_format=pcm_24000";
    assert_eq!(seen.path, path);
    assert_eq!(seen.headers["xi-api-key"], KEY);
    assert!(!seen.headers.contains_key("authorization"));
    let settings = json!({"speed": 1.2});
    assert_eq!(
        seen.json(),
        json!({"text": "Good morning.", "model_id": "eleven_flash_v2_5", "voice_settings": settings})
    );
}

#[tokio::test]
async fn trouble_in_the_middle_keeps_what_was_spoken() {
    let error = json!({"detail": {"status": "system_busy", "message": "try later"}});
    let whole = format!("{}{error}\n", line(&[1, 2], "Good", 0.0));
    let double = Double::start(move |_, _| whole.clone().into_response()).await;
    let speech = spoken(&elevenlabs(double.base_url(), patient()).tts("m"), "v", 1.0).await;
    assert_eq!(speech.samples, [1, 2]);
    let error = speech.trouble.expect("trouble");
    assert!(error.kind == ModelErrorKind::Unavailable && error.message.contains("try later"), "{error}");
}

#[tokio::test]
async fn a_voice_that_is_no_id_never_becomes_part_of_an_address() {
    let double = Double::start(|_, _| status(500, json!({}))).await;
    for voice in ["", "../user", "a b", "x?y=z"] {
        let speech = spoken(&elevenlabs(double.base_url(), patient()).tts("m"), voice, 1.0).await;
        assert_eq!(speech.trouble.map(|e| e.kind), Some(ModelErrorKind::Configuration), "{voice}");
    }
    assert!(double.seen().is_empty());
}

#[tokio::test]
async fn an_utterance_is_sent_as_samples() {
    let answer = json!({"language_code": "eng", "text": " My order is late.", "words": []});
    let double = Double::start(move |_, _| answer.to_string().into_response()).await;
    let stt = elevenlabs(double.base_url(), patient()).stt("scribe_v2");
    assert_eq!(stt.transcribe(utterance()).await.expect("recognised").text, "My order is late.");
    let seen = &double.seen()[0];
    assert_eq!(seen.path, "/v1/speech-to-text");
    let form: String = seen.body.iter().map(|&b| char::from(b)).collect();
    for (name, value) in [("model_id", "scribe_v2"), ("file_format", "pcm_s16le_16"), ("language_code", "en")] {
        assert!(form.contains(&format!("name=\"{name}\"\r\n\r\n{value}\r\n")), "{name}");
    }
    assert!(seen.body.windows(32_000).any(|w| w == bytes(&utterance().audio)));
}
