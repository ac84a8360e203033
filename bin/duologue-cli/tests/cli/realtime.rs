//! Models that hear and speak by themselves, against local doubles of their protocol.

#[allow(dead_code, reason = "the misbehaviour is for the tests of the client")]
#[path = "../../../../io/models/tests/it/realtime/double.rs"]
mod double;

use crate::{duologue, last_json, scenario};
use double::{Double, Plan, Reply};
use duologue_media::Resampler;
use duologue_sim::{BABBLE_RATE, babble};
use serde_json::json;
use std::path::Path;
use std::process::{Command, Output};
use tokio::runtime::Runtime;

fn told(run: &Output) -> String {
    String::from_utf8_lossy(&run.stderr).into_owned()
}

fn converse(home: &Path, llm: &[&str]) -> Command {
    let mut command = duologue(home);
    command.args(["--json", "converse", "--in-process", "--scenario"]).arg(scenario(home)).args(llm);
    command
}

/// Says these lines, one after the other, and understands those.
fn plan(says: &[&'static str], pitch: f32, hears: &[&'static str]) -> Plan {
    let reply = |words: &&'static str| {
        let mut sound = Vec::new();
        let mut resampler = Resampler::new(BABBLE_RATE, 24_000);
        resampler.push(&babble(words, pitch, 1.0), &mut sound);
        resampler.finish(&mut sound);
        Reply::Speech(words, sound)
    };
    Plan { replies: says.iter().map(reply).collect(), transcripts: hears.to_vec(), ..Plan::default() }
}

#[test]
fn two_realtime_models_hold_a_call() {
    let (support, customer) = (
        ["Northwind, this is Joe.", "A technician comes tomorrow.", "Goodbye."],
        ["The light is red.", "Thank you, goodbye."],
    );
    let runtime = Runtime::new().unwrap();
    let [joe, anna] = [plan(&support, 115.0, &customer), plan(&customer, 205.0, &support)]
        .map(|plan| runtime.block_on(Double::start(plan)));
    let home = tempfile::tempdir().unwrap();
    let other = format!("openai-realtime/mine@{}#MY_KEY", anna.base_url());
    let mut command = converse(home.path(), &["--support-llm", "openai-realtime", "--customer-llm", &other]);
    command.args(["--support-stt", "deepgram", "--duration", "20"]);
    command.env("OPENAI_BASE_URL", joe.base_url()).env("OPENAI_API_KEY", "sk-joe").env("MY_KEY", "sk-anna");
    let run = command.output().unwrap();
    let (told, summary) = (told(&run), last_json(&run.stdout));
    assert!(run.status.success() && summary["error"].is_null(), "{told}");
    assert!(told.contains("openai-realtime hears and speaks by itself: stt `deepgram` is not used for the support"));
    assert_eq!(summary["agents"][0]["models"], json!({ "realtime": "openai-realtime/gpt-realtime" }));
    assert_eq!(summary["agents"][1]["models"], json!({ "realtime": "openai-realtime/mine" }));
    assert_eq!((&summary["turns"], &summary["goal_reached"]), (&json!(5), &json!(true)), "{summary}");
    assert_eq!(summary["findings"], json!([]));
    let note = summary["notes"][0].as_str().unwrap();
    assert!(note.contains("(openai-realtime/gpt-realtime, openai-realtime/mine)"), "{note}");
    for (double, key, voice, model) in [(&joe, "sk-joe", "marin", "gpt-realtime"), (&anna, "sk-anna", "cedar", "mine")]
    {
        let log = double.log();
        assert!(log.faults.is_empty() && log.connections == 1, "{:?}", log.faults);
        assert_eq!(log.authorization, format!("Bearer {key}"));
        assert_eq!(log.path, format!("/v1/realtime?model={model}"));
        assert_eq!(log.of("session.update")[0]["session"]["audio"]["output"]["voice"], voice);
    }
    assert!(!told.contains("sk-") && !summary.to_string().contains("sk-"));
}

#[test]
fn what_can_not_be_is_told_before_the_call() {
    let home = tempfile::tempdir().unwrap();
    let refused = |llm: &[&str], key: &str| {
        let run = converse(home.path(), llm).env("OPENAI_API_KEY", key).arg("--out").arg("call").output().unwrap();
        assert!(run.status.code() == Some(1) && !home.path().join("call").exists(), "{run:?}");
        told(&run)
    };
    let line = |side: &str| {
        format!(
            "error: no key for openai-realtime (llm of the {side}): OPENAI_API_KEY or LLM_API_KEY is not set in the \
             environment, in .env.local or in .env\n"
        )
    };
    assert_eq!(refused(&["--llm", "openai-realtime", "--stt", "deepgram"], ""), line("support"));
    let customer = ["--customer-llm", "openai-realtime"];
    assert_eq!(refused(&customer, ""), line("customer"));
    let told = refused(&[&customer[..], &["--record", "call.jsonl"]].concat(), "sk-1");
    assert!(told.contains("a cassette cannot hold what `openai-realtime` says (customer)\n  help: "), "{told}");
    let told = refused(&["--stt", "openai-realtime"], "sk-1");
    assert!(told.contains("`openai-realtime` has no models for `stt`\n  help: it has them for `llm`"), "{told}");
    let told =
        refused(&[&customer[..], &["--llm", "scripted", "--stt", "scripted", "--tts", "scripted"]].concat(), "sk-1");
    assert!(told.contains("scripted speech and other speech can't understand each other"), "{told}");
}

#[test]
fn the_doctor_opens_a_session_in_which_nobody_speaks() {
    let runtime = Runtime::new().unwrap();
    let home = tempfile::tempdir().unwrap();
    let check = |plan: Plan| {
        let double = runtime.block_on(Double::start(plan));
        let mut command = duologue(home.path());
        command.env("DUOLOGUE_LLM", format!("openai-realtime/mine@{}#MY_KEY", double.base_url()));
        let run = command.env("MY_KEY", "sk-mine").args(["--json", "doctor"]).output().unwrap();
        let found = last_json(&run.stdout);
        let check = found["checks"].as_array().unwrap().iter().find(|c| c["name"] == "openai-realtime").cloned();
        (check.unwrap(), double.log().path.clone())
    };
    let (good, path) = check(Plan::default());
    assert!(good["outcome"] == "ok" && good["finding"].as_str().unwrap().contains("takes the key"), "{good}");
    assert_eq!(path, "/v1/realtime?model=mine");
    let (bad, _) = check(Plan { refuse: Some((401, "{}")), ..Plan::default() });
    assert!(bad["outcome"] == "problem" && bad["help"].as_str().unwrap().contains("MY_KEY"), "{bad}");
}
