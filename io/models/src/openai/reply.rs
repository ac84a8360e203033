//! Makes sense of a streamed reply, without input or output: bytes go in, deltas come out.

use super::wire::{CallDelta, Choice, Chunk, Delta};
use crate::http::{EventReader, Fault, ServerError};
use duologue_chat::{ChatDelta, Finish, ToolCall, Usage};
use serde_json::Value;
use std::collections::{BTreeMap, VecDeque};

/// Largest event, and largest sum of a reply's tool arguments, in bytes.
pub(crate) const REPLY_MAX: usize = 1 << 20;
/// Most tool calls in one reply.
pub(crate) const CALLS_MAX: usize = 64;
/// Most bytes of one answer, whatever they hold: thoughts, signs of life.
const ANSWER_MAX: usize = 16 << 20;

/// Most bytes of text in a reply that was asked for with this limit. Hardly any token is longer than 16 bytes; servers that
/// do not know the limit may say a little more.
pub(crate) fn text_max(max_tokens: u32) -> usize {
    (max_tokens as usize).saturating_mul(16).saturating_add(4 << 10)
}

/// Reads one reply.
pub(super) struct ReplyReader {
    events: EventReader,
    /// Distinguishes the made-up ids of this reply's calls from those of others.
    mark: String,
    calls: BTreeMap<u32, PartialCall>,
    argument_bytes: usize,
    /// Of text that may still come.
    text_left: usize,
    /// Read so far.
    bytes: usize,
    any: bool,
    finish: Option<Finish>,
    usage: Option<Usage>,
    done: bool,
    ready: VecDeque<ChatDelta>,
}

#[derive(Default)]
struct PartialCall {
    id: String,
    name: String,
    arguments: String,
}

impl ReplyReader {
    /// `mark` is used to make up ids for calls that come without; it should differ between the replies of a
    /// conversation. `text_max`: see [`text_max`].
    pub(super) fn new(mark: String, text_max: usize) -> ReplyReader {
        ReplyReader {
            events: EventReader::new(REPLY_MAX),
            mark,
            calls: BTreeMap::new(),
            argument_bytes: 0,
            text_left: text_max,
            bytes: 0,
            any: false,
            finish: None,
            usage: None,
            done: false,
            ready: VecDeque::new(),
        }
    }

    /// The next delta that is complete.
    pub(super) fn pop(&mut self) -> Option<ChatDelta> {
        self.ready.pop_front()
    }

    /// Whether [`ChatDelta::Done`] has been made: nothing more needs to be read.
    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    /// Whether the model is known to be done, even if its usage is still to come.
    pub(super) fn is_finished(&self) -> bool {
        self.finish.is_some()
    }

    /// Takes the next bytes of an event stream, cut anywhere.
    pub(super) fn push(&mut self, mut bytes: &[u8]) -> Result<(), Fault> {
        self.bytes += bytes.len();
        if self.bytes > ANSWER_MAX {
            return Err(Fault::Endless(format!("more than {ANSWER_MAX} bytes for one reply")));
        }
        while !self.done {
            match self.events.next(&mut bytes).map_err(Fault::Malformed)? {
                Some(data) => self.push_event(&data)?,
                None => break,
            }
        }
        Ok(())
    }

    /// Takes the data of one event.
    pub(super) fn push_event(&mut self, data: &str) -> Result<(), Fault> {
        let data = data.trim();
        match data {
            "" => return Ok(()),
            "[DONE]" if self.any => return self.complete(),
            _ => {}
        }
        let chunk: Chunk = serde_json::from_str(data)
            .map_err(|e| Fault::json("an event of the stream is not a completion chunk", &e))?;
        self.any = true;
        if let Some(error) = chunk.error.filter(|e| !e.is_null()) {
            return Err(Fault::Refused(ServerError::from_json(&error)));
        }
        if let Some(usage) = chunk.usage.as_ref().and_then(usage) {
            self.usage = Some(usage);
        }
        // More than one choice is never asked for.
        match chunk.choices.into_iter().flatten().find(|c| c.index.unwrap_or(0) == 0) {
            Some(choice) => self.push_choice(choice),
            None => Ok(()),
        }
    }

    /// The answer has ended; a server that leaves out the last event may still have said all.
    pub(super) fn end(&mut self) -> Result<(), Fault> {
        match (self.done, self.finish, self.any) {
            (true, ..) => Ok(()),
            (_, Some(_), _) => self.complete(),
            (_, None, true) => Err(Fault::CutOff),
            (_, None, false) => Err(Fault::Malformed("the answer is not an event stream".into())),
        }
    }

    fn push_choice(&mut self, choice: Choice) -> Result<(), Fault> {
        if let Some(Delta { content, refusal, tool_calls }) = choice.delta.or(choice.message) {
            for text in [content, refusal].into_iter().flatten().filter(|t| !t.is_empty()) {
                self.text_left = self.text_left.checked_sub(text.len()).ok_or_else(too_much_text)?;
                self.ready.push_back(ChatDelta::Text(text));
            }
            for call in tool_calls.into_iter().flatten() {
                self.push_call(call)?;
            }
        }
        match choice.finish_reason.as_deref() {
            None | Some("") => {}
            Some("length") => self.finish = Some(Finish::Length),
            Some("tool_calls" | "function_call") => self.finish = Some(Finish::ToolCalls),
            Some("content_filter") => return Err(Fault::Filtered),
            // "stop", and what other servers call it.
            Some(_) => self.finish = Some(Finish::Stop),
        }
        Ok(())
    }

    fn push_call(&mut self, delta: CallDelta) -> Result<(), Fault> {
        let id = delta.id.filter(|id| !id.is_empty());
        let index = delta.index.unwrap_or_else(|| self.index_of(id.as_deref()));
        let call = self.calls.entry(index).or_default();
        if let Some(id) = id {
            call.id = id;
        }
        if let Some(function) = delta.function {
            if let Some(name) = function.name.filter(|_| call.name.is_empty()) {
                call.name = name;
            }
            let piece = match function.arguments {
                None | Some(Value::Null) => String::new(),
                Some(Value::String(piece)) => piece,
                Some(whole) => whole.to_string(),
            };
            self.argument_bytes += piece.len();
            call.arguments.push_str(&piece);
        }
        match self.argument_bytes > REPLY_MAX || self.calls.len() > CALLS_MAX {
            true => Err(Fault::Malformed("the tool calls of one reply are too many or too long".into())),
            false => Ok(()),
        }
    }

    /// Which call a piece without an index belongs to: the last one, unless it brings a new id.
    fn index_of(&self, id: Option<&str>) -> u32 {
        match self.calls.last_key_value() {
            None => 0,
            Some((last, call)) if id.is_none_or(|id| id == call.id) => *last,
            Some((last, _)) => last.saturating_add(1),
        }
    }

    fn complete(&mut self) -> Result<(), Fault> {
        let cut = self.finish == Some(Finish::Length);
        let mut calls = Vec::with_capacity(self.calls.len());
        for (index, call) in std::mem::take(&mut self.calls) {
            match call.assemble(|| format!("call_{}_{index}", self.mark)) {
                Ok(call) => calls.push(ChatDelta::ToolCall(call)),
                // Arguments that ran into the limit are no fault of the server.
                Err(_) if cut => {}
                Err(fault) => return Err(fault),
            }
        }
        // Some servers say "stop" after tool calls as well.
        let finish = match self.finish.unwrap_or(Finish::Stop) {
            Finish::Length => Finish::Length,
            _ if !calls.is_empty() => Finish::ToolCalls,
            _ => Finish::Stop,
        };
        self.ready.extend(calls);
        self.ready.push_back(ChatDelta::Done { finish, usage: self.usage });
        self.done = true;
        Ok(())
    }
}

impl PartialCall {
    fn assemble(self, make_up_id: impl Fn() -> String) -> Result<ToolCall, Fault> {
        let PartialCall { id, name, arguments } = self;
        if name.is_empty() {
            return Err(Fault::Malformed("a tool call names no tool".into()));
        }
        let arguments = if arguments.trim().is_empty() { "{}" } else { &arguments };
        let arguments: Value = serde_json::from_str(arguments)
            .ok()
            .filter(Value::is_object)
            .ok_or_else(|| Fault::Malformed(format!("the arguments of the call of `{name}` are not a JSON object")))?;
        Ok(ToolCall { id: if id.is_empty() { make_up_id() } else { id }, name, arguments })
    }
}

/// The model does not stop where it was told to.
pub(crate) fn too_much_text() -> Fault {
    Fault::Endless("it has far more text than the tokens it was limited to".into())
}

fn usage(value: &Value) -> Option<Usage> {
    let count = |v: &Value| u32::try_from(v.as_u64().unwrap_or(0)).unwrap_or(u32::MAX);
    value.is_object().then(|| Usage {
        prompt_tokens: count(&value["prompt_tokens"]),
        cached_tokens: count(&value["prompt_tokens_details"]["cached_tokens"]),
        completion_tokens: count(&value["completion_tokens"]),
    })
}

#[cfg(test)]
#[path = "reply_tests.rs"]
mod tests;
