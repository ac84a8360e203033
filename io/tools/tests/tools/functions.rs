//! Functions of ours: bounded, ended, and held apart from each other.

use crate::bench::{ask, call, until};
use duologue_chat::ToolOutcome;
use duologue_tools::{Bounds, CallError, Context, Tool, ToolError, Toolbox, ToolboxError};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Nothing {}

fn plain(name: &str, answer: Value) -> Tool {
    Tool::new(name, "Answers", move |_: Nothing, _| {
        let answer = answer.clone();
        Box::pin(async move { Ok(answer) })
    })
}

fn within(tool: Tool, timeout: Duration) -> Tool {
    tool.bounded(Bounds { timeout, ..Bounds::default() })
}

/// One whose thread stands still until the sender is dropped.
fn blocking(name: &str) -> (Tool, std::sync::mpsc::Sender<()>) {
    let (release, held) = channel::<()>();
    let held: Arc<Mutex<Receiver<()>>> = Arc::new(Mutex::new(held));
    let tool = Tool::new(name, "Blocks its thread", move |_: Nothing, _| {
        let held = held.clone();
        // Before there is a future, and in it.
        drop(held.lock().map(|held| held.recv()));
        Box::pin(async move { Ok("released") })
    });
    (within(tool, Duration::from_millis(300)), release)
}

#[tokio::test]
async fn one_that_blocks_its_thread_for_ever_holds_up_nobody() {
    let (stuck, release) = blocking("stuck");
    let toolbox = Toolbox::of([stuck, plain("quick", json!("here"))]).unwrap();
    // As often as it is called: each call ends in its time, and the others work.
    for _ in 0..4 {
        let begun = Instant::now();
        assert_eq!(toolbox.call(&call("stuck", json!({}))).await, ToolOutcome::TimedOut);
        assert!(begun.elapsed() < Duration::from_secs(5));
        assert_eq!(ask(&toolbox, "quick", json!({})).await.unwrap(), json!("here"));
    }
    until("the watchdog says which", || toolbox.stuck().len() == 4).await;
    assert!(toolbox.stuck().iter().all(|stuck| stuck.tool == "stuck" && stuck.since >= Duration::from_secs(1)));
    // It gets no more threads.
    assert!(matches!(ask(&toolbox, "stuck", json!({})).await, Err(CallError::Stuck(name)) if name == "stuck"));
    assert_eq!(ask(&toolbox, "quick", json!({})).await.unwrap(), json!("here"));
    drop(release);
    until("it came back", || toolbox.stuck().is_empty()).await;
    assert_eq!(ask(&toolbox, "stuck", json!({})).await.unwrap(), json!("released"));
}

#[tokio::test]
async fn a_box_with_a_tool_that_blocks_ends_at_once() {
    let (stuck, _release) = blocking("stuck");
    let toolbox = Toolbox::of([stuck]).unwrap();
    assert_eq!(toolbox.call(&call("stuck", json!({}))).await, ToolOutcome::TimedOut);
    let begun = Instant::now();
    drop(toolbox);
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn what_nobody_waits_for_ends() {
    struct Ends(Arc<AtomicBool>);
    impl Drop for Ends {
        fn drop(&mut self) {
            self.0.store(true, Ordering::SeqCst);
        }
    }
    let (begun, ended) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let (begins, ends) = (begun.clone(), ended.clone());
    let waits = Tool::new("waits", "Waits for ever", move |_: Nothing, context: Context| {
        begins.store(true, Ordering::SeqCst);
        let ends = Ends(ends.clone());
        Box::pin(async move {
            let _ends = ends;
            assert!(!context.is_called_off() && context.remaining() > Duration::ZERO);
            std::future::pending::<Result<(), ToolError>>().await
        })
    });
    let toolbox = Toolbox::of([waits]).unwrap();
    let called = toolbox.clone();
    let waiting = tokio::spawn(async move { called.call(&call("waits", json!({}))).await });
    until("it is called", || begun.load(Ordering::SeqCst)).await;
    assert!(!ended.load(Ordering::SeqCst));
    waiting.abort();
    until("it is dropped", || ended.load(Ordering::SeqCst)).await;
}

#[tokio::test]
async fn a_panic_is_one_failure() {
    let calls = Arc::new(AtomicUsize::new(0));
    let count = calls.clone();
    let panics = Tool::new("panics", "Panics", move |_: Nothing, _| {
        let count = count.clone();
        Box::pin(async move {
            assert!(count.fetch_add(1, Ordering::SeqCst) > 0, "the first time");
            Ok("fine")
        })
    });
    let toolbox = Toolbox::of([panics]).unwrap();
    assert!(matches!(ask(&toolbox, "panics", json!({})).await, Err(CallError::Failed(_))));
    assert_eq!(ask(&toolbox, "panics", json!({})).await.unwrap(), json!("fine"));
}

#[tokio::test]
async fn results_are_cut() {
    let bounds = Bounds { result_max: 10, ..Bounds::default() };
    let long = plain("text", json!("x".repeat(100))).bounded(bounds.clone());
    let list = plain("list", json!(vec![1; 100])).bounded(bounds.clone());
    let toolbox = Toolbox::of([long, list, plain("short", json!([1])).bounded(bounds)]).unwrap();
    let text = ask(&toolbox, "text", json!({})).await.unwrap();
    assert_eq!(text, json!("xxxxxxxxxx … (cut: 90 more characters)"));
    assert!(ask(&toolbox, "list", json!({})).await.unwrap().as_str().is_some_and(|t| t.starts_with("[1,1,1,1,1 …")));
    assert_eq!(ask(&toolbox, "short", json!({})).await.unwrap(), json!([1]));
}

#[tokio::test]
async fn there_are_no_two_of_one_name_and_none_of_no_name() {
    let twice = Toolbox::of([plain("a", json!(1)), plain("a", json!(2))]).unwrap_err();
    assert!(matches!(&twice, ToolboxError::Twice { name } if name == "a"), "{twice}");
    let toolbox = Toolbox::of([plain("a", json!(1))]).unwrap();
    assert_eq!(ask(&toolbox, "b", json!({})).await.unwrap_err().to_string(), "there is no tool `b`");
    let specs = toolbox.specs();
    assert_eq!((specs.len(), specs[0].name.as_str(), specs[0].timeout), (1, "a", Duration::from_secs(20)));
    let nothing = |_: Value, _: Context| -> duologue_tools::Outcome<Value> { Box::pin(async { Ok(json!(1)) }) };
    for bad in ["", "two words", "end_call"] {
        assert!(Tool::with_schema(bad, "", json!({}), nothing).is_err(), "{bad}");
    }
    assert!(Tool::with_schema("a", "", json!({"type": "text"}), nothing).is_err());
}
