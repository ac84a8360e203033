//! Servers that never stop: what they say is passed on as it comes, and given up before it fills the memory.

use crate::clients::{bytes, deepgram, elevenlabs, minimax, spoken};
use crate::double::{Double, event, patient, request, streamed, text};
use crate::genai::{anthropic, gemini, listen};
use axum::response::Response;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use duologue_chat::ChatDelta;
use duologue_models::{Llm, ModelErrorKind, Tts};
use futures::stream;
use serde_json::json;

/// 0.5 s.
static PIECE: [i16; 12_000] = [7; 12_000];

async fn for_ever(media: &'static str, first: Vec<u8>, piece: Vec<u8>) -> Double {
    Double::start(move |_, _| -> Response {
        let piece = piece.clone();
        let pieces = stream::repeat_with(move || Ok(piece.clone()));
        streamed(media, futures::StreamExt::chain(stream::iter([Ok(first.clone())]), pieces))
    })
    .await
}

async fn is_given_up(name: &str, voice: &dyn Tts) {
    let speech = spoken(voice, "someone", 1.0).await;
    let heard = speech.samples.len() / 24_000;
    assert!((30..60).contains(&heard), "{name}: {heard} s");
    let trouble = speech.trouble.expect("it does not end by itself");
    assert!(trouble.kind == ModelErrorKind::Endless && !trouble.is_transient(), "{trouble}");
    assert!(trouble.message.contains("the answer does not end: more than 35 s of sound"), "{trouble}");
}

#[tokio::test]
async fn a_voice_that_never_ends_is_heard_and_given_up() {
    let sound = bytes(&PIECE);
    let double = for_ever("audio/pcm", vec![], sound.clone()).await;
    is_given_up("openai", &double.client().tts("tts-1")).await;
    is_given_up("deepgram", &deepgram(double.base_url(), patient()).tts("aura-2")).await;
    let line = format!("{}\n", json!({ "audio_base64": STANDARD.encode(&sound) }));
    let double = for_ever("application/json", vec![], line.into_bytes()).await;
    is_given_up("elevenlabs", &elevenlabs(double.base_url(), patient()).tts("eleven_flash_v2_5")).await;
    let hex: String = sound.iter().map(|b| format!("{b:02x}")).collect();
    let double = for_ever("text/event-stream", vec![], event(json!({ "data": { "audio": hex, "status": 1 } }))).await;
    is_given_up("minimax", &minimax(double.base_url(), patient()).tts("speech_2_6_turbo")).await;
}

#[tokio::test]
async fn an_answer_without_sound_that_never_ends_is_given_up() {
    let double = for_ever("application/json", vec![], vec![b'\n'; 64 << 10]).await;
    let speech = spoken(&elevenlabs(double.base_url(), patient()).tts("eleven_flash_v2_5"), "someone", 1.0).await;
    assert_eq!(speech.trouble.map(|t| t.kind), Some(ModelErrorKind::Endless));
}

#[tokio::test]
async fn a_reply_far_beyond_its_limit_is_given_up() {
    let words = "I do not know. ".repeat(20);
    let openai = for_ever("text/event-stream", vec![], text(&words)).await;
    let begin = [
        json!({"type": "message_start", "message": {"id": "m", "type": "message", "role": "assistant", "content": [],
            "model": "x", "usage": {"input_tokens": 2, "output_tokens": 1}}}),
        json!({"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}),
    ];
    let named =
        |value: &serde_json::Value| format!("event: {}\ndata: {value}\n\n", value["type"].as_str().expect("named"));
    let more =
        named(&json!({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": words}}));
    let begin = begin.iter().map(named).collect::<String>().into_bytes();
    let claude = for_ever("text/event-stream", begin, more.into_bytes()).await;
    let content = json!({"parts": [{"text": words}], "role": "model"});
    let google =
        for_ever("text/event-stream", vec![], event(json!({"candidates": [{"content": content, "index": 0}]}))).await;
    let models: [(&str, Box<dyn Llm>); 3] = [
        ("openai", Box::new(openai.client().llm("m"))),
        ("anthropic", Box::new(anthropic(&claude, patient()))),
        ("gemini", Box::new(gemini(&google, patient()))),
    ];
    for (name, model) in models {
        let (deltas, trouble) = listen(model.as_ref(), request()).await;
        let said: usize = deltas.iter().map(|d| if let ChatDelta::Text(text) = d { text.len() } else { 0 }).sum();
        assert!((1_000..8_000).contains(&said), "{name}: {said} bytes");
        let trouble = trouble.expect("it does not end by itself");
        assert!(trouble.kind == ModelErrorKind::Endless && !trouble.is_transient(), "{trouble}");
    }
}

#[tokio::test]
async fn an_answer_of_nothing_but_signs_of_life_is_given_up() {
    let double =
        for_ever("text/event-stream", text("Well"), vec![b':'; 1 << 16].into_iter().chain(*b"\n\n").collect()).await;
    let (_, trouble) = listen(&double.client().llm("m"), request()).await;
    assert_eq!(trouble.map(|t| t.kind), Some(ModelErrorKind::Endless));
}
