//! A box as a server: in another process of this program, and called from here as any server is.

use crate::bench::{ask, offer, open, surroundings, text, until};
use duologue_tools::{CallError, McpServer, ServeError, Tool, ToolError, Toolbox};
use serde_json::{Value, json};
use std::process::{Command, Stdio};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Order {
    /// Four digits.
    number: String,
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Marker {
    path: String,
}

/// Says in a file that it was called, and that it ended.
struct Ends(String);

impl Drop for Ends {
    fn drop(&mut self) {
        drop(std::fs::write(&self.0, "ended"));
    }
}

fn tools() -> [Tool; 4] {
    let order = Tool::new("order", "Finds an order", |order: Order, _| {
        Box::pin(async move {
            match order.number.as_str() {
                "4279" => Ok(json!({ "arrives": "tomorrow" })),
                _ => Err(ToolError::refused("there is no such order")),
            }
        })
    });
    let days = Tool::new("days", "Tells days", |_: Order, _| Box::pin(async { Ok(["Monday", "Friday"]) }));
    let breaks =
        Tool::new("breaks", "Breaks", |order: Order, _| Box::pin(async move { Ok(order.number.parse::<u8>()?) }));
    let waits = Tool::new("waits", "Waits for ever", |marker: Marker, _| {
        Box::pin(async move {
            std::fs::write(&marker.path, "called")?;
            let _ends = Ends(marker.path);
            std::future::pending::<Result<(), ToolError>>().await
        })
    });
    [order, days, breaks, waits]
}

#[test]
#[ignore = "is a server, which other tests start"]
fn serves_a_box_where_it_is_asked_to() {
    assert!(std::env::var_os("TOOLS_SERVE").is_some(), "other tests start it");
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let toolbox = Toolbox::of(tools()).expect("a box");
    runtime.block_on(toolbox.serve("orders")).expect("served");
}

const ARGS: [&str; 4] = ["--exact", "serving::serves_a_box_where_it_is_asked_to", "--nocapture", "--ignored"];

#[tokio::test]
async fn functions_are_called_from_another_process() {
    let program = std::env::current_exe().expect("this program");
    let server = McpServer::command(program.to_str().expect("a name"), &ARGS);
    let server = McpServer { name: Some("orders".into()), env: vec!["TOOLS_SERVE".into()], ..server };
    let toolbox = open(&[server], &surroundings(&[("TOOLS_SERVE", "1")])).await;
    let order = offer(&toolbox, "order");
    assert_eq!((order.name.as_str(), order.description.as_str()), ("order", "Finds an order"));
    assert_eq!(order.parameters["properties"]["number"]["description"], "Four digits.");
    let number = |number: &str| json!({ "number": number });
    assert_eq!(ask(&toolbox, "order", number("4279")).await.unwrap(), json!({ "arrives": "tomorrow" }));
    assert_eq!(
        serde_json::from_str::<Value>(&text(&toolbox, "days", number("")).await).unwrap(),
        json!(["Monday", "Friday"])
    );
    let refused = ask(&toolbox, "order", number("1")).await.unwrap_err();
    assert!(matches!(&refused, CallError::Told(words) if words == "there is no such order"), "{refused}");
    // What is not for models stays in that process.
    let broken = ask(&toolbox, "breaks", number("x")).await.unwrap_err();
    assert!(matches!(&broken, CallError::Told(words) if words == "the tool `breaks` failed"), "{broken}");
    // Whoever waited is gone.
    let folder = tempfile::tempdir().unwrap();
    let marker = folder.path().join("marker");
    let (called, path) = (toolbox.clone(), marker.to_str().expect("a name").to_owned());
    let call = tokio::spawn(async move { ask(&called, "waits", json!({ "path": path })).await });
    let says = |words: &str| std::fs::read_to_string(&marker).is_ok_and(|text| text == words);
    until("it is called", || says("called")).await;
    call.abort();
    until("it ends", || says("ended")).await;
    toolbox.close().await;
}

#[test]
fn who_speaks_something_else_is_told() {
    let program = std::env::current_exe().expect("this program");
    let mut command = Command::new(program);
    command.args(ARGS).env("TOOLS_SERVE", "1").stdin(Stdio::null());
    let run = command.output().unwrap();
    let told = String::from_utf8_lossy(&run.stdout).into_owned() + &String::from_utf8_lossy(&run.stderr);
    assert!(!run.status.success() && told.contains("Speak"), "{told}");
    let error = ServeError::Speak { why: "connection closed".to_owned() };
    assert!(error.to_string().contains("command"), "{error}");
}
