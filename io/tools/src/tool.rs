//! A tool of our own: a typed function with a JSON Schema of its parameters.

use crate::context::Context;
use crate::error::{BadTool, ToolError};
use crate::names;
use crate::parameters::{Misfit, Parameters};
use duologue_chat::ToolSpec;
use futures::future::BoxFuture;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// What a call comes to.
pub type Outcome<T> = BoxFuture<'static, Result<T, ToolError>>;

type Function = dyn Fn(Value, Context) -> Outcome<Value> + Send + Sync;

/// How long a description may be, in characters.
pub(crate) const DESCRIPTION_MAX: usize = 4_096;

/// What a call may take.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// How long it may take; 20 s by default.
    pub timeout: Duration,
    /// How long its result may be as JSON, in characters; more is cut. 16,000 by default.
    pub result_max: usize,
    /// Whether a call ends when the other party takes the floor from the reply that asked for it. By default it goes on.
    pub called_off: bool,
}

impl Default for Bounds {
    fn default() -> Bounds {
        Bounds { timeout: Duration::from_secs(20), result_max: 16_000, called_off: false }
    }
}

/// Something that a language model calls in a conversation.
///
/// ```
/// use duologue_tools::{Tool, ToolError};
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Order {
///     /// Four digits.
///     number: String,
/// }
///
/// let orders = std::sync::Arc::new(std::collections::HashMap::from([("4279".to_owned(), "tomorrow")]));
/// let look_up = Tool::new("look_up_order", "Says when an order arrives", move |order: Order, _context| {
///     let orders = orders.clone();
///     Box::pin(async move {
///         let arrives = orders.get(&order.number).ok_or_else(|| ToolError::refused("there is no such order"))?;
///         Ok(serde_json::json!({ "arrives": arrives }))
///     })
/// });
/// assert!(look_up.check(&serde_json::json!({ "number": 4279 })).is_err());
/// ```
#[derive(Clone)]
pub struct Tool {
    name: String,
    description: String,
    parameters: Arc<Parameters>,
    bounds: Bounds,
    function: Arc<Function>,
}

/// What turns into a tool: tools, and what the attribute `tool` makes.
pub trait IntoTool {
    /// The tool.
    fn into_tool(self) -> Tool;
}

impl IntoTool for Tool {
    fn into_tool(self) -> Tool {
        self
    }
}

impl Tool {
    /// With parameters of a type, whose schema is derived. They are checked before the function is called, which may block its
    /// thread: nobody else waits for it.
    ///
    /// # Panics
    /// Where the name is none (1 to 64 of `[A-Za-z0-9_-]`) or the schema that a type gives by hand is none.
    pub fn new<P, T, F>(name: impl Into<String>, description: impl Into<String>, function: F) -> Tool
    where
        P: DeserializeOwned + JsonSchema + Send + 'static,
        T: Serialize + Send + 'static,
        F: Fn(P, Context) -> Outcome<T> + Send + Sync + 'static,
    {
        let schema = schemars::generate::SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<P>();
        let function: Arc<Function> = Arc::new(move |arguments, context| {
            let called = read::<P>(arguments).map(|parameters| function(parameters, context));
            Box::pin(async move { Ok(serde_json::to_value(called?.await?)?) })
        });
        match Tool::of((name.into(), description.into()), schema.to_value(), function) {
            Ok(tool) => tool,
            Err(error) => panic!("{error}"),
        }
    }

    /// With parameters as they come, which fit a given schema (JSON Schema 2020-12).
    ///
    /// # Errors
    /// [`BadTool`].
    pub fn with_schema<F>(
        name: impl Into<String>,
        description: impl Into<String>,
        schema: Value,
        function: F,
    ) -> Result<Tool, BadTool>
    where
        F: Fn(Value, Context) -> Outcome<Value> + Send + Sync + 'static,
    {
        Tool::of((name.into(), description.into()), schema, Arc::new(function))
    }

    fn of((name, description): (String, String), schema: Value, function: Arc<Function>) -> Result<Tool, BadTool> {
        let refused = |why: String| BadTool { tool: name.clone(), why };
        names::check(&name).map_err(refused)?;
        if description.chars().count() > DESCRIPTION_MAX {
            return Err(refused(format!("its description has more than {DESCRIPTION_MAX} characters")));
        }
        let parameters = Parameters::new(schema).map_err(|why| refused(format!("its schema is none: {why}")))?;
        Ok(Tool { name, description, parameters: Arc::new(parameters), bounds: Bounds::default(), function })
    }

    /// The same that may take this.
    #[must_use]
    pub fn bounded(self, bounds: Bounds) -> Tool {
        Tool { bounds, ..self }
    }

    /// By which it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it does and when to use it, for the model.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// JSON Schema of the parameters.
    pub fn schema(&self) -> &Value {
        self.parameters.schema()
    }

    /// What a call may take.
    pub fn bounds(&self) -> &Bounds {
        &self.bounds
    }

    /// Whether arguments fit.
    ///
    /// # Errors
    /// [`ToolError::Invalid`], with each place that does not.
    pub fn check(&self, arguments: &Value) -> Result<(), ToolError> {
        let misfits = self.parameters.misfits(arguments);
        if misfits.is_empty() { Ok(()) } else { Err(ToolError::Invalid(misfits)) }
    }

    pub(crate) fn spec(&self) -> ToolSpec {
        ToolSpec {
            name: self.name.clone(),
            description: self.description.clone(),
            parameters: self.schema().clone(),
            timeout: self.bounds.timeout,
        }
    }

    pub(crate) fn begin(&self, arguments: Value, context: Context) -> Outcome<Value> {
        (self.function)(arguments, context)
    }
}

impl std::fmt::Debug for Tool {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tool").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What fits a schema may still not be the type, where serde wants more than the schema says.
fn read<P: DeserializeOwned>(arguments: Value) -> Result<P, ToolError> {
    serde_path_to_error::deserialize(arguments).map_err(|error| {
        let path = error.path().to_string();
        let path = if path == "." { String::new() } else { path };
        ToolError::Invalid(vec![Misfit { path, why: "does not fit".to_owned() }])
    })
}
