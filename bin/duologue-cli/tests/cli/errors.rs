//! What goes wrong is told: what, where, and what to do next. Nothing hangs.

use crate::{duologue, last_json, scripted};

fn refused(home: &std::path::Path, args: &[&str]) -> String {
    let run = duologue(home).args(args).output().unwrap();
    assert_eq!(run.status.code(), Some(1), "{args:?}: {}", String::from_utf8_lossy(&run.stdout));
    String::from_utf8_lossy(&run.stderr).into_owned()
}

#[test]
fn each_mistake_is_named_with_its_remedy() {
    let home = tempfile::tempdir().unwrap();
    let at = home.path();
    let converse = ["converse", "--scenario", "internet-outage"];
    let with = |more: &[&'static str]| converse.iter().copied().chain(more.iter().copied()).collect::<Vec<_>>();
    assert!(refused(at, &converse).contains("duologue models fetch"));
    assert!(refused(at, &with(&["--llm", "gpt"])).contains("PROVIDER/MODEL"));
    assert!(refused(at, &with(&["--stt", "scripted"])).contains("help:"));
    assert!(refused(at, &["converse", "--scenario", "internet-outtage"]).contains("internet-outage"));
    std::fs::write(at.join("bad.yaml"), "title: x\nsuport: {}\n").unwrap();
    let bad = refused(at, &["converse", "--scenario", "bad.yaml"]);
    assert!(bad.contains("bad.yaml") && bad.contains("suport") && bad.contains("support"), "{bad}");
    assert!(refused(at, &["conversation", "show", "nothing"]).contains("duologue conversation list"));
    assert!(refused(at, &["models", "remove", "nothing"]).contains("nothing"));
}

#[test]
fn a_wrong_configuration_is_shown_with_line_reason_and_nearest_key() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("duologue.yaml"), "stt: local\nopenai:\n  api_kye: sk-secret\nllm: gpt\n").unwrap();
    let told = refused(home.path(), &["config", "show"]);
    assert!(
        told.starts_with("error: unknown key `api_kye`, did you mean `api_key`?\n --> duologue.yaml:3:3"),
        "{told}"
    );
    assert!(told.contains("error: `llm` cannot be `gpt`\n --> duologue.yaml:4:6"), "{told}");
    assert!(
        told.contains("help: it is `local`, `scripted`, or PROVIDER, PROVIDER/MODEL, PROVIDER/MODEL@URL#KEY_VARIABLE"),
        "{told}"
    );
    assert!(!told.contains("sk-secret"), "{told}");
    let schema = duologue(home.path()).args(["config", "schema"]).output().unwrap();
    let schema: serde_json::Value = serde_json::from_slice(&schema.stdout).unwrap();
    assert!(schema["properties"]["openai"]["properties"]["api_key"].is_object());
    let compact = duologue(home.path()).args(["config", "schema", "--json"]).output().unwrap();
    assert_eq!(last_json(&compact.stdout), schema);
    assert_eq!(compact.stdout.iter().filter(|byte| **byte == b'\n').count(), 1);
}

#[test]
fn a_damaged_model_is_named_before_anything_starts() {
    let home = tempfile::tempdir().unwrap();
    let speech = home.path().join("models/speech/whisper-tiny.en");
    std::fs::create_dir_all(&speech).unwrap();
    std::fs::write(speech.join("model.bin"), b"not a model").unwrap();
    let told = refused(home.path(), &["converse", "--scenario", "internet-outage"]);
    assert!(told.contains("duologue models fetch"), "{told}");
}

#[test]
fn a_folder_in_use_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("call");
    std::fs::create_dir(&out).unwrap();
    std::fs::write(out.join("summary.json"), "{\"conversation_id\": \"c-1\"}").unwrap();
    let run = scripted(home.path()).arg("--out").arg(&out).output().unwrap();
    assert_eq!(run.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&run.stderr).contains("already holds a conversation"));
    assert!(!out.join("events.jsonl").exists());
}

#[test]
fn files_of_somebody_else_are_never_overwritten() {
    let home = tempfile::tempdir().unwrap();
    let out = home.path().join("mine");
    std::fs::create_dir(&out).unwrap();
    std::fs::write(out.join("notes.txt"), "beside it is fine").unwrap();
    for name in ["report.html", "transcript.json", "summary.json", "stereo.ogg"] {
        let file = out.join(name);
        std::fs::write(&file, "my own").unwrap();
        let run = scripted(home.path()).arg("--out").arg(&out).output().unwrap();
        let told = String::from_utf8_lossy(&run.stderr);
        assert_eq!(run.status.code(), Some(1), "{told}");
        assert!(told.contains(&format!("{} is there already", file.display())) && told.contains("--out DIR"), "{told}");
        assert!(last_json(&run.stdout)["error"].as_str().unwrap().contains(name));
        assert_eq!(std::fs::read(&file).unwrap(), b"my own");
        std::fs::remove_file(&file).unwrap();
        assert_eq!(std::fs::read_dir(&out).unwrap().count(), 1, "nothing else was put there");
    }
}
