//! JSON Schemas, made from Rust types: [`schema_of`].

use schemars::generate::SchemaSettings;
use schemars::transform::{RecursiveTransform, Transform};
use schemars::{JsonSchema, Schema};
use serde_json::Value;

/// The JSON Schema of a file that is read as this type, for [`crate::parse`] and for editors (`# yaml-language-server: $schema=…`).
pub fn schema_of<T: JsonSchema>() -> Value {
    let settings = SchemaSettings::draft2020_12()
        .with_transform(RecursiveTransform(NoNull))
        .with_transform(RecursiveTransform(WholeNumbersEnd));
    settings.into_generator().into_root_schema_for::<T>().to_value()
}

/// A whole number that its type cannot hold is refused where it stands.
#[derive(Clone)]
struct WholeNumbersEnd;

impl Transform for WholeNumbersEnd {
    fn transform(&mut self, schema: &mut Schema) {
        let most = match schema.get("format").and_then(Value::as_str) {
            Some("uint8") => u64::from(u8::MAX),
            Some("uint16") => u64::from(u16::MAX),
            Some("uint32") => u64::from(u32::MAX),
            _ => return,
        };
        if schema.get("maximum").is_none() {
            schema.insert("maximum".to_owned(), most.into());
        }
    }
}

/// `Option` means that a key may be left out, not that it may stand there with nothing behind it.
#[derive(Clone)]
struct NoNull;

impl Transform for NoNull {
    fn transform(&mut self, schema: &mut Schema) {
        if let Some(Value::Array(types)) = schema.get_mut("type") {
            types.retain(|t| t != "null");
            if let [only] = types.as_slice() {
                let only = only.clone();
                schema.insert("type".to_owned(), only);
            }
        }
        let Some(Value::Array(branches)) = schema.get_mut("anyOf") else { return };
        branches.retain(|b| b.get("type").is_none_or(|t| t != "null"));
        if let [Value::Object(only)] = branches.as_slice() {
            let only = only.clone();
            schema.remove("anyOf");
            for (key, value) in only {
                schema.insert(key, value);
            }
        }
        if schema.get("default").is_some_and(Value::is_null) {
            schema.remove("default");
        }
    }
}
