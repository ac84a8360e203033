//! Makes deltas of the crate's events, without input or output.

use crate::http::Fault;
use crate::openai::reply::{CALLS_MAX, REPLY_MAX, too_much_text};
use duologue_chat::{ChatDelta, Finish, ToolCall, Usage};
use genai::chat::{ChatStreamEvent, StopReason, StreamEnd};
use serde_json::{Map, Value};
use std::collections::VecDeque;

/// Reads one reply.
#[derive(Debug, Default)]
pub(super) struct ReplyReader {
    /// Distinguishes the made-up ids of this reply's calls from those of others.
    mark: usize,
    bytes: usize,
    /// Of text that may still come.
    text_left: usize,
    any: bool,
    done: bool,
    ready: VecDeque<ChatDelta>,
}

impl ReplyReader {
    /// `mark` should differ between the replies of a conversation. `text_max`: see [`text_max`](crate::openai::reply::text_max).
    pub(super) fn new(mark: usize, text_max: usize) -> ReplyReader {
        ReplyReader { mark, text_left: text_max, ..ReplyReader::default() }
    }

    /// The next delta that is complete.
    pub(super) fn pop(&mut self) -> Option<ChatDelta> {
        self.ready.pop_front()
    }

    /// Whether nothing waits to be taken.
    pub(super) fn is_empty(&self) -> bool {
        self.ready.is_empty()
    }

    /// Whether [`ChatDelta::Done`] has been made.
    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    /// Takes the next event.
    pub(super) fn push(&mut self, event: ChatStreamEvent) -> Result<(), Fault> {
        if self.done {
            return Ok(());
        }
        match event {
            // It only says that the request is about to be sent.
            ChatStreamEvent::Start => return Ok(()),
            ChatStreamEvent::Chunk(chunk) => {
                self.text_left = self.text_left.checked_sub(chunk.content.len()).ok_or_else(too_much_text)?;
                if !chunk.content.is_empty() {
                    self.ready.push_back(ChatDelta::Text(chunk.content));
                }
            }
            // It repeats what came before; the whole call comes at the end.
            ChatStreamEvent::ToolCallChunk(chunk) => {
                let length = chunk.tool_call.fn_arguments.as_str().map_or(0, str::len);
                if length > REPLY_MAX {
                    return Err(too_long());
                }
            }
            ChatStreamEvent::ReasoningChunk(chunk) | ChatStreamEvent::ThoughtSignatureChunk(chunk) => {
                self.count(chunk.content.len())?;
            }
            ChatStreamEvent::Heartbeat => {}
            ChatStreamEvent::End(end) => return self.complete(end),
        }
        self.any = true;
        Ok(())
    }

    /// The stream is over.
    pub(super) fn end(&mut self) -> Result<(), Fault> {
        match (self.done, self.any) {
            (true, _) => Ok(()),
            (false, true) => Err(Fault::CutOff),
            (false, false) => Err(Fault::Malformed("the answer is no event stream of this kind".into())),
        }
    }

    fn count(&mut self, bytes: usize) -> Result<(), Fault> {
        self.bytes += bytes;
        if self.bytes > REPLY_MAX { Err(too_long()) } else { Ok(()) }
    }

    fn complete(&mut self, end: StreamEnd) -> Result<(), Fault> {
        let calls: Vec<_> = end.captured_content.map(|c| c.into_tool_calls()).unwrap_or_default();
        self.any |= !calls.is_empty();
        let finish = match end.captured_stop_reason {
            // What the crate makes of a connection that closed without a word.
            None => return self.end(),
            Some(StopReason::ContentFilter(_)) => return Err(Fault::Filtered),
            Some(StopReason::Other(reason)) if reason == "MALFORMED_FUNCTION_CALL" => {
                return Err(Fault::Malformed("the model wrote a tool call that can't be read".into()));
            }
            Some(StopReason::MaxTokens(_)) => Finish::Length,
            Some(_) => Finish::Stop,
        };
        if calls.len() > CALLS_MAX {
            return Err(too_long());
        }
        let mut whole = Vec::with_capacity(calls.len());
        for (index, call) in calls.into_iter().enumerate() {
            match self.call(index, call) {
                Ok(call) => whole.push(ChatDelta::ToolCall(call)),
                // Arguments that ran into the limit are no fault of the server.
                Err(_) if finish == Finish::Length => {}
                Err(fault) => return Err(fault),
            }
        }
        let finish = if finish == Finish::Stop && !whole.is_empty() { Finish::ToolCalls } else { finish };
        self.ready.extend(whole);
        self.ready.push_back(ChatDelta::Done { finish, usage: end.captured_usage.map(|u| usage(&u)) });
        self.done = true;
        Ok(())
    }

    fn call(&self, index: usize, call: genai::chat::ToolCall) -> Result<ToolCall, Fault> {
        let genai::chat::ToolCall { call_id, fn_name: name, fn_arguments, .. } = call;
        if name.is_empty() {
            return Err(Fault::Malformed("a tool call names no tool".into()));
        }
        let arguments = match fn_arguments {
            Value::Object(map) => Value::Object(map),
            Value::Null => Value::Object(Map::new()),
            _ => {
                let what = format!("the arguments of the call of `{name}` are not a JSON object");
                return Err(Fault::Malformed(what));
            }
        };
        // The form of the crate's own stand-ins, which it does not send as if Gemini had made them; those repeat, though.
        let stand_in = || format!("call#{name}#{}", self.mark.saturating_mul(CALLS_MAX).saturating_add(index));
        let id = if call_id.is_empty() || call_id.starts_with("call#") { stand_in() } else { call_id };
        Ok(ToolCall { id, name, arguments })
    }
}

fn too_long() -> Fault {
    Fault::Endless("its thoughts are too long, or its tool calls too many or too long".into())
}

fn usage(usage: &genai::chat::Usage) -> Usage {
    let count = |n: Option<i32>| n.and_then(|n| u32::try_from(n).ok()).unwrap_or(0);
    Usage {
        prompt_tokens: count(usage.prompt_tokens),
        cached_tokens: count(usage.prompt_tokens_details.as_ref().and_then(|d| d.cached_tokens)),
        completion_tokens: count(usage.completion_tokens),
    }
}

#[cfg(test)]
#[path = "reply_tests.rs"]
mod tests;
