//! What an agent can do: [`Capability`].

use crate::context::Context;
use crate::error::CapabilityError;
use duologue_a2a::error::Violation;
use futures::future::BoxFuture;
use schemars::JsonSchema;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::sync::Arc;

/// What a call comes to, as a future that lives no longer than the call.
pub type Outcome<'a, T> = BoxFuture<'a, Result<T, CapabilityError>>;

type Call = dyn for<'a> Fn(Value, Context<'a>) -> Outcome<'a, Value> + Send + Sync;

/// Why parameters are not told in more than so many ways to be wrong.
const VIOLATIONS: usize = 16;

/// Something that other agents call by its name: a typed function with a JSON Schema of its parameters.
///
/// Mostly made by [`macro@crate::capability`]. Where a function needs something to hold, a closure does it:
///
/// ```
/// use duologue::{Capability, CapabilityError};
/// use std::sync::Arc;
///
/// #[derive(serde::Deserialize, schemars::JsonSchema)]
/// struct Lookup {
///     word: String,
/// }
///
/// let dictionary = Arc::new(std::collections::HashMap::from([("svid", "an identity document of SPIFFE")]));
/// let explain = Capability::new("explain", "Explains a word", move |lookup: Lookup, _context| {
///     let dictionary = Arc::clone(&dictionary);
///     Box::pin(async move {
///         let meaning = dictionary.get(lookup.word.as_str());
///         meaning.copied().ok_or_else(|| CapabilityError::refused("I do not know this word"))
///     })
/// });
/// assert_eq!(explain.name(), "explain");
/// assert!(explain.check(&serde_json::json!({ "word": 7 })).is_err());
/// ```
#[derive(Clone)]
pub struct Capability {
    name: String,
    description: String,
    schema: Value,
    validator: Arc<jsonschema::Validator>,
    call: Arc<Call>,
}

/// What turns into a capability: capabilities, and what [`macro@crate::capability`] makes.
pub trait IntoCapability {
    /// The capability.
    fn into_capability(self) -> Capability;
}

impl IntoCapability for Capability {
    fn into_capability(self) -> Capability {
        self
    }
}

/// A schema is none.
#[derive(Debug, thiserror::Error)]
#[error("the schema of the capability {capability} is no JSON Schema: {why}")]
pub struct BadSchema {
    /// Of which capability.
    pub capability: String,
    /// What is wrong with it, and where.
    pub why: String,
}

impl Capability {
    /// With parameters of a type, whose schema is derived.
    ///
    /// # Panics
    /// Where the schema that a type gives by hand is none.
    pub fn new<P, T, F>(name: impl Into<String>, description: impl Into<String>, call: F) -> Capability
    where
        P: DeserializeOwned + JsonSchema + Send + 'static,
        T: Serialize + Send + 'static,
        F: for<'a> Fn(P, Context<'a>) -> Outcome<'a, T> + Send + Sync + 'static,
    {
        let schema = schemars::generate::SchemaSettings::draft2020_12().into_generator().into_root_schema_for::<P>();
        let call: Arc<Call> = Arc::new(move |params, context| {
            let read = read::<P>(params);
            let called = read.map(|params| call(params, context));
            Box::pin(async move {
                let answer = called?.await?;
                serde_json::to_value(answer).map_err(CapabilityError::from)
            })
        });
        match Capability::of(name.into(), description.into(), schema.to_value(), call) {
            Ok(capability) => capability,
            Err(error) => panic!("{error}"),
        }
    }

    /// With parameters as they come, which fit a given schema (JSON Schema 2020-12).
    ///
    /// # Errors
    /// [`BadSchema`].
    pub fn with_schema<F>(
        name: impl Into<String>,
        description: impl Into<String>,
        schema: Value,
        call: F,
    ) -> Result<Capability, BadSchema>
    where
        F: for<'a> Fn(Value, Context<'a>) -> Outcome<'a, Value> + Send + Sync + 'static,
    {
        Capability::of(name.into(), description.into(), schema, Arc::new(call))
    }

    fn of(name: String, description: String, mut schema: Value, call: Arc<Call>) -> Result<Capability, BadSchema> {
        // The name of a type of ours says nothing to callers.
        if let Some(object) = schema.as_object_mut() {
            object.remove("title");
        }
        let validator = jsonschema::validator_for(&schema)
            .map_err(|error| BadSchema { capability: name.clone(), why: error.to_string() })?;
        Ok(Capability { name, description, schema, validator: Arc::new(validator), call })
    }

    /// By which it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What it does, for people and models.
    pub fn description(&self) -> &str {
        &self.description
    }

    /// JSON Schema of the parameters.
    pub fn schema(&self) -> &Value {
        &self.schema
    }

    /// Whether parameters fit.
    ///
    /// # Errors
    /// [`CapabilityError::Invalid`], with the path of each place that does not fit.
    pub fn check(&self, params: &Value) -> Result<(), CapabilityError> {
        let misfits = self.validator.iter_errors(params).take(VIOLATIONS);
        // Not with the values: an error is logged, and parameters may be anybody's.
        let violations: Vec<Violation> =
            misfits.map(|error| violation(&error.instance_path().to_string(), error.masked().to_string())).collect();
        if violations.is_empty() { Ok(()) } else { Err(CapabilityError::Invalid(violations)) }
    }

    /// Checks the parameters, and calls.
    pub(crate) async fn call(&self, params: Value, context: Context<'_>) -> Result<Value, CapabilityError> {
        self.check(&params)?;
        (self.call)(params, context).await
    }
}

impl std::fmt::Debug for Capability {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Capability").field("name", &self.name).finish_non_exhaustive()
    }
}

/// What fits a schema may still not be the type, where serde wants more than the schema says.
fn read<P: DeserializeOwned>(params: Value) -> Result<P, CapabilityError> {
    serde_path_to_error::deserialize(params).map_err(|error| {
        let path = error.path().to_string();
        let path = if path == "." { "" } else { &path };
        let field = if path.is_empty() { "params".to_owned() } else { format!("params.{path}") };
        CapabilityError::Invalid(vec![Violation { field, description: "does not fit".to_owned() }])
    })
}

/// `/documents/0/id` is `params.documents[0].id`.
fn violation(pointer: &str, description: String) -> Violation {
    let mut field = "params".to_owned();
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        if step.parse::<usize>().is_ok() {
            field.push_str(&format!("[{step}]"));
        } else {
            field.push('.');
            field.push_str(&step);
        }
    }
    Violation { field, description }
}
