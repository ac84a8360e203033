use crate::clients::{bytes, deepgram, spoken, utterance};
use crate::double::{Double, KEY, patient, streamed};
use axum::response::IntoResponse;
use duologue_models::{Stt, Transcript};
use futures::stream;
use serde_json::json;

#[tokio::test]
async fn a_whole_utterance_is_one_request() {
    let answer = json!({"metadata": {"request_id": "7"}, "results": {"channels": [
        {"alternatives": [{"transcript": " My order is late. ", "confidence": 0.98, "words": []}]}
    ]}});
    let double = Double::start(move |_, _| answer.to_string().into_response()).await;
    let stt = deepgram(double.base_url(), patient()).stt("nova-3");
    let heard = stt.transcribe(utterance()).await.expect("recognised");
    assert_eq!(heard, Transcript { text: "My order is late.".into(), confidence: Some(0.98) });
    let seen = &double.seen()[0];
    assert_eq!(seen.path, "/v1/listen?model=nova-3&language=en-US&punctuate=true");
    assert_eq!(seen.headers["authorization"], format!("Token {KEY}"));
    assert_eq!((seen.headers["content-type"].as_bytes(), seen.body.len()), (&b"audio/wav"[..], 44 + 32_000));
    assert!(seen.body.starts_with(b"RIFF"));
}

#[tokio::test]
async fn silence_and_answers_without_words_are_no_words() {
    for answer in
        [r#"{"results":{"channels":[]}}"#, r#"{"results":{"channels":[{"alternatives":[{"transcript":""}]}]}}"#]
    {
        let double = Double::start(move |_, _| answer.into_response()).await;
        let stt = deepgram(double.base_url(), patient()).stt("nova-3");
        assert_eq!(stt.transcribe(utterance()).await.expect("no trouble").text, "");
    }
    let double = Double::start(|_, _| "".into_response()).await;
    let stt = deepgram(double.base_url(), patient()).stt("nova-3");
    let short = duologue_models::TranscribeRequest { audio: vec![0; 1599].into(), language: "en".into() };
    assert_eq!((stt.transcribe(short).await.expect("not asked").text.as_str(), double.seen().len()), ("", 0));
}

#[tokio::test]
async fn a_voice_is_streamed_whatever_the_pieces() {
    let samples: Vec<i16> = (0..1000).map(|i| i * 31 - 15_000).collect();
    let sent = bytes(&samples);
    let double = Double::start(move |n, _| {
        let media = if n == 0 { "audio/l16" } else { "audio/l16;rate=16000" };
        let pieces: Vec<_> = sent.chunks(7).map(|p| Ok(p.to_vec())).collect();
        streamed(media, stream::iter(pieces))
    })
    .await;
    let tts = deepgram(double.base_url(), patient()).tts("aura-2");
    let speech = spoken(&tts, "thalia", 1.0).await;
    assert_eq!((speech.rate, &speech.samples), (24_000, &samples));
    assert!(speech.trouble.is_none());
    assert_eq!(spoken(&tts, "aura-2-zeus-en", 1.0).await.rate, 16_000, "the server's word counts");
    let seen = double.seen();
    let path = |model: &str| format!("/v1/speak?model={model}&encoding=linear16&sample_rate=24000&container=none");
    assert_eq!((&seen[0].path, &seen[1].path), (&path("aura-2-thalia-en"), &path("aura-2-zeus-en")));
    assert_eq!(seen[0].json(), json!({"text": "Good morning."}));
}
