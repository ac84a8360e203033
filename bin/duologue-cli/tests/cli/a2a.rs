//! Cards and calls of agents: an agent served in the test, the command as it is.

use crate::{duologue, last_json};
use async_trait::async_trait;
use duologue_a2a::error::{A2aError, ErrorKind};
use duologue_a2a::model::{
    AgentCapabilities, AgentCard, AgentExtension, AgentInterface, AgentSkill, Artifact, Content, Part, TaskState,
};
use duologue_gateway::extension::CAPABILITY;
use duologue_gateway::{Agent, Answer, Failure, Gateway, GatewayConfig, Turn, bind_loopback, serve};
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// What a terminal would take for orders: to clear itself, and to change its title.
const ORDERS: &str = "\x1b[2J\x1b]0;title\x07\u{9b}2J";

struct Greeter;

#[async_trait]
impl Agent for Greeter {
    fn card(&self) -> AgentCard {
        let extensions = vec![AgentExtension { uri: CAPABILITY.into(), ..AgentExtension::default() }];
        AgentCard {
            name: "Greeter".into(),
            version: "1.2.3".into(),
            description: format!("Greets{ORDERS}"),
            capabilities: AgentCapabilities { streaming: Some(true), extensions, ..AgentCapabilities::default() },
            skills: vec![AgentSkill {
                id: "count_words".into(),
                name: format!("Count\n{ORDERS}"),
                ..AgentSkill::default()
            }],
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
            "order" => Ok(Answer::Message(turn.says(format!("one\ttwo\r\nthree{ORDERS}")))),
            "refuse" => Err(A2aError::new(ErrorKind::UnsupportedOperation, format!("never{ORDERS}")).into()),
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
    let (code, _, note) = run(home.path(), &["call", &url, "--capability", "count_words", "a b"]);
    assert!(code == Some(1) && note.contains("--params"), "{note}");
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
    assert!(code == Some(1) && note.contains("not encrypted") && note.contains("--allow-plaintext"), "{note}");
    let (code, _, note) = run(home.path(), &["call", &url, "x", "--binding", "grpc", "--a2a-version", "0.3"]);
    assert!(code == Some(1) && note.contains("(--binding, --a2a-version"), "{note}");
    assert!(run(home.path(), &["call", &url]).2.contains("nothing to say"));
    assert!(run(home.path(), &["call"]).2.contains("no address"));
    for words in [&["call", &url, "hello", "big", "world"][..], &["call", "--address", &url, "hello", "world"]] {
        let (code, _, note) = run(home.path(), words);
        assert!(code == Some(1) && note.contains("too many words") && note.contains("quotes"), "{note}");
    }
}

#[test]
fn words_of_an_agent_give_the_terminal_no_orders() {
    let home = tempfile::tempdir().unwrap();
    let (_runtime, url) = agent();
    let (code, said, _) = run(home.path(), &["call", &url, "order"]);
    let cleaned = "one\ttwo\nthree\u{fffd}[2J\u{fffd}]0;title\u{fffd}\u{fffd}2J\n";
    assert_eq!((code, said.as_str()), (Some(0), cleaned));
    let (_, shown, _) = run(home.path(), &["card", &url]);
    assert!(shown.lines().any(|line| line.starts_with("count_words") && line.contains("Count")), "{shown}");
    let (_, _, note) = run(home.path(), &["call", &url, "refuse"]);
    assert!(note.contains("never"), "{note}");
    for text in [shown, note] {
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{text:?}");
    }
}

#[test]
fn a_message_is_the_same_by_the_id_that_is_given() {
    let home = tempfile::tempdir().unwrap();
    let (_runtime, url) = agent();
    let answer = |id: &str| run(home.path(), &["call", &url, "Ada", "--message-id", id, "--json"]).1;
    let first = answer("m-1");
    assert_eq!(last_json(first.as_bytes())["message"]["parts"][0]["text"], "hello Ada");
    assert_eq!(answer("m-1"), first);
    assert_ne!(answer("m-2"), first);
    // Who gives a card and hangs up on calls.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || hang_up(&listener));
    let (code, _, note) = run(home.path(), &["call", &url, "Ada", "--message-id", "m-3"]);
    assert!(code == Some(1) && note.contains("no answer") && note.contains("--message-id m-3"), "{note}");
}

fn hang_up(listener: &TcpListener) {
    let interface = AgentInterface {
        url: format!("http://{}", listener.local_addr().unwrap()),
        protocol_binding: "JSONRPC".into(),
        protocol_version: "1.0".into(),
        tenant: String::new(),
    };
    let card = AgentCard { name: "Mute".into(), supported_interfaces: vec![interface], ..AgentCard::default() };
    let card = serde_json::to_string(&card).unwrap();
    for line in listener.incoming() {
        let mut line = line.unwrap();
        let mut start = [0; 4];
        line.read_exact(&mut start).unwrap();
        if &start == b"GET " {
            let head = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", card.len());
            line.write_all((head + &card).as_bytes()).unwrap();
            line.shutdown(std::net::Shutdown::Write).unwrap();
            // Read to its end, so that what was written is not lost with a reset.
            drop(std::io::copy(&mut line, &mut std::io::sink()));
        }
    }
}
