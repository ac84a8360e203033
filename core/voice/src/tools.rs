//! Tools: called when the model, or the scenario's course, asks for them.

use crate::effect::Effect;
use crate::event::Event;
use crate::reply::Stage;
use crate::session::Session;
use duologue_chat::{Item, ToolCall, ToolOutcome, ToolSpec};
use duologue_ids::Mono;
use serde_json::json;
use std::time::Duration;

/// Name of the tool that every party has: hang up.
pub const END_CALL: &str = "end_call";
/// How often the model may ask for tools within one reply.
const ROUNDS: u8 = 5;
/// For calls of tools that nobody declared a time for.
const TIMEOUT: Duration = Duration::from_secs(10);
/// What the model learns of a call that was called off.
const CALLED_OFF: &str = "called off: the other party spoke before it was done";

/// The built-in tool with which a party hangs up.
pub fn end_call() -> ToolSpec {
    ToolSpec {
        name: END_CALL.to_string(),
        description: "Hang up. Call it once the matter is settled and both have said goodbye.".to_string(),
        parameters: json!({ "type": "object", "properties": {} }),
        timeout: TIMEOUT,
    }
}

/// Calls that run.
#[derive(Default)]
pub(crate) struct ToolDesk {
    running: Vec<Running>,
    made: u32,
}

struct Running {
    id: String,
    name: String,
    deadline: Mono,
}

impl ToolDesk {
    pub(crate) fn due(&self) -> Option<Mono> {
        self.running.iter().map(|r| r.deadline).min()
    }

    pub(crate) fn is_idle(&self) -> bool {
        self.running.is_empty()
    }

    fn take(&mut self, id: &str) -> Option<Running> {
        let at = self.running.iter().position(|r| r.id == id)?;
        Some(self.running.remove(at))
    }
}

impl Session {
    /// Starts a call: it enters the history and leaves as an effect.
    pub(crate) fn call_tool(&mut self, mut call: ToolCall) {
        self.desk.made += 1;
        if call.id.is_empty() {
            call.id = format!("call_{}", self.desk.made);
            // The model does not know of a call that it did not make.
            self.tell_model(Item::ToolCall(call.clone()));
        }
        let spec = self.config.tools.iter().find(|t| t.name == call.name);
        let known = spec.is_some();
        let timeout = spec.map_or(TIMEOUT, |t| t.timeout);
        self.history.push(Item::ToolCall(call.clone()));
        self.event(Event::ToolCalled { call: call.clone() });
        self.desk.running.push(Running { id: call.id.clone(), name: call.name.clone(), deadline: self.now + timeout });
        if known {
            self.effect(Effect::CallTool { call, timeout });
        } else {
            let outcome = ToolOutcome::Error(format!("there is no tool `{}`", call.name));
            self.on_tool_returned(&call.id, outcome);
        }
    }

    /// Runs the calls of a reply whose turn is committed and whose text is written.
    pub(crate) fn run_calls(&mut self) {
        let at = self.history.items().len();
        let Some(reply) = self.reply.as_mut().filter(|r| r.committed && r.stage == Stage::CallingTools) else { return };
        if reply.calls.is_empty() {
            return;
        }
        reply.calls_from.get_or_insert(at);
        for call in std::mem::take(&mut reply.calls) {
            self.call_tool(call);
        }
    }

    /// A tool answered. Its result enters the history even where the reply that asked was given up: what it did is done.
    pub(crate) fn on_tool_returned(&mut self, id: &str, outcome: ToolOutcome) {
        let Some(running) = self.desk.take(id) else { return };
        let item = Item::ToolResult { id: running.id.clone(), outcome: outcome.clone() };
        self.tell_model(item.clone());
        self.history.push(item);
        self.event(Event::ToolReturned { id: running.id, name: running.name, outcome });
        self.continue_after_tools();
    }

    fn continue_after_tools(&mut self) {
        if !self.desk.is_idle() {
            return;
        }
        let Some(reply) = self.reply.as_mut().filter(|r| r.stage == Stage::CallingTools && r.calls.is_empty()) else {
            return;
        };
        reply.rounds += 1;
        if reply.rounds > ROUNDS {
            self.fail(format!("the model asked for tools {ROUNDS} times in one reply without ever answering"));
        } else {
            self.generate();
        }
    }

    /// The reply that asked is given up, and with it those of its calls of which [`SessionConfig::called_off`] says so.
    ///
    /// [`SessionConfig::called_off`]: crate::SessionConfig::called_off
    pub(crate) fn call_off_tools(&mut self) {
        let off = self.config.called_off.clone();
        let pointless = self.desk.running.iter().filter(|r| off.contains(&r.name));
        for id in pointless.map(|r| r.id.clone()).collect::<Vec<_>>() {
            self.effect(Effect::CancelTool { id: id.clone() });
            self.on_tool_returned(&id, ToolOutcome::Error(CALLED_OFF.to_owned()));
        }
    }

    pub(crate) fn check_tools(&mut self) {
        while let Some(late) = self.desk.running.iter().find(|r| r.deadline <= self.now).map(|r| r.id.clone()) {
            self.on_tool_returned(&late, ToolOutcome::TimedOut);
        }
    }
}
