//! A conversation over loopback: support is a realtime model (a double of its protocol), the customer a cascade that
//! takes a pause for the end of a turn and cuts in.

#[allow(dead_code, reason = "the misbehaviour is for the tests of the client")]
#[path = "../../../models/tests/it/realtime/double.rs"]
mod double;

use async_trait::async_trait;
use double::{Double, Plan, Reply};
use duologue_conversation::scenario::{self, Side};
use duologue_conversation::{
    CascadeModels, ConversationConfig, Models, Providers, ScriptedTts, Transcript, converse, names,
};
use duologue_ids::{Redacted, Seed};
use duologue_media::{Codec, Resampler};
use duologue_models::openai::{OpenAi, OpenAiConfig};
use duologue_models::scripted::{Dialogue, ScriptedLlm, Speaker};
use duologue_models::{ModelError, Stt, TranscribeRequest, Transcript as Words};
use duologue_sim::{BABBLE_RATE, babble};
use serde_json::Value;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

/// Hears that something was said: the words of a babble don't survive the protocol's other rate.
struct Something;

#[async_trait]
impl Stt for Something {
    async fn transcribe(&self, request: TranscribeRequest) -> Result<Words, ModelError> {
        let loud = request.audio.iter().any(|s| s.unsigned_abs() > 1_000);
        Ok(Words { text: if loud { "Something was said.".into() } else { String::new() }, confidence: None })
    }
}

/// Words as the double speaks them, at 24 kHz.
fn spoken(words: &str) -> Vec<i16> {
    let mut out = Vec::new();
    let mut resampler = Resampler::new(BABBLE_RATE, 24_000);
    resampler.push(&babble(words, 120.0, 1.0), &mut out);
    resampler.finish(&mut out);
    out
}

const STORY: &str = "Let me see what I can find there is quite a lot of it and none of this was ever heard";

/// The first words, a pause that is taken for the end, and the rest.
fn with_a_pause() -> Vec<i16> {
    let mut sound = spoken("Let me see what I can find");
    sound.extend(vec![0; 24_000 * 8 / 5]);
    sound.extend(spoken("there is quite a lot of it and none of this was ever heard"));
    sound
}

fn providers(double: &Double) -> [Providers; 2] {
    let key = Some(Redacted::new("sk-test".to_string()));
    let server = OpenAi::new(OpenAiConfig { api_key: key, ..OpenAiConfig::new(double.base_url()) }).expect("valid");
    let lines = "- {speaker: customer, say: Hello Joe my internet is down}\n\
                 - {speaker: customer, say: Wait please listen to me for a moment before you go on}\n\
                 - {speaker: customer, say: Thank you}";
    let dialogue: Dialogue = lines.parse().expect("a dialogue");
    let customer = CascadeModels {
        stt: Arc::new(Something),
        llm: Arc::new(ScriptedLlm::new(Arc::new(dialogue), Speaker::Customer)),
        tts: Arc::new(ScriptedTts { pitch: 205.0 }),
    };
    [Models::Realtime(Arc::new(server.realtime("gpt-realtime"))), Models::Cascade(customer)].map(|models| Providers {
        models,
        voice: "marin".into(),
        speed: 1.0,
        language: "en".into(),
    })
}

async fn hold(double: &Double, folder: &std::path::Path, seconds: u64) -> duologue_conversation::Summary {
    let config = ConversationConfig {
        id: "c-realtime".into(),
        cast: Arc::new(scenario::load("internet-outage", &Default::default()).expect("it comes with the product")),
        providers: providers(double),
        models: Default::default(),
        prices: Default::default(),
        temperature: None,
        seed: Seed(1),
        duration: Some(Duration::from_secs(seconds)),
        folder: folder.to_path_buf(),
        codec: Codec::L16 { rate: BABBLE_RATE },
        started_at: "2026-01-01T00:00:00Z".into(),
        listen_back: false,
    };
    converse(config, Arc::new(AtomicBool::new(false)), |_| {}).await.expect("it is held")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_barge_in_is_truncated_to_what_was_heard_on_both_sides() {
    let double = Double::start(Plan {
        replies: vec![
            Reply::Speech("Hello, this is Joe.", spoken("Hello, this is Joe.")),
            Reply::Speech(STORY, with_a_pause()),
            Reply::Speech("Yes, I listen.", spoken("Yes, I listen.")),
        ],
        transcripts: vec!["Hello Joe, my internet is down.", "Wait, please listen to me."],
        ..Plan::default()
    })
    .await;
    let folder = tempfile::tempdir().expect("a folder");
    let summary = hold(&double, folder.path(), 13).await;
    assert_eq!(summary.error, None);
    // Nobody holds the line any more.
    while !double.log().gone {
        tokio::task::yield_now().await;
    }
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).expect("it is kept");
    let events: Vec<Value> =
        read(names::EVENTS).lines().map(|l| serde_json::from_str(l).expect("an event a line")).collect();
    let of_support =
        |kind: &str| events.iter().filter(|e| e["side"] == "support" && e["event"] == kind).collect::<Vec<_>>();
    let interrupted = of_support("interrupted");
    assert_eq!(interrupted.len(), 1, "{interrupted:?}");
    let (turn, cut_at) = (&interrupted[0]["turn"], interrupted[0]["t"].as_f64().expect("a time"));
    // Figures are collected as the first frame is played.
    let metrics = of_support("metrics_collected");
    let began = metrics.iter().find(|e| e["turn"] == *turn).and_then(|e| e["t"].as_f64()).expect("it was heard");
    {
        let log = double.log();
        assert!(log.faults.is_empty(), "{:?}", log.faults);
        let cuts = log.of("conversation.item.truncate");
        assert_eq!((cuts.len(), &cuts[0]["item_id"]), (1, &Value::from("item_a2")));
        let told_ms = cuts[0]["audio_end_ms"].as_f64().expect("a number");
        assert!((told_ms - (cut_at - began) * 1e3).abs() <= 20.0, "{told_ms} of {} s", cut_at - began);
        let heard_s = log.heard_ms as f64 / 1e3;
        assert!((heard_s - summary.duration_s).abs() < 0.5, "it hears {heard_s} s of {} s", summary.duration_s);
    }
    let transcript: Transcript = serde_json::from_str(&read(names::TRANSCRIPT)).expect("a transcript");
    let support: Vec<_> = transcript.utterances.iter().filter(|u| u.speaker == Side::Support).collect();
    assert_eq!(support.iter().map(|u| u.interrupted).collect::<Vec<_>>(), [false, true, false]);
    assert!(STORY.starts_with(&support[1].text) && support[1].text.len() < STORY.len() / 2 + 20, "{}", support[1].text);
    assert!(!read(names::TRANSCRIPT).contains("ever heard"));
    let customer = transcript.utterances.iter().filter(|u| u.speaker == Side::Customer);
    let heard: Vec<_> = customer.filter_map(|u| u.heard.as_deref()).collect();
    assert_eq!(heard[..2], ["Hello Joe, my internet is down.", "Wait, please listen to me."]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_can_not_be_reached_is_named_in_the_summary() {
    let double = Double::start(Plan { refuse: Some((401, "{}")), ..Plan::default() }).await;
    let folder = tempfile::tempdir().expect("a folder");
    let summary = hold(&double, folder.path(), 5).await;
    assert!(summary.error.as_deref().is_some_and(|e| e.contains("OPENAI_API_KEY")), "{:?}", summary.error);
}
