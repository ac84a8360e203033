//! The documented JSON of the Realtime API, as it is generally available since August 2025, over a WebSocket.
//!
//! What is sent is built here. What comes is read with every field optional and unknown ones ignored, and under the names
//! of the beta as well, which compatible servers still use.

use super::super::messages::answer;
use crate::RealtimeConfig;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use duologue_chat::{Item, Role, ToolSpec};
use serde::Deserialize;
use serde_json::{Value, json};

/// The only rate of PCM that the protocol has, Hz.
pub(super) const RATE: u32 = 24_000;
/// Transcribes what the model hears; the model itself needs no words.
const TRANSCRIBER: &str = "gpt-4o-mini-transcribe";

/// An event of the server.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(super) struct Incoming {
    #[serde(rename = "type")]
    pub(super) kind: String,
    pub(super) item_id: Option<String>,
    pub(super) response_id: Option<String>,
    pub(super) delta: Option<String>,
    pub(super) transcript: Option<String>,
    pub(super) item: Option<Value>,
    pub(super) response: Option<Value>,
    pub(super) error: Option<Value>,
    pub(super) call_id: Option<String>,
    pub(super) name: Option<String>,
    pub(super) arguments: Option<String>,
}

/// A text of a JSON object; empty where there is none.
pub(super) fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value.get(key).and_then(Value::as_str).unwrap_or_default()
}

/// `session.update`: replies are asked for one by one, and no one but the client interrupts them.
pub(super) fn session(model: &str, config: &RealtimeConfig, semantic: bool) -> Value {
    let detector = match semantic {
        true => json!({ "type": "semantic_vad", "create_response": false, "interrupt_response": false }),
        false => json!({
            "type": "server_vad",
            "silence_duration_ms": config.stretch_silence.as_millis() as u64,
            "create_response": false,
            "interrupt_response": false,
        }),
    };
    // Two letters are what every transcriber knows.
    let language = config.language.split('-').next().unwrap_or("en");
    let format = json!({ "type": "audio/pcm", "rate": RATE });
    let mut output = json!({ "format": format, "voice": &*config.voice });
    if config.speed.is_finite() && config.speed != 1.0 {
        output["speed"] = json!(config.speed.clamp(0.25, 1.5));
    }
    json!({ "type": "session.update", "session": {
        "type": "realtime",
        "model": model,
        "output_modalities": ["audio"],
        "instructions": &*config.instructions,
        "audio": {
            "input": {
                "format": format,
                "turn_detection": detector,
                "transcription": { "model": TRANSCRIBER, "language": language },
            },
            "output": output,
        },
        "tools": config.tools.iter().map(tool).collect::<Vec<_>>(),
        "tool_choice": "auto",
    }})
}

fn tool(spec: &ToolSpec) -> Value {
    json!({
        "type": "function", "name": spec.name, "description": spec.description, "parameters": spec.parameters,
    })
}

/// Whether the server says that it has taken the settings.
pub(super) fn is_settled(message: &str) -> bool {
    serde_json::from_str::<Incoming>(message).is_ok_and(|m| m.kind == "session.updated")
}

pub(super) fn append(samples: &[i16]) -> Value {
    let bytes: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
    json!({ "type": "input_audio_buffer.append", "audio": STANDARD.encode(bytes) })
}

/// Samples of a delta; `None` where it is not Base64.
pub(super) fn samples(base64: &str) -> Option<Vec<i16>> {
    let bytes = STANDARD.decode(base64).ok()?;
    Some(bytes.chunks_exact(2).filter_map(|b| <[u8; 2]>::try_from(b).ok()).map(i16::from_le_bytes).collect())
}

/// The name of a request for a reply, for an error that refuses it.
pub(super) fn event_id(turn: u32) -> String {
    format!("turn-{turn}")
}

pub(super) fn create(turn: u32, instructions: Option<&str>) -> Value {
    let mut response = json!({ "metadata": { "turn": turn.to_string() } });
    if let Some(instructions) = instructions {
        response["instructions"] = json!(instructions);
    }
    json!({ "type": "response.create", "event_id": event_id(turn), "response": response })
}

/// Whether a message asks for a reply.
pub(super) fn asks(message: &Value) -> bool {
    text(message, "type") == "response.create"
}

pub(super) fn cancel(response: Option<&str>) -> Value {
    match response {
        Some(id) => json!({ "type": "response.cancel", "response_id": id }),
        None => json!({ "type": "response.cancel" }),
    }
}

pub(super) fn truncate(item: &str, audio_end_ms: u64) -> Value {
    // The reference says of the content index: set this to 0.
    json!({
        "type": "conversation.item.truncate", "item_id": item, "content_index": 0, "audio_end_ms": audio_end_ms,
    })
}

pub(super) fn delete(item: &str) -> Value {
    json!({ "type": "conversation.item.delete", "item_id": item })
}

pub(super) fn add(item: &Item) -> Value {
    let item = match item {
        Item::Message { role: Role::User, text, .. } => json!({
            "type": "message", "role": "user", "content": [{ "type": "input_text", "text": text }],
        }),
        Item::Message { role: Role::Assistant, text, .. } => json!({
            "type": "message", "role": "assistant", "content": [{ "type": "output_text", "text": text }],
        }),
        Item::ToolCall(call) => json!({
            "type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.arguments.to_string(),
        }),
        Item::ToolResult { id, outcome } => json!({
            "type": "function_call_output", "call_id": id, "output": answer(Some(outcome)),
        }),
    };
    json!({ "type": "conversation.item.create", "item": item })
}
