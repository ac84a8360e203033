use crate::double::{Double, event, events, status};
use axum::response::IntoResponse;
use duologue_models::{ModelErrorKind, Stt, TranscribeRequest, Transcript};
use serde_json::json;

fn request(samples: usize, language: &str) -> TranscribeRequest {
    let audio: Vec<i16> = (0..samples).map(|i| (i % 100) as i16).collect();
    TranscribeRequest { audio: audio.into(), language: language.into() }
}

fn transcript(text: &str) -> Transcript {
    Transcript { text: text.into(), confidence: None }
}

#[tokio::test]
async fn an_utterance_is_sent_as_a_wav_file_and_again_where_that_may_help() {
    let double = Double::start(|n, _| match n {
        0 => status(500, json!({})),
        _ => json!({"text": " My order is late.\n", "logprobs": [{"token": "My"}], "usage": {}})
            .to_string()
            .into_response(),
    })
    .await;
    let heard = double.client().stt("whisper-1").transcribe(request(16_000, "en-US")).await.expect("recognised");
    assert_eq!(heard, transcript("My order is late."));

    let seen = double.seen();
    assert_eq!(seen.len(), 2);
    for one in seen {
        assert_eq!(one.path, "/v1/audio/transcriptions");
        let kind = one.headers["content-type"].to_str().expect("text");
        let boundary = kind.strip_prefix("multipart/form-data; boundary=").expect("a form").to_string();
        let text: String = one.body.iter().map(|&b| char::from(b)).collect();
        let parts: Vec<&str> = text.split(&format!("--{boundary}")).collect();
        let part = |name: &str| {
            let part = parts.iter().find(|p| p.contains(&format!("name=\"{name}\""))).expect(name);
            part.split_once("\r\n\r\n").expect("a body")
        };
        assert_eq!(part("model").1, "whisper-1\r\n");
        assert_eq!(part("response_format").1, "json\r\n");
        assert_eq!(part("language").1, "en\r\n");
        let (head, file) = part("file");
        assert!(
            head.contains("filename=\"utterance.wav\"") && head.to_lowercase().contains("content-type: audio/wav"),
            "{head}"
        );
        assert!(file.starts_with("RIFF") && &file[8..12] == "WAVE");
        assert_eq!(file.chars().count(), 44 + 2 * 16_000 + "\r\n".len());
    }
}

#[tokio::test]
async fn less_than_a_tenth_of_a_second_holds_no_word() {
    let double = Double::start(|_, _| status(400, json!({}))).await;
    let heard = double.client().stt("whisper-1").transcribe(request(1599, "en")).await.expect("no trouble");
    assert_eq!((heard, double.seen().len()), (transcript(""), 0));
}

#[tokio::test]
async fn an_answer_without_text_is_malformed() {
    for body in ["", "{}", "[]", "<html>", r#"{"text": 7}"#, "plain words"] {
        let double = Double::start(move |_, _| format!("{body} ").into_response()).await;
        let error = double.client().stt("whisper-1").transcribe(request(2000, "")).await.expect_err(body);
        assert_eq!(error.kind, ModelErrorKind::Malformed, "{error}");
    }
}

#[tokio::test]
async fn models_that_stream_are_asked_to_and_their_last_event_counts() {
    let delta = event(json!({"type": "transcript.text.delta", "delta": "My"}));
    let done = event(json!({"type": "transcript.text.done", "text": " My order is late. ", "usage": {}}));
    let whole = [delta, done].concat();
    let double = Double::start(move |_, _| events(whole.chunks(5).map(<[u8]>::to_vec).collect(), true)).await;
    let heard = double.client().stt("gpt-4o-mini-transcribe").transcribe(request(16_000, "en")).await;
    assert_eq!(heard.expect("recognised"), transcript("My order is late."));
    let form: String = double.seen()[0].body.iter().map(|&b| char::from(b)).collect();
    assert!(form.contains("name=\"stream\"\r\n\r\ntrue\r\n"));

    let double = Double::start(|_, _| json!({"text": "Hello."}).to_string().into_response()).await;
    let heard = double.client().stt("gpt-4o-transcribe").transcribe(request(16_000, "en")).await;
    assert_eq!(heard.expect("a server that does not stream is understood"), transcript("Hello."));
    let _ = double.client().stt("whisper-1").transcribe(request(16_000, "en")).await;
    let form: String = double.seen()[1].body.iter().map(|&b| char::from(b)).collect();
    assert!(!form.contains("name=\"stream\""));
}

#[tokio::test]
async fn a_streamed_transcription_that_goes_wrong_says_how() {
    let delta = || event(json!({"type": "transcript.text.delta", "delta": "My"}));
    let busy = event(json!({"error": {"message": "busy", "type": "server_error"}}));
    for (pieces, kind) in [
        (vec![delta()], ModelErrorKind::Unavailable),
        (vec![delta(), busy], ModelErrorKind::Unavailable),
        (vec![b"data: <html>\n\n".to_vec()], ModelErrorKind::Malformed),
        (vec![event(json!({"type": "transcript.text.done"}))], ModelErrorKind::Malformed),
        (vec![b": nothing\n\n".to_vec()], ModelErrorKind::Malformed),
    ] {
        let double = Double::start(move |_, _| events(pieces.clone(), false)).await;
        let error = double.client().stt("gpt-4o-transcribe").transcribe(request(16_000, "en")).await;
        assert_eq!(error.expect_err("trouble").kind, kind);
    }
}
