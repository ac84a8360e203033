use super::Form;
use crate::model::AgentCard;
use serde_json::Value;

/// The canonical form of a card without its signatures: RFC 8785 over the JSON of 1.0, which as specified has required fields
/// even where they are empty, optional ones where they are set, and others where they are not empty (§8.4.1).
///
/// # Errors
/// Where a number in the parameters of an extension has no form there.
pub fn canonical(card: &AgentCard, form: Form) -> Result<Vec<u8>, serde_json::Error> {
    let mut value = serde_json::to_value(card)?;
    without_signatures(&mut value);
    match form {
        Form::Specified => of_value(&value),
        Form::WithoutEmpty => of_value(&without_empty(value).unwrap_or_else(|| Value::Object(Default::default()))),
    }
}

/// The canonical form of any JSON.
pub(super) fn of_value(value: &Value) -> Result<Vec<u8>, serde_json::Error> {
    serde_json_canonicalizer::to_vec(value)
}

pub(super) fn without_signatures(card: &mut Value) {
    if let Some(card) = card.as_object_mut() {
        card.remove("signatures");
    }
}

fn without_empty(value: Value) -> Option<Value> {
    match value {
        Value::Object(map) => {
            let kept: serde_json::Map<String, Value> =
                map.into_iter().filter_map(|(name, value)| Some((name, without_empty(value)?))).collect();
            (!kept.is_empty()).then_some(Value::Object(kept))
        }
        Value::Array(all) => {
            let kept: Vec<Value> = all.into_iter().filter_map(without_empty).collect();
            (!kept.is_empty()).then_some(Value::Array(kept))
        }
        Value::String(text) if text.is_empty() => None,
        Value::Null => None,
        other => Some(other),
    }
}
