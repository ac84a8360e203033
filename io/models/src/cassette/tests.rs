use super::*;
use crate::{
    ChatStream, Llm, ModelError, ModelErrorKind, SpeechRequest, SpeechStream, SpokenAudio, Stt, TranscribeRequest,
    Transcript, Tts, WordTime,
};
use async_trait::async_trait;
use duologue_chat::{ChatDelta, ChatRequest, Finish, Item, Role, ToolCall, Usage};
use futures::{FutureExt, StreamExt, TryStreamExt, stream};
use proptest::prelude::*;
use serde_json::json;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::time::{Instant, advance};

/// Counts its answers aloud, each a while after the request.
#[derive(Default)]
struct Counting(AtomicU32);

#[async_trait]
impl Llm for Counting {
    async fn chat(&self, request: ChatRequest) -> Result<ChatStream, ModelError> {
        if request.hint.is_some() {
            return Err(busy());
        }
        let n = self.0.fetch_add(1, Ordering::Relaxed);
        let call = ToolCall { id: "c".into(), name: "end_call".into(), arguments: json!({"n": n}) };
        let usage = Some(Usage { prompt_tokens: 1, cached_tokens: 2, completion_tokens: n });
        let done = ChatDelta::Done { finish: Finish::Stop, usage };
        Ok(paced(vec![ChatDelta::Text(format!("Answer {n}")), ChatDelta::ToolCall(call), done]))
    }
}

#[async_trait]
impl Tts for Counting {
    async fn speak(&self, _: SpeechRequest) -> Result<SpeechStream, ModelError> {
        let word = WordTime { word: "Hi".into(), start: Duration::ZERO, end: Duration::from_millis(90) };
        let audio = |samples: Vec<i16>, words| SpokenAudio { rate: 24_000, samples, words };
        Ok(paced(vec![audio(vec![1, -2, i16::MIN], vec![word]), audio(vec![i16::MAX], vec![])]))
    }
}

#[async_trait]
impl Stt for Counting {
    async fn transcribe(&self, r: TranscribeRequest) -> Result<Transcript, ModelError> {
        Ok(Transcript { text: format!("{} samples", r.audio.len()), confidence: Some(0.5) })
    }
}

fn busy() -> ModelError {
    let kind = ModelErrorKind::RateLimited { retry_after: Some(Duration::from_millis(1500)) };
    ModelError { provider: "x".into(), kind, message: "busy".into(), help: "wait".into(), given_up: false }
}

fn paced<T: Send + 'static>(pieces: Vec<T>) -> stream::BoxStream<'static, Result<T, ModelError>> {
    let paced = stream::iter(pieces).then(|piece| async {
        advance(Duration::from_millis(100)).await;
        Ok(piece)
    });
    paced.boxed()
}

fn request(said: &str, hint: Option<&str>) -> ChatRequest {
    ChatRequest {
        instructions: "You are Joe.".into(),
        speaker: "Joe".into(),
        listener: "Anna".into(),
        items: vec![Item::Message { role: Role::User, text: said.into(), interrupted: false }],
        tools: [].into(),
        hint: hint.map(|h| duologue_chat::Hint(h.into())),
        temperature: None,
        seed: 1,
        max_tokens: 60,
    }
}

fn speech(text: &str) -> SpeechRequest {
    SpeechRequest { text: text.into(), voice: "nova".into(), speed: 1.1 }
}

fn sound(samples: usize) -> TranscribeRequest {
    TranscribeRequest { audio: vec![7; samples].into(), language: "en".into() }
}

fn models() -> Models {
    let stages = [(Stage::Stt, "x/ears"), (Stage::Llm, "x/brain"), (Stage::Tts, "x/mouth")];
    [("support".to_string(), stages.map(|(stage, model)| (stage, model.to_string())).into())].into()
}

async fn all(llm: &dyn Llm, request: ChatRequest) -> Result<Vec<ChatDelta>, ModelError> {
    llm.chat(request).await?.try_collect().await
}

/// Records one of everything; returns the file.
async fn record(path: &Path) -> Vec<ChatDelta> {
    let recorder = Recorder::create(path, models()).expect("a new file");
    let inner = Arc::new(Counting::default());
    let (llm, tts, stt) = (
        recorder.llm("support", inner.clone()),
        recorder.tts("support", inner.clone()),
        recorder.stt("support", inner.clone()),
    );
    let first = all(llm.as_ref(), request("Hello?", None)).await.expect("answers");
    all(llm.as_ref(), request("Hello?", None)).await.expect("answers again");
    assert_eq!(all(llm.as_ref(), request("Hello?", Some("greet"))).await, Err(busy()));
    // Somebody who stops listening after a word, and somebody who stops waiting for one.
    llm.chat(request("Never mind", None)).await.expect("begins").next().await;
    drop(llm.chat(request("Nobody waits", None)).await);
    tts.speak(speech("Hi")).await.expect("speaks").try_collect::<Vec<_>>().await.expect("to the end");
    stt.transcribe(sound(16_000)).await.expect("hears");
    stt.transcribe(sound(32_000)).await.expect("hears");
    recorder.finish().expect("written");
    first
}

#[tokio::test(start_paused = true)]
async fn what_was_recorded_is_played_with_its_timings() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("call.jsonl");
    let first = record(&path).await;
    let cassette = Cassette::open(&path).expect("a cassette");
    assert_eq!((cassette.exchanges().len(), cassette.is_torn(), cassette.models()), (8, false, &models()));

    let replay = Replay::new(cassette, true).lane("support");
    let began = Instant::now();
    assert_eq!(all(&replay, request("Hello?", None)).await.expect("answers"), first);
    assert_eq!(began.elapsed(), Duration::from_millis(300));
    // What repeats takes the answers in order, then the last one again.
    for n in [1, 1] {
        let again = all(&replay, request("Hello?", None)).await.expect("answers");
        assert_eq!(again[0], ChatDelta::Text(format!("Answer {n}")));
    }
    assert_eq!(all(&replay, request("Hello?", Some("greet"))).await, Err(busy()));
    let spoken: Vec<SpokenAudio> =
        replay.speak(speech("Hi")).await.expect("speaks").try_collect().await.expect("whole");
    assert_eq!(spoken[0].samples, [1, -2, i16::MIN]);
    assert_eq!((spoken[0].words[0].end, spoken[1].samples[0]), (Duration::from_millis(90), i16::MAX));
    assert_eq!(replay.transcribe(sound(16_000)).await.expect("hears").text, "16000 samples");
}

#[tokio::test(start_paused = true)]
async fn without_timings_nothing_is_waited_for() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("call.jsonl");
    record(&path).await;
    let replay = Replay::new(Cassette::open(&path).expect("a cassette"), false).lane("support");
    assert_eq!(all(&replay, request("Hello?", None)).now_or_never().expect("at once").expect("answers").len(), 3);
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_was_cut_off_stays_open_a_while() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("call.jsonl");
    record(&path).await;
    let replay = Replay::new(Cassette::open(&path).expect("a cassette"), true).lane("support");
    let mut stream = replay.chat(request("Never mind", None)).await.expect("begins");
    assert_eq!(stream.next().await.expect("a word").expect("good"), ChatDelta::Text("Answer 2".into()));
    assert!(stream.next().now_or_never().is_none());
    assert_eq!(stream.next().await.expect("in the end").expect_err("an error").kind, ModelErrorKind::TimedOut);
}

#[tokio::test(start_paused = true)]
async fn a_request_that_is_not_there_is_named_with_the_nearest() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("call.jsonl");
    record(&path).await;
    let mut player = Player::new(Cassette::open(&path).expect("a cassette"));
    let told = player.chat("support", &request("Hello!", None)).expect_err("not there").to_string();
    let expected = "this request of support (language model) is not on the cassette; the nearest is line 2, which differs in items[0].text (from character 6 on)";
    assert_eq!(told, format!("{}: {expected}", path.display()));
    assert!(!told.contains("Hello"), "words stay out of errors: {told}");
    let told = player.chat("customer", &request("Hello?", None)).expect_err("not there").to_string();
    assert!(told.ends_with("is not on the cassette, and none like it"), "{told}");
    let error = ModelError::from(player.speak("support", &speech("Ho")).expect_err("not there"));
    assert!(!error.kind.is_transient() && error.message.contains("text (from character 2 on)"), "{error}");

    // Seed, sampling and limits do not count; the answer is plain data.
    let asked = ChatRequest { seed: 9, temperature: Some(0.1), max_tokens: 5, ..request("Hello?", None) };
    let answer = player.chat("support", &asked).expect("there");
    assert_eq!(answer.pieces[0], (Duration::from_millis(100), ChatDelta::Text("Answer 0".into())));
    // Live sound is never the same twice: the next one of about that length is taken, each once.
    let heard = |player: &mut Player, n| player.transcribe("support", &sound(n)).map(|r| r.pieces[0].1.text.clone());
    assert_eq!(heard(&mut player, 30_000).expect("alike"), "32000 samples");
    assert_eq!(heard(&mut player, 16_100).expect("alike"), "16000 samples");
    assert!(heard(&mut player, 16_100).is_err());
}

#[tokio::test(start_paused = true)]
async fn a_torn_last_line_is_survived_and_a_broken_one_named() {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("call.jsonl");
    record(&path).await;
    assert!(matches!(Recorder::create(&path, models()), Err(CassetteError::Exists(_))));
    let bytes = std::fs::read(&path).expect("written");
    let whole = Cassette::parse(&path, &bytes).expect("a cassette");
    for cut in 1..200 {
        let torn = Cassette::parse(&path, &bytes[..bytes.len() - cut]).expect("survived");
        assert_eq!((torn.exchanges().len(), torn.is_torn()), if cut == 1 { (8, false) } else { (7, true) });
        assert_eq!(torn.exchanges()[..7], whole.exchanges()[..7]);
    }
    let text = String::from_utf8(bytes).expect("text").replacen("\"pieces\"", "\"peaces\"", 2);
    let told = Cassette::parse(&path, text.as_bytes()).expect_err("broken").to_string();
    assert!(told.contains("line 2: an exchange of another shape") && !told.contains("Hello"), "{told}");
    for (head, expected) in [("", "is no cassette"), ("{}", "is no cassette"), ("{\"cassette\": 2}", "has version 2")] {
        let told = Cassette::parse(&path, head.as_bytes()).expect_err("refused").to_string();
        assert!(told.contains(expected), "{told}");
    }
}

#[test]
fn the_hash_does_not_depend_on_the_order_of_keys() {
    let a: serde_json::Value = serde_json::from_str(r#"{"a": [1, {"x": 1, "y": "2"}], "b": null}"#).expect("JSON");
    let b: serde_json::Value = serde_json::from_str(r#"{"b": null, "a": [1, {"y": "2", "x": 1}]}"#).expect("JSON");
    assert_eq!(asked::hash(&a), asked::hash(&b));
    assert_ne!(asked::hash(&json!(["ab"])), asked::hash(&json!(["a", "b"])));
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(tail in prop::collection::vec(any::<u8>(), 0..200)) {
        let bytes = [b"{\"cassette\":1}\n", &tail[..]].concat();
        drop(Cassette::parse(Path::new("x"), &tail));
        if let Ok(cassette) = Cassette::parse(Path::new("x"), &bytes) {
            drop(Player::new(cassette));
        }
    }
}
