//! The parameters of a tool: their JSON Schema, and whether arguments fit it.

use jsonschema::{PatternOptions, Validator};
use serde_json::{Value, json};

/// Arguments are not told in more than so many ways to be wrong.
const MISFITS: usize = 16;

/// A schema that was compiled.
pub(crate) struct Parameters {
    schema: Value,
    validator: Validator,
}

/// A place where arguments do not fit, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    /// Where, such as `documents[0].id`; empty for all of them.
    pub path: String,
    /// What is wrong there, without the value.
    pub why: String,
}

impl Parameters {
    /// Of a schema (JSON Schema 2020-12, or what it says of itself) that leads nowhere outside. Patterns run in linear time, so that
    /// none can hang a call.
    pub(crate) fn new(mut schema: Value) -> Result<Parameters, String> {
        let Some(object) = schema.as_object_mut() else { return Err("it is no object".to_owned()) };
        // Models take nothing but objects for arguments.
        match object.get("type") {
            None => drop(object.insert("type".to_owned(), json!("object"))),
            Some(Value::String(kind)) if kind == "object" => {}
            Some(_) => return Err("its `type` is not `object`".to_owned()),
        }
        // The name of a type says nothing to a model.
        object.remove("title");
        object.entry("properties").or_insert_with(|| json!({}));
        let options = jsonschema::options().with_pattern_options(PatternOptions::regex());
        let validator = options.build(&schema).map_err(|error| error.masked().to_string())?;
        Ok(Parameters { schema, validator })
    }

    pub(crate) fn schema(&self) -> &Value {
        &self.schema
    }

    /// All places that do not fit, up to a number; none means that it fits.
    pub(crate) fn misfits(&self, arguments: &Value) -> Vec<Misfit> {
        let errors = self.validator.iter_errors(arguments).take(MISFITS);
        // Not with the values: these words are logged, and arguments may be anybody's.
        errors
            .map(|error| Misfit { path: path(error.instance_path().as_str()), why: error.masked().to_string() })
            .collect()
    }
}

/// `/documents/0/id` is `documents[0].id`.
fn path(pointer: &str) -> String {
    let mut path = String::new();
    for step in pointer.split('/').skip(1) {
        let step = step.replace("~1", "/").replace("~0", "~");
        if step.parse::<usize>().is_ok() {
            path.push_str(&format!("[{step}]"));
        } else {
            if !path.is_empty() {
                path.push('.');
            }
            path.push_str(&step);
        }
    }
    path
}

/// For the model: what it has to mend.
pub(crate) fn in_words(misfits: &[Misfit]) -> String {
    let each = misfits.iter().map(|misfit| match misfit.path.as_str() {
        "" => misfit.why.clone(),
        path => format!("{path}: {}", misfit.why),
    });
    format!("the arguments do not fit: {}", each.collect::<Vec<_>>().join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_place_that_does_not_fit_is_told_without_its_value() {
        let schema = json!({"type": "object", "required": ["name"], "properties": {
            "name": {"type": "string"}, "list": {"type": "array", "items": {"type": "object", "properties": {"n": {"type": "integer"}}}}
        }});
        let parameters = Parameters::new(schema).unwrap();
        let misfits = parameters.misfits(&json!({"list": [{"n": 1}, {"n": "secret"}]}));
        let words = in_words(&misfits);
        assert!(words.contains("list[1].n") && words.contains("name") && !words.contains("secret"), "{words}");
        assert_eq!(parameters.misfits(&json!({"name": "x", "list": []})), []);
    }

    #[test]
    fn schemas_that_are_none_or_lead_elsewhere_are_refused() {
        for schema in [
            json!(true),
            json!({"type": "array"}),
            json!({"type": "object", "properties": {"a": {"type": "nothing"}}}),
            json!({"type": "object", "properties": {"a": {"$ref": "https://example.org/schema.json"}}}),
            json!({"type": "object", "properties": {"a": {"$ref": "file:///etc/passwd"}}}),
            json!({"type": "object", "properties": {"a": {"$ref": "#/$defs/missing"}}}),
        ] {
            assert!(Parameters::new(schema.clone()).is_err(), "{schema}");
        }
        assert_eq!(Parameters::new(json!({})).unwrap().schema(), &json!({"type": "object", "properties": {}}));
    }

    #[test]
    fn no_pattern_takes_long() {
        let schema = json!({"type": "object", "properties": {"a": {"type": "string", "pattern": "^(a+)+$"}}});
        let parameters = Parameters::new(schema).unwrap();
        assert_eq!(parameters.misfits(&json!({"a": "a".repeat(50_000) + "b"})).len(), 1);
    }
}
