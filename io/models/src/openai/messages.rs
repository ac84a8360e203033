//! A request's history as the protocol wants it.

use super::wire::{Message, SentCall, SentFunction, Tool, ToolFunction};
use duologue_chat::{ChatRequest, Item, Role, ToolCall, ToolOutcome, ToolSpec};
use std::borrow::Cow;

/// What an interrupted line ends in: how dialogue is written, and harmless where a model picks it up and a voice has
/// to say it, unlike a note in brackets.
const CUT: &str = " —";

/// The messages of a request: instructions, history, hint.
///
/// Calls are followed by their results at once, wherever those stand in the history, since the protocol refuses any
/// other order; a call that has no result says so.
pub(crate) fn messages(request: &ChatRequest) -> Vec<Message<'_>> {
    let mut out = Vec::with_capacity(request.items.len() + 2);
    if !request.instructions.trim().is_empty() {
        out.push(Message::System { content: (&*request.instructions).into() });
    }
    let before = out.len();
    let mut items = request.items.as_slice();
    while let Some((item, rest)) = items.split_first() {
        items = match item {
            Item::Message { role, text, interrupted } => {
                out.push(message(*role, text, *interrupted));
                rest
            }
            Item::ToolCall(_) => push_calls(items, &mut out),
            Item::ToolResult { .. } => rest,
        };
    }
    if out.len() == before {
        // Many servers' templates fail without a message of the user.
        out.push(Message::User { content: opening(&request.listener).into() });
    }
    if let Some(hint) = &request.hint {
        out.push(Message::System { content: format!("For your next line: {}", hint.0).into() });
    }
    out
}

/// What stands in for a first message of the user.
pub(crate) fn opening(listener: &str) -> String {
    format!("({listener} is on the line. You speak first.)")
}

/// The tools of a request.
pub(super) fn tools(specs: &[ToolSpec]) -> Vec<Tool<'_>> {
    fn function(s: &ToolSpec) -> ToolFunction<'_> {
        ToolFunction { name: &s.name, description: &s.description, parameters: &s.parameters }
    }
    specs.iter().map(|s| Tool { kind: "function", function: function(s) }).collect()
}

fn message(role: Role, text: &str, interrupted: bool) -> Message<'_> {
    match role {
        Role::User => Message::User { content: text.into() },
        Role::Assistant => {
            let content = match interrupted {
                true => Cow::from(format!("{}{CUT}", text.trim_end_matches([' ', ',', '.', '—', '–', '-', '…']))),
                false => text.into(),
            };
            Message::Assistant { content: Some(content), tool_calls: vec![] }
        }
    }
}

/// Adds the calls at the head of `items` as one message, then their results; returns what follows the calls.
fn push_calls<'a>(items: &'a [Item], out: &mut Vec<Message<'a>>) -> &'a [Item] {
    let calls: Vec<&ToolCall> =
        items.iter().map_while(|i| if let Item::ToolCall(c) = i { Some(c) } else { None }).collect();
    let rest = &items[calls.len()..];
    let sent = |c: &&'a ToolCall| SentCall {
        id: &c.id,
        kind: "function",
        function: SentFunction { name: &c.name, arguments: c.arguments.to_string() },
    };
    out.push(Message::Assistant { content: None, tool_calls: calls.iter().map(sent).collect() });
    for call in calls {
        let outcome = rest.iter().find_map(|i| match i {
            Item::ToolResult { id, outcome } if *id == call.id => Some(outcome),
            _ => None,
        });
        out.push(Message::Tool { tool_call_id: &call.id, content: answer(outcome) });
    }
    rest
}

pub(super) fn answer(outcome: Option<&ToolOutcome>) -> Cow<'_, str> {
    let error = |text: &str| serde_json::json!({ "error": text }).to_string().into();
    match outcome {
        Some(ToolOutcome::Ok(serde_json::Value::String(text))) => text.into(),
        Some(ToolOutcome::Ok(value)) => value.to_string().into(),
        Some(ToolOutcome::Error(text)) => error(text),
        Some(ToolOutcome::TimedOut) => error("the tool did not answer in time"),
        None => error("the tool has not answered yet"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use duologue_chat::Hint;
    use serde_json::{Value, json};

    fn said(role: Role, text: &str, interrupted: bool) -> Item {
        Item::Message { role, text: text.into(), interrupted }
    }

    fn call(id: &str) -> Item {
        Item::ToolCall(ToolCall { id: id.into(), name: "look_up".into(), arguments: json!({"order": 7}) })
    }

    fn sent(items: Vec<Item>, hint: Option<&str>) -> Value {
        let request = ChatRequest {
            instructions: "You are Joe.".into(),
            speaker: "Joe".into(),
            listener: "Anna".into(),
            items,
            tools: [].into(),
            hint: hint.map(|h| Hint(h.into())),
            temperature: None,
            seed: 0,
            max_tokens: 60,
        };
        serde_json::to_value(messages(&request)).expect("serialises")
    }

    #[test]
    fn a_history_reads_as_a_dialogue_with_the_hint_last() {
        let history = vec![
            said(Role::Assistant, "Hello, this is Joe.", false),
            said(Role::User, "My order", false),
            said(Role::Assistant, "One moment,", true),
            said(Role::Assistant, "I see it.", false),
        ];
        assert_eq!(
            sent(history, Some("offer a refund")),
            json!([
                {"role": "system", "content": "You are Joe."},
                {"role": "assistant", "content": "Hello, this is Joe."},
                {"role": "user", "content": "My order"},
                {"role": "assistant", "content": "One moment —"},
                {"role": "assistant", "content": "I see it."},
                {"role": "system", "content": "For your next line: offer a refund"},
            ])
        );
    }

    #[test]
    fn every_call_is_followed_by_its_result_at_once() {
        let result = |id: &str, outcome| Item::ToolResult { id: id.into(), outcome };
        let history = vec![
            call("a"),
            call("b"),
            said(Role::Assistant, "Still looking.", false),
            result("stray", ToolOutcome::TimedOut),
            result("b", ToolOutcome::Ok(json!({"state": "sent"}))),
            call("a"), // the same id again in a later turn
            result("a", ToolOutcome::Ok(json!("found"))),
            call("c"),
        ];
        let calls = |ids: &[&str]| {
            let f = json!({"name": "look_up", "arguments": "{\"order\":7}"});
            let calls: Vec<Value> = ids.iter().map(|i| json!({"id": i, "type": "function", "function": f})).collect();
            json!({"role": "assistant", "tool_calls": calls})
        };
        let tool = |id: &str, content: &str| json!({"role": "tool", "tool_call_id": id, "content": content});
        assert_eq!(
            sent(history, None),
            json!([
                {"role": "system", "content": "You are Joe."},
                calls(&["a", "b"]),
                tool("a", "found"),
                tool("b", r#"{"state":"sent"}"#),
                {"role": "assistant", "content": "Still looking."},
                calls(&["a"]),
                tool("a", "found"),
                calls(&["c"]),
                tool("c", r#"{"error":"the tool has not answered yet"}"#),
            ])
        );
    }

    #[test]
    fn who_opens_is_told_so() {
        let opening = sent(vec![], Some("greet"));
        assert_eq!(opening[1], json!({"role": "user", "content": "(Anna is on the line. You speak first.)"}));
        assert_eq!(opening[2]["role"], "system");
    }
}
