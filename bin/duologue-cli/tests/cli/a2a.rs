//! Cards and calls of agents: an agent served in the test, the command as it is.

use crate::{duologue, last_json};
use async_trait::async_trait;
use duologue_a2a::model::{
    AgentCapabilities, AgentCard, AgentExtension, AgentSkill, Artifact, Content, Part, TaskState,
};
use duologue_gateway::extension::CAPABILITY;
use duologue_gateway::{Agent, Answer, Failure, Gateway, GatewayConfig, Turn, bind_loopback, serve};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

struct Greeter;

#[async_trait]
impl Agent for Greeter {
    fn card(&self) -> AgentCard {
        let extensions = vec![AgentExtension { uri: CAPABILITY.into(), ..AgentExtension::default() }];
        AgentCard {
            name: "Greeter".into(),
            version: "1.2.3".into(),
            description: "Greets".into(),
            capabilities: AgentCapabilities { streaming: Some(true), extensions, ..AgentCapabilities::default() },
            skills: vec![AgentSkill { id: "count_words".into(), name: "Count".into(), ..AgentSkill::default() }],
            ..AgentCard::default()
        }
    }

    async fn handle(&self, turn: &Turn) -> Result<Answer, Failure> {
        let message = turn.message();
        let capability = message.metadata.as_ref().and_then(|metadata| metadata.get(CAPABILITY)?.as_str());
        if let (Some(name), Some(Content::Data(params))) = (capability, message.parts.first().map(|part| &part.content))
        {
            let answer = serde_json::json!({ "called": name, "with": params });
            return Ok(Answer::Message(turn.says_parts(vec![Part::data(answer)])));
        }
        match message.text().as_str() {
            "task" => {
                for text in ["one", "two"] {
                    let parts = vec![Part::text(text)];
                    turn.artifact(Artifact { artifact_id: text.into(), parts, ..Artifact::default() }).await?;
                }
                Ok(Answer::Done)
            }
            "ask" => {
                turn.status(TaskState::InputRequired, Some(turn.says("who?"))).await?;
                Ok(Answer::Done)
            }
            "fail" => {
                turn.status(TaskState::Failed, Some(turn.says("no"))).await?;
                Ok(Answer::Done)
            }
            other => Ok(Answer::Message(turn.says(format!("hello {other}")))),
        }
    }
}

/// An agent as long as the test lasts, and its address.
fn agent() -> (tokio::runtime::Runtime, String) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = runtime.block_on(bind_loopback(([127, 0, 0, 1], 0).into())).unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let _inside = runtime.enter();
    let config = GatewayConfig { grpc: Some(url.replace("http://", "")), ..GatewayConfig::loopback(&url) };
    runtime.spawn(serve(Gateway::new(Arc::new(Greeter), config), listener, std::future::pending(), Duration::ZERO));
    drop(_inside);
    (runtime, url)
}

fn run(home: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let run = duologue(home).args(args).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (run.status.code(), text(&run.stdout), text(&run.stderr))
}

#[test]
fn a_card_is_shown_with_the_interface_that_would_be_used() {
    let home = tempfile::tempdir().unwrap();
    let (_runtime, url) = agent();
    let (code, shown, _) = run(home.path(), &["card", &url, "--binding", "grpc"]);
    assert_eq!(code, Some(0));
    for words in ["Greeter 1.2.3", "streaming", "count_words", CAPABILITY] {
        assert!(shown.contains(words), "{words}: {shown}");
    }
    let used = shown.lines().find(|line| line.starts_with('*')).unwrap();
    assert!(used.contains("GRPC"), "{shown}");
    let told = last_json(run(home.path(), &["card", &url, "--json"]).1.as_bytes());
    assert_eq!((&told["card"]["name"], &told["interface"]["binding"]), (&"Greeter".into(), &"JSONRPC".into()));
}

#[test]
fn an_answer_is_on_standard_output_over_every_binding() {
    let home = tempfile::tempdir().unwrap();
    let (_runtime, url) = agent();
    for binding in ["jsonrpc", "rest", "grpc"] {
        let told = run(home.path(), &["call", &url, "world", "--binding", binding]);
        assert_eq!(told, (Some(0), "hello world\n".into(), String::new()), "{binding}");
        let (code, events, _) =
            run(home.path(), &["call", "--address", &url, "task", "--stream", "--binding", binding]);
        assert_eq!((code, events.as_str()), (Some(0), "one\ntwo\n"), "{binding}");
    }
    let (code, json, note) = run(home.path(), &["--json", "call", &url, "task", "--a2a-version", "1.0"]);
    assert_eq!((code, note.as_str()), (Some(0), ""));
    assert_eq!(last_json(json.as_bytes())["task"]["artifacts"][1]["parts"][0]["text"], "two");
}

#[test]
fn a_question_is_answered_in_the_task_that_asks_it() {
    let home = tempfile::tempdir().unwrap();
    let (_runtime, url) = agent();
    let (code, json, _) = run(home.path(), &["--json", "call", &url, "ask"]);
    let told = last_json(json.as_bytes());
    assert_eq!((code, &told["task"]["status"]["state"]), (Some(0), &"TASK_STATE_INPUT_REQUIRED".into()));
    let (code, said, note) = run(home.path(), &["call", &url, "ask"]);
    assert!(code == Some(0) && said == "who?\n" && note.contains("--task"), "{said}{note}");
    let id = told["task"]["id"].as_str().unwrap();
    let (code, said, _) = run(home.path(), &["call", &url, "Ada", "--task", id]);
    assert!(code == Some(0) && said.contains("hello Ada"), "{said}");
}

#[test]
fn a_capability_is_called_by_its_name() {
    let home = tempfile::tempdir().unwrap();
    let (_runtime, url) = agent();
    let args = ["call", &url, "--capability", "count_words", "--params", "{\"text\":\"a b\"}"];
    let (code, said, _) = run(home.path(), &args);
    let told: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &told["called"], &told["with"]["text"]), (Some(0), &"count_words".into(), &"a b".into()));
    let (code, _, note) = run(home.path(), &["call", &url, "--capability", "fly"]);
    assert!(code == Some(1) && note.contains("it has count_words"), "{note}");
}

#[test]
fn what_goes_wrong_is_told_with_what_to_do() {
    let home = tempfile::tempdir().unwrap();
    let (_runtime, url) = agent();
    let (code, _, note) = run(home.path(), &["call", &url, "fail"]);
    assert!(code == Some(1) && note.contains("TASK_STATE_FAILED"), "{note}");
    let (code, json, note) = run(home.path(), &["--json", "call", &url, "x", "--task", "no-such-task"]);
    assert!(code == Some(1) && note.contains("the agent refused"), "{note}");
    assert!(last_json(json.as_bytes())["error"].as_str().unwrap().contains("There is no such task"));
    let (code, _, note) = run(home.path(), &["card", "http://agent.example.org"]);
    assert!(code == Some(1) && note.contains("not encrypted"), "{note}");
    assert!(run(home.path(), &["call", &url]).2.contains("nothing to say"));
    assert!(run(home.path(), &["call"]).2.contains("no address"));
}
