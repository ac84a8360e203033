//! What is on the recording is what the transcript says: each channel is recognised once more, apart from the call.
//!
//! It needs the speech models and the speech engine, and says so where they are not there. The words are given, so that no
//! language model has to run.

use crate::{SCENARIO, duologue, last_json};
use duologue_engine::child::find_engine;
use duologue_engine::local::{LocalModelPaths, LocalModels};
use duologue_engine::store::ModelStore;
use duologue_media::decode_ogg_opus;
use duologue_models::TranscribeRequest;
use serde_json::Value;
use std::path::PathBuf;

/// What recognisers hear.
const RATE: u32 = 16_000;
/// Word error rate that a channel may have.
const BAR: f64 = 0.25;

const LINES: &str = "\
- {speaker: support, say: 'Northwind Internet, this is Joe. How can I help you today?'}
- {speaker: customer, say: 'Hello Joe, my internet stopped working this morning.'}
- {speaker: support, say: 'I am sorry to hear that. What colour is the light on the router?'}
- {speaker: customer, say: 'The light is red, and I restarted the router twice.'}
- {speaker: support, say: 'A technician can visit you tomorrow between nine and eleven.'}
- {speaker: customer, say: 'Tomorrow morning is fine. Thank you and goodbye.'}
";

/// Where the models for speech are, unless they or their engine are missing.
fn speech_models() -> Option<(ModelStore, PathBuf)> {
    let found = || {
        let store = ModelStore::open(None).map_err(|e| e.to_string())?;
        let folder = store.speech_dir().map_err(|e| e.to_string())?;
        find_engine("duologue-engine-speech", None).map_err(|e| format!("{e}; {}", e.help()))?;
        Ok::<_, String>((store, folder))
    };
    found().map_err(|why| eprintln!("SKIPPED: no recording is recognised again: {why}")).ok()
}

#[test]
fn each_channel_of_a_recording_says_what_the_transcript_says() {
    let Some((store, speech_dir)) = speech_models() else { return };
    let home = tempfile::tempdir().unwrap();
    let at = home.path();
    std::fs::write(at.join("lines.yaml"), LINES).unwrap();
    let greeting = "Northwind Internet, this is Joe. How can I help you today?";
    let scenario = SCENARIO.replace("Northwind, this is Joe.", greeting).replace("turns: 5", "turns: 6");
    std::fs::write(at.join("call.yaml"), scenario).unwrap();
    let mut command = duologue(at);
    command.args([
        "--json",
        "converse",
        "--in-process",
        "--scenario",
        "call.yaml",
        "--llm",
        "scripted",
        "--dialogue",
        "lines.yaml",
    ]);
    command.args(["--seed", "1", "--out", "call"]).env("DUOLOGUE_MODELS", store.dir());
    command.envs(std::env::vars_os().filter(|(name, _)| name == "DUOLOGUE_ENGINE_DIR"));
    let run = command.output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let result = last_json(&run.stdout);
    let transcript: Value = serde_json::from_slice(&std::fs::read(at.join("call/transcript.json")).unwrap()).unwrap();
    let stereo = decode_ogg_opus(&std::fs::read(at.join("call/stereo.ogg")).unwrap(), RATE).unwrap();
    assert!(stereo.complete && stereo.channels == 2 && result["turns"] == 6, "{result}");

    for (channel, (side, heard)) in
        ["support", "customer"].into_iter().zip(recognise(speech_dir, &stereo.samples)).enumerate()
    {
        let utterances = transcript["utterances"].as_array().unwrap();
        let said: Vec<&str> =
            utterances.iter().filter(|u| u["speaker"] == side).map(|u| u["text"].as_str().unwrap()).collect();
        let errors = duologue_score::compare(&said.join(" "), &heard).errors;
        println!(
            "channel {channel}: {:.1} % wrong\n  said:  {}\n  heard: {heard}",
            100.0 * errors.rate(),
            said.join(" ")
        );
        assert!(errors.rate() <= BAR, "{side} said {said:?}, its channel sounds like {heard:?}");
    }
}

/// The words of each channel as a whole, pauses included.
#[tokio::main(flavor = "current_thread")]
async fn recognise(speech_dir: PathBuf, channels: &[Vec<i16>]) -> Vec<String> {
    let paths = LocalModelPaths { llm: None, speech_dir: Some(speech_dir) };
    let models = LocalModels::start(paths, Default::default()).await.unwrap();
    let stt = models.stt().unwrap();
    let mut heard = Vec::new();
    for channel in channels {
        let request = TranscribeRequest { audio: channel.as_slice().into(), language: "en".into() };
        heard.push(stt.transcribe(request).await.unwrap().text);
    }
    models.shutdown().await;
    heard
}
