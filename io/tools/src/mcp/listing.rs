//! What a server says of its tools, as far as it is taken: [`Foreign`].

use crate::names;
use crate::parameters::Parameters;
use crate::pins::pin;
use crate::text::{clean_marked, is_plain, one_line};
use rmcp::model::Tool as Raw;
use serde_json::Value;

/// What a model reads of a tool, in characters; the rest is cut.
const DESCRIPTION_MAX: usize = 2_048;
/// The same of each parameter.
const NOTE_MAX: usize = 512;
/// A schema of more bytes, or deeper, is refused.
const SCHEMA_MAX: usize = 32_768;
const DEPTH_MAX: usize = 24;
/// The longest name that the protocol allows.
const NAME_MAX: usize = 128;
/// Keywords whose texts are for readers and change nothing.
const NOTES: [&str; 3] = ["description", "title", "$comment"];
/// Keywords below which keys are names of its own.
const NAMES: [&str; 5] = ["properties", "patternProperties", "$defs", "definitions", "dependentSchemas"];

/// A tool of a server, fit for models.
pub(crate) struct Foreign {
    /// As its server calls it.
    pub(crate) original: String,
    /// As models call it.
    pub(crate) name: String,
    pub(crate) description: String,
    pub(crate) parameters: Parameters,
    /// SHA-256 of what its server says, before anything was made plain.
    pub(crate) pin: String,
}

/// A tool that can't be offered.
pub(crate) struct Refused {
    /// As its server calls it, made plain.
    pub(crate) original: String,
    pub(crate) why: String,
}

/// Takes what can be taken.
pub(crate) fn understood(raw: &Raw, prefix: Option<&str>) -> Result<Foreign, Refused> {
    let refused = |why: String| Refused { original: one_line(&raw.name, NAME_MAX), why };
    if raw.name.len() > NAME_MAX || !raw.name.chars().all(is_plain) {
        return Err(refused(format!("its name is longer than {NAME_MAX} bytes, or has characters that hide")));
    }
    let name = names::foreign(prefix, &raw.name).map_err(refused)?;
    let description = raw.description.as_deref().unwrap_or_default();
    let schema = Value::Object(raw.input_schema.as_ref().clone());
    if size(&schema, SCHEMA_MAX).is_none() {
        return Err(refused(format!("the schema of its parameters has more than {SCHEMA_MAX} bytes")));
    }
    let pin = pin(&raw.name, description, &schema).map_err(refused)?;
    let plain = plain_schema(&schema, DEPTH_MAX, false).map_err(refused)?;
    let parameters = Parameters::new(plain)
        .map_err(|why| refused(format!("the schema of its parameters is none: {}", one_line(&why, NOTE_MAX))))?;
    let description = clean_marked(description, DESCRIPTION_MAX);
    Ok(Foreign { original: raw.name.to_string(), name, description, parameters, pin })
}

/// How long it is as JSON, where that is no more than so much.
fn size(value: &Value, most: usize) -> Option<usize> {
    let size = value.to_string().len();
    (size <= most).then_some(size)
}

/// A schema whose notes are plain and short. Everything else in it means something, so that what hides there is refused.
fn plain_schema(value: &Value, depth: usize, keys_are_names: bool) -> Result<Value, String> {
    let Some(deeper) = depth.checked_sub(1) else {
        return Err(format!("the schema of its parameters is deeper than {DEPTH_MAX}"));
    };
    let hides = || "the schema of its parameters has characters that hide".to_owned();
    Ok(match value {
        Value::String(text) if !text.chars().all(is_plain) => return Err(hides()),
        Value::Array(items) => items.iter().map(|item| plain_schema(item, deeper, false)).collect::<Result<_, _>>()?,
        Value::Object(map) => {
            let mut plain = serde_json::Map::new();
            for (key, value) in map {
                if !key.chars().all(is_plain) {
                    return Err(hides());
                }
                let value = match value {
                    Value::String(note) if !keys_are_names && NOTES.contains(&key.as_str()) => {
                        Value::String(clean_marked(note, NOTE_MAX))
                    }
                    other => plain_schema(other, deeper, !keys_are_names && NAMES.contains(&key.as_str()))?,
                };
                plain.insert(key.clone(), value);
            }
            Value::Object(plain)
        }
        other => other.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn raw(name: &str, description: &str, schema: Value) -> Raw {
        serde_json::from_value(json!({"name": name, "description": description, "inputSchema": schema}))
            .expect("a tool")
    }

    fn refused(raw: &Raw) -> String {
        understood(raw, None).err().expect("it is refused").why
    }

    #[test]
    fn what_models_read_is_plain_and_short() {
        let note = format!("Whom.\u{202e}{}", "x".repeat(1_000));
        let schema = json!({"type": "object", "properties": {"description": {"type": "string", "description": note}}});
        let tool =
            understood(&raw("greet", &format!("Greets.\u{1b}]0;x\u{7}{}", "y".repeat(9_000)), schema), Some("a")).ok();
        let tool = tool.expect("it is taken");
        assert_eq!((tool.name.as_str(), tool.original.as_str()), ("a_greet", "greet"));
        assert!(tool.description.starts_with("Greets.]0;xyyy") && tool.description.chars().count() < 2_100);
        let note = tool.parameters.schema()["properties"]["description"]["description"].as_str().expect("a note");
        assert!(note.starts_with("Whom.xxx") && note.chars().count() < 600, "{note}");
    }

    #[test]
    fn what_cannot_be_made_plain_is_refused() {
        let none = || json!({"type": "object"});
        assert!(refused(&raw("a\u{200b}b", "", none())).contains("hide"));
        assert!(refused(&raw(&"x".repeat(129), "", none())).contains("128"));
        assert!(refused(&raw("end_call", "", none())).contains("built in"));
        let property = json!({"type": "object", "properties": {"a\u{200b}": {}}});
        assert!(refused(&raw("a", "", property)).contains("hide"));
        let word = json!({"type": "object", "properties": {"a": {"enum": ["x\u{e0041}"]}}});
        assert!(refused(&raw("a", "", word)).contains("hide"));
        // A property that is called like a note is no note.
        let named = json!({"type": "object", "properties": {"title": {"const": "x\u{e0041}"}}});
        assert!(refused(&raw("a", "", named)).contains("hide"));
        let huge = json!({"type": "object", "description": "x".repeat(40_000)});
        assert!(refused(&raw("a", "", huge)).contains("bytes"));
        let mut deep = json!({});
        for _ in 0..30 {
            deep = json!({"not": deep});
        }
        assert!(refused(&raw("a", "", deep)).contains("deeper"));
        assert!(refused(&raw("a", "", json!({"type": "object", "properties": {"a": {"type": 7}}}))).contains("none"));
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<String>().prop_map(Value::from)
        ];
        let key = prop_oneof![
            any::<String>(),
            Just("properties".to_owned()),
            Just("description".to_owned()),
            Just("type".to_owned())
        ];
        leaf.prop_recursive(6, 64, 6, move |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
                prop::collection::btree_map(key.clone(), inner, 0..5)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    fn texts(value: &Value) -> Vec<String> {
        match value {
            Value::String(text) => vec![text.clone()],
            Value::Array(items) => items.iter().flat_map(texts).collect(),
            Value::Object(map) => {
                map.iter().flat_map(|(key, value)| [vec![key.clone()], texts(value)].concat()).collect()
            }
            _ => Vec::new(),
        }
    }

    proptest! {
        #[test]
        fn whatever_a_server_says_is_refused_or_plain(name in any::<String>(), words in any::<String>(), schema in any_json()) {
            let schema = if schema.is_object() { schema } else { json!({"default": schema}) };
            match understood(&raw(&name, &words, schema), None) {
                Ok(tool) => {
                    prop_assert!(names::check(&tool.name).is_ok());
                    let all = [vec![tool.description.clone()], texts(tool.parameters.schema())].concat();
                    prop_assert!(all.iter().all(|text| text.chars().all(is_plain)), "{all:?}");
                    prop_assert_eq!(tool.pin.len(), 64);
                }
                Err(refused) => prop_assert!(!refused.original.contains('\n') && !refused.why.is_empty()),
            }
        }
    }
}
