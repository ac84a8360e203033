//! Anthropic and Gemini.

mod anthropic;
mod gemini;
mod trouble;

use crate::double::{Double, KEY, patient, request};
use duologue_chat::{ChatDelta, ChatRequest, Hint, Item, Role, ToolCall, ToolOutcome, ToolSpec};
use duologue_ids::Redacted;
use duologue_models::Timeouts;
use duologue_models::genai::{Anthropic, AnthropicConfig, Gemini, GeminiConfig};
use duologue_models::{Llm, ModelError};
use futures::StreamExt;
use serde_json::{Value, json};
use std::time::Duration;

pub(crate) fn anthropic(double: &Double, timeouts: Timeouts) -> impl Llm + use<> {
    Anthropic::new(anthropic_config(double, timeouts)).expect("a good configuration").llm("claude-haiku-4-5")
}

pub(crate) fn anthropic_config(double: &Double, timeouts: Timeouts) -> AnthropicConfig {
    AnthropicConfig {
        base_url: double.base_url(),
        api_key: Some(Redacted::new(KEY.into())),
        timeouts,
        backoff: Duration::from_millis(1),
        ..AnthropicConfig::default()
    }
}

pub(crate) fn gemini(double: &Double, timeouts: Timeouts) -> impl Llm + use<> {
    let config = GeminiConfig {
        base_url: double.base_url(),
        api_key: Some(Redacted::new(KEY.into())),
        timeouts,
        backoff: Duration::from_millis(1),
        ..GeminiConfig::default()
    };
    Gemini::new(config).expect("a good configuration").llm("gemini-2.5-flash")
}

/// Everything that came, and the trouble at the end.
pub(crate) async fn listen(llm: &dyn Llm, asked: ChatRequest) -> (Vec<ChatDelta>, Option<ModelError>) {
    let mut deltas = vec![];
    let mut stream = match llm.chat(asked).await {
        Ok(stream) => stream,
        Err(error) => return (deltas, Some(error)),
    };
    while let Some(delta) = stream.next().await {
        match delta {
            Ok(delta) => deltas.push(delta),
            Err(error) => {
                assert!(stream.next().await.is_none(), "an error is the end");
                return (deltas, Some(error));
            }
        }
    }
    (deltas, None)
}

pub(crate) fn patiently() -> Timeouts {
    patient()
}

pub(crate) fn said(words: &str) -> ChatDelta {
    ChatDelta::Text(words.into())
}

/// An event with a name, as Anthropic sends them.
pub(crate) fn named(kind: &str, mut data: Value) -> Vec<u8> {
    data["type"] = kind.into();
    format!("event: {kind}\ndata: {data}\n\n").into_bytes()
}

/// A history with a call in the middle, begun and ended by this party.
pub(crate) fn long_request() -> ChatRequest {
    let message = |role, text: &str| Item::Message { role, text: text.into(), interrupted: false };
    ChatRequest {
        items: vec![
            message(Role::Assistant, "Hello, this is Joe."),
            message(Role::User, "My order?"),
            Item::ToolCall(ToolCall { id: "c1".into(), name: "look_up".into(), arguments: json!({"order": 7}) }),
            Item::ToolResult { id: "c1".into(), outcome: ToolOutcome::Ok(json!({"state": "sent"})) },
            message(Role::Assistant, "It was sent."),
        ],
        tools: [ToolSpec {
            name: "look_up".into(),
            description: "Finds an order.".into(),
            parameters: json!({"type": "object", "properties": {"order": {"type": "integer"}}}),
            timeout: Duration::from_secs(5),
        }]
        .into(),
        hint: Some(Hint("say goodbye".into())),
        temperature: Some(0.7),
        seed: u64::MAX,
        ..request()
    }
}
