//! The supervision of an engine, against a process that crashes, hangs and talks nonsense on command.
//!
//! Where a test waits for a time-out, it pauses tokio's clock, which then jumps to the time-out.

use duologue_engine::child::{Answer, Engine, EngineError, EngineSpec, RestartLimit};
use duologue_engine::protocol::{Event, Op};
use duologue_models::ModelErrorKind;
use futures::StreamExt;
use std::path::PathBuf;
use std::time::Duration;
use tokio::time;

fn spec(arguments: &[&str]) -> EngineSpec {
    let mut spec = EngineSpec::new("the fake engine", PathBuf::from(env!("CARGO_BIN_EXE_fake-engine")));
    spec.arguments = arguments.iter().map(Into::into).collect();
    spec
}

fn say(prompt: &str) -> Op {
    let prompt = prompt.to_owned();
    Op::Generate { session: 0, prompt, max_tokens: 9, temperature: 0.0, seed: 0, stop: Vec::new() }
}

/// The whole text of an answer, or why there is none.
async fn hear(engine: &Engine, prompt: &str) -> Result<String, EngineError> {
    let mut answers = engine.ask(say(prompt), &[]).await?;
    let mut text = String::new();
    while let Some(answer) = answers.next().await {
        if let Event::Text { text: piece } = answer?.event {
            text.push_str(&piece);
        }
    }
    Ok(text)
}

#[tokio::test]
async fn answers_come_back_to_whoever_asked() {
    let engine = Engine::start(spec(&[])).await.unwrap();
    assert_eq!(
        (engine.voices(), engine.load_time()),
        (&["alto".to_owned(), "bass".to_owned()][..], Duration::from_millis(7))
    );
    let (one, two) = futures::join!(hear(&engine, "one by one"), hear(&engine, "two"));
    assert_eq!((one.unwrap(), two.unwrap()), ("one by one".to_owned(), "two".to_owned()));
    let sound: Vec<u8> = (0..200_000).map(|i| i as u8).collect();
    let mut heard = engine.ask(Op::Transcribe { language: "en".into() }, &sound).await.unwrap();
    let back = heard.next().await.unwrap().unwrap();
    assert_eq!(back, Answer { event: Event::Audio { rate: 16_000 }, payload: sound });
    assert_eq!(heard.next().await.unwrap().unwrap().event, Event::done());
    assert!(heard.next().await.is_none());
    let speak = Op::Speak { text: "hello".into(), voice: "alto".into(), speed: 1.0 };
    let refused = engine.ask(speak, &[]).await.unwrap().next().await.unwrap().unwrap_err();
    assert_eq!((refused.kind(), refused.to_string().as_str()), (ModelErrorKind::Rejected, "it has lost its voice"));
}

#[tokio::test]
async fn a_crash_fails_what_was_asked_with_the_last_words_and_the_next_request_works() {
    let engine = Engine::start(spec(&[])).await.unwrap();
    let (crash, behind) = futures::join!(hear(&engine, "crash"), hear(&engine, "wait for me"));
    let crash = crash.unwrap_err();
    assert_eq!(crash.kind(), ModelErrorKind::Crashed);
    assert!(crash.to_string().contains("assertion failed: the moon is made of cheese"), "{crash}");
    assert!(crash.to_string().contains("exit status: 3"), "{crash}");
    assert_eq!(behind.unwrap_err(), crash);
    assert_eq!(hear(&engine, "here again").await.unwrap(), "here again");
}

#[tokio::test]
async fn a_child_that_hangs_is_stopped_and_replaced() {
    let engine = Engine::start(spec(&[])).await.unwrap();
    time::pause();
    let hung = hear(&engine, "hang").await.unwrap_err();
    time::resume();
    assert_eq!(hung.kind(), ModelErrorKind::TimedOut);
    assert!(hung.to_string().contains("no sign of life for 20 s"), "{hung}");
    assert_eq!(hear(&engine, "fresh").await.unwrap(), "fresh");
}

#[tokio::test]
async fn garbage_is_named_as_such_and_the_child_replaced() {
    let engine = Engine::start(spec(&[])).await.unwrap();
    let garbled = hear(&engine, "garbage").await.unwrap_err();
    assert_eq!(garbled.kind(), ModelErrorKind::Malformed);
    assert_eq!(hear(&engine, "sense").await.unwrap(), "sense");
}

#[tokio::test]
async fn a_dropped_stream_cancels_its_request_and_one_that_ended_does_not() {
    let engine = Engine::start(spec(&[])).await.unwrap();
    hear(&engine, "whole").await.unwrap();
    let mut answers = engine.ask(say("begin and wait"), &[]).await.unwrap();
    answers.next().await.unwrap().unwrap();
    assert_eq!(hear(&engine, "what was cancelled").await.unwrap(), "[]");
    drop(answers);
    // Cancellations go before requests that come later.
    assert_eq!(hear(&engine, "what was cancelled").await.unwrap(), "[2]");
}

#[tokio::test]
async fn a_stream_that_nobody_reads_ends_and_does_not_hold_up_others() {
    let engine = Engine::start(spec(&[])).await.unwrap();
    let flood = engine.ask(say("flood"), &[]).await.unwrap();
    assert_eq!(hear(&engine, "still here").await.unwrap(), "still here");
    let last = flood.collect::<Vec<_>>().await.pop().unwrap();
    assert!(matches!(last, Err(EngineError::Unread { .. })), "{last:?}");
}

#[tokio::test]
async fn an_engine_that_fails_again_and_again_rests_and_says_why() {
    let limit = RestartLimit { failures: 2, within: Duration::from_secs(60) };
    let engine = Engine::start(EngineSpec { restarts: limit, ..spec(&[]) }).await.unwrap();
    for _ in 0..2 {
        assert_eq!(hear(&engine, "crash").await.unwrap_err().kind(), ModelErrorKind::Crashed);
    }
    let resting = hear(&engine, "anyone?").await.unwrap_err();
    assert_eq!(resting.kind(), ModelErrorKind::Configuration);
    assert!(resting.to_string().contains("the moon is made of cheese"), "{resting}");
    time::pause();
    time::advance(limit.within + Duration::from_secs(1)).await;
    time::resume();
    assert_eq!(hear(&engine, "rested").await.unwrap(), "rested");
}

#[tokio::test]
async fn an_engine_that_does_not_start_says_why() {
    let missing = EngineSpec::new("the fake engine", PathBuf::from("/nowhere/engine"));
    let missing = Engine::start(missing).await.unwrap_err();
    assert!(missing.kind() == ModelErrorKind::Configuration && missing.to_string().contains("/nowhere/engine"));
    let refused = Engine::start(spec(&["--refuse"])).await.unwrap_err();
    assert_eq!(refused.kind(), ModelErrorKind::Configuration);
    assert_eq!(refused.to_string(), "the fake engine cannot work: the model is made of cheese");
    let died = Engine::start(spec(&["--die"])).await.unwrap_err();
    assert!(died.kind() == ModelErrorKind::Crashed && died.to_string().contains("no memory left"), "{died}");
    time::pause();
    let mute = Engine::start(spec(&["--mute"])).await.unwrap_err();
    assert!(mute.kind() == ModelErrorKind::TimedOut && mute.to_string().contains("not ready after 60 s"), "{mute}");
}

#[tokio::test]
async fn shutdown_lets_the_child_end_in_order_and_ends_streams() {
    let folder = tempfile::tempdir().unwrap();
    let farewell = folder.path().join("farewell");
    let engine = Engine::start(spec(&["--farewell", farewell.to_str().unwrap()])).await.unwrap();
    let mut waiting = engine.ask(say("begin and wait"), &[]).await.unwrap();
    waiting.next().await.unwrap().unwrap();
    engine.shutdown().await;
    assert_eq!(std::fs::read_to_string(farewell).unwrap(), "orderly");
    assert!(matches!(waiting.next().await, Some(Err(EngineError::ShutDown { .. }))));
    assert!(matches!(hear(&engine, "anyone?").await, Err(EngineError::ShutDown { .. })));
}

#[tokio::test]
async fn shutdown_does_not_wait_for_a_stubborn_child() {
    let engine = Engine::start(spec(&["--stubborn"])).await.unwrap();
    time::pause();
    engine.shutdown().await;
    assert!(matches!(hear(&engine, "anyone?").await, Err(EngineError::ShutDown { .. })));
}
