//! What of a document a policy is given, and how the evaluator holds it.

use crate::mentions::{Mentioned, Within};
use duologue_policy::Document;
use regorus::Value;
use regorus::value::Object;
use serde_json::Value as Json;

/// The document, but for members that the policy cannot look at.
pub(crate) fn input(document: &Document<'_>, sees: &Mentioned) -> Value {
    match document {
        Document::Object(members) => {
            let seen = members.iter().filter_map(|(name, value)| {
                let within = sees.of(name)?;
                Some((Value::from(*name), part(value, within)))
            });
            Value::from(seen.collect::<Object>())
        }
        other => whole(other),
    }
}

fn part(document: &Document<'_>, within: &Within) -> Value {
    match document {
        Document::Object(members) => {
            let seen = members.iter().filter(|(name, _)| within.has(name));
            Value::from(seen.map(|(name, value)| (Value::from(*name), whole(value))).collect::<Object>())
        }
        other => whole(other),
    }
}

fn whole(document: &Document<'_>) -> Value {
    match document {
        Document::Text(text) => Value::from(text.as_ref()),
        Document::Whole(number) => Value::from(*number),
        Document::Names(names) => {
            Value::from(names.iter().map(|name| Value::from(name.0.as_str())).collect::<Vec<_>>())
        }
        Document::Json(value) => json(value),
        Document::Object(_) => part(document, &Within::All),
    }
}

fn json(value: &Json) -> Value {
    match value {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::String(text) => Value::from(text.as_str()),
        Json::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(number), _, _) => Value::from(number),
            (_, Some(number), _) => Value::from(number),
            (_, _, Some(number)) => Value::from(number),
            _ => Value::Undefined,
        },
        Json::Array(values) => Value::from(values.iter().map(json).collect::<Vec<_>>()),
        Json::Object(members) => {
            let members = members.iter().map(|(name, value)| (Value::from(name.as_str()), json(value)));
            Value::from(members.collect::<Object>())
        }
    }
}
