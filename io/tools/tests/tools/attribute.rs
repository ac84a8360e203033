//! The attribute `tool`.

use crate::bench::ask;
use duologue_macros::tool;
use duologue_tools::{CallError, Context, ToolError, Toolbox};
use serde_json::json;

/// Adds two numbers.
#[tool]
async fn add(
    /// The first.
    a: i64,
    #[serde(default)] b: i64,
) -> i64 {
    a + b
}

/// Divides.
#[tool(name = "divide-by")]
async fn divide(of: i64, by: i64, context: &Context) -> Result<String, ToolError> {
    match of.checked_div(by) {
        Some(result) => Ok(format!("{result} for {}", context.id())),
        None => Err(ToolError::refused("nothing is divided by nothing")),
    }
}

/// Reads a number.
#[tool]
async fn number(text: String) -> Result<i64, std::num::ParseIntError> {
    text.parse()
}

#[tokio::test]
async fn functions_become_tools_as_they_are_written() {
    use duologue_tools::IntoTool;
    let tools = [add.into_tool(), divide.into_tool(), number.into_tool()];
    assert_eq!((tools[0].name(), tools[0].description()), ("add", "Adds two numbers."));
    assert_eq!(tools[0].schema()["properties"]["a"]["description"], "The first.");
    assert_eq!(tools[0].schema()["required"], json!(["a"]));
    let toolbox = Toolbox::of(tools).unwrap();
    assert_eq!(ask(&toolbox, "add", json!({"a": 2})).await.unwrap(), json!(2));
    assert_eq!(ask(&toolbox, "divide-by", json!({"of": 9, "by": 2})).await.unwrap(), json!("4 for call_1"));
    let refused = ask(&toolbox, "divide-by", json!({"of": 9, "by": 0})).await.unwrap_err();
    assert!(matches!(&refused, CallError::Told(words) if words == "nothing is divided by nothing"), "{refused}");
    // What is not said for the model stays in the log.
    let failed = ask(&toolbox, "number", json!({"text": "x"})).await.unwrap_err();
    assert_eq!(failed.to_string(), "the tool `number` failed");
    assert!(matches!(ask(&toolbox, "add", json!({"a": 1, "c": 2})).await, Err(CallError::Arguments(_))));
}
