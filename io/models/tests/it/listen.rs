//! Recognition while the speech goes on.

use crate::clients::{bytes, deepgram};
use crate::double::{Double, KEY, patient, status};
use crate::line::{End, Line};
use axum::response::IntoResponse;
use duologue_models::{Heard, HeardStream, ModelError, ModelErrorKind, Sound, Stt};
use futures::StreamExt;
use futures::channel::mpsc::{UnboundedSender, unbounded};
use serde_json::json;
use std::sync::{Arc, Mutex};
use tokio_tungstenite::tungstenite::Message;

pub(crate) type Opened = Result<(UnboundedSender<Sound>, HeardStream), ModelError>;

async fn open(base_url: String) -> Opened {
    let stt = deepgram(base_url, patient()).stt("nova-3");
    let (send, sound) = unbounded();
    let heard = stt.streaming().expect("it streams").listen("en-US".into(), sound.boxed()).await?;
    Ok((send, heard))
}

pub(crate) fn say(to: &UnboundedSender<Sound>, sounds: impl IntoIterator<Item = Sound>) {
    sounds.into_iter().for_each(|sound| to.unbounded_send(sound).expect("taken"));
}

pub(crate) fn samples(n: usize) -> Sound {
    Sound::Samples(vec![7; n])
}

/// What was heard before the trouble, and the trouble.
pub(crate) async fn trouble(mut heard: HeardStream) -> (Vec<Heard>, ModelError) {
    let mut before = Vec::new();
    loop {
        match heard.next().await.expect("it ends with trouble") {
            Ok(words) => before.push(words),
            Err(error) => {
                assert!(heard.next().await.is_none(), "an error is the end");
                return (before, error);
            }
        }
    }
}

pub(crate) fn words(heard: Option<Result<Heard, ModelError>>) -> String {
    match heard.expect("more").expect("well") {
        Heard::Final(words) => words.text,
        other => panic!("{other:?} is not final"),
    }
}

#[tokio::test]
async fn words_come_while_it_is_spoken_and_at_once_when_they_are_asked_for() {
    let got = Arc::new(Mutex::new((Vec::new(), Vec::new())));
    let kept = got.clone();
    let line = Line::start(move |mut end: End| {
        let kept = kept.clone();
        async move {
            end.results("my", false, false).await;
            let mut controls = vec![end.control().await];
            end.results("My order", true, true).await;
            controls.push(end.control().await);
            end.results("is late.", true, true).await;
            controls.push(end.control().await);
            *kept.lock().expect("unpoisoned") = (end.sound.clone(), controls);
        }
    })
    .await;
    let (sound, mut heard) = open(line.base_url()).await.expect("opens");
    assert_eq!(heard.next().await.expect("words").expect("well"), Heard::Interim("my".into()));
    say(&sound, [samples(1600), samples(800), Sound::Finalize]);
    assert_eq!(words(heard.next().await), "My order");
    say(&sound, [samples(1600), Sound::Finalize]);
    assert_eq!(words(heard.next().await), "My order is late.");
    drop(sound);
    assert!(heard.next().await.is_none());
    let (path, key) = line.opened.lock().expect("unpoisoned")[0].clone();
    assert_eq!(key, format!("Token {KEY}"));
    assert_eq!(
        path,
        "/v1/listen?model=nova-3&language=en-US&encoding=linear16&sample_rate=16000&channels=1&punctuate=true\
         &interim_results=true&endpointing=false"
    );
    while got.lock().expect("unpoisoned").1.is_empty() {
        tokio::task::yield_now().await;
    }
    let (sound, controls) = got.lock().expect("unpoisoned").clone();
    assert_eq!(sound, bytes(&[7; 4000]));
    let controls: Vec<_> = controls.iter().map(|c| c.as_deref()).collect();
    assert_eq!(controls, [Some("Finalize"), Some("Finalize"), Some("CloseStream")]);
}

#[tokio::test]
async fn a_question_that_is_not_answered_is_asked_by_closing() {
    let line = Line::start(|mut end: End| async move {
        assert_eq!(end.control().await.as_deref(), Some("Finalize"));
        end.results("My order", false, false).await;
        assert_eq!(end.control().await.as_deref(), Some("CloseStream"));
        end.say(json!({"type": "Metadata", "request_id": "7", "duration": 0.1}).to_string()).await;
        end.wait().await;
    })
    .await;
    let (sound, mut heard) = open(line.base_url()).await.expect("opens");
    tokio::time::pause();
    say(&sound, [samples(1600), Sound::Finalize]);
    assert_eq!(heard.next().await.expect("words").expect("well"), Heard::Interim("My order".into()));
    assert_eq!(words(heard.next().await), "My order");
    assert!(heard.next().await.is_none());
}

#[tokio::test]
async fn a_server_that_takes_the_sound_and_never_answers_is_given_up() {
    let line = Line::start(|mut end: End| async move { end.wait().await }).await;
    let (sound, heard) = open(line.base_url()).await.expect("opens");
    tokio::time::pause();
    say(&sound, [samples(1600), Sound::Finalize]);
    let (before, error) = trouble(heard).await;
    assert_eq!((before, error.kind), (vec![], ModelErrorKind::TimedOut), "{error}");
    assert!(error.message.contains("no final words within 2.8s"), "{error}");
}

#[tokio::test]
async fn a_silent_line_is_kept_alive() {
    let line = Line::start(|mut end: End| async move {
        for _ in 0..3 {
            assert_eq!(end.control().await.as_deref(), Some("KeepAlive"));
        }
        end.results("Still here.", true, false).await;
        end.wait().await;
    })
    .await;
    let (_sound, mut heard) = open(line.base_url()).await.expect("opens");
    tokio::time::pause();
    assert_eq!(heard.next().await.expect("words").expect("well"), Heard::Interim("Still here.".into()));
}

#[tokio::test]
async fn a_connection_that_the_server_closes_says_why() {
    for (code, reason, kind) in [
        (1008, "DATA-0000", ModelErrorKind::Rejected),
        (1011, "NET-0001", ModelErrorKind::Unavailable),
        (1011, "NET-0000", ModelErrorKind::Unavailable),
        (1000, "", ModelErrorKind::Unavailable),
    ] {
        let line = Line::start(move |mut end: End| async move {
            end.results("My", false, false).await;
            end.close(code, reason).await;
            end.wait().await;
        })
        .await;
        let (_sound, heard) = open(line.base_url()).await.expect("opens");
        let (before, error) = trouble(heard).await;
        assert_eq!((before, error.kind), (vec![Heard::Interim("My".into())], kind), "{error}");
        assert!(error.message.contains(&format!("code {code}")) && error.message.contains(reason), "{error}");
    }
}

#[tokio::test]
async fn a_connection_that_breaks_is_unavailable() {
    let line = Line::start(|mut end: End| async move { end.results("My", false, false).await }).await;
    let (_sound, heard) = open(line.base_url()).await.expect("opens");
    let (_, error) = trouble(heard).await;
    assert_eq!(error.kind, ModelErrorKind::Unavailable, "{error}");
}

#[tokio::test]
async fn what_is_none_of_the_protocol_is_malformed() {
    for garbage in [
        Message::Text("<html>It works!</html>".into()),
        Message::Text("{\"type\":\"Results\",".into()),
        Message::Text("{\"type\":\"Results\",\"channel\":[]}".into()),
        Message::Binary(vec![1, 2, 3].into()),
        Message::Text("x".repeat((1 << 20) + 1).into()),
    ] {
        let line = Line::start(move |mut end: End| {
            let garbage = garbage.clone();
            async move {
                end.send(garbage).await;
                end.wait().await;
            }
        })
        .await;
        let (_sound, heard) = open(line.base_url()).await.expect("opens");
        let (_, error) = trouble(heard).await;
        assert_eq!(error.kind, ModelErrorKind::Malformed, "{error}");
        assert!(error.help.contains("Deepgram"), "{error}");
    }
}

#[tokio::test]
async fn an_error_that_is_told_is_told_on() {
    let line = Line::start(|mut end: End| async move {
        let said = json!({"type": "Error", "description": format!("no model for {KEY}"), "variant": "x"});
        end.say(said.to_string()).await;
        end.wait().await;
    })
    .await;
    let (_sound, heard) = open(line.base_url()).await.expect("opens");
    let (_, error) = trouble(heard).await;
    assert!(error.message.contains("no model for [redacted]"), "{error}");
}

#[tokio::test]
async fn a_connection_that_is_refused_says_why() {
    for (code, kind) in [
        (400, ModelErrorKind::Rejected),
        (401, ModelErrorKind::Unauthorized),
        (402, ModelErrorKind::Rejected),
        (403, ModelErrorKind::Unauthorized),
        (429, ModelErrorKind::RateLimited { retry_after: None }),
        (503, ModelErrorKind::Unavailable),
    ] {
        let double =
            Double::start(move |_, _| status(code, json!({"err_code": "X", "err_msg": format!("no, {KEY}")}))).await;
        let error = open(double.base_url()).await.err().expect("refused");
        assert_eq!((error.kind, double.seen().len()), (kind, 1), "{error}");
        assert!(!error.to_string().contains(KEY), "{error}");
        let says = if code == 401 { "DEEPGRAM_API_KEY" } else { "no, [redacted]" };
        assert!(error.to_string().contains(says), "{error}");
    }
    let page = Double::start(|_, _| "<html>It works!</html>".into_response()).await;
    let error = open(page.base_url()).await.err().expect("no WebSocket");
    assert!(error.kind == ModelErrorKind::Malformed && error.message.contains("WebSocket"), "{error}");
}

#[tokio::test]
async fn a_recognition_that_nobody_listens_to_closes_its_connection() {
    let (gone, told) = futures::channel::oneshot::channel::<()>();
    let gone = Arc::new(Mutex::new(Some(gone)));
    let line = Line::start(move |mut end: End| {
        let gone = gone.clone();
        async move {
            end.wait().await;
            drop(gone.lock().expect("unpoisoned").take());
        }
    })
    .await;
    let (sound, heard) = open(line.base_url()).await.expect("opens");
    drop((sound, heard));
    assert!(told.await.is_err(), "the server notices");
}

#[test]
fn a_model_that_takes_whole_utterances_only_does_not_stream() {
    let client = deepgram("http://127.0.0.1:9/v1".into(), patient());
    assert!(client.stt("whisper-large").streaming().is_none());
}
