//! ElevenLabs' recognition while the speech goes on.

use crate::clients::{bytes, elevenlabs, utterance};
use crate::double::{Double, KEY, patient, status};
use crate::line::{End, Line};
use crate::listen::{Opened, samples, say, trouble, words};
use axum::response::IntoResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use duologue_models::{Heard, ModelErrorKind, Sound, Stt, Timeouts};
use futures::StreamExt;
use futures::channel::mpsc::unbounded;
use serde_json::json;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

async fn open(base_url: String, timeouts: Timeouts) -> Opened {
    let stt = elevenlabs(base_url, timeouts).stt("scribe_v2_realtime");
    let (send, sound) = unbounded();
    let heard = stt.streaming().expect("it streams").listen("en-US".into(), sound.boxed()).await?;
    Ok((send, heard))
}

impl End {
    async fn started(&mut self) {
        let config = json!({"sample_rate": 16_000, "audio_format": "pcm_16000", "language_code": "en"});
        self.say(json!({"message_type": "session_started", "session_id": "7", "config": config}).to_string()).await;
    }

    async fn partial(&mut self, words: &str) {
        self.say(json!({"message_type": "partial_transcript", "text": words}).to_string()).await;
    }

    async fn committed(&mut self, words: &str) {
        self.say(json!({"message_type": "committed_transcript", "text": words}).to_string()).await;
    }

    async fn error(&mut self, kind: &str, what: &str) {
        self.say(json!({"message_type": kind, "error": what}).to_string()).await;
    }

    /// Takes sound until a commit comes, and says how long its pieces were in bytes; `None` once the client is gone.
    async fn commit(&mut self) -> Option<Vec<usize>> {
        let mut pieces = Vec::new();
        loop {
            let message = self.message().await?;
            assert_eq!(
                (&message["message_type"], &message["sample_rate"]),
                (&json!("input_audio_chunk"), &json!(16_000))
            );
            let sound = STANDARD.decode(message["audio_base_64"].as_str().expect("sound")).expect("base64");
            self.sound.extend_from_slice(&sound);
            match message["commit"].as_bool().expect("a choice") {
                true => {
                    assert!(sound.is_empty());
                    return Some(pieces);
                }
                false => pieces.push(sound.len()),
            }
        }
    }
}

#[tokio::test]
async fn words_come_while_it_is_spoken_and_at_once_when_they_are_asked_for() {
    let got = Arc::new(Mutex::new(Vec::new()));
    let kept = got.clone();
    let line = Line::start(move |mut end: End| {
        let kept = kept.clone();
        async move {
            end.started().await;
            end.partial("my").await;
            end.commit().await.expect("a question");
            end.committed("My order").await;
            end.partial("My order").await;
            end.commit().await.expect("another");
            kept.lock().expect("unpoisoned").push(end.sound.clone());
            end.committed("is late.").await;
            assert_eq!(end.commit().await, None, "the client goes");
        }
    })
    .await;
    let (sound, mut heard) = open(line.base_url(), patient()).await.expect("opens");
    assert_eq!(heard.next().await.expect("words").expect("well"), Heard::Interim("my".into()));
    say(&sound, [samples(8_000), samples(800), Sound::Finalize]);
    assert_eq!(words(heard.next().await), "My order");
    say(&sound, [samples(8_000), Sound::Finalize]);
    assert_eq!(words(heard.next().await), "My order is late.");
    say(&sound, [Sound::Finalize]);
    assert_eq!(words(heard.next().await), "My order is late.", "nothing new was said");
    drop(sound);
    assert!(heard.next().await.is_none());
    let (path, key) = line.opened.lock().expect("unpoisoned")[0].clone();
    assert_eq!(key, KEY);
    assert_eq!(
        path,
        "/v1/speech-to-text/realtime?model_id=scribe_v2_realtime&audio_format=pcm_16000&commit_strategy=manual\
         &language_code=en"
    );
    assert_eq!(got.lock().expect("unpoisoned")[..], [bytes(&[7; 16_800])]);
}

#[tokio::test]
async fn one_commit_answers_all_who_ask_for_the_same_sound_and_short_sound_is_filled_up() {
    let line = Line::start(|mut end: End| async move {
        end.started().await;
        assert_eq!(end.commit().await, Some(vec![3_200, 8_000]));
        assert_eq!(end.sound, [bytes(&[7; 1_600]), vec![0; 8_000]].concat());
        end.committed("Yes.").await;
        assert_eq!(end.commit().await, None, "one commit is enough");
    })
    .await;
    let (sound, heard) = open(line.base_url(), patient()).await.expect("opens");
    say(&sound, [samples(1_600), Sound::Finalize, Sound::Finalize]);
    drop(sound);
    let finals: Vec<_> = heard.map(|heard| words(Some(heard))).collect().await;
    assert_eq!(finals, ["Yes.", "Yes."]);
}

#[tokio::test]
async fn long_speech_goes_in_pieces_and_is_committed_before_the_server_does_it() {
    let line = Line::start(|mut end: End| async move {
        end.started().await;
        assert_eq!(end.commit().await, Some(vec![32_000; 25]));
        assert_eq!(end.commit().await, Some(vec![32_000, 16_000]));
        end.committed("A long story,").await;
        end.committed("and its end.").await;
        end.wait().await;
    })
    .await;
    let (sound, mut heard) = open(line.base_url(), patient()).await.expect("opens");
    say(&sound, [samples(26 * 16_000 + 8_000), Sound::Finalize]);
    drop(sound);
    assert_eq!(heard.next().await.expect("words").expect("well"), Heard::Interim("A long story,".into()));
    assert_eq!(words(heard.next().await), "A long story, and its end.");
    assert!(heard.next().await.is_none());
}

#[tokio::test]
async fn a_server_that_takes_the_sound_and_never_answers_is_given_up_and_one_request_asks_again() {
    let line = Line::start(|mut end: End| async move {
        end.started().await;
        end.wait().await;
    })
    .await;
    let (sound, heard) = open(line.base_url(), patient()).await.expect("opens");
    tokio::time::pause();
    say(&sound, [samples(16_000), Sound::Finalize]);
    let (before, error) = trouble(heard).await;
    assert_eq!((before, error.kind), (vec![], ModelErrorKind::TimedOut), "{error}");
    assert!(error.message.contains("no final words within 2s"), "{error}");
    tokio::time::resume();

    let double = Double::start(|_, _| json!({"text": "My order is late."}).to_string().into_response()).await;
    let stt = elevenlabs(double.base_url(), patient()).stt("scribe_v2_realtime");
    assert_eq!(stt.transcribe(utterance()).await.expect("recognised").text, "My order is late.");
    let form: String = double.seen()[0].body.iter().map(|&b| char::from(b)).collect();
    assert!(form.contains("name=\"model_id\"\r\n\r\nscribe_v2\r\n"), "the model for whole utterances");
}

#[tokio::test]
async fn a_session_that_does_not_begin_is_given_up() {
    let line = Line::start(|mut end: End| async move { end.wait().await }).await;
    let timeouts = Timeouts { first_byte: Duration::from_millis(200), ..patient() };
    let error = open(line.base_url(), timeouts).await.err().expect("no session");
    assert_eq!(error.kind, ModelErrorKind::TimedOut, "{error}");
}

#[tokio::test]
async fn a_connection_that_the_server_closes_says_why() {
    for (code, reason, kind) in [
        (1008, "invalid model", ModelErrorKind::Rejected),
        (1011, "internal", ModelErrorKind::Unavailable),
        (1000, "", ModelErrorKind::Unavailable),
    ] {
        let line = Line::start(move |mut end: End| async move {
            end.started().await;
            end.partial("My").await;
            end.close(code, reason).await;
            end.wait().await;
        })
        .await;
        let (_sound, heard) = open(line.base_url(), patient()).await.expect("opens");
        let (before, error) = trouble(heard).await;
        assert_eq!((before, error.kind), (vec![Heard::Interim("My".into())], kind), "{error}");
        assert!(error.message.contains(&format!("code {code}")) && error.message.contains(reason), "{error}");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_is_unavailable() {
    let line = Line::start(|mut end: End| async move {
        end.started().await;
        end.partial("My").await;
    })
    .await;
    let (_sound, heard) = open(line.base_url(), patient()).await.expect("opens");
    let (_, error) = trouble(heard).await;
    assert_eq!(error.kind, ModelErrorKind::Unavailable, "{error}");
}

#[tokio::test]
async fn what_is_none_of_the_protocol_is_malformed() {
    for garbage in [
        Message::Text("<html>It works!</html>".into()),
        Message::Text("{\"message_type\":\"partial_transcript\",".into()),
        Message::Text("{\"message_type\":\"committed_transcript\"}".into()),
        Message::Binary(vec![1, 2, 3].into()),
        Message::Text("x".repeat((1 << 20) + 1).into()),
    ] {
        let line = Line::start(move |mut end: End| {
            let garbage = garbage.clone();
            async move {
                end.started().await;
                end.send(garbage).await;
                end.wait().await;
            }
        })
        .await;
        let (_sound, heard) = open(line.base_url(), patient()).await.expect("opens");
        let (_, error) = trouble(heard).await;
        assert_eq!(error.kind, ModelErrorKind::Malformed, "{error}");
        assert!(error.help.contains("ElevenLabs"), "{error}");
    }
}

#[tokio::test]
async fn an_error_that_is_told_is_told_on() {
    let line = Line::start(|mut end: End| async move {
        end.started().await;
        end.error("quota_exceeded", &format!("nothing left for {KEY}")).await;
        end.close(1000, "quota_exceeded").await;
        end.wait().await;
    })
    .await;
    let (_sound, heard) = open(line.base_url(), patient()).await.expect("opens");
    let (_, error) = trouble(heard).await;
    assert_eq!(error.kind, ModelErrorKind::Rejected, "{error}");
    assert!(error.message.contains("nothing left for [redacted]") && error.help.contains("billing"), "{error}");
}

#[tokio::test]
async fn a_key_that_is_refused_names_the_variable_also_on_a_connection_that_stands() {
    let line = Line::start(|mut end: End| async move {
        end.error("auth_error", &format!("no, {KEY}")).await;
        end.close(1000, "").await;
        end.wait().await;
    })
    .await;
    let error = open(line.base_url(), patient()).await.err().expect("refused");
    assert_eq!(error.kind, ModelErrorKind::Unauthorized, "{error}");
    assert!(error.to_string().contains("ELEVENLABS_API_KEY") && !error.to_string().contains(KEY), "{error}");
}

#[tokio::test]
async fn a_connection_that_is_refused_says_why() {
    for (code, kind) in [
        (400, ModelErrorKind::Rejected),
        (401, ModelErrorKind::Unauthorized),
        (403, ModelErrorKind::Unauthorized),
        (429, ModelErrorKind::RateLimited { retry_after: None }),
        (503, ModelErrorKind::Unavailable),
    ] {
        let said = json!({"detail": {"status": "x", "message": format!("no, {KEY}")}});
        let double = Double::start(move |_, _| status(code, said.clone())).await;
        let error = open(double.base_url(), patient()).await.err().expect("refused");
        assert_eq!((error.kind, double.seen().len()), (kind, 1), "{error}");
        let says = if code == 401 { "ELEVENLABS_API_KEY" } else { "no, [redacted]" };
        assert!(error.to_string().contains(says) && !error.to_string().contains(KEY), "{error}");
    }
}

#[tokio::test]
async fn a_recognition_that_nobody_listens_to_closes_its_connection() {
    let (gone, told) = futures::channel::oneshot::channel::<()>();
    let gone = Arc::new(Mutex::new(Some(gone)));
    let line = Line::start(move |mut end: End| {
        let gone = gone.clone();
        async move {
            end.started().await;
            end.wait().await;
            drop(gone.lock().expect("unpoisoned").take());
        }
    })
    .await;
    let (sound, heard) = open(line.base_url(), patient()).await.expect("opens");
    drop((sound, heard));
    assert!(told.await.is_err(), "the server notices");
}

#[test]
fn a_model_that_takes_whole_utterances_only_does_not_stream() {
    let client = elevenlabs("http://127.0.0.1:9/v1".into(), patient());
    assert!(client.stt("scribe_v2").streaming().is_none());
    assert!(client.stt("scribe_v2_realtime_turbo").streaming().is_some());
}
