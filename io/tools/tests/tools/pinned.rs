//! Words that change. The server is rmcp's own, in a process of this program.

use crate::bench::{ask, open, standing, surroundings, text, until};
use crate::processes::{server, server_in};
use duologue_tools::{CallError, McpServer, Pins, Standing, Surroundings};
use serde_json::json;

#[tokio::test]
async fn a_tool_whose_words_change_is_kept_from_models_until_it_is_allowed() {
    let toolbox = open(&[server("steady")], &surroundings(&[("TOOLS_SERVE", "1")])).await;
    assert_eq!(standing(&toolbox, "echo"), Standing::Offered);
    assert_eq!(text(&toolbox, "change", json!({})).await, "changed");
    until("the change is seen", || standing(&toolbox, "echo") == Standing::Quarantined).await;
    assert!(toolbox.specs().iter().all(|spec| spec.name != "echo"));
    let kept = ask(&toolbox, "echo", json!({"text": "x"})).await.unwrap_err();
    assert!(matches!(&kept, CallError::Quarantined(name) if name == "echo"), "{kept}");
    // The others are as they were.
    assert_eq!(standing(&toolbox, "pid"), Standing::Offered);
    assert!(toolbox.allow("steady", "echo").unwrap() && !toolbox.allow("steady", "nothing").unwrap());
    assert_eq!(text(&toolbox, "echo", json!({"text": "x"})).await, "x");
    toolbox.close().await;
}

#[tokio::test]
async fn what_was_allowed_is_remembered_in_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pins.json");
    let at = |pins: Pins| Surroundings { pins, ..surroundings(&[("TOOLS_SERVE", "1"), ("TOOLS_CHANGED", "1")]) };
    open(&[server("steady")], &at(Pins::at(&file).unwrap())).await.close().await;
    // A later process, to which the server says something else.
    let changed = McpServer { env: vec!["TOOLS_SERVE".into(), "TOOLS_CHANGED".into()], ..server("steady") };
    let toolbox = open(std::slice::from_ref(&changed), &at(Pins::at(&file).unwrap())).await;
    assert_eq!(standing(&toolbox, "echo"), Standing::Quarantined);
    assert!(toolbox.allow("steady", "echo").unwrap());
    toolbox.close().await;
    let toolbox = open(&[changed], &at(Pins::at(&file).unwrap())).await;
    assert_eq!(standing(&toolbox, "echo"), Standing::Offered);
    // Elsewhere it is another server.
    let other = open(&[server_in(folder.path(), "steady")], &at(Pins::at(&file).unwrap())).await;
    assert_eq!(standing(&other, "echo"), Standing::Offered);
    toolbox.close().await;
    other.close().await;
}

#[tokio::test]
async fn where_pins_are_written_nothing_else_is_offered() {
    let surroundings = surroundings(&[("TOOLS_SERVE", "1")]);
    let toolbox = open(&[server("steady")], &surroundings).await;
    let pin = crate::bench::offer(&toolbox, "echo").pin;
    toolbox.close().await;
    let pins = [("echo".to_owned(), pin), ("pid".to_owned(), "0".repeat(64))].into();
    let toolbox = open(&[McpServer { pins, ..server("steady") }], &surroundings).await;
    let all = ["echo", "pid", "hang"].map(|name| standing(&toolbox, name));
    assert_eq!(all, [Standing::Offered, Standing::Quarantined, Standing::NotListed]);
    toolbox.close().await;
}
