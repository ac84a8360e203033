//! What a conversation consumed and cost, over loopback: support thinks, hears and speaks with doubles of OpenAI's models,
//! the customer is scripted, which is free.

#[allow(dead_code, reason = "the misbehaviour is for the tests of the clients")]
#[path = "../../../models/tests/it/double.rs"]
mod double;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use double::{Double, Seen, done, event, events, stop, text};
use duologue_conversation::scenario::{self, Side};
use duologue_conversation::{
    CascadeModels, ConversationConfig, Models, Providers, ScriptedStt, ScriptedTts, Summary, Transcript, converse,
    names,
};
use duologue_ids::Seed;
use duologue_media::Codec;
use duologue_models::scripted::{Dialogue, ScriptedLlm, Speaker};
use duologue_models::{Prices, Quote};
use duologue_sim::{BABBLE_RATE, babble, understand};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

const SCENARIO: &str = "\
title: A call with a tool
description: Joe looks something up.
support: {persona: joe, greeting: Northwind this is Joe.}
customer: {persona: anna}
opens: support
tools:
  - name: look_up
    description: Finds an order.
    parameters: {type: object, properties: {order: {type: string}}}
    mock: {latency_ms: 100, result: {state: sent}}
success:
  - tool_called: {name: look_up}
  - max_cost: 1
limits: {turns: 4, duration_s: 30, silence_s: 20}
";

const LINES: &str = "\
- {speaker: customer, say: 'Where is my order.'}
- {speaker: customer, say: 'Thank you goodbye.'}
";

/// OpenAI's three models: the voice babbles, and the recogniser understands it.
fn openai(_: usize, request: &Seen) -> Response {
    match request.path.rsplit('/').next() {
        Some("completions") => written(&request.json()),
        Some("speech") => {
            let sound = babble(request.json()["input"].as_str().unwrap_or_default(), 120.0, 1.0);
            ([(header::CONTENT_TYPE, "audio/wav")], wav(&sound)).into_response()
        }
        _ => json!({ "text": understand(&heard(request)) }).to_string().into_response(),
    }
}

/// A tool call first, and words once the tool has answered.
fn written(request: &Value) -> Response {
    let answered = request["messages"].as_array().is_some_and(|m| m.iter().any(|m| m["role"] == "tool"));
    let usage = |prompt: u32, cached: u32, completion: u32| {
        let details = json!({ "cached_tokens": cached });
        event(json!({ "choices": [], "usage": {
            "prompt_tokens": prompt, "completion_tokens": completion, "prompt_tokens_details": details } }))
    };
    if answered {
        return events(vec![text("It was sent "), text("yesterday."), stop(), usage(1_200, 1_000, 15), done()], false);
    }
    let call = json!({ "index": 0, "id": "c1", "function": { "name": "look_up", "arguments": "{\"order\":\"7\"}" } });
    let call = event(json!({ "choices": [{ "delta": { "tool_calls": [call] } }] }));
    let end = event(json!({ "choices": [{ "delta": {}, "finish_reason": "tool_calls" }] }));
    events(vec![call, end, usage(1_100, 0, 20), done()], false)
}

fn wav(samples: &[i16]) -> Vec<u8> {
    let (rate, bytes) = (BABBLE_RATE, samples.len() as u32 * 2);
    let head: [&[u8]; 11] = [
        b"RIFF",
        &(bytes + 36).to_le_bytes(),
        b"WAVEfmt ",
        &16_u32.to_le_bytes(),
        &[1, 0, 1, 0],
        &rate.to_le_bytes(),
        &(rate * 2).to_le_bytes(),
        &[2, 0, 16, 0],
        b"data",
        &bytes.to_le_bytes(),
        &samples.iter().flat_map(|s| s.to_le_bytes()).collect::<Vec<u8>>(),
    ];
    head.concat()
}

/// The samples of the WAV file in a form.
fn heard(request: &Seen) -> Vec<i16> {
    let body = &request.body;
    let file = body.windows(4).position(|w| w == b"RIFF").expect("a WAV file");
    let data = file + body[file..].windows(4).position(|w| w == b"data").expect("with sound") + 4;
    let bytes = u32::from_le_bytes([body[data], body[data + 1], body[data + 2], body[data + 3]]) as usize;
    body[data + 4..data + 4 + bytes].chunks_exact(2).map(|b| i16::from_le_bytes([b[0], b[1]])).collect()
}

async fn hold(double: &Double, prices: BTreeMap<String, Quote>, folder: &Path) -> Summary {
    let server = double.client();
    let dialogue: Dialogue = LINES.parse().expect("a dialogue");
    let support = CascadeModels {
        stt: Arc::new(server.stt("whisper-1")),
        llm: Arc::new(server.llm("gpt-4o-mini")),
        tts: Arc::new(server.tts("tts-1")),
    };
    let customer = CascadeModels {
        stt: Arc::new(ScriptedStt),
        llm: Arc::new(ScriptedLlm::new(Arc::new(dialogue), Speaker::Customer)),
        tts: Arc::new(ScriptedTts { pitch: 205.0 }),
    };
    let providers = [support, customer].map(|models| Providers {
        models: Models::Cascade(models),
        voice: "alloy".into(),
        speed: 1.0,
        language: "en".into(),
    });
    let file = folder.join("call.yaml");
    std::fs::write(&file, SCENARIO).expect("a scenario");
    let scripted = ["stt", "llm", "tts"].map(|stage| (stage.to_owned(), "scripted".to_owned()));
    let free = Prices::default().find("scripted", true).expect("it is free");
    let config = ConversationConfig {
        id: "c-cost".into(),
        cast: Arc::new(scenario::load(&file.to_string_lossy(), &Default::default()).expect("a good scenario")),
        providers,
        prices: [prices, scripted.clone().map(|(stage, _)| (stage, free.clone())).into()],
        models: [models(), scripted.into()],
        temperature: None,
        seed: Seed(1),
        duration: Some(Duration::from_secs(30)),
        folder: folder.join("call"),
        codec: Codec::L16 { rate: BABBLE_RATE },
        started_at: "2026-01-01T00:00:00Z".into(),
        listen_back: true,
    };
    converse(config, Arc::new(AtomicBool::new(false)), |_| {}).await.expect("it is held")
}

fn models() -> BTreeMap<String, String> {
    [("stt", "openai/whisper-1"), ("llm", "openai/gpt-4o-mini"), ("tts", "openai/tts-1")]
        .map(|(stage, model)| (stage.to_owned(), model.to_owned()))
        .into()
}

fn quotes() -> BTreeMap<String, Quote> {
    let prices = Prices::default();
    models().into_iter().filter_map(|(stage, model)| Some((stage, prices.find(&model, true)?))).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_costs_what_the_providers_were_given_times_their_prices() {
    let double = Double::start(openai).await;
    let dir = tempfile::tempdir().expect("a folder");
    let summary = hold(&double, quotes(), dir.path()).await;
    assert_eq!(summary.error, None);
    let usage = summary.agents[0].usage.clone().expect("it was counted");
    let of = |end: &str| double.seen().into_iter().filter(|s| s.path.ends_with(end)).collect::<Vec<_>>();

    // What was counted is what the servers saw.
    let spoken: usize = of("speech").iter().map(|s| s.json()["input"].as_str().map_or(0, |i| i.chars().count())).sum();
    assert_eq!(usage.tts_characters, spoken as u64);
    let sound: f64 = of("transcriptions").iter().map(|s| heard(s).len() as f64 / 16_000.0).sum();
    assert!(sound > 1.0 && (usage.stt_seconds - sound).abs() < 0.2, "{} of {sound} s", usage.stt_seconds);
    assert_eq!(usage.llm_requests, of("completions").len() as u64);
    assert_eq!(usage.untold(), 0);
    assert!(usage.prompt_tokens >= 2_300 && usage.cached_tokens >= 1_000 && usage.completion_tokens >= 35, "{usage:?}");

    // Per million: 0.15 read, 0.075 from the cache, 0.6 written, 15 characters; 0.006 a minute.
    let fresh = (usage.prompt_tokens - usage.cached_tokens) as f64;
    let llm = (fresh * 0.15 + usage.cached_tokens as f64 * 0.075 + usage.completion_tokens as f64 * 0.6) / 1e6;
    let expected = llm + spoken as f64 * 15.0 / 1e6 + usage.stt_seconds / 60.0 * 0.006;
    let cost = summary.metrics.cost.expect("all prices are known");
    assert!((cost - expected).abs() < 1e-9, "{cost}, not {expected}");
    let party = |side: Side| summary.metrics.parties[side.as_str()].cost;
    assert_eq!((party(Side::Support), party(Side::Customer)), (Some(cost), Some(0.0)));
    let verdict = &summary.verdicts[1];
    assert!(verdict.passed && verdict.criterion == "it costs at most $1.00", "{verdict:?}");
    assert!(verdict.why.starts_with("it cost $0.0"), "{}", verdict.why);

    // The reply that called the tool carries both rounds, and its speed is measured.
    let read = |name: &str| std::fs::read_to_string(dir.path().join("call").join(name)).expect("it is kept");
    let transcript: Transcript = serde_json::from_str(&read(names::TRANSCRIPT)).expect("a transcript");
    let answer = transcript.utterances.iter().find(|u| u.text.contains("yesterday")).expect("it was said");
    let tokens = answer.usage.expect("they were told");
    assert_eq!((tokens.prompt_tokens, tokens.cached_tokens, tokens.completion_tokens), (2_300, 1_000, 35));
    assert!(tokens.generation_ms > 0.0);
    assert!(summary.metrics.parties["support"].reported.llm_tps.p50.is_some_and(|speed| speed > 1.0));
    assert!(transcript.utterances.iter().all(|u| u.speaker == Side::Support || u.usage.is_none()), "scripts have none");
    let page = read(names::REPORT);
    assert!(page.contains("2300 tokens read (1000 cached), 35 written"));
    assert!(page.contains(", prices of 2026-") && page.contains("<dt>cost</dt>"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_without_a_price_is_named_with_what_to_do() {
    let double = Double::start(openai).await;
    let dir = tempfile::tempdir().expect("a folder");
    let mut quotes = quotes();
    quotes.remove("tts");
    let summary = hold(&double, quotes, dir.path()).await;
    assert_eq!((summary.error.clone(), summary.metrics.cost), (None, None));
    let verdict = &summary.verdicts[1];
    assert!(!verdict.passed && !summary.goal_reached);
    assert_eq!(
        verdict.why,
        "what it cost is not known: no price is known for openai/tts-1 (tts of the support); \
         give the price under `prices` in duologue.yaml"
    );
    let usage = summary.agents[0].usage.as_ref().expect("it was counted all the same");
    assert!(usage.tts_characters > 0 && usage.stages["llm"].cost.is_some_and(|cost| cost > 0.0));
    assert_eq!(summary.metrics.parties["customer"].cost, Some(0.0));
}
