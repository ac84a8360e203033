//! What the mocked back ends hold: the state that a scenario declares, and what the calls of its tools make of it.
//!
//! Nothing runs for it. The state at the end follows from the calls, so that a kept conversation is judged as a live one.

use super::phrase::normal_text;
use super::{CalledTool, Effect, Scenario};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;

/// What a back end holds after these calls. Calls that failed changed nothing.
pub(super) fn end_state(scenario: &Scenario, backend: &str, calls: &[CalledTool]) -> Value {
    let mut state = scenario.backends.get(backend).cloned().unwrap_or_default();
    let none = Map::new();
    for call in calls.iter().filter(|c| c.ok) {
        let Some(tool) = scenario.tools.iter().find(|t| t.name == call.name) else { continue };
        let arguments = call.arguments.as_object().unwrap_or(&none);
        for effect in tool.mock.effects(arguments).iter().filter(|e| e.backend() == backend) {
            apply(&mut state, effect, arguments);
        }
    }
    state
}

/// An effect on the state. A way that leads through something that is no map, or to an argument that was not given, leads
/// nowhere, and nothing changes.
fn apply(state: &mut Value, effect: &Effect, arguments: &Map<String, Value>) {
    let Some(way) = effect.at().iter().map(|step| key(step, arguments)).collect::<Option<Vec<String>>>() else {
        return;
    };
    let Some((last, before)) = way.split_last() else { return };
    let mut here = state;
    for step in before {
        if matches!(effect, Effect::Remove(_)) && find(here, step).is_none() {
            return;
        }
        let Some(next) = enter(here, step) else { return };
        here = next;
    }
    match effect {
        Effect::Set(set) => {
            if let (Some(place), Some(value)) = (enter(here, last), filled(&set.to, arguments)) {
                *place = value;
            }
        }
        Effect::Append(append) => {
            if let (Some(place), Some(value)) = (enter(here, last), filled(&append.value, arguments)) {
                if place.is_null() {
                    *place = Value::Array(Vec::new());
                }
                if let Value::Array(items) = place {
                    items.push(value);
                }
            }
        }
        Effect::Remove(_) => {
            if let (Some(name), Value::Object(map)) = (find(here, last), here) {
                map.remove(&name);
            }
        }
    }
}

/// A step of a way: a name, or the text of an argument.
fn key(step: &str, arguments: &Map<String, Value>) -> Option<String> {
    match step.strip_prefix('$') {
        None => Some(step.to_owned()),
        Some(name) => match arguments.get(name)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(n) => Some(n.to_string()),
            _ => None,
        },
    }
}

/// A value with arguments in the places of their names.
fn filled(value: &Value, arguments: &Map<String, Value>) -> Option<Value> {
    Some(match value {
        Value::String(text) => match text.strip_prefix('$') {
            Some(name) => arguments.get(name)?.clone(),
            None => value.clone(),
        },
        Value::Array(items) => Value::Array(items.iter().map(|v| filled(v, arguments)).collect::<Option<_>>()?),
        Value::Object(map) => Value::Object(
            map.iter().map(|(k, v)| Some((k.clone(), filled(v, arguments)?))).collect::<Option<Map<_, _>>>()?,
        ),
        other => other.clone(),
    })
}

/// The key of a map that is spoken like this one.
fn find(map: &Value, key: &str) -> Option<String> {
    let map = map.as_object()?;
    let same = |k: &&String| normal_text(k) == normal_text(key);
    map.get_key_value(key).map(|(k, _)| k).or_else(|| map.keys().find(same)).cloned()
}

/// The value at a key of a map; a new one where there is none.
fn enter<'a>(map: &'a mut Value, key: &str) -> Option<&'a mut Value> {
    if map.is_null() {
        *map = Value::Object(Map::new());
    }
    let name = find(map, key).unwrap_or_else(|| key.to_owned());
    map.as_object_mut().map(|map| map.entry(name).or_insert(Value::Null))
}

/// The canonical form of a state: JSON without blanks, keys in order, texts and numbers in the normal form of what is
/// spoken, so that "24 Maple Street" and "twenty-four maple street" are one state.
pub(super) fn canonical(state: &Value) -> String {
    let mut text = String::new();
    write_canonical(state, &mut text);
    text
}

fn write_canonical(value: &Value, out: &mut String) {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<String, &Value> = map.iter().map(|(k, v)| (normal_text(k), v)).collect();
            write_list(out, ('{', '}'), sorted, |out, (key, value)| {
                let _ = write!(out, "{}:", Value::String(key));
                write_canonical(value, out);
            });
        }
        Value::Array(items) => write_list(out, ('[', ']'), items, |out, item| write_canonical(item, out)),
        Value::String(text) => drop(write!(out, "{}", Value::String(normal_text(text)))),
        Value::Number(n) => drop(write!(out, "{}", Value::String(normal_text(&n.to_string())))),
        Value::Bool(_) | Value::Null => drop(write!(out, "{value}")),
    }
}

fn write_list<T>(
    out: &mut String,
    (open, close): (char, char),
    items: impl IntoIterator<Item = T>,
    each: impl Fn(&mut String, T),
) {
    out.push(open);
    for (i, item) in items.into_iter().enumerate() {
        if i > 0 {
            out.push(',');
        }
        each(out, item);
    }
    out.push(close);
}

/// SHA-256 of the canonical form, in hexadecimal digits.
pub(super) fn hash(state: &Value) -> String {
    Sha256::digest(canonical(state).as_bytes()).iter().fold(String::new(), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Where two states differ, in words: "orders.4417.status is “open” and should be “sent”".
pub(super) fn differences(is: &Value, should: &Value) -> Vec<String> {
    let mut found = Vec::new();
    differ("", Some(is), Some(should), &mut found);
    found
}

fn differ(way: &str, is: Option<&Value>, should: Option<&Value>, found: &mut Vec<String>) {
    let deeper = |key: &str| if way.is_empty() { key.to_owned() } else { format!("{way}.{key}") };
    match (is, should) {
        (Some(is), Some(should)) if canonical(is) == canonical(should) => {}
        (Some(Value::Object(is)), Some(Value::Object(should))) => {
            let by_name = |map: &Map<String, Value>| -> BTreeMap<String, (String, Value)> {
                map.iter().map(|(k, v)| (normal_text(k), (k.clone(), v.clone()))).collect()
            };
            let (is, should) = (by_name(is), by_name(should));
            let names: std::collections::BTreeSet<&String> = is.keys().chain(should.keys()).collect();
            for name in names {
                let (a, b) = (is.get(name), should.get(name));
                let shown = a.or(b).map_or(name, |(shown, _)| shown);
                differ(&deeper(shown), a.map(|(_, v)| v), b.map(|(_, v)| v), found);
            }
        }
        (Some(Value::Array(is)), Some(Value::Array(should))) => {
            for i in 0..is.len().max(should.len()) {
                differ(&deeper(&i.to_string()), is.get(i), should.get(i), found);
            }
        }
        (is, should) => {
            let way = if way.is_empty() { "the state" } else { way };
            found.push(match (is, should) {
                (Some(is), Some(should)) => format!("{way} is {is} and should be {should}"),
                (Some(is), None) => format!("{way} is {is} and should not be there"),
                (None, should) => format!("{way} is missing and should be {}", should.unwrap_or(&Value::Null)),
            });
        }
    }
}
