//! Functions for models, beside what agents can do for each other.

use crate::bed::{ask, plain};
use duologue::tools::{CallError, ToolCall};
use duologue::{Agent, Capability, CapabilityError, ToolError, ToolServer, Toolbox, tool};
use serde_json::{Value, json};

/// Says when an order arrives.
#[tool]
async fn look_up_order(
    /// Four digits.
    #[schemars(regex(pattern = "^[0-9]{4}$"))]
    number: String,
) -> Result<Value, ToolError> {
    match number.as_str() {
        "4279" => Ok(json!({ "arrives": "tomorrow" })),
        "0000" => Err(std::io::Error::other("password=hunter2"))?,
        _ => Err(ToolError::refused("there is no such order")),
    }
}

#[derive(serde::Deserialize, schemars::JsonSchema)]
struct Order {
    number: String,
}

/// Whatever a model would call, with words for what went wrong.
async fn called(toolbox: &Toolbox, arguments: Value) -> Result<Value, CallError> {
    let call = ToolCall { id: "1".into(), name: "look_up_order".into(), arguments };
    toolbox.try_call(&call).await
}

#[tokio::test]
async fn a_function_is_a_tool_of_models() {
    let toolbox = Toolbox::of([look_up_order]).unwrap();
    let spec = &toolbox.specs()[0];
    assert_eq!((spec.name.as_str(), spec.description.as_str()), ("look_up_order", "Says when an order arrives."));
    assert_eq!(spec.parameters["properties"]["number"]["description"], "Four digits.");
    assert_eq!(called(&toolbox, json!({ "number": "4279" })).await.unwrap(), json!({ "arrives": "tomorrow" }));
    let words = async |number: &str| called(&toolbox, json!({ "number": number })).await.unwrap_err().to_string();
    assert_eq!(words("4280").await, "there is no such order");
    assert!(words("12").await.starts_with("the arguments do not fit: number: "));
    // What was not said for the model is not told.
    assert_eq!(words("0000").await, "the tool `look_up_order` failed");
    assert_eq!(look_up_order::call("4279".to_owned()).await.unwrap(), json!({ "arrives": "tomorrow" }));
}

#[tokio::test]
async fn a_capability_runs_tools() {
    let toolbox = Toolbox::of([look_up_order]).unwrap();
    let orders = Capability::new("order", "Finds an order", move |order: Order, _| {
        let (toolbox, arguments) = (toolbox.clone(), json!({ "number": order.number }));
        Box::pin(async move {
            called(&toolbox, arguments).await.map_err(|error| CapabilityError::failed(error.to_string()))
        })
    });
    let agent = plain(Agent::new("orders").capability(orders)).await;
    assert_eq!(ask(&agent, "order", json!({ "number": "4279" })).await.unwrap()["arrives"], "tomorrow");
    let failed = ask(&agent, "order", json!({ "number": "1" })).await.unwrap_err();
    assert!(failed.to_string().contains("do not fit: number"), "{failed}");
}

#[tokio::test]
async fn two_tools_of_one_name_are_not_served() {
    let twice = ToolServer::new("orders").tool(look_up_order).tool(look_up_order);
    let refused = twice.serve().await.unwrap_err();
    assert!(refused.to_string().contains("two tools `look_up_order`"), "{refused}");
}
