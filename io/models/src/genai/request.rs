//! A request in the words of `genai`.

use super::service::Api;
use crate::openai::messages::{messages, opening};
use crate::openai::wire::{Message, SentCall};
use duologue_chat::{ChatRequest, ToolSpec};
use genai::chat::{self, ChatMessage, ChatOptions, ChatRole, ContentPart, MessageContent, ReasoningEffort, Tool};
use std::collections::HashMap;
use std::time::Duration;

/// Room for thoughts that can't be turned off: they count as tokens of the answer, and a line would be cut short by them.
const THOUGHTS_MAX: u32 = 1_024;

/// History, instructions, hint and tools.
///
/// Both APIs want the user to speak first, and neither continues a line of its own; where the conversation was otherwise,
/// a remark in brackets stands in.
pub(super) fn chat(request: &ChatRequest) -> chat::ChatRequest {
    let mut out: Vec<ChatMessage> = Vec::with_capacity(request.items.len() + 2);
    let mut tools_called = HashMap::new();
    for message in messages(request) {
        match message {
            Message::System { content } => out.push(ChatMessage::system(content.into_owned())),
            // Both refuse a text of nothing.
            Message::User { content } if content.trim().is_empty() => {}
            Message::User { content } => out.push(ChatMessage::user(content.into_owned())),
            Message::Assistant { content, tool_calls } => {
                out.extend(assistant(content, &tool_calls, &mut tools_called))
            }
            Message::Tool { tool_call_id, content } => push_result(tool_call_id, &content, &tools_called, &mut out),
        }
    }
    let speaks = |m: &&ChatMessage| m.role != ChatRole::System;
    if out.iter().find(speaks).is_none_or(|first| first.role == ChatRole::Assistant) {
        let at = out.iter().take_while(|m| m.role == ChatRole::System).count();
        out.insert(at, ChatMessage::user(opening(&request.listener)));
    }
    if out.iter().rev().find(speaks).is_some_and(|last| last.role == ChatRole::Assistant) {
        out.push(ChatMessage::user(format!("({} says nothing. You go on.)", request.listener)));
    }
    let chat = chat::ChatRequest::new(out);
    if request.tools.is_empty() { chat } else { chat.with_tools(request.tools.iter().map(tool)) }
}

/// Sampling, limits and deadlines.
pub(super) fn options(api: Api, model: &str, request: &ChatRequest, stall: Duration) -> ChatOptions {
    let mut options = ChatOptions::default()
        .with_capture_usage(true)
        .with_capture_tool_calls(true)
        .with_stream_read_timeout(stall)
        .with_max_tokens(request.max_tokens);
    if let Some(temperature) = request.temperature {
        // By way of text, so that 0.7 stays 0.7. Anthropic ends at 1.
        let most = if api == Api::Anthropic { 1.0 } else { 2.0 };
        options = options.with_temperature(temperature.to_string().parse::<f64>().unwrap_or(1.0).clamp(0.0, most));
    }
    if api == Api::Gemini {
        // The smallest range of the field, a signed 32-bit integer.
        options = options.with_seed(request.seed & 0x7fff_ffff);
        options = match model {
            m if m.contains("2.5-flash") => options.with_reasoning_effort(ReasoningEffort::Budget(0)),
            m if m.contains("gemini-3") => options.with_reasoning_effort(ReasoningEffort::Minimal),
            _ => options,
        };
        if !model.contains("2.5-flash") {
            options = options.with_max_tokens(request.max_tokens.saturating_add(THOUGHTS_MAX));
        }
    }
    options
}

fn assistant<'a>(
    content: Option<std::borrow::Cow<'a, str>>,
    calls: &[SentCall<'a>],
    tools_called: &mut HashMap<&'a str, &'a str>,
) -> Option<ChatMessage> {
    let mut parts: Vec<ContentPart> = Vec::new();
    parts.extend(content.filter(|c| !c.trim().is_empty()).map(|text| ContentPart::Text(text.into_owned())));
    for call in calls {
        tools_called.insert(call.id, call.function.name);
        parts.push(ContentPart::ToolCall(chat::ToolCall {
            call_id: call.id.to_string(),
            fn_name: call.function.name.to_string(),
            fn_arguments: serde_json::from_str(&call.function.arguments).unwrap_or_default(),
            thought_signatures: None,
        }));
    }
    (!parts.is_empty()).then(|| ChatMessage::assistant(MessageContent::from_parts(parts)))
}

/// Results of calls that were made together go back together.
fn push_result(id: &str, content: &str, tools_called: &HashMap<&str, &str>, out: &mut Vec<ChatMessage>) {
    let mut response = chat::ToolResponse::new(id, content);
    if let Some(name) = tools_called.get(id) {
        response = response.with_fn_name(*name);
    }
    match out.last_mut() {
        Some(last) if last.role == ChatRole::Tool => last.content.push(ContentPart::ToolResponse(response)),
        _ => out.push(ChatMessage::tool(response)),
    }
}

fn tool(spec: &ToolSpec) -> Tool {
    Tool::new(spec.name.as_str()).with_description(spec.description.as_str()).with_schema(spec.parameters.clone())
}
