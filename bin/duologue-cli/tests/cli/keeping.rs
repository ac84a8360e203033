//! Backups, removal, rules and the doctor's look at one call, as a user has them.

use crate::{duologue, last_json, scripted};
use serde_json::Value;
use std::path::Path;
use std::process::Output;

/// A call, cut short, in the archive.
fn hold(home: &Path, seconds: &str) -> String {
    let run = scripted(home).args(["--duration", seconds]).output().unwrap();
    assert!(run.status.success(), "{run:?}");
    last_json(&run.stdout)["conversation_id"].as_str().unwrap().to_owned()
}

fn run(home: &Path, arguments: &[&str]) -> (Option<i32>, Value, String) {
    let Output { status, stdout, stderr } = duologue(home).arg("--json").args(arguments).output().unwrap();
    (status.code(), last_json(&stdout), String::from_utf8_lossy(&stderr).into_owned())
}

#[test]
fn what_is_kept_can_be_backed_up_pinned_removed_and_brought_back() {
    let home = tempfile::tempdir().unwrap();
    let at = home.path();
    std::fs::write(at.join(".env"), "OPENAI_API_KEY=sk-very-secret").unwrap();
    let id = hold(at, "2");
    let place = at.join("data/conversations").join(&id);
    let (code, told, said) = run(at, &["backup", "--to", "b.tar.zst"]);
    assert_eq!((code, &told["conversations"]), (Some(0), &serde_json::json!([id])), "{told}, {said}");
    assert!(run(at, &["backup", "--to", "b.tar.zst"]).2.contains("is there already"));
    let (code, told, said) = run(at, &["backup", "--to", "."]);
    assert!(code == Some(0) && told["file"].as_str().unwrap().contains("duologue-backup-"), "{told}, {said}");
    assert_eq!(run(at, &["restore", "b.tar.zst"]).1["same"], serde_json::json!([id]));

    assert_eq!(run(at, &["conversation", "pin", &id]).0, Some(0));
    assert_eq!(run(at, &["conversation", "list"]).1["conversations"][0]["pinned"], true);
    let (code, _, said) = run(at, &["conversation", "delete", "--yes", &id]);
    assert!(code == Some(1) && said.contains("unpin") && place.is_dir(), "{said}");
    let (code, _, said) = run(at, &["conversation", "delete", "--yes", "--all"]);
    assert!(code == Some(0) && said.contains("stays") && place.is_dir(), "{said}");
    assert_eq!(run(at, &["conversation", "prune", "--max-size", "0"]).1["left"], 1);
    assert_eq!(run(at, &["conversation", "unpin", &id]).0, Some(0));
    assert!(run(at, &["conversation", "delete", &id]).2.contains("`--yes`"), "nobody is there to ask");
    let (_, told, _) = run(at, &["conversation", "prune", "--dry-run", "--max-size", "0"]);
    assert!(told["removed"][0]["conversation_id"] == id.as_str() && place.is_dir(), "{told}");
    let (_, told, _) = run(at, &["conversation", "prune", "--max-size", "0"]);
    assert!(told["removed"][0]["reason"] == "size" && !place.exists(), "{told}");

    let (code, told, said) = run(at, &["restore", "b.tar.zst"]);
    assert_eq!((code, &told["restored"]), (Some(0), &serde_json::json!([id])), "{told}, {said}");
    std::fs::write(place.join("report.html"), "changed").unwrap();
    let (code, told, said) = run(at, &["restore", "b.tar.zst"]);
    assert!(code == Some(1) && told["different"] == serde_json::json!([id]) && said.contains("--force"), "{told}");
    assert_eq!(run(at, &["restore", "b.tar.zst", "--force"]).0, Some(0));
    std::fs::write(place.join("summary.json"), "{ torn").unwrap();
    let (code, told, said) = run(at, &["doctor", &id]);
    assert!(code == Some(1) && told["findings"][0]["code"] == "torn_summary", "{told}, {said}");
    assert!(run(at, &["conversation", "list"]).2.contains(&id), "what can't be read is told");
    assert_eq!(run(at, &["conversation", "delete", "--yes", "--all"]).0, Some(0));
    assert!(!place.exists());
}

#[test]
fn rules_of_the_settings_hold_after_each_call() {
    let home = tempfile::tempdir().unwrap();
    assert!(run(home.path(), &["conversation", "prune"]).2.contains("there is no rule"));
    let first = hold(home.path(), "1");
    std::fs::write(home.path().join("duologue.yaml"), "retention: {keep_last: 1}\n").unwrap();
    let call = scripted(home.path()).args(["--duration", "1"]).output().unwrap();
    let said = String::from_utf8_lossy(&call.stderr);
    assert!(said.contains(&format!("Removed {first} (enough newer ones)")), "{said}");
    let (_, told, _) = run(home.path(), &["conversation", "list"]);
    assert_eq!(told["conversations"].as_array().unwrap().len(), 1, "{told}");
    std::fs::write(home.path().join("duologue.yaml"), "retention: {keep_days: -1}\n").unwrap();
    assert!(run(home.path(), &["conversation", "prune"]).2.contains("keep_days"));
}

#[test]
fn the_doctor_tells_what_went_wrong_in_a_call() {
    let home = tempfile::tempdir().unwrap();
    assert!(run(home.path(), &["doctor", "last"]).2.contains("there is no conversation"));
    let mut command = scripted(home.path());
    std::fs::write(home.path().join("lines.yaml"), "[]").unwrap();
    assert_eq!(command.output().unwrap().status.code(), Some(1));
    let (code, told, _) = run(home.path(), &["doctor", "last"]);
    assert_eq!((code, &told["ok"]), (Some(1), &false.into()), "{told}");
    let codes: Vec<_> = told["findings"].as_array().unwrap().iter().map(|f| f["code"].as_str().unwrap()).collect();
    assert!(codes.contains(&"nothing_to_say"), "{told}");
    for command in [&["conversation", "show", "last"][..], &["replay", "last"]] {
        let (_, _, told) = run(home.path(), command);
        assert!(!told.contains("there is no conversation"), "{told}");
    }
    let shown = duologue(home.path()).args(["doctor", "last"]).output().unwrap();
    let text = String::from_utf8_lossy(&shown.stdout);
    assert!(text.contains("probably:") && text.contains("help:"), "{text}");
}

#[test]
fn a_dialogue_that_calls_a_tool_that_is_not_there_is_told_by_its_line() {
    let home = tempfile::tempdir().unwrap();
    let mut command = scripted(home.path());
    let lines = "- {speaker: support, say: 'Northwind, this is Joe.'}\n- {speaker: customer, tool_call: {name: fly}}\n";
    std::fs::write(home.path().join("lines.yaml"), lines).unwrap();
    let run = command.output().unwrap();
    let error = last_json(&run.stdout)["error"].as_str().unwrap().to_owned();
    assert!(error.contains("line 2 of the dialogue calls the tool `fly`"), "{error}");
}
