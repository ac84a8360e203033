//! Policies from the command line.

use crate::{duologue, last_json};
use duologue_a2a::model::AgentCard;
use duologue_gateway::{Answer, Failure, Gateway, GatewayConfig, Policy, Turn, bind_loopback, serve};
use duologue_policy_engine::{DecisionLog, Embedded, Engine, Limits, PolicyEngine, PolicyPaths};
use serde_json::{Value, json};
use std::io::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

const POLICY: &str =
    "package duologue.authz\n\ndefault allow := false\n\nallow if input.caller.spiffe_id in data.callers\n";
const TESTS: &str = "package duologue.authz_test\n\nimport data.duologue.authz\n
test_listed if authz.allow with input as {\"caller\": {\"spiffe_id\": \"a\"}} with data.callers as [\"a\"]\n
test_wrong if {\n\tprint(\"seen\")\n\tauthz.allow with input as {}\n}\n\ntodo_test_later if false\n";

fn run(home: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let run = duologue(home).args(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (run.status.code(), text(&run.stdout), text(&run.stderr))
}

fn write(home: &Path, files: &[(&str, &str)]) {
    for (name, text) in files {
        let path = home.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
}

/// What `make test` holds the shipped policies to.
#[test]
fn the_tests_of_all_shipped_policies_pass() {
    let home = tempfile::tempdir().unwrap();
    let shipped = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies/");
    let (code, shown, trouble) = run(home.path(), &["policy", "test", shipped]);
    assert_eq!((code, trouble.as_str()), (Some(0), ""), "{shown}");
    let told = last_json(run(home.path(), &["--json", "policy", "test", shipped]).1.as_bytes());
    let passed = told["passed"].as_u64().unwrap();
    assert_eq!((shown.as_str(), told["failed"].as_u64()), (format!("PASS: {passed}/{passed}\n").as_str(), Some(0)));
    assert!(passed >= 30 && told["policies"].as_array().unwrap().len() >= 6, "{told}");
}

#[test]
fn a_test_that_fails_is_shown_and_is_exit_code_1() {
    let home = tempfile::tempdir().unwrap();
    write(
        home.path(),
        &[("p/policy.rego", POLICY), ("p/policy_test.rego", TESTS), ("p/data.json", "{\"callers\": []}")],
    );
    let (code, shown, _) = run(home.path(), &["policy", "test", "p"]);
    assert_eq!(code, Some(1));
    assert!(shown.contains("test_wrong: FAIL (policy_test.rego:7)") && shown.contains("seen"), "{shown}");
    assert!(shown.ends_with("PASS: 1/3\nFAIL: 1/3\nSKIPPED: 1/3\n"), "{shown}");
    // Files that are named are one policy; some tests can be chosen.
    let files = ["policy", "test", "p/policy.rego", "p/policy_test.rego", "p/data.json", "--only", "listed", "-v"];
    let (code, shown, _) = run(home.path(), &files);
    assert_eq!(code, Some(0), "{shown}");
    assert!(shown.contains("test_listed: PASS (policy_test.rego:5)\n"), "{shown}");
    let (code, _, trouble) = run(home.path(), &["policy", "test", "p", "--only", "no such test"]);
    assert!(code == Some(1) && trouble.contains("there are no tests"), "{trouble}");
    let (code, _, trouble) = run(home.path(), &["policy", "test", "nowhere"]);
    assert!(code == Some(1) && trouble.contains("nowhere"), "{trouble}");
}

#[test]
fn a_policy_is_checked_with_its_dialect() {
    let home = tempfile::tempdir().unwrap();
    let old = "package agentweave.authz\n\ndefault allow = false\n\nallow {\n    input.action in [\"a\"]\n}\n";
    write(
        home.path(),
        &[("new.rego", POLICY), ("old.rego", old), ("broken.rego", "package duologue.authz\n\nallow if {\n")],
    );
    let (code, shown, note) = run(home.path(), &["policy", "check", "new.rego"]);
    assert!(code == Some(0) && shown.starts_with("new.rego: Rego v1\nsha256:") && note.is_empty(), "{shown}{note}");
    let told = last_json(run(home.path(), &["policy", "check", "old.rego", "--json"]).1.as_bytes());
    assert_eq!(told["files"][0]["dialect"], "Rego v0, whose imports of future.keywords were missing");
    assert_eq!(told["interpreted"], Value::Null);
    let (code, json, trouble) = run(home.path(), &["policy", "check", "broken.rego", "--json"]);
    assert!(code == Some(1) && trouble.contains("broken.rego:"), "{trouble}");
    assert!(last_json(json.as_bytes())["error"].as_str().unwrap().contains("broken.rego:"));
}

#[test]
fn a_call_is_evaluated_from_a_file_and_from_standard_input() {
    let home = tempfile::tempdir().unwrap();
    let call = json!({"caller": {"spiffe_id": "a"}}).to_string();
    write(home.path(), &[("policy.rego", POLICY), ("data.json", "{\"callers\": [\"a\"]}"), ("call.json", &call)]);
    let args = ["policy", "eval", "--policy", "policy.rego", "--policy", "data.json", "--input"];
    let (code, shown, _) = run(home.path(), &[&args[..], &["call.json"]].concat());
    assert_eq!((code, shown.as_str()), (Some(0), "allow (data.duologue.authz.allow (policy.rego:5))\n"));
    let mut child = duologue(home.path())
        .args(args)
        .args(["-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"{}").unwrap();
    let told = last_json(&child.wait_with_output().unwrap().stdout);
    assert_eq!(
        (&told["outcome"], &told["rule"]),
        (&json!("deny"), &json!("data.duologue.authz.allow (default, policy.rego:3)"))
    );
    let (code, _, trouble) = run(home.path(), &[&args[..], &["policy.rego"]].concat());
    assert!(code == Some(1) && trouble.contains("this is no JSON"), "{trouble}");
}

#[test]
fn the_first_wrong_line_of_a_log_is_shown() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("decisions.jsonl");
    let mut head = duologue_policy::Head::default();
    let lines: Vec<String> = (0..4).map(|id| head.append(&json!({"id": id}).to_string())).collect();
    std::fs::write(&path, lines.join("\n") + "\n").unwrap();
    let (code, shown, _) = run(home.path(), &["policy", "log", "verify", "decisions.jsonl"]);
    assert!(code == Some(0) && shown.starts_with("decisions.jsonl: 4 decisions"), "{shown}");
    let told = last_json(run(home.path(), &["policy", "log", "verify", "decisions.jsonl", "--json"]).1.as_bytes());
    assert_eq!(
        (told["sound"].as_bool(), format!("{} {}", told["records"], told["hash"].as_str().unwrap())),
        (Some(true), head.to_string())
    );

    std::fs::write(&path, lines.join("\n")).unwrap();
    let (code, shown, note) = run(home.path(), &["policy", "log", "verify", "decisions.jsonl"]);
    assert!(code == Some(0) && shown.starts_with("decisions.jsonl: 3 decisions"), "{shown}");
    assert!(note.contains("half a line"), "{note}");

    let changed = lines[2].replace("\"id\":2", "\"id\":7");
    std::fs::write(&path, [&lines[0], &lines[1], &changed, &lines[3]].map(|line| format!("{line}\n")).concat())
        .unwrap();
    let (code, shown, trouble) = run(home.path(), &["policy", "log", "verify", "decisions.jsonl"]);
    assert_eq!((code, shown), (Some(1), format!("{changed}\n")));
    assert!(
        trouble.contains("decisions.jsonl: line 3, which should be record 3: it, or a record before it, was changed"),
        "{trouble}"
    );
    let told = last_json(run(home.path(), &["policy", "log", "verify", "decisions.jsonl", "--json"]).1.as_bytes());
    assert_eq!((&told["sound"], &told["line"]), (&json!(false), &json!(3)));
}

/// An agent that nobody may call.
struct Closed;

#[async_trait::async_trait]
impl duologue_gateway::Agent for Closed {
    fn card(&self) -> AgentCard {
        AgentCard { name: "Closed".into(), version: "1".into(), ..AgentCard::default() }
    }

    async fn handle(&self, turn: &Turn) -> Result<Answer, Failure> {
        Ok(Answer::Message(turn.says("come in")))
    }
}

#[test]
fn who_is_refused_is_told_the_rule() {
    let home = tempfile::tempdir().unwrap();
    write(home.path(), &[("policy.rego", POLICY), ("data.json", "{\"callers\": []}")]);
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = runtime.block_on(bind_loopback(([127, 0, 0, 1], 0).into())).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let _inside = runtime.enter();
    let embedded = Embedded::load(PolicyPaths::one(home.path().join("policy.rego")), Limits::default()).unwrap();
    let policy = PolicyEngine::new(Engine::Embedded(Arc::new(embedded)), DecisionLog::Trace);
    let config = GatewayConfig { authorize: Some(Arc::new(Policy::new(policy))), ..GatewayConfig::loopback(&url) };
    runtime.spawn(serve(Gateway::new(Arc::new(Closed), config), listener, std::future::pending(), Duration::ZERO));
    let (code, shown, trouble) = run(home.path(), &["call", &url, "hello"]);
    let words = "error: not authorised (rule data.duologue.authz.allow (default, policy.rego:3))\n";
    assert_eq!((code, shown.as_str(), trouble.as_str()), (Some(1), "", words));
}
