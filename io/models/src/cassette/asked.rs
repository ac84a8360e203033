//! What matters of a request, as JSON; its hash; and how two of them differ.

use crate::{SpeechRequest, TranscribeRequest};
use duologue_chat::ChatRequest;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::fmt::Write;

pub(super) fn chat(model: &str, r: &ChatRequest) -> Value {
    let tools: Vec<Value> = r
        .tools
        .iter()
        .map(|t| json!({ "name": t.name, "description": t.description, "parameters": t.parameters }))
        .collect();
    json!({
        "model": model,
        "instructions": &*r.instructions,
        "speaker": &*r.speaker,
        "listener": &*r.listener,
        "items": r.items,
        "tools": tools,
        "hint": r.hint.as_ref().map(|h| &h.0),
    })
}

pub(super) fn sound(model: &str, r: &TranscribeRequest) -> Value {
    let mut digest = Sha256::new();
    r.audio.iter().for_each(|s| digest.update(s.to_le_bytes()));
    let (sound, samples) = (hex(&digest.finalize()), r.audio.len());
    json!({ "model": model, "language": &*r.language, "sound": sound, "samples": samples })
}

pub(super) fn text(model: &str, r: &SpeechRequest) -> Value {
    json!({ "model": model, "text": r.text, "voice": &*r.voice, "speed": (f64::from(r.speed) * 1e3).round() / 1e3 })
}

/// SHA-256 of the value with all keys in order, whatever order it was written in.
pub(super) fn hash(asked: &Value) -> String {
    let mut digest = Sha256::new();
    feed(asked, &mut digest);
    hex(&digest.finalize())
}

fn feed(value: &Value, digest: &mut Sha256) {
    match value {
        Value::Object(map) => {
            let mut entries: Vec<_> = map.iter().collect();
            entries.sort_by_key(|(key, _)| *key);
            digest.update(b"{");
            for (key, value) in entries {
                digest.update(Value::from(key.as_str()).to_string());
                digest.update(b":");
                feed(value, digest);
            }
            digest.update(b"}");
        }
        Value::Array(items) => {
            digest.update(b"[");
            for item in items {
                feed(item, digest);
                digest.update(b",");
            }
            digest.update(b"]");
        }
        leaf => digest.update(leaf.to_string()),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The places where two requests differ, as paths, in order; the values are people's words and stay out.
pub(super) fn differences(there: &Value, here: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare(there, here, "", &mut found);
    found
}

fn compare(there: &Value, here: &Value, path: &str, found: &mut Vec<String>) {
    let below = |key: &str| if path.is_empty() { key.to_string() } else { format!("{path}.{key}") };
    match (there, here) {
        (Value::Object(a), Value::Object(b)) => {
            for key in a.keys().chain(b.keys().filter(|k| !a.contains_key(*k))) {
                let null = Value::Null;
                compare(a.get(key).unwrap_or(&null), b.get(key).unwrap_or(&null), &below(key), found);
            }
        }
        (Value::Array(a), Value::Array(b)) => {
            for (i, (a, b)) in a.iter().zip(b).enumerate() {
                compare(a, b, &format!("{path}[{i}]"), found);
            }
            if a.len() != b.len() {
                found.push(format!("{path} ({} there, {} here)", a.len(), b.len()));
            }
        }
        (Value::String(a), Value::String(b)) if a != b => {
            let same = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).count();
            found.push(format!("{path} (from character {} on)", same + 1));
        }
        _ if there != here => found.push(path.to_string()),
        _ => {}
    }
}
