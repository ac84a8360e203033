use crate::clients::{bytes, minimax, spoken};
use crate::double::{Double, KEY, event, events, patient};
use axum::response::IntoResponse;
use duologue_models::ModelErrorKind as Kind;
use serde_json::{Value, json};

fn hex(samples: &[u8]) -> String {
    samples.iter().map(|b| format!("{b:02x}")).collect()
}

fn piece(data: Value) -> Vec<u8> {
    event(json!({"data": data, "trace_id": "7", "base_resp": {"status_code": 0, "status_msg": ""}}))
}

#[tokio::test]
async fn speech_is_put_together_from_odd_pieces_and_heard_once() {
    let samples: Vec<i16> = (0..500).map(|i| i * 61 - 15_000).collect();
    let sound = bytes(&samples);
    let mut pieces: Vec<Vec<u8>> = sound.chunks(33).map(|p| piece(json!({"audio": hex(p), "status": 1}))).collect();
    pieces.push(piece(json!({"audio": hex(&sound), "status": 2})));
    // It is not waited for what comes behind the last one.
    let double = Double::start(move |_, _| events(pieces.clone(), true)).await;
    let tts = minimax(format!("{}?GroupId=42", double.base_url()), patient()).tts("speech_2_6_turbo");
    let speech = spoken(&tts, "English_captivating_female1", 1.0).await;
    assert_eq!((speech.rate, speech.samples), (24_000, samples));
    assert!(speech.trouble.is_none(), "{:?}", speech.trouble);
    let seen = &double.seen()[0];
    assert_eq!(seen.path, "/v1/t2a_v2?GroupId=42");
    assert_eq!(seen.headers["authorization"], format!("Bearer {KEY}"));
    assert_eq!(
        seen.json(),
        json!({
            "model": "speech-2.6-turbo",
            "text": "Good morning.",
            "stream": true,
            "stream_options": {"exclude_aggregated_audio": true},
            "voice_setting": {"voice_id": "English_captivating_female1", "speed": 1.0},
            "audio_setting": {"sample_rate": 24_000, "format": "pcm", "channel": 1},
        })
    );
}

#[tokio::test]
async fn trouble_that_comes_with_status_200_is_trouble() {
    for (code, kind) in [
        (1000, Kind::Unavailable),
        (1002, Kind::RateLimited { retry_after: None }),
        (1004, Kind::Unauthorized),
        (1008, Kind::Rejected),
        (1026, Kind::Rejected),
        (2013, Kind::Rejected),
    ] {
        let said = json!({"base_resp": {"status_code": code, "status_msg": format!("no, {KEY}")}});
        for streams in [false, true] {
            let said = said.clone();
            let double = Double::start(move |_, _| match streams {
                true => events(vec![event(said.clone())], false),
                false => ([("content-type", "application/json")], said.to_string()).into_response(),
            })
            .await;
            let error =
                spoken(&minimax(double.base_url(), patient()).tts("m"), "v", 1.0).await.trouble.expect("trouble");
            assert_eq!(error.kind, kind, "{code} {error}");
            assert!(!error.to_string().contains(KEY), "{error}");
            match code {
                1004 => assert!(error.to_string().contains("MINIMAX_API_KEY"), "{error}"),
                1008 => assert!(error.help.contains("billing"), "{error}"),
                1026 => assert!(error.message.contains("filter"), "{error}"),
                _ => assert!(error.message.contains(&format!("no, [redacted] (code {code})")), "{error}"),
            }
        }
    }
}

#[tokio::test]
async fn what_was_spoken_before_the_stream_ended_is_kept() {
    let double = Double::start(|_, _| events(vec![piece(json!({"audio": "01000200", "status": 1}))], false)).await;
    let speech = spoken(&minimax(double.base_url(), patient()).tts("m"), "v", 1.0).await;
    assert_eq!(speech.samples, [1, 2]);
    assert_eq!(speech.trouble.map(|e| e.kind), Some(Kind::Unavailable));
}
