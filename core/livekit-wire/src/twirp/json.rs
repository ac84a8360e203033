//! Protobuf's JSON as LiveKit's servers write it: the fields are named as in the .proto files, not in camel case. Both
//! spellings are read everywhere.

use serde::Serialize;
use serde::de::{DeserializeOwned, Error};
use serde_json::{Map, Value};

/// The fields of answers that are maps: what is in them is named by users.
const MAPS: [&str; 3] = ["attributes", "participantAttributes", "tags"];

/// The text of a message.
pub(super) fn write(message: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let mut value = serde_json::to_value(message)?;
    rename(&mut value);
    serde_json::to_vec(&value)
}

/// Reads the first value of a text. A field that is null counts as absent, and unknown ones are passed over.
pub(super) fn read<M: DeserializeOwned>(text: &[u8]) -> serde_json::Result<M> {
    let first = serde_json::Deserializer::from_slice(text).into_iter::<Value>().next();
    let mut value = first.ok_or_else(|| serde_json::Error::custom("nothing"))??;
    without_nulls(&mut value);
    M::deserialize(value)
}

fn rename(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(rename),
        Value::Object(fields) => {
            let renamed = |(name, mut value): (String, Value)| {
                if !MAPS.contains(&name.as_str()) {
                    rename(&mut value);
                }
                (snake(&name), value)
            };
            *fields = std::mem::take(fields).into_iter().map(renamed).collect::<Map<_, _>>();
        }
        _ => {}
    }
}

fn without_nulls(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(without_nulls);
        }
        _ => {}
    }
}

fn snake(camel: &str) -> String {
    let mut name = String::with_capacity(camel.len() + 2);
    for letter in camel.chars() {
        if letter.is_ascii_uppercase() {
            name.push('_');
        }
        name.push(letter.to_ascii_lowercase());
    }
    name
}
