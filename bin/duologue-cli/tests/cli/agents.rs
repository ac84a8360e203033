//! Agents of files, and conversations in rooms, without a server elsewhere.

use crate::{LINES, duologue, last_json, scenario};
use std::path::Path;

fn told(home: &Path, args: &[&str]) -> (Option<i32>, String) {
    let run = duologue(home).args(args).output().unwrap();
    (run.status.code(), String::from_utf8_lossy(&run.stderr).into_owned() + &String::from_utf8_lossy(&run.stdout))
}

#[test]
fn what_is_wrong_with_an_agent_is_told_before_anything_begins() {
    let home = tempfile::tempdir().unwrap();
    let at = home.path();
    assert!(told(at, &["agent", "start", "nobody"]).1.contains("support-agent, customer-agent"));
    std::fs::write(at.join("a.yaml"), "agent_name: a\ninstructions: Talk.\nhears: [people]\n").unwrap();
    let (code, bad) = told(at, &["agent", "dev", "a.yaml"]);
    assert!(code == Some(1) && bad.contains("a.yaml:3") && bad.contains("standard"), "{bad}");
    let (code, nowhere) = told(at, &["agent", "start", "support-agent"]);
    assert!(code == Some(1) && nowhere.contains("LIVEKIT_URL"), "{nowhere}");
    let (code, nowhere) = told(at, &["converse", "--workers", "external", "--scenario", "internet-outage"]);
    assert!(code == Some(1) && nowhere.contains("LIVEKIT_URL"), "{nowhere}");
}

#[test]
fn an_agent_that_comes_with_it_is_a_beginning_of_ones_own() {
    let home = tempfile::tempdir().unwrap();
    let (code, file) = told(home.path(), &["agent", "show", "customer-agent"]);
    assert!(code == Some(0) && file.contains("agent_name: customer-agent"), "{file}");
    let schema: serde_json::Value = serde_json::from_str(&told(home.path(), &["agent", "schema"]).1).unwrap();
    assert!(schema["properties"]["hears"].is_object());
}

#[test]
fn a_call_is_held_in_a_room_of_its_own_where_nothing_else_is_said() {
    let home = tempfile::tempdir().unwrap();
    std::fs::write(home.path().join("lines.yaml"), LINES).unwrap();
    let mut command = duologue(home.path());
    command.args(["--json", "converse", "--seed", "7", "--dialogue", "lines.yaml", "--room", "kitchen", "--scenario"]);
    command.arg(scenario(home.path())).args(["--stt", "scripted", "--llm", "scripted", "--tts", "scripted"]);
    let run = command.output().unwrap();
    let said = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "{said}");
    assert!(said.contains("room kitchen") && said.contains("Anna is there"), "{said}");
    let told = last_json(&run.stdout);
    assert_eq!((told["turns"].as_u64(), told["end_reason"].as_str()), (Some(5), Some("turn_limit")), "{told}");
    assert_eq!(told["goal_reached"], true);
}
