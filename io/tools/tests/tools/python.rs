//! A server by the official SDK for Python, over stdio and over streamable HTTP.

use crate::bench::{ask, offer, open, standing, surroundings, text, until};
use duologue_tools::{CallError, CallFailed, McpServer, Standing, ToolboxError};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

const VERSION: &str = "2.3.0";

/// `None`, said loudly, where the SDK is not installed.
fn python() -> Option<PathBuf> {
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
    let cache =
        std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).or_else(home).map(|cache| cache.join("duologue-ci"));
    let tools = std::env::var_os("DUOLOGUE_CI_CACHE").map(PathBuf::from).or(cache)?;
    let python = tools.join(format!("interop-tools/mcp-{VERSION}/bin/python"));
    if python.exists() {
        return Some(python);
    }
    let required = std::env::var_os("DUOLOGUE_TEST_MCP").is_some_and(|value| value == "required");
    assert!(!required, "the SDK of MCP is required here and not installed: run scripts/setup.sh --interop-tools");
    let _ = writeln!(
        std::io::stderr(),
        "SKIPPED: the SDK of MCP is not installed: scripts/setup.sh --interop-tools does that"
    );
    None
}

fn script() -> String {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/interop-tools/server.py").display().to_string()
}

fn child(python: &Path) -> McpServer {
    McpServer { name: Some("peer".into()), ..McpServer::command(python.to_str().expect("a name"), &[&script()]) }
}

/// A server of HTTP, which ends with this.
struct Listening {
    child: Child,
    port: u16,
}

impl Listening {
    fn start(python: &Path, args: &[&str]) -> Listening {
        let mut command = Command::new(python);
        command.arg(script()).arg("--http").args(args).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("python");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("its output")).read_line(&mut line).expect("a line");
        Listening { child, port: line.trim().parse().expect("a port") }
    }

    fn server(&self) -> McpServer {
        McpServer { name: Some("peer".into()), ..McpServer::url(&format!("http://127.0.0.1:{}/mcp", self.port)) }
    }
}

impl Drop for Listening {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// What every server has to do, however it is spoken with.
async fn answers(server: McpServer) {
    let folder = tempfile::tempdir().unwrap();
    let toolbox = open(&[server], &surroundings(&[("TOOLS_TOKEN", "hush")])).await;
    assert_eq!(offer(&toolbox, "add").description, "Adds two numbers.");
    assert_eq!(
        ask(&toolbox, "forecast", json!({"city": "Oslo"})).await.unwrap(),
        json!({"city": "Oslo", "degrees": 21.5})
    );
    let sum = ask(&toolbox, "add", json!({"a": 2, "b": 3})).await.unwrap();
    assert!(sum == json!("5") || sum == json!({"result": "5"}), "{sum}");
    let misfit = ask(&toolbox, "add", json!({"a": 2, "b": "three"})).await.unwrap_err();
    assert!(matches!(&misfit, CallError::Arguments(misfits) if misfits[0].path == "b"), "{misfit}");
    let failed = ask(&toolbox, "fail", json!({"why": "no such order"})).await.unwrap_err();
    assert!(matches!(&failed, CallError::Told(words) if words.contains("no such order")), "{failed}");
    assert_eq!(text(&toolbox, "picture", json!({})).await, "[image image/png, 4 kB, not shown]");
    // Nobody waits any more, and the server learns of it.
    let marker = folder.path().join("marker");
    let (called, path) = (toolbox.clone(), marker.to_str().expect("a name").to_owned());
    let call = tokio::spawn(async move { ask(&called, "hang", json!({"marker": path})).await });
    let says = |words: &str| std::fs::read_to_string(&marker).is_ok_and(|text| text == words);
    until("it is called", || says("called")).await;
    call.abort();
    until("it is called off", || says("called off")).await;
    // A new tool, and an old one with other words.
    drop(ask(&toolbox, "grow", json!({})).await.unwrap());
    until("the new tool is there", || toolbox.specs().iter().any(|spec| spec.name == "newcomer")).await;
    assert_eq!(standing(&toolbox, "forecast"), Standing::Quarantined);
    toolbox.close().await;
}

#[tokio::test]
async fn by_its_standard_input_and_output() {
    let Some(python) = python() else { return };
    answers(child(&python)).await;
}

#[tokio::test]
async fn by_streamable_http() {
    let Some(python) = python() else { return };
    let listening = Listening::start(&python, &["--token", "hush"]);
    let server = McpServer { token_env: Some("TOOLS_TOKEN".into()), ..listening.server() };
    answers(server).await;
    // Without the token, or with another.
    for token_env in [None, Some("OTHER".to_owned())] {
        let server = McpServer { token_env, ..listening.server() };
        let refused = duologue_tools::Toolbox::open(Vec::new(), &[server], &surroundings(&[("OTHER", "wrong")])).await;
        assert!(matches!(refused, Err(ToolboxError::Missing { .. })));
    }
}

#[tokio::test]
async fn by_streamable_http_without_event_streams() {
    let Some(python) = python() else { return };
    let listening = Listening::start(&python, &["--json"]);
    let toolbox = open(&[listening.server()], &surroundings(&[])).await;
    assert_eq!(ask(&toolbox, "forecast", json!({"city": "Oslo"})).await.unwrap()["city"], "Oslo");
    toolbox.close().await;
}

#[tokio::test]
async fn killed_in_mid_call_over_either_way() {
    let Some(python) = python() else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut listening = Listening::start(&python, &[]);
    for (way, server) in [("stdio", child(&python)), ("http", listening.server())] {
        let toolbox = open(&[server], &surroundings(&[])).await;
        let id = ask(&toolbox, "pid", json!({})).await.unwrap();
        let id = id.as_str().or_else(|| id["result"].as_str()).expect("a process").parse().expect("a number");
        let marker = folder.path().join(way);
        let (called, path) = (toolbox.clone(), marker.to_str().expect("a name").to_owned());
        let call = tokio::spawn(async move { ask(&called, "hang", json!({"marker": path})).await });
        until("it is called", || marker.exists()).await;
        kill_process(Pid::from_raw(id).expect("a process"), Signal::KILL).unwrap();
        let begun = std::time::Instant::now();
        let failed = call.await.unwrap().unwrap_err();
        let lost = matches!(failed, CallError::Server(CallFailed::Lost { .. }) | CallError::TimedOut { .. });
        assert!(lost && begun.elapsed().as_secs() < 25, "{way}: {failed}");
        if way == "http" {
            let port = listening.port.to_string();
            drop(listening.child.wait());
            listening = Listening::start(&python, &["--port", &port]);
        }
        assert_eq!(ask(&toolbox, "forecast", json!({"city": "Oslo"})).await.unwrap()["city"], "Oslo", "{way}");
        toolbox.close().await;
    }
}

#[tokio::test]
async fn it_gets_of_the_environment_what_it_is_given() {
    let Some(python) = python() else { return };
    let server = McpServer { env: vec!["GIVEN".into()], ..child(&python) };
    let toolbox = open(&[server], &surroundings(&[("GIVEN", "1"), ("KEPT", "1")])).await;
    let names = ask(&toolbox, "variables", json!({})).await.unwrap().to_string();
    assert!(names.contains("GIVEN") && names.contains("PATH"), "{names}");
    assert!(!names.contains("KEPT") && !names.contains("CARGO"), "{names}");
    toolbox.close().await;
}
