use crate::{duologue, last_json, scripted};
use serde_json::Value;

#[test]
fn a_scripted_call_in_real_time_keeps_its_promises() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("call");
    let run = scripted(home.path()).arg("--listen-back").arg("--out").arg(&out).output().unwrap();
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert_eq!(String::from_utf8_lossy(&run.stdout).lines().count(), 1, "one line on standard output");
    let told = last_json(&run.stdout);
    assert!(told["conversation_id"].is_string() && told["end_reason"] == "turn_limit", "{told}");
    assert_eq!(told["turns"], 5);
    assert_eq!(told["goal_reached"], true);
    let metrics = &told["metrics"];
    assert!(metrics["heard_e2e_latency_ms"]["p50"].is_number(), "{metrics}");
    assert!(metrics["overlap_ratio"].is_number() && metrics["silence_ratio"].is_number());
    assert!(metrics["stt_wer"].as_object().is_some_and(|w| w.values().all(Value::is_number)), "{metrics}");
    for side in ["support", "customer"] {
        let voice = &metrics["parties"][side]["tts_wer"];
        assert!(voice.as_f64().is_some_and(|wer| wer < 0.1), "the recorded voice says what it was to say: {voice}");
    }
    for name in ["report.html", "stereo.ogg", "transcript.json", "support.ogg", "customer.ogg"] {
        assert!(out.join(name).is_file(), "{name}");
    }
    let id = told["conversation_id"].as_str().unwrap();
    let listed = last_json(&duologue(home.path()).args(["--json", "conversation", "list"]).output().unwrap().stdout);
    assert_eq!(listed["conversations"][0]["conversation_id"], id);
    let shown = duologue(home.path()).args(["conversation", "show", id]).output().unwrap();
    assert!(String::from_utf8_lossy(&shown.stdout).contains("The light is red."));
    let opened = duologue(home.path()).args(["conversation", "open", id]).output().unwrap();
    assert!(opened.status.success() && String::from_utf8_lossy(&opened.stdout).trim_end().ends_with("report.html"));
    assert!(String::from_utf8_lossy(&opened.stderr).contains("No browser"), "no screen, no browser");
    let asked = duologue(home.path()).args(["--json", "conversation", "delete", id]).output().unwrap();
    assert!(last_json(&asked.stdout)["error"].as_str().is_some_and(|e| e.contains("--yes")), "nobody can say yes");
    assert!(out.join("stereo.ogg").exists());
    assert!(duologue(home.path()).args(["conversation", "delete", "--yes", id]).output().unwrap().status.success());
    assert!(!out.join("stereo.ogg").exists());
}

/// Lines from a file follow no course, whatever the scenario has.
#[test]
fn how_a_call_is_held_is_said_before_it_in_the_words_of_its_report() {
    let home = tempfile::tempdir().unwrap();
    let (scenario, dialogue) = (["--scenario", "internet-outage"], ["--dialogue", "lines.yaml"]);
    drop(scripted(home.path()));
    let mut command = duologue(home.path());
    command
        .args(["--json", "converse", "--in-process", "--duration", "1", "--out", "call"])
        .args(scenario)
        .args(dialogue);
    let run = command.args(["--stt", "scripted", "--llm", "scripted", "--tts", "scripted"]).output().unwrap();
    let (told, result) = (String::from_utf8_lossy(&run.stderr).into_owned(), last_json(&run.stdout));
    assert!(!told.contains("course") && told.contains("No language model is at work"), "{told}");
    let notes = result["notes"].as_array().unwrap();
    assert!(notes.len() == 2 && notes.iter().all(|n| told.contains(n.as_str().unwrap())), "{told}");
}
