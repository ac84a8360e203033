//! Both directions of a realtime session, without input or output: commands become messages, messages become events.
//!
//! The server has one reply at a time and names it itself; a conversation asks by number, and asks again before the old
//! reply is over. So a request waits here until the one before it is done, and what belongs to a reply that was called
//! off goes no further.

use super::wire::{self, Incoming, RATE, text};
use crate::http::{Fault, QUOTA_HELP, ServerError};
use duologue_chat::{HeardItem, RealtimeCommand, RealtimeEvent, ToolCall, Usage};
use duologue_media::Resampler;
use serde_json::Value;
use std::collections::VecDeque;

/// Pieces of replies whose length is remembered, and calls of one reply.
const MOST: usize = 64;
/// Longest reply: ten minutes of sound, and bytes of words. A session of its own stops listening long before.
const SOUND_MAX: u64 = 600 * RATE as u64;
const WORDS_MAX: usize = 64 << 10;
/// Most messages on end that lead to nothing. The rest of a reply that was called off is a few hundred.
const IDLE_MAX: u32 = 2_000;
/// What a conversation hears at, Hz.
const HEARING_RATE: u32 = 16_000;

/// What a message of the server leads to.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Step {
    pub(super) events: Vec<RealtimeEvent>,
    /// To be sent.
    pub(super) send: Vec<Value>,
}

/// The state of a session.
pub(super) struct Dialog {
    resampler: Resampler,
    /// The reply that the server works at, or was asked for.
    active: Option<Active>,
    /// Asked for while another was active.
    waiting: Option<(u32, Option<String>)>,
    pieces: VecDeque<Piece>,
    /// Messages since the last one that led to anything.
    idle: u32,
    /// The last message belonged to the reply that is awaited, or led to anything.
    mattered: bool,
}

struct Active {
    turn: u32,
    /// What was asked for, in case it has to be asked for again.
    instructions: Option<String>,
    /// The server's name of it, once it has begun.
    id: Option<String>,
    /// Nobody wants it any more; its end is awaited.
    cut: bool,
    calls: Vec<String>,
    /// Samples, and bytes of words, that came of it.
    samples: u64,
    words: usize,
}

/// A piece of a reply in the server's conversation.
struct Piece {
    item: String,
    turn: u32,
    /// Sound that came of it, at [`RATE`].
    samples: u64,
}

impl Dialog {
    pub(super) fn new() -> Dialog {
        let resampler = Resampler::new(HEARING_RATE, RATE);
        let pieces = VecDeque::new();
        Dialog { resampler, active: None, waiting: None, pieces, idle: 0, mattered: true }
    }

    /// A reply was asked for and is not over.
    pub(super) fn awaits_reply(&self) -> bool {
        self.active.is_some()
    }

    /// The last message was a sign that the reply is on its way, or led to anything.
    pub(super) fn mattered(&self) -> bool {
        self.mattered
    }

    /// What to send for a command.
    pub(super) fn command(&mut self, command: RealtimeCommand) -> Vec<Value> {
        match command {
            RealtimeCommand::Hear { audio } => {
                let mut samples = Vec::with_capacity(audio.len() * 3 / 2 + 1);
                self.resampler.push(&audio, &mut samples);
                vec![wire::append(&samples)]
            }
            RealtimeCommand::Commit => vec![serde_json::json!({ "type": "input_audio_buffer.commit" })],
            RealtimeCommand::Respond { turn, instructions } => {
                self.waiting = Some((turn, instructions));
                self.ask_next()
            }
            RealtimeCommand::Cut { turn, heard } => self.cut(turn, &heard),
            RealtimeCommand::Add(item) => vec![wire::add(&item)],
        }
    }

    /// Asks for the reply that waits, where none is active.
    fn ask_next(&mut self) -> Vec<Value> {
        if self.active.is_some() {
            return Vec::new();
        }
        let Some((turn, instructions)) = self.waiting.take() else { return Vec::new() };
        let create = wire::create(turn, instructions.as_deref());
        self.active =
            Some(Active { turn, instructions, id: None, cut: false, calls: Vec::new(), samples: 0, words: 0 });
        vec![create]
    }

    fn cut(&mut self, turn: u32, heard: &[HeardItem]) -> Vec<Value> {
        self.waiting.take_if(|w| w.0 == turn);
        let mut send = Vec::new();
        if let Some(active) = self.active.as_mut().filter(|a| a.turn == turn && !a.cut) {
            active.cut = true;
            send.push(wire::cancel(active.id.as_deref()));
        }
        for piece in self.pieces.iter().filter(|p| p.turn == turn) {
            match heard.iter().find(|h| h.item == piece.item).map(|h| h.until) {
                // The server refuses to cut behind the end of its sound, and to cut all of it.
                Some(Some(until)) => match (until.as_millis() as u64).min(piece.samples * 1_000 / u64::from(RATE)) {
                    0 => send.push(wire::delete(&piece.item)),
                    ms => send.push(wire::truncate(&piece.item, ms)),
                },
                Some(None) => {}
                None => send.push(wire::delete(&piece.item)),
            }
        }
        self.pieces.retain(|p| p.turn != turn);
        send
    }

    /// Takes a message of the server.
    pub(super) fn message(&mut self, json: &str) -> Result<Step, Fault> {
        let event: Incoming = serde_json::from_str(json).map_err(|e| {
            // The error's own text may quote what was said.
            let what = if e.is_data() { "JSON of another shape" } else { "no JSON" };
            Fault::Malformed(format!("a message is not a realtime event, but {what} (column {})", e.column()))
        })?;
        if event.kind.is_empty() {
            return Err(Fault::Malformed("a message says of no event what it is".into()));
        }
        self.mattered = event.kind.starts_with("response.") && self.turn_of(&event).is_some();
        let mut step = Step::default();
        self.take(event, &mut step)?;
        let led_somewhere = !step.events.is_empty() || !step.send.is_empty();
        self.mattered |= led_somewhere;
        self.idle = if led_somewhere { 0 } else { self.idle + 1 };
        match self.idle > IDLE_MAX {
            true => {
                Err(Fault::Endless(format!("more than {IDLE_MAX} messages on end belong to nothing that was asked")))
            }
            false => Ok(step),
        }
    }

    /// So much more has come of the present reply.
    fn grow(&mut self, samples: usize, words: usize) -> Result<(), Fault> {
        let Some(active) = &mut self.active else { return Ok(()) };
        active.samples += samples as u64;
        active.words += words;
        match active.samples > SOUND_MAX || active.words > WORDS_MAX {
            true => Err(Fault::Endless("a reply is longer than ten minutes".into())),
            false => Ok(()),
        }
    }

    fn take(&mut self, event: Incoming, step: &mut Step) -> Result<(), Fault> {
        let item = event.item_id.clone().unwrap_or_default();
        let kind = event.kind.strip_prefix("response.output_").map(|k| format!("response.{k}"));
        match kind.as_deref().unwrap_or(&event.kind) {
            "input_audio_buffer.speech_started" => step.events.push(RealtimeEvent::SpeechStarted),
            "input_audio_buffer.committed" => step.events.push(RealtimeEvent::Committed { item }),
            "conversation.item.input_audio_transcription.completed" => {
                let text = event.transcript.unwrap_or_default().trim().to_string();
                step.events.push(RealtimeEvent::Transcribed { item, text });
            }
            "conversation.item.input_audio_transcription.failed" => {
                let error = event.error.as_ref().map(ServerError::from_json).unwrap_or_default();
                let message = format!("what was said could not be transcribed: {}", error.text());
                step.events.push(RealtimeEvent::Trouble { message });
                step.events.push(RealtimeEvent::Transcribed { item, text: String::new() });
            }
            "response.created" => self.begun(&event.response.unwrap_or_default(), step),
            "response.item.added" => self.item_added(&event, step),
            "response.audio.delta" => return self.sound(event, item, step),
            "response.audio_transcript.delta" => {
                if let Some(turn) = self.turn_of(&event) {
                    self.piece(turn, &item);
                    let text = event.delta.unwrap_or_default();
                    self.grow(0, text.len())?;
                    step.events.push(RealtimeEvent::Words { turn, item, text });
                }
            }
            "response.audio.done" => {
                if let Some(turn) = self.turn_of(&event) {
                    step.events.push(RealtimeEvent::AudioDone { turn, item });
                }
            }
            "response.function_call_arguments.done" | "response.item.done" => return self.called(&event, step),
            "response.done" => self.over(&event.response.unwrap_or_default(), step),
            "error" => return self.refused(&event.error.unwrap_or_default(), step),
            _ => {}
        }
        Ok(())
    }

    /// The turn that an event of a reply belongs to, where somebody waits for it.
    fn turn_of(&self, event: &Incoming) -> Option<u32> {
        let active = self.active.as_ref().filter(|a| !a.cut)?;
        let same = event.response_id.is_none() || event.response_id == active.id;
        same.then_some(active.turn)
    }

    fn piece(&mut self, turn: u32, item: &str) -> Option<&mut Piece> {
        if !self.pieces.iter().any(|p| p.item == item) {
            if self.pieces.len() >= MOST {
                self.pieces.pop_front();
            }
            self.pieces.push_back(Piece { item: item.to_string(), turn, samples: 0 });
        }
        self.pieces.iter_mut().rev().find(|p| p.item == item)
    }

    fn begun(&mut self, response: &Value, step: &mut Step) {
        let id = text(response, "id");
        match &mut self.active {
            Some(a) if a.id.is_none() && a.may_be(response) => a.id = Some(id.to_string()),
            // Nobody asked for it: a server that does not know how to wait.
            _ => step.send.push(wire::cancel(Some(id))),
        }
    }

    fn item_added(&mut self, event: &Incoming, step: &mut Step) {
        let Some(item) = &event.item else { return };
        let (id, is_message) = (text(item, "id"), text(item, "type") == "message");
        match (self.turn_of(event), &self.active) {
            (Some(turn), _) if is_message => drop(self.piece(turn, id)),
            // What was begun before the server learned that nobody waits for it.
            (None, Some(active)) if active.cut && event.response_id == active.id => step.send.push(wire::delete(id)),
            _ => {}
        }
    }

    fn sound(&mut self, event: Incoming, item: String, step: &mut Step) -> Result<(), Fault> {
        let Some(turn) = self.turn_of(&event) else { return Ok(()) };
        let samples = wire::samples(event.delta.as_deref().unwrap_or_default())
            .ok_or_else(|| Fault::Malformed("the sound of a reply is not Base64".into()))?;
        self.grow(samples.len(), 0)?;
        if let Some(piece) = self.piece(turn, &item) {
            piece.samples += samples.len() as u64;
        }
        step.events.push(RealtimeEvent::Audio { turn, item, rate: RATE, samples });
        Ok(())
    }

    /// A call of a tool, which comes twice: with its arguments, and as an item. Whichever names the tool counts.
    fn called(&mut self, event: &Incoming, step: &mut Step) -> Result<(), Fault> {
        let item = event.item.as_ref().filter(|i| text(i, "type") == "function_call");
        let of = |own: &Option<String>, key: &str| match (own, item) {
            (Some(own), _) => own.clone(),
            (None, Some(item)) => text(item, key).to_string(),
            (None, None) => String::new(),
        };
        let (id, name) = (of(&event.call_id, "call_id"), of(&event.name, "name"));
        let Some(turn) = self.turn_of(event) else { return Ok(()) };
        let Some(active) = self.active.as_mut().filter(|a| a.calls.len() < MOST && !a.calls.contains(&id)) else {
            return Ok(());
        };
        if id.is_empty() || name.is_empty() {
            return Ok(());
        }
        active.calls.push(id.clone());
        let arguments = of(&event.arguments, "arguments");
        let arguments = if arguments.trim().is_empty() { "{}" } else { &arguments };
        let arguments: Value = serde_json::from_str(arguments)
            .ok()
            .filter(Value::is_object)
            .ok_or_else(|| Fault::Malformed(format!("the arguments of the call of `{name}` are not a JSON object")))?;
        step.events.push(RealtimeEvent::ToolCall { turn, call: ToolCall { id, name, arguments } });
        Ok(())
    }

    fn over(&mut self, response: &Value, step: &mut Step) {
        let id = text(response, "id");
        let is_active = |a: &mut Active| match &a.id {
            Some(own) => own == id || id.is_empty(),
            None => a.cut || a.may_be(response),
        };
        let Some(active) = self.active.take_if(is_active) else { return };
        let turn = active.turn;
        if !active.cut {
            step.events.push(match text(response, "status") {
                "failed" => {
                    let said = response.get("status_details").and_then(|details| details.get("error"));
                    failed(turn, &said.map(ServerError::from_json).unwrap_or_default())
                }
                _ => RealtimeEvent::Done { turn, usage: response.get("usage").and_then(usage) },
            });
        }
        step.send.extend(self.ask_next());
    }

    fn refused(&mut self, error: &Value, step: &mut Step) -> Result<(), Fault> {
        let (said, about) = (ServerError::from_json(error), text(error, "event_id"));
        match text(error, "code") {
            // It was done before it heard that nobody waits.
            "response_cancel_not_active" => return Ok(()),
            "session_expired" => return Err(Fault::Refused(said)),
            "conversation_already_has_active_response" if self.active.as_ref().is_some_and(|a| a.id.is_none()) => {
                // A server that replied unasked: that one goes first.
                if let Some(again) = self.active.as_mut() {
                    self.waiting.get_or_insert((again.turn, again.instructions.take()));
                    again.cut = true;
                }
                step.send.push(wire::cancel(None));
                return Ok(());
            }
            _ => {}
        }
        match self.active.take_if(|a| a.id.is_none() && about == wire::event_id(a.turn)) {
            Some(active) if !active.cut => step.events.push(failed(active.turn, &said)),
            Some(_) => {}
            None => step.events.push(RealtimeEvent::Trouble { message: said.text().to_string() }),
        }
        step.send.extend(self.ask_next());
        Ok(())
    }
}

impl Active {
    /// Whether a response that the server tells of is this one: by the number that it was given, where the server keeps
    /// that.
    fn may_be(&self, response: &Value) -> bool {
        let turn = response.get("metadata").map_or("", |m| text(m, "turn"));
        turn.is_empty() || turn == self.turn.to_string()
    }
}

fn failed(turn: u32, said: &ServerError) -> RealtimeEvent {
    let help = if said.out_of_quota() { QUOTA_HELP } else { "try again later, or use a cascade" };
    let message = format!("the realtime model failed: {}\n  help: {help}", said.text());
    RealtimeEvent::Failed { turn, message, transient: said.kind_midway().is_transient() }
}

fn usage(value: &Value) -> Option<Usage> {
    let count = |v: &Value| u32::try_from(v.as_u64().unwrap_or(0)).unwrap_or(u32::MAX);
    value.is_object().then(|| Usage {
        prompt_tokens: count(&value["input_tokens"]),
        cached_tokens: count(&value["input_token_details"]["cached_tokens"]),
        completion_tokens: count(&value["output_tokens"]),
    })
}

#[cfg(test)]
#[path = "dialog_tests.rs"]
mod tests;
