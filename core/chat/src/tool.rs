use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// A tool as the model sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolSpec {
    /// Name, `[a-zA-Z0-9_-]{1,64}`.
    pub name: String,
    /// What it does and when to use it, for the model.
    pub description: String,
    /// JSON Schema of the arguments, an object.
    pub parameters: Value,
    /// How long a call may take.
    pub timeout: Duration,
}

/// One call of a tool that the model asked for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The model's id of the call; the outcome carries it back.
    pub id: String,
    /// Which tool.
    pub name: String,
    /// The arguments, an object that fits [`ToolSpec::parameters`].
    pub arguments: Value,
}

/// What came of a call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ToolOutcome {
    /// The tool answered.
    Ok(Value),
    /// It refused or failed; the text goes to the model.
    Error(String),
    /// No answer within [`ToolSpec::timeout`].
    TimedOut,
}
